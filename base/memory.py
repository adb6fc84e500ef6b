"""How much memory the process keeps, and how its errors show that it had too little."""

import ctypes
import errno
import mmap
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from base.errors import LipSyncError, OutOfMemoryError

# glibc's names for them, in malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
LARGE_BLOCK = 4 * 1024 * 1024  # bytes: larger ones are not allocated for every frame
# Messages of OpenVINO, torch, Python's threads and the linker, which have no error number.
NO_MEMORY = re.compile(
    "bad_alloc|can(no|')t allocate memory|not enough memory|insufficient memory|out of memory"
    "|can't start new thread|failed to map segment|failed to allocate",
    re.IGNORECASE,
)
OUT_OF_MEMORY_MESSAGE = (
    "out of memory or processes: allow this program more, close others, or take a smaller picture"
)
# Messages of FFmpeg and OpenVINO where an encoder or a thread did not start, for any reason.
UNEXPLAINED = re.compile("generic error in an external|resource temporarily", re.IGNORECASE)
SCARCE, THREADS = 512 << 20, 8
OPENCV_NO_MEMORY = -4  # cv::Error::StsNoMem
KEPT_BYTES = 64 * 1024 * 1024  # about what is in flight


def reuse_freed_memory() -> None:
    """One heap for all threads, whose freed pictures are used again.

    Left to itself glibc keeps a heap for each thread, or maps every picture anew: 4300 page faults
    a frame, a quarter of a run. Where there is no glibc, nothing happens.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(ARENA_MAX, 1)
        mallopt(MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(TRIM_THRESHOLD, KEPT_BYTES)


def can_allocate(size: int) -> bool:
    """Whether so many bytes of address space could be had at once; none of them is used."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True


def can_start_threads(count: int) -> bool:
    """Whether the system lets so many threads start at once."""
    ended = Event()
    threads = [Thread(target=ended.wait) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError:
        return False
    finally:
        ended.set()
    return True


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether the error, or one in its chain, came of too little memory.

    One without an explanation counts where memory or threads are scarce.
    """
    while error is not None:
        words = _words(error)
        if UNEXPLAINED.search(words) and not (can_allocate(SCARCE) and can_start_threads(THREADS)):
            return True
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if getattr(error, "code", None) == OPENCV_NO_MEMORY or NO_MEMORY.search(words):
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: BaseException) -> str:
    """The message of a library or the system; ours hold names of files, which may be any words."""
    if isinstance(error, LipSyncError):
        return ""
    return str(getattr(error, "strerror", None) or error)


def as_user_error(error: Exception) -> LipSyncError:
    """The error as one of ours, by its causes; a bug becomes LipSyncError itself, the root."""
    if isinstance(error, OutOfMemoryError):
        return error
    if is_out_of_memory(error):
        ours: LipSyncError = OutOfMemoryError(OUT_OF_MEMORY_MESSAGE)
    elif isinstance(error, LipSyncError):
        return error
    else:
        ours = LipSyncError(f"{type(error).__name__}: {error}")
    ours.__cause__ = error
    return ours


def peak_memory_mb() -> float:
    """Of this process alone; `getrusage` would also count the process that started it."""
    with suppress(OSError, IndexError):
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
