"""The batch command on small faces and sounds, in process and as a program."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from batch.cli import main
from tests.jobs import QUICK, ROOT, inputs

__all__ = ["inputs"]
PROGRAM = [sys.executable, str(ROOT / "inference_batch.py")]


@dataclass(frozen=True)
class Ended:
    """A run of the command that has ended, and its `--out_dir`."""

    code: int
    errors: list[str]
    printed: list[str]
    out: Path

    @property
    def summary(self):
        return json.loads((self.out / "summary.json").read_text())

    def column(self, name):
        """The summary's field of that name, by the job's name."""
        return {job["name"]: job[name] for job in self.summary["jobs"]}

    @property
    def files(self):
        return sorted(path.name for path in self.out.iterdir() if path.suffix == ".mp4")

    @property
    def hidden(self):
        return [path.name for path in self.out.rglob(".*")]


@pytest.fixture
def batch(inputs, tmp_path, capsys, monkeypatch):
    """Run the command in the folder of the inputs, in this process."""
    monkeypatch.chdir(inputs)

    def command(*words, quick=QUICK):
        code = main([*quick, "--out_dir", str(tmp_path / "out"), *map(str, words)])
        printed = capsys.readouterr()
        return Ended(code, printed.err.splitlines(), printed.out.splitlines(), tmp_path / "out")

    return command


@pytest.fixture
def start(inputs, tmp_path):
    """Start the command as a program that prints JSON lines."""

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
