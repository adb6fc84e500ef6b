"""A user's network: read from its file, compiled, run, and every failure said in a line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError, OutOfMemoryError
from base.memory import is_out_of_memory
from base.openvino import core, ov
from base.text import one_line

Floats = NDArray[np.float32]
Array = NDArray[Any]
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A network as its file has it, not yet compiled."""

    path: Path
    model: ov.Model

    def error(self, words: str) -> EngineError:
        return EngineError(f"{self.path}: {one_line(words)}")

    def compiled(self) -> "RunningNetwork":
        try:
            request = core().compile_model(self.model, "CPU", SETTINGS).create_infer_request()
        except RuntimeError as error:
            raise self.run_error(error) from error
        return RunningNetwork(self, request)

    def reshape(self, shapes: Mapping[Any, list[int]]) -> None:
        """Fix the shapes of inputs, by number or name."""
        try:
            self.model.reshape({key: ov.PartialShape(shape) for key, shape in shapes.items()})
        except RuntimeError as error:
            sizes = ", ".join(str(shape) for shape in shapes.values())
            raise self.error(f"takes no inputs of {sizes}: it is another network") from error

    def run_error(self, error: RuntimeError) -> EngineError | OutOfMemoryError:
        if is_out_of_memory(error):
            return OutOfMemoryError(f"{self.path}: too little memory to run this network")
        return self.error(f"the network cannot be run: {str(error).strip().splitlines()[-1]}")


@dataclass(frozen=True, eq=False)
class RunningNetwork:
    """A compiled network; one thread at a time may run it."""

    file: NetworkFile
    request: ov.InferRequest

    def __call__(self, *inputs: Array) -> list[Floats]:
        """Its outputs in their order; EngineError where it fails or gives what is no number."""
        ports = self.file.model.inputs
        given = {
            index: np.asarray(value, port.get_element_type().to_dtype(), order="C")
            for index, (port, value) in enumerate(zip(ports, inputs, strict=True))
        }
        try:
            results = self.request.infer(given)
        except RuntimeError as error:
            raise self.file.run_error(error) from error
        outputs = [np.array(results[i], np.float32) for i in range(len(self.file.model.outputs))]
        if not all(np.isfinite(output).all() for output in outputs):
            raise self.file.error("the network gave what is no number; get the file again")
        return outputs


def _read_model(path: Path) -> ov.Model:
    return core().read_model(path)


def read_network(path: Path, read: Callable[[Path], ov.Model] = _read_model) -> NetworkFile:
    """EngineError for a file that is missing, no network, cut off, or holds what is no number."""
    if not path.is_file():
        raise EngineError(f"{path}: no such file; check the name")
    try:
        model = read(path)
    except RuntimeError as error:
        raise EngineError(
            f"{path}: is no ONNX network that OpenVINO reads, or is cut off; get it again"
        ) from error
    if not _is_finite(model):
        raise EngineError(f"{path}: holds what is no number: the file is damaged; get it again")
    return NetworkFile(path, model)


def _is_finite(model: ov.Model) -> bool:
    """Whether all its weights are numbers."""
    weights = (
        node.data
        for node in model.get_ops()
        if node.get_type_name() == "Constant" and node.get_element_type().is_real()
    )
    return all(np.isfinite(weight).all() for weight in weights)
