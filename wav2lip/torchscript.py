"""Read the tensors of a TorchScript archive without running what is written in it.

`torch.jit.load` compiles the archive's code and may run parts of it; here the code is not looked
at. The archive is a zip: `data.pkl` describes the tree of modules, `data/<key>` holds the numbers.
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


class Stored:
    """Stands for an object of any class of the archive: it keeps what was stored, no more."""

    stored: object = None

    def __setstate__(self, state: object) -> None:
        self.stored = state


class TreeReader(pickle.Unpickler):
    """Makes tensors, plain containers and `Stored` objects; refuses every other name."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(BytesIO(member(archive, f"{root}data.pkl")))
        self._archive, self._root = archive, root
        self._numbers: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  what unpickling calls
        if module == "__torch__" or module.startswith("__torch__."):
            return Stored
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if module == "torch.jit._pickle":  # marks of a list's type
            return first_argument
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name} is not allowed")

    def persistent_load(self, pid: tuple[str, torch.dtype, str, str, int]) -> Tensor:
        _, dtype, key, _, _ = pid
        if key not in self._numbers:
            raw = bytearray(member(self._archive, f"{self._root}data/{key}"))
            self._numbers[key] = torch.frombuffer(raw, dtype=dtype)
        return self._numbers[key]


def first_argument(value: object, *_: object) -> object:
    return value


def rebuilt(
    numbers: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Tensor:
    return torch.as_strided(numbers, size, stride, offset)


ALLOWED: dict[tuple[str, str], Callable[..., object]] = {
    ("torch._utils", "_rebuild_tensor_v2"): rebuilt,
    ("collections", "OrderedDict"): OrderedDict,
}


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive. Tensors are stored as they are: a small file cannot unfold."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return archive.read(name)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The module's own state dict."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return dict(named(TreeReader(archive, name.removesuffix("data.pkl")).load()))


def named(module: object, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    state = module.stored if isinstance(module, Stored) else None
    if not isinstance(state, Mapping):
        return
    for name, value in state.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from named(value, f"{prefix}{name}.")
