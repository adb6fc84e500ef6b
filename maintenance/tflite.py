"""Read a .tflite file: its tensors and operators, as far as our networks have them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# TensorFlow Lite's numbers of operators and element types (schema.fbs)
KINDS = {
    **{0: "add", 3: "convolution", 4: "depthwise", 6: "dequantize", 17: "max_pool"},
    **{18: "multiply", 22: "reshape", 34: "pad", 45: "slice", 54: "prelu"},
    **{1: "average_pool", 14: "sigmoid", 19: "relu", 23: "resize", 117: "hard_swish"},
}
CUSTOM = 32
TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer; fields are counted as in the schema."""

    data: bytes = field(repr=False)
    position: int

    def place(self, index: int) -> int | None:
        """Where a field lies; None where it has its default."""
        layout = self.position - self._at("<i", self.position)
        if 4 + 2 * index >= self._at("<H", layout):
            return None
        offset = self._at("<H", layout + 4 + 2 * index)
        return self.position + offset if offset else None

    def number(self, index: int, form: str, default: int = 0) -> int:
        place = self.place(index)
        return default if place is None else self._at(form, place)

    def table(self, index: int) -> "Table | None":
        place = self.place(index)
        return None if place is None else Table(self.data, self._target(place))

    def tables(self, index: int) -> list["Table"]:
        start, count = self._vector(index)
        places = range(start, start + 4 * count, 4)
        return [Table(self.data, self._target(place)) for place in places]

    def numbers(self, index: int) -> list[int]:
        start, count = self._vector(index)
        return list(struct.unpack_from(f"<{count}i", self.data, start))

    def bytes(self, index: int) -> bytes:
        start, count = self._vector(index)
        return self.data[start : start + count]

    def _vector(self, index: int) -> tuple[int, int]:
        place = self.place(index)
        if place is None:
            return 0, 0
        start = self._target(place)
        return start + 4, self._at("<I", start)

    def _target(self, place: int) -> int:
        return place + self._at("<I", place)

    def _at(self, form: str, place: int) -> int:
        return int(struct.unpack_from(form, self.data, place)[0])


@dataclass(frozen=True)
class Tensor:
    """A value of the graph, in the order height, width, channels."""

    name: str
    shape: list[int]
    constant: NDArray[Any] | None


@dataclass(frozen=True)
class Operator:
    """A step of the graph; tensors by their numbers."""

    kind: str
    inputs: list[int]
    outputs: list[int]
    options: Table | None
    custom: bytes

    def option(self, index: int, form: str = "<b", default: int = 0) -> int:
        return default if self.options is None else self.options.number(index, form, default)


@dataclass(frozen=True)
class Graph:
    """A network."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]


def read_graph(data: bytes) -> Graph:
    """The graph of a .tflite file."""
    model = Table(data, struct.unpack_from("<I", data)[0])
    graph, buffers = model.tables(2)[0], [table.bytes(0) for table in model.tables(4)]
    tensors = [_tensor(table, buffers) for table in graph.tables(0)]
    operators = list(_operators(graph, [_kind(table) for table in model.tables(1)]))
    return Graph(tensors, operators, graph.numbers(1), graph.numbers(2))


def _tensor(table: Table, buffers: list[bytes]) -> Tensor:
    shape, content = table.numbers(0), buffers[table.number(2, "<I")]
    kind = TYPES[table.number(1, "<b")]
    constant = np.frombuffer(content, kind).reshape(shape) if content else None
    return Tensor(table.bytes(3).decode(), shape, constant)


def _operators(graph: Table, kinds: list[str]) -> Iterator[Operator]:
    for table in graph.tables(3):
        kind = kinds[table.number(0, "<I")]
        inputs, outputs = table.numbers(1), table.numbers(2)
        yield Operator(kind, inputs, outputs, table.table(4), table.bytes(5))


def _kind(code: Table) -> str:
    number = max(code.number(3, "<i"), code.number(0, "<b"))
    return code.bytes(1).decode() if number == CUSTOM else KINDS[number]


def custom_options(custom: bytes) -> dict[str, Any]:
    """A flexbuffer that holds a map of numbers and of one list of numbers."""
    values = len(custom) - 3 - custom[-3]  # the root: a map, by its distance
    count = int(struct.unpack_from("<I", custom, values - 4)[0])
    keys = values - 12 - int(struct.unpack_from("<I", custom, values - 12)[0])
    types = custom[values + 4 * count : values + 5 * count]
    return {
        _key(custom, keys, index): _value(custom, values + 4 * index, types[index])
        for index in range(count)
    }


def _key(custom: bytes, keys: int, index: int) -> str:
    width = 1 if custom[keys - 1] == 8 else 2
    place = keys + index * width
    start = place - int.from_bytes(custom[place : place + width], "little")
    return custom[start : custom.index(b"\0", start)].decode()


def _value(custom: bytes, place: int, packed: int) -> Any:  # noqa: ANN401
    kind, width = packed >> 2, 1 << (packed & 3)
    if kind == 3:
        return struct.unpack_from("<f", custom, place)[0]
    number = struct.unpack_from("<I", custom, place)[0]
    if kind == 1:
        return number
    start, form = place - number, f"<u{width}"
    length = int.from_bytes(custom[start - width : start], "little")
    return np.frombuffer(custom, form, length, start).astype(np.int64)
