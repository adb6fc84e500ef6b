"""Ways on when a video is shorter than its sound; names alone are wanted by --help."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from video.yuv import Frame

Endless = Generator[tuple[int, "Frame"], None, None]


class Ways(Protocol):
    """Through a source's frames, each with its place."""

    def once(self) -> Generator[tuple[int, Frame], None, tuple[int, bool, Frame]]:
        """One pass; its last step is returned: its place, whether it can be sought, the frame."""

    def backward(self, last: int, seekable: bool) -> Iterator[tuple[int, Frame]]:
        """From the frame before the last down to the second."""


def repeat(source: Ways) -> Endless:
    while True:
        yield from source.once()


def freeze(source: Ways) -> Endless:
    place, _, frame = yield from source.once()
    while True:
        yield place, frame


def pingpong(source: Ways) -> Endless:
    while True:
        last, seekable, _ = yield from source.once()
        yield from source.backward(last, seekable)


LOOPS: dict[str, Callable[[Ways], Endless]] = {
    "repeat": repeat,
    "pingpong": pingpong,
    "freeze": freeze,
}
