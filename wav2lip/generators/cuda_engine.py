"""Batches through a GPU: one is uploaded while another is computed."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from base.errors import EngineError
from base.generator import BANDS, COLUMNS, SIDE, Patches
from wav2lip.generators.cuda_graph import Compute, record_graph
from wav2lip.generators.cuda_memory import cuda_memory_guard

FACE_SHAPE = SIDE, SIDE, 3


@dataclass(frozen=True)
class Buffers:
    """The memory in which the frames of one batch travel to the GPU and back."""

    mels: Tensor  # these four in pinned memory: the GPU copies from and to it by itself
    faces: Tensor
    patches: Tensor
    finite: Tensor  # bool scalar: whether the network's output is finite
    gpu_mels: Tensor
    gpu_faces: Tensor
    done: torch.cuda.Event  # after the last copy; waiting for it leaves the core to others

    @classmethod
    def allocate(cls, frames: int, device: torch.device) -> "Buffers":
        mels = torch.empty(frames, BANDS, COLUMNS, pin_memory=True)
        faces, patches = (
            torch.empty(frames, *FACE_SHAPE, dtype=torch.uint8, pin_memory=True) for _ in range(2)
        )
        finite = torch.empty((), dtype=torch.bool, pin_memory=True)
        on_gpu = torch.empty_like(mels, device=device), torch.empty_like(faces, device=device)
        done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        return cls(mels, faces, patches, finite, *on_gpu, done)

    def __len__(self) -> int:
        return len(self.mels)

    def fill(self, mels: NDArray[np.float32], faces: Patches) -> None:
        np.copyto(self.mels.numpy()[: len(mels)], mels)
        np.copyto(self.faces.numpy()[: len(faces)], faces)

    def upload(self, frames: int) -> tuple[Tensor, Tensor]:
        for target, source in (self.gpu_mels, self.mels), (self.gpu_faces, self.faces):
            target[:frames].copy_(source[:frames], non_blocking=True)
        return self.gpu_mels[:frames], self.gpu_faces[:frames]

    def download(self, patches: Tensor, finite: Tensor) -> None:
        self.patches[: len(patches)].copy_(patches, non_blocking=True)
        self.finite.copy_(finite, non_blocking=True)
        self.done.record()


@dataclass(frozen=True)
class PendingBatch:
    """Frames that the GPU is computing."""

    buffers: Buffers
    frames: int


class CudaEngine:
    """Full batches are graphs from the second on; other sizes, which rarely recur, run eagerly.

    Padded to a full batch, the last frames of a run would cost as much as one.
    """

    depth = 2

    def __init__(
        self, compute: Compute, device: torch.device, limit: int, overflow_message: str
    ) -> None:
        self.limit = limit
        self._compute = compute
        self._device = device
        self._overflow_message = overflow_message
        self._uploads = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._computes = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._idle: list[Buffers] = []
        self._computed_sizes: set[int] = set()
        self.graphs: dict[int, Compute] = {}  # by frames; the eager computation where none can be
        torch.cuda.synchronize(device)  # the weights are uploaded by another stream

    @cuda_memory_guard("a single frame")
    @torch.inference_mode()
    def begin(self, mels: NDArray[np.float32], faces: Patches) -> PendingBatch:
        frames = len(mels)
        compute, buffers = self._compute_for(frames), self._buffers_for(frames)
        buffers.fill(mels, faces)
        with torch.cuda.stream(self._uploads):
            inputs = buffers.upload(frames)
        self._computes.wait_stream(self._uploads)
        with torch.cuda.stream(self._computes):
            buffers.download(*compute(*inputs))
        return PendingBatch(buffers, frames)

    @cuda_memory_guard("a single frame")
    def finish(self, pending: PendingBatch) -> Patches:
        buffers = pending.buffers
        buffers.done.synchronize()
        finite = bool(buffers.finite)
        patches: Patches = buffers.patches[: pending.frames].numpy().copy()
        self._idle.append(buffers)
        if not finite:
            raise EngineError(self._overflow_message)
        return patches

    def drop(self, pending: PendingBatch) -> None:
        self._idle.append(pending.buffers)

    @cuda_memory_guard("a single frame")
    def release(self) -> None:
        torch.cuda.synchronize(self._device)
        self._idle.clear()
        self.graphs.clear()
        torch.cuda.empty_cache()

    def _compute_for(self, frames: int) -> Compute:
        if frames < self.limit or frames not in self._computed_sizes:
            self._computed_sizes.add(frames)
            return self._compute
        if frames not in self.graphs:
            graph = record_graph(self._compute, frames, self._computes)
            self.graphs[frames] = graph or self._compute
        return self.graphs[frames]

    def _buffers_for(self, frames: int) -> Buffers:
        """Idle buffers that are large enough, or new ones."""
        while self._idle:
            buffers = self._idle.pop()
            buffers.done.synchronize()  # returns at once, unless they were dropped while in use
            if len(buffers) >= frames:
                return buffers
        with torch.cuda.stream(self._uploads):
            return Buffers.allocate(frames, self._device)
