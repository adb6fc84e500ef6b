"""Motion templates: a head's motion without its pictures, as LivePortrait and this program keep it.

LivePortrait's `.pkl` is a pickle. It is read by a machine that knows numbers and nothing else, so
that nothing in the file is run.
"""

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.errors import InputError
from liveportrait.driving import DrivingPoses
from liveportrait.geometry import POINTS, Pose
from tensors.unpickling import (
    MAX_BYTES,
    MAX_OPERATIONS,
    OPERATIONS,
    Constructor,
    ForeignNameError,
    PickleReader,
)

SUFFIX = ".pkl"
ROTATIONS = ("R", "R_d")  # of newer and of older templates: transposed, for points as rows
RATES = ("output_fps", "fps")
USUAL_RATE = 25
MODULES = ("numpy.core", "numpy._core")
KINDS = ("f8", "f4", "f2", "i8", "i4")  # of numbers


class _Kind:
    """numpy's description of a number, and of its byte order, which comes after it."""

    def __init__(self, name: object, *_: object) -> None:
        if name not in KINDS:
            raise ValueError(f"numbers of the kind {name!r}")
        self.name = str(name)


class _Array:
    """An array whose numbers come after it."""

    def __init__(self, *_: object) -> None:
        self.values: NDArray[np.float64] | None = None

    def fill(self, state: Any) -> None:  # noqa: ANN401  whatever the file has
        _, shape, kind, by_columns, data = state
        if not isinstance(kind, _Kind) or not isinstance(data, bytes):
            raise ValueError("an array of no numbers")
        numbers = np.frombuffer(data, f"<{kind.name}").astype(np.float64)
        sides = tuple(int(side) for side in shape)
        self.values = numbers.reshape(sides, order="F" if by_columns else "C")


def _filled(data: object, kind: object, shape: object, order: object) -> _Array:
    array = _Array()
    array.fill((1, shape, kind, order != "C", data))
    return array


def _scalar(kind: object, data: object) -> float:
    if not isinstance(kind, _Kind) or not isinstance(data, bytes):
        raise ValueError("a number of no kind")
    return float(np.frombuffer(data, f"<{kind.name}", 1)[0])


NAMES: Mapping[str, object] = {
    **{f"{module}.multiarray._reconstruct": Constructor(_Array) for module in MODULES},
    **{f"{module}.multiarray.scalar": Constructor(_scalar) for module in MODULES},
    **{f"{module}.numeric._frombuffer": Constructor(_filled) for module in MODULES},
    "numpy.ndarray": "an array",
    "numpy.dtype": Constructor(_Kind),
}


class _TemplateReader(PickleReader):
    """Also knows what newer pickles have, and arrays."""

    def __init__(self, data: memoryview) -> None:
        super().__init__(data, _named)

    def read(self) -> object:
        for _ in range(MAX_OPERATIONS):
            (code,) = self.bytes(1)
            if code == ord("."):
                return self.pop()
            NEWER[code](self) if code in NEWER else OPERATIONS[code](self)
        raise ValueError("the template does not end")

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self.top(object)

    def stack_name(self) -> None:
        name, module = self.pop(), self.pop()
        self.push(_named(f"{module}.{name}"))

    def binary(self, form: str) -> None:
        self.push(self.bytes(self.number(form)))

    def build(self) -> None:
        state, target = self.pop(), self.top(object)
        if isinstance(target, _Array):
            target.fill(state)
        elif not isinstance(target, _Kind):
            raise TypeError(f"a state for a {type(target)}")


NEWER: Mapping[int, Callable[[_TemplateReader], object]] = {
    0x8C: lambda reader: reader.text("B", "utf-8"),
    0x8D: lambda reader: reader.text("Q", "utf-8"),
    0x93: _TemplateReader.stack_name,
    0x94: _TemplateReader.memoize,
    0x95: lambda reader: reader.bytes(8),  # the length of a frame
    ord("C"): lambda reader: reader.binary("B"),
    ord("B"): lambda reader: reader.binary("I"),
    0x96: lambda reader: reader.binary("Q"),
    0x98: lambda reader: None,  # the bytes before it are not to be changed
    ord("b"): _TemplateReader.build,
}


def read_template(path: Path) -> DrivingPoses:
    """InputError, in a line, for a file that is no template."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large for a template")
        content = _TemplateReader(memoryview(path.read_bytes())).read()
        return _poses_of(content)
    except ForeignNameError as error:
        raise InputError(
            f"{path}: would run {error.name[:60]}: it is no motion template"
        ) from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; check the name") from error
    except (ValueError, TypeError, KeyError, IndexError, EOFError, struct.error) as error:
        raise InputError(f"{path}: is no motion template of LivePortrait, or is damaged") from error


def _named(name: str) -> object:
    if name not in NAMES:
        raise ForeignNameError(name)
    return NAMES[name]


def _poses_of(content: Any) -> DrivingPoses:  # noqa: ANN401  whatever the file has
    rate = next((content[name] for name in RATES if name in content), USUAL_RATE)
    fps = Fraction(float(rate)).limit_denominator(100_000)
    return DrivingPoses(fps, tuple(map(_pose, content["motion"])))


def _pose(motion: Any) -> Pose:  # noqa: ANN401  whatever the file has
    rotation = next(motion[name] for name in ROTATIONS if name in motion)
    return Pose(
        _numbers(motion["exp"], (POINTS, 3)),
        _numbers(rotation, (3, 3)).T,
        float(_numbers(motion["scale"], (1,))[0]),
        _numbers(motion["t"], (3,)),
    )


def _numbers(array: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:  # noqa: ANN401
    if not isinstance(array, _Array) or array.values is None:
        raise TypeError("no array where one should be")
    numbers = array.values.reshape(shape).astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("what is no number")
    return numbers
