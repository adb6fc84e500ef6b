"""A filled network, ready to run: by torch on a GPU, by torch or OpenVINO on a CPU."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError, OutOfMemoryError
from base.memory import is_out_of_memory
from base.openvino import core, ov

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = NDArray[np.float32]
Run = Callable[..., tuple[Floats, ...]]  # arrays in, arrays out


def choose_device(name: str) -> str:
    """cpu or cuda, for the user's auto, cpu or cuda."""
    import torch

    usable = name != "cpu" and torch.cuda.is_available()
    if name == "cuda" and not usable:
        raise EngineError("--device cuda: torch finds no GPU here; choose --device cpu")
    return "cuda" if usable else "cpu"


def by_torch(network: "nn.Module", device: str, half: bool = False) -> Run:
    """In float16 on a GPU where `half` is wanted; on a CPU in float32."""
    import torch

    kind = torch.float16 if half and device == "cuda" else torch.float32
    with run_errors():
        network.to(device, kind)

    def run(*inputs: NDArray[Any]) -> tuple[Floats, ...]:
        with torch.inference_mode(), run_errors():
            made = network(*(_tensor(values, device, kind) for values in inputs))
            return tuple(_array(output) for output in _several(made))

    return run


def by_openvino(
    network: "nn.Module",
    examples: Sequence[NDArray[Any]],
    half: bool = False,
    shapes: Sequence[Sequence[int]] | None = None,
) -> Run:
    """Traced for inputs of the examples' shapes; in bf16 where `half` is wanted and there is it.

    `shapes`, where given, are those that it is run on: tracing small examples takes less work.
    """
    import torch

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # sizes become constants: they are always the same ones
        trace: Any = torch.jit.trace  # without types
        tensors = tuple(torch.from_numpy(np.asarray(values)) for values in examples)
        traced = trace(network, tensors, check_trace=False)
    model = ov.convert_model(traced)
    shapes = [values.shape for values in examples] if shapes is None else shapes
    model.reshape({place: list(shape) for place, shape in enumerate(shapes)})
    precision = "bf16" if half and computes_in_bf16() else "f32"
    settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    with run_errors():
        compiled = core().compile_model(model, "CPU", settings)

    def run(*inputs: NDArray[Any]) -> tuple[Floats, ...]:
        with run_errors():
            made = compiled(list(inputs))
        return tuple(np.array(made[place], np.float32) for place in range(len(compiled.outputs)))

    return run


def computes_in_bf16() -> bool:
    """Whether OpenVINO does on this processor."""
    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@contextmanager
def run_errors() -> Iterator[None]:
    """A line in place of what torch or OpenVINO say of too little memory, or of anything else."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError("too little memory for this network") from error
        reason = str(error).strip().splitlines()[-1]
        raise EngineError(f"the network cannot be run: {reason}") from error


def _tensor(values: NDArray[Any], device: str, kind: "torch.dtype") -> "torch.Tensor":
    import torch

    tensor = torch.from_numpy(np.require(values, None, ("C", "W"))).to(device)
    return tensor.to(kind) if tensor.is_floating_point() else tensor


def _several(made: Any) -> Sequence["torch.Tensor"]:  # noqa: ANN401  as a network returns it
    return made if isinstance(made, tuple) else (made,)


def _array(output: "torch.Tensor") -> Floats:
    return np.asarray(output.float().cpu().numpy(), np.float32)
