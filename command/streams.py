"""Keep libraries from writing to the program's standard streams."""

import io
import os
import sys


def silence_libraries() -> None:
    """From here to the end of the process only what Python writes reaches standard error.

    libpng, libjpeg, x265 and others write into file descriptor 2 from any thread: it leads to
    /dev/null now, and `sys.stderr` to where it led before. No file that is opened later gets the
    number of a standard stream that the caller closed.
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
