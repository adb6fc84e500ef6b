"""A computation on the GPU recorded once and launched as a whole, without Python in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from base.generator import BANDS, COLUMNS, SIDE
from wav2lip.generators.cuda_memory import is_gpu_out_of_memory

Outputs = tuple[Tensor, Tensor]
"""Patches (n, 96, 96, 3) uint8, and a bool scalar: whether the network's output is finite."""

Compute = Callable[[Tensor, Tensor], Outputs]
"""From mels (n, 80, 16) and faces (n, 96, 96, 3) uint8 on one device to outputs on the same."""


@dataclass(frozen=True)
class RecordedGraph:
    """A Compute for one number of frames. Its outputs are overwritten by the next call."""

    graph: torch.cuda.CUDAGraph
    mels: Tensor
    faces: Tensor
    outputs: Outputs

    def __call__(self, mels: Tensor, faces: Tensor) -> Outputs:
        self.mels.copy_(mels, non_blocking=True)
        self.faces.copy_(faces, non_blocking=True)
        self.graph.replay()
        return self.outputs


def record_graph(compute: Compute, frames: int, stream: torch.cuda.Stream) -> RecordedGraph | None:
    """Record the computation for so many frames; None where the driver cannot.

    Errors for too little memory pass.
    """
    with torch.cuda.stream(stream), cudnn_benchmark():  # restored also where recording breaks off
        mels, faces = example_inputs(frames, stream.device)
        compute(mels, faces)  # libraries may start up and time now, but not while they are recorded
        graph = torch.cuda.CUDAGraph()
        outputs = capture(graph, stream, compute, mels, faces)
    return None if outputs is None else RecordedGraph(graph, mels, faces, outputs)


def capture(
    graph: torch.cuda.CUDAGraph,
    stream: torch.cuda.Stream,
    compute: Compute,
    mels: Tensor,
    faces: Tensor,
) -> Outputs | None:
    # No name may hold the error after this function, or a cycle with its traceback keeps the
    # activations of the failed computation allocated until Python's next garbage collection.
    try:
        # an encoder on the same GPU may allocate meanwhile, in its own thread
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            return compute(mels, faces)
    except RuntimeError as error:
        if is_gpu_out_of_memory(error):
            raise
        return None


def example_inputs(frames: int, device: torch.device) -> tuple[Tensor, Tensor]:
    mels = torch.zeros(frames, BANDS, COLUMNS, device=device)
    return mels, torch.zeros(frames, SIDE, SIDE, 3, dtype=torch.uint8, device=device)


@contextmanager
def cudnn_benchmark() -> Iterator[None]:
    """Let cuDNN time its algorithms and take the fastest one, which pays for a size that recurs.

    The setting is the whole process's: an embedding program gets its own back.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
