"""Small image networks in the files that users have: ONNX by hand, .pth of spandrel's classes."""

import numpy as np
import torch
from torch import nn

from benchmarks.material.weights import random_tensor
from stages.torch_networks import import_spandrel
from tests.onnx_writer import DOUBLE as DOUBLE
from tests.onnx_writer import FLOAT32, Graph, value

FACE = ("n", 3, 512, 512)
ANY = ("n", 3, "h", "w")


def onnx_file(path, build, given=FACE, made=FACE, weight=None):
    """`build(graph, picture, weight's name)` adds the nodes and returns the result's name."""
    graph = Graph()
    inputs = [value("input", given)]
    if weight is not None:
        inputs.append(value("weight", [1], weight))
    out = build(graph, "input")
    path.write_bytes(graph.file(inputs, value(out, made)))
    return path


def identity(graph, x):
    return graph.node("Identity", [x])


def weighted(graph, x):
    """The picture times the weight."""
    return graph.node("Mul", [x, graph.node("Cast", ["weight"], to=FLOAT32)])


def not_a_number(graph, x):
    """NaN wherever the picture is below -2, and everywhere else, too: 0 / 0."""
    nothing = graph.node("Sub", [x, x])
    return graph.node("Div", [nothing, nothing])


def filtered(kernel):
    """Every colour through the same small kernel, (k, k)."""
    side = len(kernel)
    weights = np.zeros((3, 3, side, side), np.float32)
    weights[range(3), range(3)] = kernel

    def build(graph, x):
        layer = nn.Conv2d(3, 3, side, padding=side // 2)
        layer.weight.data, layer.bias.data = torch.from_numpy(weights), torch.zeros(3)
        return graph.add(layer, x)

    return build


SHARPEN = np.array([[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]])
SHARP = filtered(SHARPEN)


def enlarging(scale, kernel=SHARPEN):
    """Sharpens, and repeats every pixel."""

    def build(graph, x):
        x = filtered(kernel)(graph, x)
        repeated = nn.Conv2d(3, 3 * scale**2, 1)
        weights = torch.eye(3).repeat(scale**2, 1)  # DepthToSpace takes the colours last
        repeated.weight.data = weights[..., None, None]
        repeated.bias.data.zero_()
        return graph.node("DepthToSpace", [graph.add(repeated, x)], blocksize=scale)

    return build


def ruled(network, gain=1.0):
    """The network, every tensor filled after its own name."""
    state = network.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            filled = torch.from_numpy(random_tensor(name, tuple(tensor.shape)))
            state[name] = (filled * gain).reshape(tensor.shape)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def gfpgan(narrow=1):
    import_spandrel()
    from spandrel.architectures.GFPGAN import GFPGAN

    sizes = {"out_size": 512, "num_style_feat": 512, "channel_multiplier": 2, "num_mlp": 8}
    return ruled(
        GFPGAN(**sizes, input_is_latent=True, different_w=True, sft_half=True, narrow=narrow)
    )


def rrdb(scale=4):
    import_spandrel()
    from spandrel.architectures.ESRGAN import ESRGAN

    return ruled(ESRGAN(num_filters=8, num_blocks=2, scale=scale))


def compact(scale=2):
    import_spandrel()
    from spandrel.architectures.Compact import Compact

    return ruled(Compact(num_feat=8, num_conv=3, upscale=scale))


def save_params(network, path, key="params_ema"):
    """As training programs of such networks do."""
    torch.save({key: network.state_dict()}, path)
    return path
