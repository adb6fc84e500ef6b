"""docs/service.md: its examples run, its flags and routes are those of the program."""

import re
import shutil
import subprocess
import sys

import pytest

from service.flags import parser
from tests.jobs import ROOT
from tests.media import make_sound

TEXT = (ROOT / "docs" / "service.md").read_text()
CODE = {kind: re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL) for kind in ("python",)}
CURL = re.findall(r"^    (curl .+)$", TEXT, re.MULTILINE)


def here(words, server):
    return words.replace("http://127.0.0.1:8000", f"http://{server.host}:{server.port}")


def test_the_python_example_makes_a_video(server, tmp_path):
    (program,) = CODE["python"]
    program = here(program, server).replace("demo:speech", "one.wav")  # takes less time
    program += f"open({str(tmp_path / 'r.mp4')!r}, 'wb').write(video)\n"
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "r.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_example_makes_a_video(server, tmp_path):
    post, status, result = (here(line, server) for line in CURL)
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "demo" / "portrait.png", tmp_path / "demo")
    make_sound(tmp_path / "demo" / "speech.m4a", seconds=0.2)

    def run(line):
        shell = ["bash", "-c", line]
        return subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)

    job_id = re.search(r'"id":"(\w+)"', run(post).stdout)[1]
    ended = run(status.replace("ID", job_id)).stdout
    assert '"status":"succeeded"' in ended
    run(result.replace("ID", job_id))
    assert (tmp_path / "result.mp4").read_bytes()[4:8] == b"ftyp"


def test_every_flag_is_told():
    flags = {word for action in parser()._actions for word in action.option_strings} - {"-h"}
    assert {flag for flag in flags - {"--help"} if f"`{flag}" not in TEXT} == set()


def test_every_route_is_told(server):
    api = server.get("/openapi.json").json
    untold = {
        path
        for path in api["paths"]
        if re.sub(r"\{\w+\}", "ID", path).rpartition("/")[2] not in TEXT
    }
    assert untold - {"/v1/jobs/{job_id}/inputs/{name}"} == set()
    assert api["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["example"]
