"""What an ONNX file says of its network: inputs, outputs and weights, of which no number is read.

An ONNX file is a protocol buffer: fields with a number and a length, so that what is not wanted is
stepped over. The numbers of the fields are those of the ONNX specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tensors.numbers import map_file

MAX_FIELDS = 500_000  # a network of a thousand layers has some 30,000
MAX_NAME = 1000  # bytes
VARINT, FIXED64, BLOCK, FIXED32 = 0, 1, 2, 5  # how a field is stored
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
GRAPH = 7  # of a model
INITIALIZER, INPUT, OUTPUT = 5, 11, 12  # of a graph
DIMS, TENSOR_NAME = 1, 8  # of a tensor

Dims = tuple[int | None, ...]  # None: any size
Field = tuple[int, int | memoryview]


@dataclass(frozen=True)
class Port:
    """An input or an output of a network."""

    name: str
    dims: Dims


@dataclass(frozen=True)
class OnnxHeader:
    """What a network takes and gives, and the shapes of its weights by name."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: dict[str, tuple[int, ...]]


def read_onnx_header(path: Path) -> OnnxHeader:
    """ValueError for what is no ONNX file."""
    reader = _FieldReader()
    graph = _last_block(reader.fields(map_file(path)), GRAPH)
    blocks: dict[int, list[memoryview]] = {INITIALIZER: [], INPUT: [], OUTPUT: []}
    for number, value in reader.fields(graph):
        if number in blocks and isinstance(value, memoryview):
            blocks[number].append(value)
    weights = dict(_weight(reader, block) for block in blocks[INITIALIZER])
    inputs = (_port(reader, block) for block in blocks[INPUT])
    return OnnxHeader(
        inputs=tuple(port for port in inputs if port.name not in weights),  # as old files list them
        outputs=tuple(_port(reader, block) for block in blocks[OUTPUT]),
        weights=weights,
    )


class _FieldReader:
    """Reads the fields of protocol buffers; ValueError for too many of them, or damaged ones."""

    def __init__(self) -> None:
        self._count = 0

    def fields(self, data: memoryview) -> Iterator[Field]:
        position = 0
        while position < len(data):
            self._count += 1
            if self._count > MAX_FIELDS:
                raise ValueError("a network of more parts than are read")
            key, position = _varint(data, position)
            value, position = _value(data, position, key & 7)
            yield key >> 3, value


def _value(data: memoryview, position: int, kind: int) -> tuple[int | memoryview, int]:
    """The value that begins at the position, and where the next field does."""
    if kind == VARINT:
        return _varint(data, position)
    if kind == BLOCK:
        size, position = _varint(data, position)
    elif kind in FIXED_SIZES:
        size = FIXED_SIZES[kind]
    else:
        raise ValueError(f"a field of kind {kind}")
    if position + size > len(data):
        raise ValueError("a field is cut off")
    return data[position : position + size], position + size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("a number is cut off")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError("a number without an end")


def _last_block(fields: Iterator[Field], number: int) -> memoryview:
    found = [value for n, value in fields if n == number and isinstance(value, memoryview)]
    if not found:
        raise ValueError("no network in it")
    return found[-1]


def _weight(reader: _FieldReader, tensor: memoryview) -> tuple[str, tuple[int, ...]]:
    name, dims = "", []
    for number, value in reader.fields(tensor):
        if number == TENSOR_NAME and isinstance(value, memoryview):
            name = _text(value)
        elif number == DIMS:
            dims += [value] if isinstance(value, int) else _packed(value)
    return name, tuple(dims)


def _packed(data: memoryview) -> list[int]:
    numbers, position = [], 0
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(number)
    return numbers


def _port(reader: _FieldReader, info: memoryview) -> Port:
    """From a name (1) and a type (2), in whose tensor (1) the shape (2) has dimensions (1)."""
    name: str = ""
    dims: Dims = ()
    for number, value in reader.fields(info):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            name = _text(value)
        elif number == 2:
            dims = _dims(reader, value)
    return Port(name, dims)


def _dims(reader: _FieldReader, kind: memoryview) -> Dims:
    tensors = _blocks(reader, kind, 1)
    shapes = [shape for tensor in tensors for shape in _blocks(reader, tensor, 2)]
    return tuple(
        next((v for n, v in reader.fields(dim) if n == 1 and isinstance(v, int)), None)
        for shape in shapes
        for dim in _blocks(reader, shape, 1)
    )


def _blocks(reader: _FieldReader, data: memoryview, number: int) -> list[memoryview]:
    return [v for n, v in reader.fields(data) if n == number and isinstance(v, memoryview)]


def _text(data: memoryview) -> str:
    return bytes(data[:MAX_NAME]).decode("utf-8", "replace")
