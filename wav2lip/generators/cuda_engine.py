"""Batches through a GPU: one is uploaded while another is computed."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wav2lip.generators.batch import BANDS, COLUMNS, SIDE, Patches
from wav2lip.generators.cuda_graph import Compute, memory_told, recorded

FACE = SIDE, SIDE, 3


@dataclass(frozen=True)
class Buffers:
    """What the frames of one batch travel in, to the GPU and back."""

    mels: Tensor  # these three in pinned memory: the GPU copies from and to it by itself
    faces: Tensor
    patches: Tensor
    mels_there: Tensor  # on the GPU
    faces_there: Tensor
    back: torch.cuda.Event  # behind the last step; to wait for it leaves the core to others

    @classmethod
    def of(cls, frames: int, device: torch.device) -> "Buffers":
        mels = torch.empty(frames, BANDS, COLUMNS, pin_memory=True)
        faces, patches = (
            torch.empty(frames, *FACE, dtype=torch.uint8, pin_memory=True) for _ in range(2)
        )
        there = torch.empty_like(mels, device=device), torch.empty_like(faces, device=device)
        back = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        return cls(mels, faces, patches, *there, back)

    def __len__(self) -> int:
        return len(self.mels)

    def fill(self, mels: NDArray[np.float32], faces: Patches) -> None:
        np.copyto(self.mels.numpy()[: len(mels)], mels)
        np.copyto(self.faces.numpy()[: len(faces)], faces)

    def upload(self, frames: int) -> tuple[Tensor, Tensor]:
        pairs = (self.mels_there, self.mels), (self.faces_there, self.faces)
        for there, here in pairs:
            there[:frames].copy_(here[:frames], non_blocking=True)
        return self.mels_there[:frames], self.faces_there[:frames]


@dataclass(frozen=True)
class Begun:
    buffers: Buffers
    frames: int


class CudaEngine:
    """Full batches are graphs from the second on; other sizes, which do not recur, run as they are.

    Filled up instead, the last frames of a run would cost as much as a full batch.
    """

    depth = 2

    def __init__(self, compute: Compute, device: torch.device, limit: int) -> None:
        self.limit = limit
        self._compute = compute
        self._device = device
        self._uploads = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._computes = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._idle: list[Buffers] = []
        self._met: set[int] = set()
        self.graphs: dict[int, Compute] = {}  # by frames; where none can be, what stands for it
        torch.cuda.synchronize(device)  # the weights come by another stream

    @memory_told()
    @torch.inference_mode()
    def begin(self, mels: NDArray[np.float32], faces: Patches) -> Begun:
        frames = len(mels)
        compute, buffers = self._compute_of(frames), self._buffers_of(frames)
        buffers.fill(mels, faces)
        with torch.cuda.stream(self._uploads):
            there = buffers.upload(frames)
        self._computes.wait_stream(self._uploads)
        with torch.cuda.stream(self._computes):
            buffers.patches[:frames].copy_(compute(*there), non_blocking=True)
            buffers.back.record()
        return Begun(buffers, frames)

    @memory_told()
    def finish(self, begun: Begun) -> Patches:
        begun.buffers.back.synchronize()
        patches: Patches = begun.buffers.patches[: begun.frames].numpy().copy()
        self._idle.append(begun.buffers)
        return patches

    def drop(self, begun: Begun) -> None:
        self._idle.append(begun.buffers)

    def release(self) -> None:
        torch.cuda.synchronize(self._device)
        self._idle.clear()
        self.graphs.clear()
        torch.cuda.empty_cache()

    def _compute_of(self, frames: int) -> Compute:
        if frames < self.limit or frames not in self._met:
            self._met.add(frames)
            return self._compute
        if frames not in self.graphs:
            graph = recorded(self._compute, frames, self._computes)
            self.graphs[frames] = graph or self._compute
        return self.graphs[frames]

    def _buffers_of(self, frames: int) -> Buffers:
        """Idle ones, if they are large enough."""
        while self._idle:
            buffers = self._idle.pop()
            buffers.back.synchronize()  # at once, unless they were dropped on their way
            if len(buffers) >= frames:
                return buffers
        with torch.cuda.stream(self._uploads):
            return Buffers.of(frames, self._device)
