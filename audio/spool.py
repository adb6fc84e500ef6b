"""Numbers put down one after another: few stay in memory, more lie in a file without a name.

What is read of that file is given back to the system after use, so that an hour of sound takes no
more memory than a minute. Where no such file can be made, or it finds no room, memory must do.
"""

import math
import mmap
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]

IN_MEMORY = 4 << 20  # bytes: a minute of sound
PIECE = 1 << 18  # numbers, one megabyte


class Spool:
    """float32, to be read back as one array."""

    def __init__(self) -> None:
        self._recent = bytearray()  # behind what is in the file
        self._file: IO[bytes] | None = None
        self._in_file = 0  # bytes
        self._most: float = IN_MEMORY  # bytes

    def add(self, numbers: Numbers) -> None:
        self._recent += numbers.tobytes()
        if len(self._recent) > self._most:
            self._put_down()

    def __len__(self) -> int:
        """How many numbers there are."""
        return (self._in_file + len(self._recent)) // 4

    def array(self) -> Numbers:
        """All of them; the file lives as long as the array."""
        if self._file is not None and self._recent:
            self._put_down()
        if self._file is None:
            return np.frombuffer(self._recent, np.float32)
        mapped = mmap.mmap(self._file.fileno(), self._in_file, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, np.float32)

    def _put_down(self) -> None:
        try:
            self._file = self._file or self._opened()
            self._in_file += _written(self._file, self._recent)
            self._recent = bytearray()
        except OSError:
            self._take_back()

    def _opened(self) -> IO[bytes]:
        """Open as long as this object; an array that is mapped from it needs it no more."""
        file = TemporaryFile(buffering=0)  # noqa: SIM115
        finalize(self, file.close)
        return file

    def _take_back(self) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._recent[:0] = self._file.read(self._in_file)
            self._file.close()
        self._file, self._in_file, self._most = None, 0, math.inf


def pieces(numbers: Numbers, step: int = PIECE) -> Iterator[Numbers]:
    """The array from start to end, `step` numbers at a time, each given back after use."""
    for first in range(0, len(numbers), step):
        yield numbers[first : first + step]
        give_back(numbers)


def give_back(numbers: Numbers) -> None:
    """What was read of a file need not stay in memory; it is read again where it is wanted."""
    owner: object = numbers
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap) and hasattr(owner, "madvise"):
        owner.madvise(mmap.MADV_DONTNEED)


def _written(file: IO[bytes], content: bytearray) -> int:
    done = 0
    while done < len(content):
        done += file.write(memoryview(content)[done:])
    return done
