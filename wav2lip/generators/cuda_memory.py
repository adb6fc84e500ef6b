"""One error for the many ways in which a GPU reports that it has no memory left."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from base.errors import OutOfMemoryError

ALLOCATION_FAILED = 2  # cudaErrorMemoryAllocation
# cuDNN and cuBLAS allocate by themselves; torch raises their status as a plain RuntimeError
LIBRARY_FAILED = re.compile(r"\bCU(DNN|BLAS)_STATUS_\w*ALLOC\w*_FAILED\b")


@contextmanager
def cuda_memory_guard(purpose: str) -> Iterator[None]:
    """Raise OutOfMemoryError instead of the error of torch, CUDA or a library; others pass.

    CUDA's own error comes late and from any call.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_gpu_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"the GPU has no memory left for {purpose}: stop other programs on it,"
            " or choose --device cpu"
        ) from error


def is_gpu_out_of_memory(error: BaseException | None) -> bool:
    """Whether the error or one behind it says so.

    Where memory runs out while a graph is recorded, the end of the recording fails on top of it.
    """
    while error is not None:
        if _says_out_of_memory(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _says_out_of_memory(error: BaseException) -> bool:
    """By its type, number or status; its words may change from version to version."""
    if isinstance(error, torch.AcceleratorError):
        return getattr(error, "error_code", None) == ALLOCATION_FAILED
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(LIBRARY_FAILED.search(str(error)))
