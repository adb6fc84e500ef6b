"""Whose lines stand on the standard streams of the program: ours, and nobody else's."""

import io
import os
import sys


def keep_own_lines() -> None:
    """From here to the end of the process standard error takes what Python writes, no more.

    libpng, libjpeg, x265 and others write their lines into file descriptor 2 from any thread.
    That is nowhere now, and `sys.stderr` holds what it was. No file that is opened later gets
    the number of a standard stream that the caller closed.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    if sys.stderr is not None and not sys.stderr.closed:
        own = os.fdopen(os.dup(2), "wb", buffering=0)
        sys.stderr.flush()
        sys.stderr = io.TextIOWrapper(
            own, sys.stderr.encoding, "backslashreplace", write_through=True
        )
    os.dup2(spare, 2)
    os.close(spare)
