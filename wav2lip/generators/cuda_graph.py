"""A computation on the GPU recorded once and launched as a whole, without Python in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from wav2lip.generators.batch import BANDS, COLUMNS, SIDE

Compute = Callable[[Tensor, Tensor], Tensor]
"""mels (n, 80, 16), faces (n, 96, 96, 3) uint8 -> patches (n, 96, 96, 3) uint8, one device."""

NO_MEMORY = 2  # cudaErrorMemoryAllocation


@dataclass(frozen=True)
class Recorded:
    """A Compute for one number of frames. Its patches are overwritten by the next call."""

    graph: torch.cuda.CUDAGraph
    mels: Tensor
    faces: Tensor
    patches: Tensor

    def __call__(self, mels: Tensor, faces: Tensor) -> Tensor:
        self.mels.copy_(mels, non_blocking=True)
        self.faces.copy_(faces, non_blocking=True)
        self.graph.replay()
        return self.patches


def recorded(compute: Compute, frames: int, stream: torch.cuda.Stream) -> Recorded | None:
    """None where the driver cannot record it; without memory torch's OutOfMemoryError."""
    with torch.cuda.stream(stream):  # also left as it was where recording breaks off
        mels, faces = inputs(frames, stream.device)
        compute(mels, faces)  # libraries may start up now, but not while they are recorded
        graph = torch.cuda.CUDAGraph()
        patches = record(graph, stream, compute, mels, faces)
    return None if patches is None else Recorded(graph, mels, faces, patches)


def record(
    graph: torch.cuda.CUDAGraph,
    stream: torch.cuda.Stream,
    compute: Compute,
    mels: Tensor,
    faces: Tensor,
) -> Tensor | None:
    try:
        # an encoder on the same GPU may allocate meanwhile, in its own thread
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            return compute(mels, faces)
    except RuntimeError as error:
        cause = without_memory(error)
        if cause is None:
            return None
        raise torch.cuda.OutOfMemoryError(str(cause)) from error


def inputs(frames: int, device: torch.device) -> tuple[Tensor, Tensor]:
    mels = torch.zeros(frames, BANDS, COLUMNS, device=device)
    return mels, torch.zeros(frames, SIDE, SIDE, 3, dtype=torch.uint8, device=device)


@contextmanager
def memory_told() -> Iterator[None]:
    """CUDA's own error for no memory left, which comes late and from any call, becomes torch's."""
    try:
        yield
    except torch.AcceleratorError as error:
        if not is_without_memory(error):
            raise
        raise torch.cuda.OutOfMemoryError(str(error)) from error


def without_memory(error: BaseException | None) -> BaseException | None:
    """The error or one behind it: where a recording breaks off, its end fails on top of it."""
    while error is not None and not is_without_memory(error):
        error = error.__cause__ or error.__context__
    return error


def is_without_memory(error: BaseException) -> bool:
    """By its type or number; what it says may change."""
    if isinstance(error, torch.AcceleratorError):
        return getattr(error, "error_code", None) == NO_MEMORY
    return isinstance(error, torch.cuda.OutOfMemoryError)
