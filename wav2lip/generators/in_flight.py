"""Schedule batches on an engine that takes the next frames while it computes the ones before."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from base.errors import OutOfMemoryError
from base.generator import Batch, Patches

H = TypeVar("H")  # an engine's handle for frames that it has begun


class AsyncEngine(Protocol[H]):
    """Computes patches in two steps, `begin` and `finish`.

    Either may raise OutOfMemoryError, whose message must fit a single frame: more frames are tried
    again in halves before a user reads it.
    """

    limit: int  # the most frames that are begun together; halved when memory runs out
    depth: int  # the most handles that may be begun and not finished

    def begin(self, mels: NDArray[np.float32], faces: Patches, /) -> H: ...

    def finish(self, handle: H, /) -> Patches:
        """Wait for the patches, which belong to the caller."""

    def drop(self, handle: H, /) -> None:
        """Give up the patches; called instead of `finish`."""

    def release(self) -> None:
        """Free what is kept for later frames; handles that were begun can still be finished."""


@dataclass(frozen=True)
class Piece:
    """Successive frames of one batch, which the engine computes together."""

    mels: NDArray[np.float32]  # (n, 80, 16)
    faces: Patches  # (n, 96, 96, 3)
    ends_batch: bool = True

    def __len__(self) -> int:
        return len(self.mels)

    def split(self, limit: int) -> "list[Piece]":
        """The first frames, at most `limit`, and the rest if there is one."""
        if len(self) <= limit:
            return [self]
        first = Piece(self.mels[:limit], self.faces[:limit], ends_batch=False)
        return [first, Piece(self.mels[limit:], self.faces[limit:], self.ends_batch)]


def generate(engine: AsyncEngine[H], batches: Iterable[Batch]) -> Iterator[Patches]:
    """Yield each batch's patches, in order; up to `depth - 1` batches are taken ahead."""
    scheduler = Scheduler(engine)
    parts: list[Patches] = []
    try:
        for piece, patches in scheduler.run(batches):
            parts.append(patches)
            if piece.ends_batch:
                yield np.concatenate(parts)
                parts = []
    finally:
        scheduler.drop_running()


class Scheduler(Generic[H]):
    """Keeps the pieces in order: the running ones, followed by the waiting ones.

    When memory runs out, a piece returns to the head of the waiting ones, to be begun in halves.
    """

    def __init__(self, engine: AsyncEngine[H]) -> None:
        self.engine = engine
        self.waiting: deque[Piece] = deque()
        self.running: deque[tuple[Piece, H]] = deque()

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Piece, Patches]]:
        for batch in batches:
            self.waiting.append(Piece(batch.mels, batch.faces))
            yield from self.advance(still_running=self.engine.depth - 1)
        yield from self.advance(still_running=0)

    def advance(self, still_running: int) -> Iterator[tuple[Piece, Patches]]:
        """Go on until no piece waits and at most `still_running` pieces run."""
        while self.waiting or len(self.running) > still_running:
            if self.waiting and len(self.running) < self.engine.depth:
                self.begin()
            else:
                yield from self.finish()

    def begin(self) -> None:
        piece, *rest = self.waiting.popleft().split(self.engine.limit)
        self.waiting.extendleft(rest)
        try:
            handle = self.engine.begin(piece.mels, piece.faces)
        except OutOfMemoryError:
            if len(piece) == 1:
                raise
            self.engine.limit = len(piece) // 2
        else:
            self.running.append((piece, handle))
            return
        self.requeue(piece)

    def finish(self) -> Iterator[tuple[Piece, Patches]]:
        """Finish the oldest piece; if memory runs out, requeue all running ones in order."""
        piece, handle = self.running.popleft()
        try:
            patches = self.engine.finish(handle)
        except OutOfMemoryError:
            if len(piece) == 1:
                raise
            self.engine.limit = len(piece) // 2
        else:
            yield piece, patches
            return
        self.requeue(piece, *self.drop_running())

    def requeue(self, *pieces: Piece) -> None:
        """Put the pieces before the waiting ones and free the engine's memory.

        Called after the error was handled, since its traceback holds what was allocated before it.
        """
        self.waiting.extendleft(reversed(pieces))
        self.engine.release()

    def drop_running(self) -> list[Piece]:
        """Give up what is running; returns its pieces in order."""
        pieces = []
        while self.running:
            piece, handle = self.running.popleft()
            self.engine.drop(handle)
            pieces.append(piece)
        return pieces
