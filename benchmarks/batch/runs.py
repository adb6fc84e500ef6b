"""The batch program, started as a user starts it, and killed as no user would."""

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
from benchmarks.runs.cold import RunError

BATCH = (sys.executable, str(ROOT / "inference_batch.py"))


@dataclass(frozen=True)
class Setting:
    """What all runs of one benchmark have in common."""

    material: Material
    flags: tuple[str, ...]  # of every job
    workers: str
    folder: Path

    def words(self, name: str) -> list[str]:
        """The command line of a batch into the folder of that name."""
        faces, sounds = map(str, self.material.faces), map(str, self.material.sounds)
        own = ("--out_dir", str(self.out(name)), "--workers", self.workers, "--progress", "json")
        return [*BATCH, *self.flags, *own, "--faces", *faces, "--audios", *sounds]

    def out(self, name: str) -> Path:
        return self.folder / name

    def summary(self, name: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.out(name) / "summary.json").read_text())
        return facts

    def names(self) -> list[str]:
        return [name for _, _, name in self.material.jobs()]


def killed(words: Sequence[str], dice: random.Random, most: int) -> bool:
    """Runs it until one of its next `most` events, then kills it or a worker; whether it was."""
    until = dice.randrange(1, most)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pids: list[int] = []
        for count, line in enumerate(run.stdout):
            event = json.loads(line)
            pids += [event["pid"]] if event["event"] == "worker" else []
            if count >= until:
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
