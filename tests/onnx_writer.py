"""Writes the network as an ONNX file: protocol buffers by hand, so no package is needed for it.

The numbers of the fields are those of the ONNX specification.
"""

from functools import reduce

from torch import nn

from wav2lip.network import ConvBlock

FLOAT32, DOUBLE = 1, 11  # numbers of types


def onnx_of(network, frames="n"):
    """Inputs mel and face, batch norms folded."""
    graph = Graph()
    skips, x = [], "face"
    for encode in network.face_encoder_blocks:
        x = graph.add(encode, x)
        skips.append(x)
    x = graph.add(network.audio_encoder, "mel")
    for decode in network.face_decoder_blocks:
        x = graph.node("Concat", [graph.add(decode, x), skips.pop()], axis=1)
    x = graph.add(network.output_block, x)
    inputs = value("mel", [frames, 1, 80, 16]), value("face", [frames, 6, 96, 96])
    return graph.file(inputs, value(x, [frames, 3, 96, 96]))


class Graph:
    """Nodes and weights in the order they are added; every result gets a name."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def file(self, inputs, output):
        """The whole file, of a graph with these inputs and this output."""
        body = b"".join(self.nodes) + text(2, "network") + b"".join(self.weights)
        body += b"".join(block(11, one) for one in inputs) + block(12, output)
        return number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body)

    def add(self, layer, x):
        if isinstance(layer, nn.Sequential):
            return reduce(lambda y, one: self.add(one, y), layer, x)
        if isinstance(layer, ConvBlock):
            y = self.add(layer.conv_block, x)
            return self.node("Relu", [self.node("Add", [y, x]) if layer.residual else y])
        if isinstance(layer, nn.Sigmoid):
            return self.node("Sigmoid", [x])
        return self.convolution(layer, x)

    def convolution(self, layer, x):
        transposed = isinstance(layer, nn.ConvTranspose2d)
        more = {"output_padding": [*layer.output_padding]} if transposed else {}
        return self.node(
            "ConvTranspose" if transposed else "Conv",
            [x, self.weight(layer.weight), self.weight(layer.bias)],
            strides=[*layer.stride],
            pads=[*layer.padding, *layer.padding],
            **more,
        )

    def weight(self, tensor):
        name = f"w{len(self.weights)}"
        dims = b"".join(number(1, size) for size in tensor.shape)
        raw = tensor.detach().numpy().tobytes()
        self.weights.append(block(5, dims + number(2, 1) + text(8, name) + block(9, raw)))
        return name

    def node(self, operator, inputs, **attributes):
        name = f"x{len(self.nodes)}"
        body = b"".join(text(1, i) for i in inputs) + text(2, name) + text(4, operator)
        body += b"".join(block(5, attribute(key, given)) for key, given in attributes.items())
        self.nodes.append(block(1, body))
        return name


def attribute(name, given):
    if isinstance(given, int):
        return text(1, name) + number(3, given) + number(20, 2)
    return text(1, name) + b"".join(number(8, one) for one in given) + number(20, 7)


def value(name, shape, kind=FLOAT32):
    """A tensor; a name in the shape stands for any number."""
    sizes = [text(2, size) if isinstance(size, str) else number(1, size) for size in shape]
    dims = b"".join(block(1, size) for size in sizes)
    return text(1, name) + block(2, block(1, number(1, kind) + block(2, dims)))


def number(field, given):
    return varint(field << 3) + varint(given)


def block(field, raw):
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def text(field, words):
    return block(field, words.encode())


def varint(given):
    groups = [given >> shift & 127 for shift in range(0, max(given.bit_length(), 1), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])
