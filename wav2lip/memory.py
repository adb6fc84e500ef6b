"""How much memory the process keeps."""

import ctypes
import resource
import sys
from contextlib import suppress

# glibc's names for them, in malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
PICTURE = 4 * 1024 * 1024  # bytes: larger blocks are not made for every frame
KEPT = 64 * 1024 * 1024  # bytes: about what is in flight


def reuse_freed_memory() -> None:
    """One heap for all threads, whose freed pictures are used again.

    Left to itself glibc keeps a heap for each thread, or maps every picture anew: 4300 page faults
    a frame, a quarter of a run. Where there is no glibc, nothing happens.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(ARENA_MAX, 1)
        mallopt(MMAP_THRESHOLD, PICTURE)
        mallopt(TRIM_THRESHOLD, KEPT)


def peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
