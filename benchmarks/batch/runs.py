"""Start the batch program as a user does, and kill it at random moments."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.batch.material import Material
from benchmarks.machine import ROOT
from benchmarks.runs.process import RunError

BATCH = (sys.executable, str(ROOT / "inference_batch.py"))


@dataclass(frozen=True)
class BatchSetup:
    """The inputs, flags and folder that all runs of one benchmark share."""

    material: Material
    flags: tuple[str, ...]  # of every job
    workers: str
    folder: Path

    def command_line(self, name: str) -> list[str]:
        """The command line of a batch into the folder of that name."""
        faces, sounds = map(str, self.material.faces), map(str, self.material.sounds)
        output = ("--out_dir", str(self.out(name)), "--workers", self.workers, "--progress", "json")
        return [*BATCH, *self.flags, *output, "--faces", *faces, "--audios", *sounds]

    def out(self, name: str) -> Path:
        return self.folder / name

    def summary(self, name: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.out(name) / "summary.json").read_text())
        return facts

    def names(self) -> list[str]:
        return [name for _, _, name in self.material.jobs()]


def run_and_kill(command: Sequence[str], dice: random.Random, most: int) -> bool:
    """Run it and kill it at one of its first `most` events; False if it ended before.

    At times a worker is killed just before it.
    """
    last_event = dice.randrange(1, most)
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as run:
        assert run.stdout is not None
        pids: list[int] = []
        for count, line in enumerate(run.stdout):
            event = json.loads(line)
            pids += [event["pid"]] if event["event"] == "worker" else []
            if count >= last_event:
                if pids and dice.random() < 0.3:
                    kill(pids[-1])
                run.kill()
                return True
    if run.returncode not in (0, 8):
        raise RunError(f"the batch ended with {run.returncode}")
    return False


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
