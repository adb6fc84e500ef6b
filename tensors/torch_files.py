"""Read the tensors that torch saved, as numpy arrays. Nothing that the file holds is run.

A zip (since torch 1.6) and TorchScript describe the tensors in `data.pkl` and keep their numbers in
`data/<key>`. Before torch 1.6 pickles come first, and the numbers of each storage after them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from tensors.archive import members_of
from tensors.numbers import (
    BFLOAT16,
    BOOL,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    NumberType,
    Tensor,
    map_file,
)
from tensors.unpickling import Constructor, ForeignNameError, Ignored, PickleReader, StoredObject

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
# What training programs save state dicts under; the averaged weights (ema) are the better ones.
STATE_DICTS = (
    "state_dict",
    "model_state_dict",
    "params_ema",
    "params-ema",
    "params",
    "model",
    "net",
)
MAX_DIMENSIONS = 32
MAX_ATTRIBUTES = 100_000  # of TorchScript's modules
MAX_NAME = 1000  # characters


@dataclass(frozen=True)
class Storage:
    """A row of numbers somewhere in the file, that tensors are parts of."""

    type: NumberType
    key: str
    count: int

    def __post_init__(self) -> None:
        if not isinstance(self.type, NumberType) or not isinstance(self.key, str):
            raise TypeError("a storage without a type, or without a name")
        if self.count < 0:
            raise ValueError("a storage of less than nothing")


@dataclass(frozen=True)
class StoredTensor:
    """Which numbers of a storage a tensor has; ValueError if it reaches out of it."""

    storage: Storage
    offset: int
    size: Sequence[int]
    stride: Sequence[int]

    def __post_init__(self) -> None:
        if not isinstance(self.storage, Storage) or len(self.size) != len(self.stride):
            raise TypeError("a tensor without a storage, or with strides that are not its own")
        if len(self.size) > MAX_DIMENSIONS:
            raise ValueError("a tensor of too many dimensions")
        if min([self.offset, *self.size, *self.stride]) < 0:
            raise ValueError("a tensor of numbers below zero")
        steps = zip(self.size, self.stride, strict=True)
        reach = 1 + sum((length - 1) * step for length, step in steps)
        if self.offset + (reach if prod(self.size) else 0) > self.storage.count:
            raise ValueError("a tensor reaches out of its storage")

    def view(self, numbers: Tensor) -> Tensor:
        """The tensor in its storage's numbers."""
        strides = [step * numbers.itemsize for step in self.stride]
        start = self.offset * numbers.itemsize
        return np.ndarray(tuple(self.size), numbers.dtype, numbers, start, strides)


def describe_tensor(
    storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: object
) -> StoredTensor:
    return StoredTensor(storage, offset, size, stride)


def keep_first(value: object, *_: object) -> object:
    return value


def new_dict() -> dict[object, object]:
    """Without arguments: copies of one long dictionary would fill the memory."""
    return {}


IGNORED_NAMES = (
    *("numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"),
    *("torch.Size", "torch.device", "torch.float32", "torch.float16", "torch.bfloat16"),
    *("collections.Counter", "_codecs.encode", "__builtin__.set", "builtins.set"),
)
ALLOWED_NAMES: Mapping[str, object] = {
    "torch._utils._rebuild_tensor_v2": Constructor(describe_tensor),
    "torch._utils._rebuild_parameter": Constructor(keep_first),
    "collections.OrderedDict": Constructor(new_dict),
    **{name: Constructor(Ignored) for name in IGNORED_NAMES},
    "torch.DoubleStorage": FLOAT64,
    "torch.FloatStorage": FLOAT32,
    "torch.HalfStorage": FLOAT16,
    "torch.BFloat16Storage": BFLOAT16,
    "torch.LongStorage": INT64,
    "torch.IntStorage": INT32,
    "torch.ShortStorage": INT16,
    "torch.CharStorage": INT8,
    "torch.ByteStorage": UINT8,
    "torch.BoolStorage": BOOL,
}


def find_name(name: str) -> object:
    """What a name in a state dict stands for."""
    if name not in ALLOWED_NAMES:
        raise ForeignNameError(name)
    return ALLOWED_NAMES[name]


def find_script_name(name: str) -> object:
    """The same in TorchScript, whose own classes are kept as their state."""
    if name.startswith("__torch__."):
        return Constructor(StoredObject)
    if name.startswith("torch.jit._pickle."):  # functions that annotate a list with its type
        return Constructor(keep_first)
    return find_name(name)


