"""Small faces and sounds, and the batch command on them, in process and as a program."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest

from batch.cli import main
from tests.media import make_sound

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, str(ROOT / "inference_batch.py")]
PORTRAIT = ROOT / "demo" / "portrait.png"
BOX = ("--box", "38", "118", "53", "108")  # of the portrait at 160x160: no detector is loaded
QUICK = ("--engine", "puppet", "--no_cache", *BOX)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """Two faces and three sounds."""
    made = tmp_path_factory.mktemp("inputs")
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (160, 160), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(made / "ann.png"), portrait)
    cv2.imwrite(str(made / "bob.png"), portrait[:, ::-1])
    for name, seconds in (("one", 0.2), ("two", 0.3), ("three", 0.4)):
        make_sound(made / f"{name}.wav", seconds=seconds)
    return made


@dataclass(frozen=True)
class Ended:
    """What a run of the command came to."""

    code: int
    errors: list[str]
    printed: list[str]
    out: Path

    @property
    def summary(self):
        return json.loads((self.out / "summary.json").read_text())

    def column(self, name):
        """This of every job, by the job's name."""
        return {job["name"]: job[name] for job in self.summary["jobs"]}

    @property
    def files(self):
        return sorted(path.name for path in self.out.iterdir() if path.suffix == ".mp4")

    @property
    def hidden(self):
        return [path.name for path in self.out.rglob(".*")]


@pytest.fixture
def batch(inputs, tmp_path, capsys, monkeypatch):
    """Runs the command in the folder of the inputs, in this process."""
    monkeypatch.chdir(inputs)

    def command(*words, quick=QUICK):
        code = main([*quick, "--out_dir", str(tmp_path / "out"), *map(str, words)])
        told = capsys.readouterr()
        return Ended(code, told.err.splitlines(), told.out.splitlines(), tmp_path / "out")

    return command


@pytest.fixture
def start(inputs, tmp_path):
    """Starts the command as a program that tells JSON lines."""

    def started(*words):
        options = [*QUICK, "--out_dir", str(tmp_path / "out"), "--progress", "json"]
        return subprocess.Popen(
            [*PROGRAM, *options, *map(str, words)],
            cwd=inputs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started
