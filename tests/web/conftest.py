"""What all tests of the address use."""

import subprocess
import sys

import pytest

from service.keys import add_key
from tests.jobs import ROOT, inputs
from tests.media import make_sound
from tests.web.server import OPTIONS, SECRET, serving

__all__ = ["inputs"]


@pytest.fixture(scope="session")
def long(inputs):
    return make_sound(inputs / "minutes.wav", seconds=120)


@pytest.fixture(scope="session")
def server(inputs, long, tmp_path_factory):
    """One for all tests that leave it as it was."""
    data = tmp_path_factory.mktemp("service") / "data"
    with serving(
        data, "--workers", 1, "--allow_root", inputs, "--max_upload", 5_000_000, "--grace", 0
    ) as server:
        yield server


@pytest.fixture(scope="session")
def keyed(inputs, tmp_path_factory):
    """A server with two keys, one of them with a job that has ended; it reads addresses."""
    folder = tmp_path_factory.mktemp("keyed")
    keys = {"ann": new_key(folder / "keys.txt"), "bob": add_key(folder / "keys.txt", "bob")}
    (folder / "secret").write_text(SECRET + "\n")
    words = ["--key_file", folder / "keys.txt", "--allow_root", inputs, "--workers", 1]
    words += ["--allow_urls", "--webhook_host", "127.0.0.1", "--webhook_secret", folder / "secret"]
    with serving(folder / "data", *words, "--grace", 0) as server:
        server.folder = folder / "data"
        server.keys = {name: {"authorization": f"Bearer {key}"} for name, key in keys.items()}
        wish = {**OPTIONS, "face": "ann.png", "audio": "one.wav"}
        server.job = server.post("/v1/jobs", wish, **server.keys["ann"]).json["id"]
        server.end(server.job, **server.keys["ann"])
        yield server


def new_key(path):
    """The key that the program makes for Ann."""
    words = ["--key_file", path, "--new_key", "ann"]
    program = [sys.executable, ROOT / "inference_serve.py", *words]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
