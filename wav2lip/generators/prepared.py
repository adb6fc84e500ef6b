"""An engine is loaded in two steps: its weights first, the rest once the visible rect is known.

Reading the weights first reports a wrong or damaged checkpoint before any frame is decoded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from base.cache import Cached
from base.generator import Generator
from base.geometry import Rect


@dataclass(frozen=True)
class PreparedEngine:
    """An engine whose weights have been read and checked; they are Wav2Lip's and complete."""

    generator: Callable[[Rect], Generator]  # builds the generator for a visible rect


class EngineLoader(Protocol):
    """The two steps in which an engine is loaded."""

    def prepare(self) -> Cached:
        """Read and check the weights; "hit" if a worker has them in memory from an earlier job."""

    def generator(self, visible: Rect, /) -> Generator:
        """Build the generator that makes this part of the patches."""


class LazyEngine:
    """Keeps the weights from `prepare` until `generator`, and no longer."""

    def __init__(self, prepare: Callable[[], PreparedEngine]) -> None:
        self._prepare = prepare
        self._prepared: PreparedEngine | None = None

    def prepare(self) -> Cached:
        self._prepared = self._prepare()
        return "off"

    def generator(self, visible: Rect) -> Generator:
        prepared, self._prepared = self._prepared or self._prepare(), None
        return prepared.generator(visible)
