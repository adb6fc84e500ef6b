"""A growing array of numbers: a few in memory, more in a temporary file without a name.

Pages of that file leave memory after use, so that an hour of sound takes no more memory than a
minute. Where no such file can be made, or the disk is full, all numbers stay in memory.
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

MAX_BUFFER_BYTES = 4 << 20  # a minute of sound
CHUNK = 1 << 18  # numbers, one megabyte


class Spool:
    """Appends float32 numbers, and gives them back as one array."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # the last numbers, which are not in the file
        self._file: IO[bytes] | None = None
        self._bytes_in_file = 0
        self._max_buffer: float = MAX_BUFFER_BYTES

    def add(self, numbers: Numbers) -> None:
        self._buffer += numbers.tobytes()
        if len(self._buffer) > self._max_buffer:
            self._flush()

    def __len__(self) -> int:
        """How many numbers there are."""
        return (self._bytes_in_file + len(self._buffer)) // 4

    def array(self) -> Numbers:
        """All numbers; an array on the file keeps the file alive."""
        if self._file is not None and self._buffer:
            self._flush()
        if self._file is None:
            return np.frombuffer(self._buffer, np.float32)
        mapped = mmap.mmap(self._file.fileno(), self._bytes_in_file, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, np.float32)

    def _flush(self) -> None:
        """Move the buffer into the file, or everything into memory where that fails."""
        try:
            self._file = self._file or self._open_file()
            self._bytes_in_file += _write_all(self._file, self._buffer)
            self._buffer = bytearray()
        except OSError:
            self._read_back()

    def _open_file(self) -> IO[bytes]:
        """A file that is closed with this object: an array that maps it no longer needs it open."""
        file = TemporaryFile(buffering=0)  # noqa: SIM115
        finalize(self, file.close)
        return file

    def _read_back(self) -> None:
        """Give up the file, and keep everything in memory from now on."""
        if self._file is not None:
            self._file.seek(0)
            self._buffer[:0] = self._file.read(self._bytes_in_file)
            self._file.close()
        self._file, self._bytes_in_file, self._max_buffer = None, 0, math.inf


def chunks(numbers: Numbers, step: int = CHUNK) -> Iterator[Numbers]:
    """The array from start to end, `step` numbers at a time, each released after use."""
    for first in range(0, len(numbers), step):
        yield numbers[first : first + step]
        release_pages(numbers)


def release_pages(numbers: Numbers) -> None:
    """Free the memory of an array on a mapped file; numbers are read again when they are used."""
    owner: object = numbers
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap) and hasattr(owner, "madvise"):
        owner.madvise(mmap.MADV_DONTNEED)


def _write_all(file: IO[bytes], content: bytearray) -> int:
    written = 0
    while written < len(content):
        written += file.write(memoryview(content)[written:])
    return written