@dataclass
class Storages:
    """The storages that a pickle names, in the order in which it does."""

    by_key: dict[str, Storage] = field(default_factory=dict)

    def load(
        self, kind: str, type: NumberType, key: str, _device: str, count: int, view: object = None
    ) -> Storage:
        """The storage that a persistent id stands for; ValueError if it contradicts another's."""
        storage = Storage(type, key, count)
        if kind != "storage" or view is not None:
            raise ValueError(f"a persistent id of {kind!r}")
        if self.by_key.setdefault(key, storage) != storage:
            raise ValueError(f"the storage {key!r} is described in two ways")
        return storage


Numbers = Mapping[str, Tensor]  # of each storage, by its key


def read_zip(path: Path) -> dict[str, Tensor]:
    """The state dict in a zip."""
    content, numbers = read_archive(path, find_name)
    return view_tensors(state_dict_of(content), numbers)


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """The state dict of a TorchScript module, whose code is not read."""
    module, numbers = read_archive(path, find_script_name)
    return view_tensors(module_tensors(module), numbers)


def read_archive(path: Path, find: Callable[[str], object]) -> tuple[object, Numbers]:
    """The object in `data.pkl`, and the numbers of its storages."""
    members = members_of(map_file(path))
    root = next(name for name in members if name.endswith("data.pkl")).removesuffix("data.pkl")
    if members.get(f"{root}byteorder", b"little") != b"little":
        raise ValueError("numbers with their highest byte first")
    storages = Storages()
    content = PickleReader(members[f"{root}data.pkl"], find, storages.load).read()
    return content, {
        key: storage.type.numbers(members[f"{root}data/{key}"], storage.count)
        for key, storage in storages.by_key.items()
    }


def read_legacy(path: Path) -> dict[str, Tensor]:
    """The state dict in a file of torch before 1.6."""
    data, storages = map_file(path), Storages()
    position, parts = 0, []
    for _ in range(5):
        reader = PickleReader(data, find_name, storages.load, position)
        parts.append(reader.read())
        position = reader.position
    magic, protocol, _system, content, keys = parts
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not isinstance(keys, list):
        raise ValueError("not what torch saved")
    ordered = [storages.by_key[key] for key in keys]
    return view_tensors(state_dict_of(content), legacy_numbers(data[position:], ordered))


def legacy_numbers(data: memoryview, storages: Sequence[Storage]) -> Numbers:
    """The numbers of the storages, each preceded by their count."""
    numbers = {}
    for storage in storages:
        if int.from_bytes(data[:8], "little") != storage.count:
            raise ValueError(f"the storage {storage.key!r} is of another length")
        numbers[storage.key] = storage.type.numbers(data[8:], storage.count)
        data = data[8 + storage.count * storage.type.stored.itemsize :]
    return numbers


def view_tensors(tensors: Mapping[str, StoredTensor], numbers: Numbers) -> dict[str, Tensor]:
    return {name: tensor.view(numbers[tensor.storage.key]) for name, tensor in tensors.items()}


def state_dict_of(content: object) -> dict[str, StoredTensor]:
    """The tensors in a state dict, or in what training saved beside one."""
    if not isinstance(content, dict):
        return {}
    parts = (content.get(name) for name in STATE_DICTS)
    content = next((part for part in parts if isinstance(part, dict)), content)
    return tensors_in(content) or tensors_of_networks(content)


def tensors_in(content: Mapping[object, object]) -> dict[str, StoredTensor]:
    return {str(name): t for name, t in content.items() if isinstance(t, StoredTensor)}


def tensors_of_networks(content: Mapping[object, object]) -> dict[str, StoredTensor]:
    """The tensors of several state dicts in one: the network's name, a dot, the tensor's name."""
    return {
        f"{network}.{name}": tensor
        for network, tensors in content.items()
        if isinstance(tensors, dict)
        for name, tensor in tensors_in(tensors).items()
    }


def module_tensors(module: object) -> dict[str, StoredTensor]:
    """The tensors of the module and its submodules with their names in the state dict."""
    tensors: dict[str, StoredTensor] = {}
    waiting, visited = [("", module)], 0
    while waiting:
        prefix, module = waiting.pop()
        state = state_of(module)
        visited += 1 + len(state)
        if visited > MAX_ATTRIBUTES or len(prefix) > MAX_NAME:
            raise ValueError("a tree of modules without end")
        for name, value in state.items():
            if isinstance(value, StoredTensor):
                tensors[f"{prefix}{name}"] = value
            elif isinstance(value, StoredObject):
                waiting.append((f"{prefix}{name}.", value))
    return tensors


def state_of(module: object) -> Mapping[str, object]:
    state = module.state if isinstance(module, StoredObject) else None
    return state if isinstance(state, dict) else {}
