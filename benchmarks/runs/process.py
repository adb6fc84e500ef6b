"""Run a program as a user starts it: a new process, measured from outside."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from base.errors import LipSyncError
from benchmarks.machine import ROOT

MEGABYTE = 1024 * 1024  # as the command counts them in its report
LAUNCHER = Path(__file__).parent / "launcher.py"


class RunError(LipSyncError):
    """A measured program failed, so that there is nothing to measure."""


@dataclass(frozen=True)
class ProcessRun:
    """The time, memory and output of a finished process."""

    seconds: float  # from its start to its end
    cpu_seconds: float  # of all its threads
    peak_mb: float  # of resident memory
    lines: tuple[tuple[float, str], ...]  # seconds from the start, and a line of standard output


def run_process(command: Sequence[str], name: str) -> ProcessRun:
    """Run a command; RunError with the last line of its standard error where it fails."""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    process = subprocess.run(
        [*launcher, *command], capture_output=True, text=True, errors="replace", cwd=ROOT
    )
    if process.returncode != 0:
        raise RunError(f"{name} could not be started: {_last_line(process.stderr)}")
    facts = json.loads(process.stdout)
    if facts["exit_code"] != 0:
        raise RunError(f"{name} ended with {facts['exit_code']}: {_last_line(process.stderr)}")
    lines = tuple((float(at), str(line)) for at, line in facts["lines"])
    peak_mb = facts["peak_bytes"] / MEGABYTE
    return ProcessRun(facts["seconds"], facts["cpu_seconds"], peak_mb, lines)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["without a word"])[-1]
