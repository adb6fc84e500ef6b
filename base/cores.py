"""How much of the machine is ours."""

import os


def usable_cores() -> int:
    """Those that this process may use, by its affinity."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
