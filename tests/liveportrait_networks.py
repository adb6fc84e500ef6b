"""Small networks with the inputs and outputs of LivePortrait's, in both known conversions.

The head's place is where the picture's left upper corner is bright: its first value is the yaw in
tenths of a degree. The generator shows the picture's features, brighter by what the points moved.
"""

from pathlib import Path

import numpy as np
import torch

from tests.onnx_writer import Graph, block, number, text, value

POINTS, NUMBERS = 21, 63
VOLUME = [1, 3, 1, 256, 256]
FASTER = ("appearance_feature_extractor", "motion_extractor", "warping_spade", "stitching")
FUSION = ("feature_extractor", "motion_extractor", "generator", "stitcher")


def save(path: Path, graph, inputs, outputs):
    body = b"".join(graph.nodes) + text(2, "made") + b"".join(graph.weights)
    body += b"".join(block(11, value(name, shape)) for name, shape in inputs.items())
    body += b"".join(block(12, value(name, shape)) for name, shape in outputs.items())
    path.write_bytes(number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body))


def constant(graph, array):
    return graph.weight(torch.tensor(np.asarray(array, np.float32)))


def convolved(graph, x, weight, stride):
    layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], stride, stride)
    layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    layer.bias.data = torch.zeros(len(weight))
    return graph.convolution(layer, x)


def appearance(path, picture="input"):
    """(1, 3, 256, 256) -> the volume: the picture itself."""
    graph = Graph()
    features = convolved(graph, picture, np.eye(3).reshape(3, 3, 1, 1), 1)
    save(path, graph, {picture: [1, 3, 256, 256]}, {_reshaped(graph, features, VOLUME): VOLUME})


def _reshaped(graph, x, shape):
    """By a shape as weights of whole numbers."""
    name = f"w{len(graph.weights)}"
    raw = np.array(shape, np.int64).tobytes()
    graph.weights.append(
        block(5, number(1, len(shape)) + number(2, 7) + text(8, name) + block(9, raw))
    )
    return graph.node("Reshape", [x, name])


def motion(path, in_degrees=False, broken=False):
    """(1, 3, 256, 256) -> what the head does: its yaw by the picture's left upper corner."""
    graph = Graph()
    weight = np.zeros((1, 3, 64, 64))
    weight[0, 0, :8, :8] = 1 / 64
    corner = convolved(graph, "input", weight, 256)  # (1, 1, 1, 1)
    corner = _reshaped(graph, corner, [1, 1])
    nothing = graph.node("Sub", [corner, corner])
    rng = np.random.default_rng(5)
    points = rng.uniform(-0.2, 0.2, (1, NUMBERS))
    if in_degrees:
        turned = graph.node("Mul", [corner, constant(graph, [[10.0]])])
        still = [graph.node("Mul", [nothing, constant(graph, [[1.0]])]) for _ in range(2)]
        angles, shape = [still[0], turned, still[1]], [1, 1]
    else:
        bins = np.abs(np.arange(66) * 3 - 97.5)[None]
        level = constant(graph, -10 * bins)
        step = constant(graph, (np.arange(66) * 3 - 97.5)[None] * 2)
        turned = graph.node("Add", [level, graph.node("Mul", [corner, step])])
        angles = [graph.node("Add", [level, nothing]), turned, graph.node("Add", [level, nothing])]
        shape = [1, 66]
    expression = graph.node("Mul", [corner, constant(graph, np.full((1, NUMBERS), 0.02))])
    kept = {
        "scale": graph.node("Add", [nothing, constant(graph, [[0.0 if broken else 1.5]])]),
        "t": graph.node("Add", [nothing, constant(graph, [[0, 0.1, 0.3]])]),
        "exp": expression,
        "kp": graph.node("Add", [nothing, constant(graph, points)]),
    }
    order = ("scale", "t", "exp", "kp") if in_degrees else ("t", "exp", "scale", "kp")
    sizes = {"scale": 1, "t": 3, "exp": NUMBERS, "kp": NUMBERS}
    outputs = dict.fromkeys(angles, shape)
    outputs |= {kept[name]: [1, sizes[name]] for name in order}
    save(path, graph, {"input": [1, 3, 256, 256]}, outputs)


def generator(path, wanted="kp_driving", own="kp_source", features="feature_3d"):
    """The volume's picture at 512x512, brighter by the points' mean move in x."""
    graph = Graph()
    flat = _reshaped(graph, features, [1, 3, 256, 256])
    layer = torch.nn.ConvTranspose2d(3, 3, 2, 2)
    layer.weight.data = torch.eye(3).reshape(3, 3, 1, 1).repeat(1, 1, 2, 2)
    layer.bias.data = torch.zeros(3)
    picture = _transposed(graph, layer, flat)
    moved = graph.node("Sub", [wanted, own])
    share = _reshaped(graph, moved, [1, NUMBERS, 1, 1])
    sums = np.zeros((3, NUMBERS, 1, 1))
    sums[:, ::3] = 1 / POINTS
    change = convolved(graph, share, sums, 1)
    made = graph.node("Add", [picture, change])
    inputs = {features: VOLUME, wanted: [1, POINTS, 3], own: [1, POINTS, 3]}
    save(path, graph, inputs, {made: [1, 3, 512, 512]})


def _transposed(graph, layer, x):
    return graph.node(
        "ConvTranspose",
        [x, graph.weight(layer.weight), graph.weight(layer.bias)],
        strides=[2, 2],
        pads=[0, 0, 0, 0],
    )


def stitching(path, joined=True, share=0.0):
    """What is added: `share` of the way back to the picture's own points."""
    graph = Graph()
    if joined:
        weight = np.zeros((65, 126, 1, 1))
        for i in range(NUMBERS):
            weight[i, i], weight[i, NUMBERS + i] = share, -share
        both = _reshaped(graph, "input", [1, 126, 1, 1])
        change = _reshaped(graph, convolved(graph, both, weight, 1), [1, 65])
        save(path, graph, {"input": [1, 126]}, {change: [1, 65]})
        return
    back = graph.node("Sub", ["target", "source"])
    moved = graph.node("Mul", [back, constant(graph, np.full((1, 1, 1), share))])
    result = graph.node("Add", ["source", moved])
    shape = [1, POINTS, 3]
    save(path, graph, {"source": shape, "target": shape}, {result: shape})


def faster_folder(folder, share=0.0):
    """As FasterLivePortrait converts them."""
    folder.mkdir(exist_ok=True)
    names = [folder / f"{name}.onnx" for name in FASTER]
    appearance(names[0], "img"), motion(names[1]), generator(names[2])
    stitching(names[3], share=share)
    return folder


def fusion_folder(folder, share=0.0):
    """As FaceFusion has them: points named the other way round, angles in degrees."""
    folder.mkdir(exist_ok=True)
    names = [folder / f"live_portrait_{name}.onnx" for name in FUSION]
    appearance(names[0]), motion(names[1], in_degrees=True)
    generator(names[2], "source", "target", "feature_volume")
    stitching(names[3], joined=False, share=share)
    return folder
