"""The machine, its libraries and the commit, on which a figure depends besides the program."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from base.cores import usable_cores

ROOT = Path(__file__).parent.parent
LIBRARIES = ("numpy", "opencv-python-headless", "av", "openvino", "torch", "silero-vad")


def machine() -> dict[str, Any]:
    """The facts by which figures can be compared; neither the machine's name nor any path."""
    return {
        "cpu": cpu(),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def cpu() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def commit(root: Path = ROOT) -> dict[str, Any]:
    """The project's commit and whether its files differ from it; none outside of git."""
    name = _git(root, "rev-parse", "HEAD")
    state = _git(root, "status", "--porcelain")
    return {"name": name, "dirty": None if state is None else bool(state)}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        process = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout.strip() if process.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
