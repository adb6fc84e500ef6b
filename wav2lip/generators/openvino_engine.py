"""The network on the CPU, by OpenVINO."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.cores import usable_cores
from base.errors import EngineError
from base.generator import WHOLE_PATCH, Generator, Patches, paste_part
from base.geometry import Rect
from base.openvino import core, ov
from wav2lip.checkpoint import HOW_TO_GET, CheckpointFormat, detect_format, load_weights
from wav2lip.folding import fold_norms
from wav2lip.generators.in_flight import generate
from wav2lip.generators.openvino_graph import build_graph
from wav2lip.generators.openvino_processing import add_processing, fixed_batch_size
from wav2lip.generators.prepared import PreparedEngine
from wav2lip.generators.settings import EngineSettings
from wav2lip.layers import Weights

MAX_PIECE = 4  # frames at once: more are hardly faster and take more memory
MAX_STREAMS = 4  # pieces that are computed side by side, each with its share of the cores


class OpenvinoEngine:
    """Computes pieces of one size side by side, as many as the compiled network has streams."""

    def __init__(self, compiled: ov.CompiledModel, visible: Rect, overflow_message: str) -> None:
        self.limit: int = compiled.input("mels").shape[0]
        # every stream has a piece and one more is queued while the next batch is fetched
        self.depth = int(compiled.get_property("NUM_STREAMS")) + 2
        self._compiled = compiled
        self._visible = visible
        self._overflow_message = overflow_message
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
            return self._compiled.create_infer_request()


def prepare(settings: EngineSettings) -> PreparedEngine:
    """Read the checkpoint's network; it is compiled once the visible rect is known."""
    if detect_format(settings.weights) is CheckpointFormat.ONNX:
        model = read_onnx(settings.weights)
        complete_model(settings, model.clone(), WHOLE_PATCH)  # checks its inputs and outputs
        return PreparedEngine(partial(compile_model, settings, model))
    weights = fold_norms(load_weights(settings.weights))
    return PreparedEngine(partial(compile_weights, settings, weights))


def compile_weights(settings: EngineSettings, weights: Weights, visible: Rect) -> Generator:
    return compile_model(settings, build_graph(weights, visible), visible)


def compile_model(settings: EngineSettings, model: ov.Model, visible: Rect) -> Generator:
    complete = complete_model(settings, model, visible)
    try:
        compiled = core().compile_model(complete, "CPU", hints(settings.half))
    except RuntimeError as error:
        raise EngineError(
            f"{settings.weights}: OpenVINO cannot run this network; {HOW_TO_GET}"
        ) from error
    return partial(generate, OpenvinoEngine(compiled, visible, settings.overflow_message))


def complete_model(settings: EngineSettings, model: ov.Model, visible: Rect) -> ov.Model:
    """Add pre- and postprocessing for as many frames as are computed at once."""
    size = fixed_batch_size(model) or piece_size(settings.batch_size)
    try:
        return add_processing(model, size, visible)
    except ValueError as error:
        raise EngineError(
            f"{settings.weights}: is another network: {error}; {HOW_TO_GET}"
        ) from error
    except RuntimeError as error:
        raise EngineError(
            f"{settings.weights}: OpenVINO cannot run this network; {HOW_TO_GET}"
        ) from error


def piece_size(batch_size: int) -> int:
    """The frames of a piece, at most MAX_PIECE; a full batch has pieces of nearly one size."""
    pieces = -(-batch_size // MAX_PIECE)
    return -(-batch_size // pieces)


def hints(half: bool) -> dict[str, str]:
    has_half = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if half and has_half else "f32",
        "NUM_STREAMS": str(min(usable_cores(), MAX_STREAMS)),
    }


def read_onnx(path: Path) -> ov.Model:
    try:
        model = core().read_model(path)
    except RuntimeError as error:
        raise EngineError(
            f"{path}: is no ONNX network that OpenVINO reads, or is cut off; get it again"
        ) from error
    check_numbers(path, model)
    return model


def check_numbers(path: Path, model: ov.Model) -> None:
    for node in model.get_ops():
        is_weight = node.get_type_name() == "Constant" and node.get_element_type().is_real()
        if is_weight and not np.isfinite(node.data).all():
            raise EngineError(f"{path}: holds what is no number: the file is damaged; {HOW_TO_GET}")
