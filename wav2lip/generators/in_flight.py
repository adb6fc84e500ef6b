"""Batches on their way through an engine that takes the next one while one runs."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.cuda import OutOfMemoryError as NoMemoryLeft

from base.errors import OutOfMemoryError
from wav2lip.generators.batch import Batch, Patches

H = TypeVar("H")  # an engine's own word for what it has begun


class Engine(Protocol[H]):
    """Makes the patches of some frames in two steps; either may raise torch's OutOfMemoryError."""

    limit: int  # the most frames that are begun together; lowered when memory runs out
    depth: int  # the most that may have begun and not be finished

    def begin(self, mels: NDArray[np.float32], faces: Patches, /) -> H: ...

    def finish(self, begun: H, /) -> Patches:
        """Waits for the patches, which are the caller's own."""

    def drop(self, begun: H, /) -> None:
        """Instead of `finish`: nobody wants them any more."""

    def release(self) -> None:
        """Frees what is kept for the next batches; what has begun can still be finished."""


@dataclass(frozen=True)
class Piece:
    """Some frames of a batch."""

    mels: NDArray[np.float32]  # (n, 80, 16)
    faces: Patches  # (n, 96, 96, 3)
    ends_batch: bool = True

    def __len__(self) -> int:
        return len(self.mels)

    def cut(self, most: int) -> "list[Piece]":
        """The first frames, at most so many, and the rest if there is one."""
        if len(self) <= most:
            return [self]
        first = Piece(self.mels[:most], self.faces[:most], ends_batch=False)
        return [first, Piece(self.mels[most:], self.faces[most:], self.ends_batch)]


def generate(engine: Engine[H], batches: Iterable[Batch]) -> Iterator[Patches]:
    """Each batch's patches, in order; up to `depth - 1` batches are taken in advance."""
    flight = Flight(engine)
    done: list[Patches] = []
    try:
        for piece, patches in flight.through(batches):
            done.append(patches)
            if piece.ends_batch:
                yield np.concatenate(done)
                done = []
    finally:
        flight.drop()


class Flight(Generic[H]):
    """Pieces in order: those that run, then those that wait.

    Where memory runs out, the piece goes back to the head of those that wait, and is cut smaller.
    """

    def __init__(self, engine: Engine[H]) -> None:
        self.engine = engine
        self.waiting: deque[Piece] = deque()
        self.running: deque[tuple[Piece, H]] = deque()

    def through(self, batches: Iterable[Batch]) -> Iterator[tuple[Piece, Patches]]:
        for batch in batches:
            self.waiting.append(Piece(batch.mels, batch.faces))
            yield from self.finished(leave=self.engine.depth - 1)
        yield from self.finished(leave=0)

    def finished(self, leave: int) -> Iterator[tuple[Piece, Patches]]:
        """Goes on until none waits and at most `leave` run."""
        while self.waiting or len(self.running) > leave:
            if self.waiting and len(self.running) < self.engine.depth:
                self.begin()
            else:
                yield from self.finish()

    def begin(self) -> None:
        piece, *rest = self.waiting.popleft().cut(self.engine.limit)
        self.waiting.extendleft(rest)
        try:
            begun = self.engine.begin(piece.mels, piece.faces)
        except NoMemoryLeft as error:
            self.engine.limit = halved(len(piece), error)
        else:
            self.running.append((piece, begun))
            return
        self.back(piece)

    def finish(self) -> Iterator[tuple[Piece, Patches]]:
        """The oldest, unless memory has run out: then all that run go back, to keep the order."""
        piece, begun = self.running.popleft()
        try:
            patches = self.engine.finish(begun)
        except NoMemoryLeft as error:
            self.engine.limit = halved(len(piece), error)
        else:
            yield piece, patches
            return
        self.back(piece, *self.drop())

    def back(self, *pieces: Piece) -> None:
        """Called once the error is gone, which holds on to what was allocated before it."""
        self.waiting.extendleft(reversed(pieces))
        self.engine.release()

    def drop(self) -> list[Piece]:
        """What has begun is given up."""
        dropped = []
        while self.running:
            piece, begun = self.running.popleft()
            self.engine.drop(begun)
            dropped.append(piece)
        return dropped


def halved(frames: int, error: NoMemoryLeft) -> int:
    if frames == 1:
        raise OutOfMemoryError(
            "the GPU has no memory left for a single frame: stop other programs on it,"
            " or choose --device cpu"
        ) from error
    return frames // 2
