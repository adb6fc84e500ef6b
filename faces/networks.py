"""The three networks of MTCNN as OpenVINO models, from the weights inside the package `mtcnn`.

Their input is uint8 BGR (n, height, width, 3); they were trained on RGB, (x - 127.5) / 128.
"""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.compiled import compile_cached
from base.errors import EngineError
from base.openvino import ops, ov

Weights = Iterator[NDArray[np.float32]]  # in the order of the layers, Keras layout


def compile_network(name: str, cache: Path | None = None) -> ov.CompiledModel:
    """Return the network `pnet`, `rnet` or `onet`, compiled for the CPU or from the cache."""
    path = _weights_file(name)
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise _unreadable(path) from error
    sources = packed, Path(__file__).read_bytes()
    build = partial(_built, NETWORKS[name], path, packed)
    return compile_cached(build, sources, cache)


def _built(network: Callable[[Weights], ov.Model], path: Path, packed: bytes) -> ov.Model:
    return network(iter(_weights(path, packed)))


def pnet(weights: Weights) -> ov.Model:
    """(n, h, w, 3) -> for 12x12 cells: scores (n, rows, columns), offsets (n, rows, columns, 4)."""
    picture, data = _input(-1)
    data = _pool(_conv(data, weights, first=True), 2, "same_upper")
    data = _conv(_conv(data, weights), weights)
    offsets = ops.transpose(_plain_conv(data, weights), [0, 2, 3, 1])
    scores = ops.softmax(_plain_conv(data, weights), 1)
    return _model([ops.gather(scores, 1, 1), offsets], picture)


def rnet(weights: Weights) -> ov.Model:
    """(n, 24, 24, 3) -> scores (n), offsets (n, 4)."""
    picture, data = _input(24)
    data = _pool(_conv(data, weights, first=True), 3, "same_upper")
    data = _pool(_conv(data, weights), 3, "valid")
    data = _flat_dense(_conv(data, weights), weights)
    offsets, scores = _dense(data, weights), ops.softmax(_dense(data, weights), 1)
    return _model([ops.gather(scores, 1, 1), offsets], picture)


def onet(weights: Weights) -> ov.Model:
    """(n, 48, 48, 3) -> scores (n), offsets (n, 4), landmarks (n, 10): five x, five y."""
    picture, data = _input(48)
    data = _pool(_conv(data, weights, first=True), 3, "same_upper")
    data = _pool(_conv(data, weights), 3, "valid")
    data = _pool(_conv(data, weights), 2, "same_upper")
    data = _flat_dense(_conv(data, weights), weights)
    offsets, landmarks = _dense(data, weights), _dense(data, weights)
    scores = ops.softmax(_dense(data, weights), 1)
    return _model([ops.gather(scores, 1, 1), offsets, landmarks], picture)


NETWORKS: dict[str, Callable[[Weights], ov.Model]] = {"pnet": pnet, "rnet": rnet, "onet": onet}


def _weights_file(name: str) -> Path:
    spec = importlib.util.find_spec("mtcnn")  # not imported: that would need TensorFlow
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            "the face detector needs the weights in the package mtcnn: pip install mtcnn==1.0.0"
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / "weights" / f"{name}.lz4"


def _weights(path: Path, packed: bytes) -> list[NDArray[np.float32]]:
    import joblib  # type: ignore[import-untyped]
    import lz4.frame  # type: ignore[import-untyped]

    try:
        # not joblib.load(path): on Python 3.13 lz4's file object warns when it is collected
        return list(joblib.load(BytesIO(lz4.frame.decompress(packed))))
    except Exception as error:  # a damaged file makes joblib raise almost anything
        raise _unreadable(path) from error


def _unreadable(path: Path) -> EngineError:
    return EngineError(f"cannot read the face detector's weights {path}: reinstall mtcnn==1.0.0")


def _input(side: int) -> tuple[ov.Node, ov.Node]:
    """The uint8 picture, and the same scaled to -1..1 with its channels first."""
    picture = ops.parameter([-1, side, side, 3], np.uint8, name="picture")
    data = ops.multiply(
        ops.subtract(ops.convert(picture, "f32"), np.float32(127.5)), np.float32(1 / 128)
    )
    return picture, ops.transpose(data, [0, 3, 1, 2])


def _conv(data: ov.Node, weights: Weights, first: bool = False) -> ov.Node:
    return _prelu(_plain_conv(data, weights, first), weights)


def _plain_conv(data: ov.Node, weights: Weights, first: bool = False) -> ov.Node:
    kernel = next(weights).transpose(3, 2, 0, 1)
    if first:
        kernel = kernel[:, ::-1]  # trained on RGB, pictures here are BGR
    data = ops.convolution(data, np.ascontiguousarray(kernel), [1, 1], [0, 0], [0, 0], [1, 1])
    return ops.add(data, next(weights).reshape(1, -1, 1, 1))


def _prelu(data: ov.Node, weights: Weights) -> ov.Node:
    return ops.prelu(data, np.ascontiguousarray(next(weights).ravel()))


def _pool(data: ov.Node, size: int, pad: str) -> ov.Node:
    pooled = ops.max_pool(data, [2, 2], [1, 1], [0, 0], [0, 0], [size, size], "floor", pad)
    return pooled.output(0)


def _flat_dense(data: ov.Node, weights: Weights) -> ov.Node:
    """The dense layer after the convolutions; it was trained on (columns, rows, channels)."""
    columns_first = ops.transpose(data, [0, 3, 2, 1])
    flat = ops.reshape(columns_first, [0, -1], True)
    return _prelu(_dense(flat, weights), weights)


def _dense(data: ov.Node, weights: Weights) -> ov.Node:
    return ops.add(ops.matmul(data, next(weights), False, False), next(weights).reshape(1, -1))


def _model(outputs: list[ov.Node], picture: ov.Node) -> ov.Model:
    return ov.Model(outputs, [picture])
