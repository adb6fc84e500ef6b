"""Compute mouths by requests to a compiled network, several at once."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError
from base.generator import Patches, paste_part
from base.geometry import Rect
from base.openvino import ov
from wav2lip.generators.openvino_graph import Offset
from wav2lip.generators.openvino_processing import OFFSET

Shares = dict[str, ov.Tensor]  # of a face, by the names of their convolutions
Pending = tuple[list[tuple[ov.InferRequest, int]], Patches]  # requests with frames of each; faces


class OpenvinoEngine:
    """Computes pieces of one size side by side, as many as the compiled network has streams."""

    def __init__(
        self,
        compiled: ov.CompiledModel,
        visible: Rect,
        overflow_message: str,
        offset: Offset | None = None,
    ) -> None:
        self.limit: int = compiled.input("mels").shape[0]
        # every stream has a piece and one more is queued while the next batch is fetched
        self.depth = int(compiled.get_property("NUM_STREAMS")) + 2
        self._compiled = compiled
        self._visible = visible
        self._overflow_message = overflow_message
        self._offset = offset
        self._idle: list[ov.InferRequest] = []

    def begin(self, mels: NDArray[np.float32], faces: Patches) -> tuple[ov.InferRequest, Patches]:
        padded = np.arange(self.limit).clip(max=len(mels) - 1)  # the last frame is repeated
        request = self._idle_request()
        request.start_async({"mels": mels[padded], "faces": faces[padded]})
        return request, faces

    def finish(self, pending: tuple[ov.InferRequest, Patches]) -> Patches:
        request, faces = pending
        request.wait()
        part, finite = (request.get_output_tensor(i).data for i in range(2))
        patches = paste_part(faces, part[: len(faces)], self._visible)
        is_finite = bool(finite)
        self._idle.append(request)
        if not is_finite:
            raise EngineError(self._overflow_message)
        return patches

    def drop(self, pending: tuple[ov.InferRequest, Patches]) -> None:
        """Wait, so that nothing is left running."""
        request, _ = pending
        request.wait()
        self._idle.append(request)

    def release(self) -> None:
        self._idle.clear()

    def _idle_request(self) -> ov.InferRequest:
        try:
            return self._idle.pop()
        except IndexError:
            return request_of(self._compiled, self._offset)


class StillEngine:
    """The same for a face that stays: its shares are computed whenever it changes."""

    def __init__(
        self,
        shares: ov.CompiledModel,
        compiled: ov.CompiledModel,
        visible: Rect,
        overflow_message: str,
        offset: Offset | None = None,
    ) -> None:
        self.limit: int = compiled.input("mels").shape[0]
        self.depth = int(compiled.get_property("NUM_STREAMS")) + 2
        self._offset = offset
        self._encoder = shares.create_infer_request()
        self._compiled = compiled
        self._visible = visible
        self._overflow_message = overflow_message
        self._idle: list[ov.InferRequest] = []
        self._face: Patches | None = None  # (1, 96, 96, 3), of the shares in hand
        self._shares: Shares = {}

    def begin(self, mels: NDArray[np.float32], faces: Patches) -> Pending:
        runs = runs_of_one_face(faces)
        return [(self._start(mels[run], faces[run][:1]), len(mels[run])) for run in runs], faces

    def finish(self, pending: Pending) -> Patches:
        requests, faces = pending
        parts, finite = [], True
        for request, frames in requests:
            request.wait()
            parts.append(request.get_output_tensor(0).data[:frames].copy())
            finite = finite and bool(request.get_output_tensor(1).data)
            self._idle.append(request)
        if not finite:
            raise EngineError(self._overflow_message)
        return paste_part(faces, np.concatenate(parts), self._visible)

    def drop(self, pending: Pending) -> None:
        """Wait, so that nothing is left running."""
        for request, _ in pending[0]:
            request.wait()
            self._idle.append(request)

    def release(self) -> None:
        self._idle.clear()

    def _start(self, mels: NDArray[np.float32], face: Patches) -> ov.InferRequest:
        request = self._idle.pop() if self._idle else request_of(self._compiled, self._offset)
        padded = np.arange(self.limit).clip(max=len(mels) - 1)  # the last frame is repeated
        request.start_async({"mels": mels[padded], **self._shares_of(face)})
        return request

    def _shares_of(self, face: Patches) -> Shares:
        if self._face is None or not np.array_equal(self._face, face):
            self._encoder.infer({"faces": face})
            outputs = self._encoder.model_outputs
            self._shares = {
                output.any_name: ov.Tensor(self._encoder.get_tensor(output).data.copy())
                for output in outputs
            }
            self._face = face.copy()
        return self._shares


def request_of(compiled: ov.CompiledModel, offset: Offset | None) -> ov.InferRequest:
    """A request that reads the offset, where there is one, from the array whenever it runs."""
    request = compiled.create_infer_request()
    if offset is not None:
        request.set_tensor(OFFSET, ov.Tensor(offset, shared_memory=True))
    return request


def runs_of_one_face(faces: Patches) -> list[slice]:
    """The frames of each stretch with equal faces."""
    changes = [i + 1 for i, pair in enumerate(pairwise(faces)) if not np.array_equal(*pair)]
    return [slice(*ends) for ends in pairwise([0, *changes, len(faces)])]
