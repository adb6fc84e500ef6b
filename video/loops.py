"""How to go on when a video is shorter than its sound: endless runs through its frames."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # --help needs the names of the loops alone, at once
    from video.clip import IndexedFrame
    from video.yuv import Frame

EndlessFrames = Generator[tuple[int, "Frame"], None, None]  # each with its index in the source


class LoopSource(Protocol):
    """A source whose frames can be run through in both directions."""

    def forward(self) -> Generator[tuple[int, Frame], None, IndexedFrame]:
        """All frames in order, each with its index; the generator returns the last of them."""

    def backward(self, last: int, seekable: bool) -> Iterator[tuple[int, Frame]]:
        """The frames from index last - 1 down to 1, each with its index."""


def repeat(source: LoopSource) -> EndlessFrames:
    """Start again from the first frame."""
    while True:
        yield from source.forward()


def freeze(source: LoopSource) -> EndlessFrames:
    """Hold the last frame."""
    last = yield from source.forward()
    while True:
        yield last.index, last.frame


def pingpong(source: LoopSource) -> EndlessFrames:
    """Run backward, then forward again, and so on."""
    while True:
        last = yield from source.forward()
        yield from source.backward(last.index, last.seekable)


LOOPS: dict[str, Callable[[LoopSource], EndlessFrames]] = {
    "repeat": repeat,
    "pingpong": pingpong,
    "freeze": freeze,
}
