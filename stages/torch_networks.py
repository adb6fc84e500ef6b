"""Image networks in .pth and .safetensors files: spandrel knows their architectures.

Their tensors are read by ours, which runs nothing that a file holds. On a CPU OpenVINO computes
what torch has traced: twice as fast, and ten times in bf16.
"""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from base.errors import EngineError, OutOfMemoryError
from base.memory import is_out_of_memory
from base.openvino import ov
from stages.compiled import compile_model, forward
from stages.networks import WAY_OUT, ImageNetwork, ImageNetworkFile, Pictures, Run, run_error
from tensors.files import read_tensors
from tensors.numbers import Tensor

if TYPE_CHECKING:
    import torch
    from spandrel import ImageModelDescriptor  # type: ignore[import-untyped]

PACKAGES = ("torch", "torchvision", "spandrel")
CUDA_BATCH = 8
COLOURS = 3
INFLATION = 4  # times the file's size: bfloat16 doubles, and some networks share tensors
# Of torchvision's compiled part, which a wheel for another build of torch does not load.
OPERATORS = ("nms", "qnms")
KNOWN = "it knows GFPGAN, RestoreFormer, ESRGAN and many more, CodeFormer only as ONNX"
SIGNATURE = "(Tensor boxes, Tensor scores, float threshold) -> Tensor"

Compute = Callable[["torch.Tensor"], "torch.Tensor"]


def gfpgan(network: "torch.nn.Module", pictures: "torch.Tensor") -> "torch.Tensor":
    """Its noise is the kept one: another in every frame would make the skin shimmer."""
    made: torch.Tensor = network(pictures * 2 - 1, return_rgb=False, randomize_noise=False)[0]
    return (made + 1) / 2


def restoreformer(network: "torch.nn.Module", pictures: "torch.Tensor") -> "torch.Tensor":
    made: torch.Tensor = network(pictures * 2 - 1)[0]
    return (made + 1) / 2


# Others take and give 0..1, as spandrel calls them.
FORWARDS: Mapping[str, Callable[["torch.nn.Module", "torch.Tensor"], "torch.Tensor"]] = {
    "GFPGAN": gfpgan,
    "RestoreFormer": restoreformer,
}


def load_torch(file: ImageNetworkFile) -> ImageNetwork:
    """The network of these weights; EngineError where spandrel knows none, or none for RGB."""
    check_packages(file)
    state = read_state(file)
    device = choose_device(file)
    network = recognize(file, state)
    try:
        run = on_cpu(file, network) if device == "cpu" else on_cuda(file, network)
    except RuntimeError as error:
        raise run_error(file.path, error) from error
    engine, together = ("OpenVINO", 1) if device == "cpu" else ("torch on the GPU", CUDA_BATCH)
    kind = f"{network.architecture.name} by {engine}"
    return ImageNetwork(file.path, kind, file.size, network.scale, run, together)


def check_packages(file: ImageNetworkFile) -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise file.error(
            f"needs {' and '.join(missing)}: pip install -r requirements-enhance.txt,"
            " or take the network as ONNX"
        )


def read_state(file: ImageNetworkFile) -> dict[str, Tensor]:
    """Every tensor by its name; EngineError for what is no number, or far more than the file."""
    tensors = read_tensors(file.path, WAY_OUT)
    if sum(tensor.nbytes for tensor in tensors.values()) > INFLATION * file.path.stat().st_size:
        raise file.error(f"describes more numbers than it holds; {WAY_OUT} again")
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise file.error(f"{name} holds what is no number: the file is damaged")
    return tensors


def choose_device(file: ImageNetworkFile) -> str:
    import torch

    usable = file.device != "cpu" and torch.cuda.is_available()
    if file.device == "cuda" and not usable:
        raise EngineError("--device cuda: torch finds no GPU here; choose --device cpu")
    return "cuda" if usable else "cpu"


def recognize(file: ImageNetworkFile, state: Mapping[str, Tensor]) -> "ImageModelDescriptor[Any]":
    """The architecture that has such tensors, with these in it."""
    import torch

    spandrel = import_spandrel()
    tensors = {name: torch.from_numpy(tensor) for name, tensor in state.items()}
    try:
        network = spandrel.ModelLoader().load_from_state_dict(tensors)
    except Exception as error:  # of nearly any type, where the tensors fit no architecture
        if is_out_of_memory(error):
            raise OutOfMemoryError(f"{file.path}: no memory left for this network") from error
        raise file.error(f"holds no network that spandrel knows; {KNOWN}") from error
    if not isinstance(network, spandrel.ImageModelDescriptor):
        raise file.error("is a network that fills holes: it takes a mask beside the picture")
    if (network.input_channels, network.output_channels) != (COLOURS, COLOURS):
        raise file.error(f"takes pictures of {network.input_channels} channels, not RGB")
    network.eval().model.requires_grad_(False)
    return network


def import_spandrel() -> Any:  # noqa: ANN401  a module
    """spandrel, also where torchvision's wheel was built for another torch than this one.

    Its import refers to two compiled operators, which none of these networks uses. Where they are
    missing, their names are declared, without anything behind them.
    """
    import torch

    try:
        import torchvision  # type: ignore[import-untyped] # noqa: F401
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in OPERATORS:
            torch.library.define(f"torchvision::{name}", SIGNATURE)
    import spandrel

    return spandrel


def compute_of(network: "ImageModelDescriptor[Any]") -> Compute:
    forward_pass = FORWARDS.get(network.architecture.id)
    return network if forward_pass is None else partial(forward_pass, network.model)


def on_cuda(file: ImageNetworkFile, network: "ImageModelDescriptor[Any]") -> Run:
    import torch

    kind = torch.float32
    if file.half and (network.supports_half or network.supports_bfloat16):
        kind = torch.float16 if network.supports_half else torch.bfloat16
    network.to(torch.device("cuda"), kind)
    compute = compute_of(network)

    def run(pictures: Pictures) -> Pictures:
        with torch.inference_mode():
            made = compute(torch.from_numpy(pictures).to("cuda", kind))
        return np.asarray(made.float().cpu().numpy(), np.float32)

    return run


def on_cpu(file: ImageNetworkFile, network: "ImageModelDescriptor[Any]") -> Run:
    """Traced at the file's size, so that OpenVINO computes it."""
    import torch

    compute, (width, height) = compute_of(network), file.size

    def named(pictures: "torch.Tensor") -> "torch.Tensor":  # a trace wants a function's name
        return compute(pictures)

    example = torch.zeros(1, COLOURS, height, width)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # sizes become constants: they are always the same ones
        trace: Any = torch.jit.trace  # without types
        traced = trace(named, example, check_trace=False)
    model = ov.convert_model(traced)
    model.reshape([1, COLOURS, height, width])
    return partial(forward, compile_model(model, file), 0, {}, 0)
