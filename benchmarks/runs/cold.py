"""A program run as a user starts it: a new process, looked at from outside."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from base.errors import LipSyncError
from benchmarks.machine import ROOT

MEGABYTE = 1024 * 1024  # as the command counts them in its report
WITNESS = Path(__file__).parent / "witness.py"


class RunError(LipSyncError):
    """A measured program failed: there is nothing to measure."""


@dataclass(frozen=True)
class Ran:
    """What a finished process took."""

    seconds: float  # from its start to its end
    cpu_seconds: float  # of all its threads
    peak_mb: float  # of memory that was really there
    lines: tuple[tuple[float, str], ...]  # of its standard output, and when they came


def ran(words: Sequence[str], what: str) -> Ran:
    """RunError with the program's own last words where it fails."""
    witness = [sys.executable, "-I", "-S", str(WITNESS)]
    end = subprocess.run(
        [*witness, *words], capture_output=True, text=True, errors="replace", cwd=ROOT
    )
    if end.returncode != 0:
        raise RunError(f"{what} could not be started: {_last(end.stderr)}")
    facts = json.loads(end.stdout)
    if facts["exit_code"] != 0:
        raise RunError(f"{what} ended with {facts['exit_code']}: {_last(end.stderr)}")
    lines = tuple((float(at), str(line)) for at, line in facts["lines"])
    return Ran(facts["seconds"], facts["cpu_seconds"], facts["peak_bytes"] / MEGABYTE, lines)


def _last(words: str) -> str:
    return (words.strip().splitlines() or ["without a word"])[-1]
