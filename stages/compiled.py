"""Image networks as the processor runs them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.openvino import core, ov
from stages.networks import ImageNetworkFile, Pictures, Run

Inputs = Mapping[int, NDArray[Any]]  # by their place in the model


def compile_model(model: ov.Model, file: ImageNetworkFile) -> ov.CompiledModel:
    """float32, or bf16 where half precision is wanted and the processor has it."""
    capabilities = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    precision = "bf16" if file.half and "BF16" in capabilities else "f32"
    settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    return core().compile_model(model, "CPU", settings)


def forward(
    network: ov.CompiledModel, place: int, others: Inputs, output: int, pictures: Pictures
) -> Pictures:
    """What the network makes of numbers at the input `place`."""
    kind = network.input(place).get_element_type().to_dtype()
    made = network({place: pictures.astype(kind, copy=False), **others})[output]
    return np.asarray(made, np.float32)


def signed(run: Run, pictures: Pictures) -> Pictures:
    """From 0..1 to 0..1 by a network that takes and gives -1..1."""
    return (run(pictures * np.float32(2) - np.float32(1)) + np.float32(1)) * np.float32(0.5)
