"""Compile the network for the CPU: for a scene, with an arithmetic, in a precision."""

from pathlib import Path
from typing import Any

from base.cores import quota_cores, usable_cores
from base.errors import EngineError
from base.geometry import Rect
from base.openvino import core, ov
from wav2lip.checkpoint import HOW_TO_GET
from wav2lip.generators.in_flight import AsyncEngine
from wav2lip.generators.openvino_graph import Arithmetic, Float, network_graph
from wav2lip.generators.openvino_processing import add_processing
from wav2lip.generators.openvino_requests import OpenvinoEngine, StillEngine
from wav2lip.generators.openvino_still import (
    complete_shares,
    complete_still,
    shares_graph,
    still_graph,
)
from wav2lip.generators.prepared import Scene
from wav2lip.generators.settings import EngineSettings
from wav2lip.layers import Weights

MAX_PIECE = 4  # frames at once: more are hardly faster and take more memory
MAX_STREAMS = 4  # pieces that are computed side by side, each with its share of the cores
FP32, BF16, INT8 = "fp32", "bf16", "int8"


def float_precision(half: bool) -> str:
    """The precision of floating point where 16 bits are wanted, or are not."""
    return BF16 if half and "BF16" in capabilities() else FP32


def capabilities() -> list[str]:
    """What this processor computes with at full speed, by OpenVINO's names."""
    return list(core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def hints(precision: str, streams: int | None = None) -> dict[str, str]:
    """How OpenVINO is to compile: as many streams as cores, and no threads beyond a quota."""
    quota = quota_cores()
    threads = {} if quota is None else {"INFERENCE_NUM_THREADS": str(quota)}
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == BF16 else "f32",
        "NUM_STREAMS": str(streams or min(usable_cores(), MAX_STREAMS)),
        **threads,
    }


def engine_for(
    settings: EngineSettings,
    weights: Weights,
    scene: Scene,
    arithmetic: Arithmetic,
    precision: str,
    streams: int | None = None,
) -> AsyncEngine[Any]:
    """The compiled network, for a face that changes or one that stays the same."""
    size, message = piece_size(settings.batch_size), settings.overflow_message
    with_offset = arithmetic.offset is not None
    if not scene.still:
        graph = network_graph(arithmetic, scene.visible)
        model = add_processing(graph, size, scene.visible, with_offset)
        network = compiled(settings.weights, model, precision, streams)
        return OpenvinoEngine(network, scene.visible, message, arithmetic.offset)
    shares = complete_shares(shares_graph(Float(weights), scene.visible))
    model = complete_still(still_graph(arithmetic, scene.visible), size, with_offset)
    return StillEngine(
        compiled(settings.weights, shares, precision, streams=1),
        compiled(settings.weights, model, precision, streams),
        scene.visible,
        message,
        arithmetic.offset,
    )


def compiled(
    checkpoint: Path, model: ov.Model, precision: str, streams: int | None = None
) -> ov.CompiledModel:
    try:
        return core().compile_model(model, "CPU", hints(precision, streams))
    except RuntimeError as error:
        raise EngineError(
            f"{checkpoint}: OpenVINO cannot run this network; {HOW_TO_GET}"
        ) from error


def piece_size(batch_size: int) -> int:
    """The frames of a piece, at most MAX_PIECE; a full batch has pieces of nearly one size."""
    pieces = -(-batch_size // MAX_PIECE)
    return -(-batch_size // pieces)


def inside(visible: Rect) -> tuple[slice, ...]:
    """The visible part of patches (n, 96, 96, 3)."""
    return (slice(None), *visible.slices)
