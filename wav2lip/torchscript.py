"""Read the tensors of a TorchScript archive without running the code in it.

`torch.jit.load` compiles the archive's code and may run parts of it; here the code is not read.
The archive is a zip: `data.pkl` describes the tree of modules, `data/<key>` holds the numbers.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}


class StoredObject:
    """Stands for an object of any class of the archive; it keeps the pickled state only."""

    state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class TreeReader(pickle.Unpickler):
    """Unpickles tensors, plain containers and `StoredObject`s; refuses every other name."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(BytesIO(read_member(archive, f"{root}data.pkl")))
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  what unpickling calls
        if module == "__torch__" or module.startswith("__torch__."):
            return StoredObject
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if module == "torch.jit._pickle":  # functions that annotate a list with its type
            return first_argument
        if (module, name) in ALLOWED_NAMES:
            return ALLOWED_NAMES[module, name]
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name} is not allowed")

    def persistent_load(self, pid: tuple[str, torch.dtype, str, str, int]) -> Tensor:
        _, dtype, key, _, _ = pid
        if key not in self._storages:
            raw = bytearray(read_member(self._archive, f"{self._root}data/{key}"))
            self._storages[key] = torch.frombuffer(raw, dtype=dtype)
        return self._storages[key]


def first_argument(value: object, *_: object) -> object:
    return value


def rebuild_tensor(
    storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Tensor:
    return torch.as_strided(storage, size, stride, offset)


ALLOWED_NAMES: dict[tuple[str, str], Callable[..., object]] = {
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("collections", "OrderedDict"): OrderedDict,
}


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one file of the archive; a compressed one, which could expand without limit, is refused.

    TorchScript stores tensors uncompressed.
    """
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return archive.read(name)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the state dict of the archive's module."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return dict(named_tensors(TreeReader(archive, name.removesuffix("data.pkl")).load()))


def named_tensors(module: object, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Each tensor of the module and its submodules with its name in the state dict."""
    state = module.state if isinstance(module, StoredObject) else None
    if not isinstance(state, Mapping):
        return
    for name, value in state.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from named_tensors(value, f"{prefix}{name}.")
