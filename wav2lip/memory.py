"""How much memory the process keeps."""

import ctypes
import resource
import sys
from contextlib import suppress

MMAP_THRESHOLD = -3  # glibc's name for it, in malloc.h
LARGE = 256 * 1024  # bytes: every plane of a picture worth counting


def give_back_freed_memory() -> None:
    """Freed pictures go back to the system at once; glibc would keep them, in every thread apart.

    Where there is no glibc, nothing happens.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE)


def peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
