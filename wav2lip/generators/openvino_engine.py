"""The network on the CPU, by OpenVINO."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from base.errors import EngineError
from base.generator import WHOLE_PATCH
from base.geometry import Rect
from base.openvino import core, ov
from wav2lip.checkpoint import HOW_TO_GET, CheckpointFormat, detect_format, load_weights
from wav2lip.folding import fold_norms
from wav2lip.generators.in_flight import AsyncEngine, generate
from wav2lip.generators.openvino_calibration import (
    Build,
    Calibration,
    cache_entry,
    calibrate,
    read,
    write,
)
from wav2lip.generators.openvino_graph import Arithmetic, Float
from wav2lip.generators.openvino_int8 import Quantized
from wav2lip.generators.openvino_networks import (
    BF16,
    INT8,
    capabilities,
    compiled,
    engine_for,
    float_precision,
    piece_size,
)
from wav2lip.generators.openvino_processing import add_processing, fixed_batch_size
from wav2lip.generators.openvino_requests import OpenvinoEngine
from wav2lip.generators.prepared import NetworkGenerator, PreparedEngine, Scene
from wav2lip.generators.settings import EngineSettings
from wav2lip.layers import Weights


def prepare(settings: EngineSettings) -> PreparedEngine:
    """Read the checkpoint's network; it is compiled once the visible rect is known."""
    if detect_format(settings.weights) is CheckpointFormat.ONNX:
        model = read_onnx(settings.weights)
        complete_model(settings, model.clone(), WHOLE_PATCH)  # checks its inputs and outputs
        return PreparedEngine(partial(compile_onnx, settings, model))
    weights = fold_norms(load_weights(settings.weights))
    return PreparedEngine(partial(build_generator, settings, weights))


def build_generator(
    settings: EngineSettings, weights: Weights, scene: Scene, streams: int | None = None
) -> NetworkGenerator:
    """The generator in 8 bits where they are wanted and good enough, else in floating point."""
    precision = float_precision(settings.half or settings.int8)

    def build(arithmetic: Arithmetic) -> AsyncEngine[Any]:
        return engine_for(settings, weights, scene, arithmetic, precision, streams)

    notices = half_notices(settings)
    if settings.int8:
        engine, reason = engine_in_8_bits(settings, weights, scene, build)
        if engine is not None:
            return NetworkGenerator(partial(generate, engine), INT8)
        notices = (f"--int8: {reason}: {precision} is used",)
    return NetworkGenerator(partial(generate, build(Float(weights))), precision, notices)


def half_notices(settings: EngineSettings) -> tuple[str, ...]:
    """What --fp16 cannot do here."""
    if not settings.half or settings.int8 or float_precision(True) == BF16:
        return ()
    return ("--fp16: this processor does not compute in bf16: fp32 is used",)


def engine_in_8_bits(
    settings: EngineSettings, weights: Weights, scene: Scene, build: Build
) -> tuple[AsyncEngine[Any] | None, str]:
    """The engine, or none and the reason."""
    if "INT8" not in capabilities():
        return None, "this processor does not compute in 8 bits"
    if scene.examples is None:
        return None, "no frames to try it on"
    entry = cache_entry(settings, scene)
    calibration = read(entry) if entry is not None else None
    if calibration is not None:
        quantized = Quantized(weights, calibration.ranges, calibration.levels())
        engine = build(quantized) if calibration.is_good else None
    else:
        calibration, engine = calibrate(settings, weights, scene, build)
        if entry is not None:
            write(calibration, entry)
    return engine, loss(calibration)


def loss(calibration: Calibration) -> str:
    """What 8 bits lose, in words."""
    return (
        f"these weights lose too much in 8 bits, {calibration.mean:.2f} of 255 levels from fp32"
        f" in the mean and {calibration.largest:.0f} at most"
    )


def compile_onnx(settings: EngineSettings, model: ov.Model, scene: Scene) -> NetworkGenerator:
    """An ONNX network keeps its own arithmetic: 8 bits do not apply to it."""
    precision = float_precision(settings.half)
    complete = complete_model(settings, model, scene.visible)
    network = compiled(settings.weights, complete, precision)
    engine = OpenvinoEngine(network, scene.visible, settings.overflow_message)
    return NetworkGenerator(partial(generate, engine), precision, half_notices(settings))


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
