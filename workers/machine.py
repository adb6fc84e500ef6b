"""How many workers fit on this machine: its memory and its GPUs."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from wav2lip.generators import has_cuda_driver

WORKER_BYTES = 1 << 30  # the command's peak is 0.65 GB at 720p with empty caches
CGROUP = Path("/sys/fs/cgroup")
COUNT_GPUS = "import torch; print(torch.cuda.device_count())"


def fitting_workers(jobs: int, cores: int, memory: int | None) -> int:
    """A worker for each core, but no more than jobs, or gigabytes of memory; at least one."""
    room = cores if memory is None else memory // WORKER_BYTES
    return max(1, min(jobs, cores, room))


def available_memory() -> int | None:
    """Bytes that the system and the container's limit leave; None where neither is known."""
    limits = [*_values_in(Path("/proc/meminfo"), "MemAvailable:", 1024), *_cgroup_memory(CGROUP)]
    return min(limits, default=None)


def _values_in(path: Path, name: str, unit: int) -> list[int]:
    """The numbers in the file's lines that begin with `name`, in bytes."""
    with suppress(OSError, ValueError, IndexError):
        lines = path.read_text().splitlines()
        return [int(line.split()[1]) * unit for line in lines if line.startswith(name)]
    return []


def _cgroup_memory(group: Path) -> list[int]:
    """Bytes below the group's limit; what the system caches of files can be had, too."""
    with suppress(OSError, ValueError):
        limit, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        cached = sum(_values_in(group / "memory.stat", "inactive_file", 1))
        return [int(limit) - int(used) + cached]
    return []


def gpus() -> list[str]:
    """A value of CUDA_VISIBLE_DEVICES for each GPU; another process asks torch for their number."""
    if not has_cuda_driver():
        return []
    ran = subprocess.run([sys.executable, "-c", COUNT_GPUS], capture_output=True, text=True)  # noqa: S603  ours
    count = int(ran.stdout) if ran.stdout.strip().isdecimal() else 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [visible[i] if i < len(visible) and visible[i] else str(i) for i in range(count)]
