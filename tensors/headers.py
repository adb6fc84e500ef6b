"""What a file of weights holds, by the names and shapes of its tensors; no number is read.

Nothing that a file holds is run: a name that is not a tensor's is kept as a name.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tensors.archive import members_of
from tensors.numbers import map_file
from tensors.onnx import OnnxHeader, read_onnx_header
from tensors.safetensors import read_safetensors_shapes
from tensors.torch_files import (
    LEGACY_MAGIC,
    Storages,
    StoredTensor,
    find_name,
    find_script_name,
    module_tensors,
)
from tensors.unpickling import Constructor, ForeignNameError, Ignored, PickleReader

MAX_DEPTH = 4  # of dicts in dicts
MAX_VALUES = 50_000
HEAD = 512  # bytes that tell the format
LARGEST_HEADER = 2**27  # of safetensors
# A damaged file makes its reader raise any of these.
DAMAGED = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError),
    *(struct.error, RecursionError, StopIteration, MemoryError, OSError),
)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """The shapes of a file's tensors by their names, which dots lead to."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    network: OnnxHeader | None = None  # where the file holds a whole network
    foreign: tuple[str, ...] = ()  # names of code that the file would have run


def read_header(path: Path) -> Header | None:
    """None for a file that holds no weights; ValueError and the like for a damaged one."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _zip_header(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LARGEST_HEADER:
        return Header(read_safetensors_shapes(path))
    if head[:1] == b"\x80":
        return _legacy_header(path)
    if head[:1] == b"\x08":
        network = read_onnx_header(path)
        return Header(network.weights, network)
    return None


def _zip_header(path: Path) -> Header | None:
    members = members_of(map_file(path))
    pickle = next((name for name in members if name.endswith("data.pkl")), None)
    if pickle is None:
        return None
    is_script = any(name.endswith("constants.pkl") for name in members)
    foreign: list[str] = []
    find = partial(_find, find_script_name if is_script else find_name, foreign)
    content = PickleReader(members[pickle], find, Storages().load).read()
    tensors = module_tensors(content) if is_script else dict(_tensors(content))
    return _header_of(tensors, foreign)


def _legacy_header(path: Path) -> Header | None:
    """From the pickles before the numbers: a mark, a version, the system, the content."""
    data, storages = map_file(path), Storages()
    foreign: list[str] = []
    position, parts = 0, []
    for _ in range(4):
        reader = PickleReader(data, partial(_find, find_name, foreign), storages.load, position)
        parts.append(reader.read())
        position = reader.position
        if parts[0] != LEGACY_MAGIC:
            return Header(foreign=tuple(foreign)) if foreign else None
    return _header_of(dict(_tensors(parts[3])), foreign)


def _header_of(tensors: Mapping[str, StoredTensor], foreign: list[str]) -> Header:
    shapes = {name: tuple(tensor.size) for name, tensor in tensors.items()}
    return Header(shapes, foreign=tuple(dict.fromkeys(foreign)))


def _find(known: Callable[[str], object], foreign: list[str], name: str) -> object:
    """What a name stands for; code that is not known stands for nothing and is only listed."""
    try:
        return known(name)
    except ForeignNameError:
        foreign.append(name)
        return Constructor(Ignored)


def _tensors(content: object) -> Iterator[tuple[str, StoredTensor]]:
    """Every tensor in dicts in dicts, by the names that lead to it."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), content)]
    visited = 0
    while waiting:
        path, value = waiting.pop()
        visited += 1
        if visited > MAX_VALUES:
            raise ValueError("more values than weights have")
        if isinstance(value, StoredTensor):
            yield ".".join(path), value
        elif isinstance(value, dict) and len(path) < MAX_DEPTH:
            waiting += [((*path, str(key)), inner) for key, inner in value.items()]
