"""The real command in a process of its own, and what it leaves."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "demo" / "portrait.png"
HANGS = 600  # seconds after which a run does not end any more, once it is waited for


def asked(name, default):
    """A number for a campaign, from the environment: make faults TIMES=100."""
    return int(os.environ.get(name) or default)


def started(*words, program="inference_fast.py", **flags):
    named = [f"--{name}={value}" for name, value in flags.items()]
    return subprocess.Popen(
        [sys.executable, str(ROOT / program), *named, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(run):
    """Its exit code and what it said; a hang is a failure."""
    try:
        said = run.communicate(timeout=HANGS)[1]
    finally:
        run.kill()
        run.wait()
    return run.returncode, said


def left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
