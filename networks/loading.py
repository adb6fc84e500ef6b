"""A network built without numbers, then filled with those of a file: all of them fit, or none."""

import importlib.util
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from base.errors import EngineError
from base.text import one_line
from tensors.numbers import Tensor

if TYPE_CHECKING:
    from torch import nn

    Network = TypeVar("Network", bound=nn.Module)

COUNTER = "num_batches_tracked"  # of training; nothing reads it


def require_torch(flag: str) -> None:
    """EngineError, with the way out, where torch is not installed; it is not imported."""
    if importlib.util.find_spec("torch") is None:
        raise EngineError(f"{flag} needs torch: pip install -r requirements-torch.txt")


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def filled(
    build: Callable[[], "Network"], tensors: Mapping[str, Tensor], path: Path, what: str
) -> "Network":
    """The network with these numbers, in float32, ready for inference.

    EngineError, in a line that names the file and `what` it should be, where a tensor is missing,
    is one too many, has another shape or holds what is no number.
    """
    import torch

    network = _empty(build)
    wanted = _shapes(network)
    given = {name: tensor for name, tensor in tensors.items() if not name.endswith(COUNTER)}
    _check(wanted, given, path, what)
    state = {
        name: torch.zeros((), dtype=torch.int64)
        if name.endswith(COUNTER)
        else torch.from_numpy(np.require(given[name], np.float32, ("C", "A", "W")))
        for name in wanted
    }
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def shapes_of(build: Callable[[], "nn.Module"]) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape by its name."""
    return _shapes(_empty(build))


def _empty(build: Callable[[], "Network"]) -> "Network":
    """The network without memory and random numbers: every tensor is still to come."""
    import torch

    with torch.device("meta"):
        return build()


def _shapes(network: "nn.Module") -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _check(
    wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, Tensor], path: Path, what: str
) -> None:
    names = {name for name in wanted if not name.endswith(COUNTER)}
    if missing := names - set(given):
        raise _other(path, what, f"lacks {_some(missing)}")
    if unknown := set(given) - names:
        raise _other(path, what, f"has {_some(unknown)}, which that has not")
    for name in sorted(names):
        if given[name].shape != wanted[name]:
            shapes = f"{given[name].shape}, not {wanted[name]}"
            raise _other(path, what, f"{one_line(name)} is {shapes}")
        if given[name].dtype.kind != "f" or not np.isfinite(given[name]).all():
            raise EngineError(f"{path}: {name} holds what is no number: the file is damaged")


def _other(path: Path, what: str, why: str) -> EngineError:
    return EngineError(f"{path}: is no {what}, or another version of it: it {why}")


def _some(names: Collection[str]) -> str:
    """One of the names, and how many more there are."""
    first, more = one_line(min(names)), len(names) - 1
    return f"{first} and {more} more" if more else first
