"""Numbers as checkpoint files store them, read in the file's own memory."""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[Any]  # of any type of number and any shape


@dataclass(frozen=True)
class NumberType:
    """How a file stores a number. numpy has no bfloat16: it is read as float32, which is exact."""

    stored: np.dtype[Any]
    is_bfloat16: bool = False  # the upper half of a float32

    def numbers(self, data: memoryview, count: int = -1) -> Tensor:
        """The first numbers in `data`, or all of them; a view unless they have to be converted."""
        numbers = np.frombuffer(data, self.stored, count)
        if self.is_bfloat16:
            return (numbers.astype("<u4") << np.uint32(16)).view("<f4")
        return numbers


FLOAT64, FLOAT32, FLOAT16 = (NumberType(np.dtype(form)) for form in ("<f8", "<f4", "<f2"))
BFLOAT16 = NumberType(np.dtype("<u2"), is_bfloat16=True)
INT64, INT32, INT16, INT8 = (NumberType(np.dtype(form)) for form in ("<i8", "<i4", "<i2", "i1"))
UINT8, BOOL = (NumberType(np.dtype(form)) for form in ("u1", "?"))


def map_file(path: Path) -> memoryview:
    """The file's bytes; they may be changed in memory, as OpenVINO asks, and not in the file."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
