"""How many cores this process may use."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

# Linux: the control groups of this process, and where their file systems are mounted.
OWN_CGROUPS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
# Files that hold, one after the other, the microseconds of CPU time in each period of so many
# microseconds: those of cgroup v2, and those of v1.
QUOTA_FILES = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))


def usable_cores() -> int:
    """The least of the process's affinity and its container's CPU quotas, and at least one.

    A quota of one and a half cores counts as one.
    """
    return max(1, min([_affinity(), *_quotas()]))


def quota_cores() -> int | None:
    """The cores of the container's CPU quota; None where the process may use all that it sees."""
    cores = usable_cores()
    return cores if cores < _affinity() else None


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas() -> Iterator[int]:
    """The whole cores of every quota; a group without one says "max" or -1."""
    for group in dict.fromkeys(_cpu_groups()):
        for names in QUOTA_FILES:
            with suppress(OSError, ValueError):
                quota, period = map(int, " ".join((group / n).read_text() for n in names).split())
                if quota > 0 and period > 0:
                    yield quota // period


def _cpu_groups() -> Iterator[Path]:
    """The folders of the process's own groups and of all around them, up to the mount."""
    yield from (CGROUPS, CGROUPS / "cpu")  # a container's own, whatever they are called outside
    with suppress(OSError, ValueError):
        for line in OWN_CGROUPS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" or "cpu" in controllers.split(","):
                mount = CGROUPS / "cpu" if controllers else CGROUPS
                below = PurePosixPath(path.lstrip("/"))
                if ".." not in below.parts:  # else outside of what is mounted here
                    yield from (mount / folder for folder in (below, *below.parents))
