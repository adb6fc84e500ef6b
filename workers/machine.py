"""How many workers fit on this machine, and what of it each of them may use."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from base.cores import usable_cores
from wav2lip.generators import has_driver

WORKER_BYTES = 1 << 30  # the command's peak is 0.65 GB at 720p with empty caches
CGROUP = Path("/sys/fs/cgroup")
COUNT = "import torch; print(torch.cuda.device_count())"


def fitting(jobs: int, cores: int, memory: int | None) -> int:
    """A worker for each core, as far as there is a gigabyte for it and a job."""
    room = cores if memory is None else memory // WORKER_BYTES
    return max(1, min(jobs, cores, room))


def cores() -> int:
    """That this process may use, by its affinity and its container's quota."""
    mine = usable_cores()
    with suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        return max(1, min(mine, int(quota) // int(period)))  # "max" is no number
    return mine


def free_memory() -> int | None:
    """Bytes that can be had, by the system and by the container; none where nobody tells."""
    told = [
        *_numbers(Path("/proc/meminfo"), "MemAvailable:", 1024),
        *_room_in(CGROUP),
    ]
    return min(told, default=None)


def _numbers(path: Path, name: str, unit: int) -> list[int]:
    with suppress(OSError, ValueError, IndexError):
        lines = path.read_text().splitlines()
        return [int(line.split()[1]) * unit for line in lines if line.startswith(name)]
    return []


def _room_in(group: Path) -> list[int]:
    with suppress(OSError, ValueError):
        most, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        given_back = sum(_numbers(group / "memory.stat", "inactive_file", 1))
        return [int(most) - int(used) + given_back]
    return []


def gpus() -> list[str]:
    """Names for CUDA_VISIBLE_DEVICES, one a GPU. torch is asked in a process of its own."""
    if not has_driver():
        return []
    told = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True)  # noqa: S603  ours
    count = int(told.stdout) if told.stdout.strip().isdecimal() else 0
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [named[i] if i < len(named) and named[i] else str(i) for i in range(count)]
