"""An engine in two steps: what a file can get wrong first, the rest when it is known what shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from base.cache import Cached
from base.geometry import Rect
from wav2lip.generators.batch import Generator


@dataclass(frozen=True)
class Prepared:
    """Weights that are read and known to be Wav2Lip's and whole."""

    generator: Callable[[Rect], Generator]  # for the part of the patches that shows
    cached: Cached = "off"  # whether the network was kept from a run before


class Loading(Protocol):
    """An engine's two steps."""

    def prepare(self) -> Cached: ...
    def generator(self, shown: Rect, /) -> Generator: ...


class Engine:
    """Holds the weights from the first step to the second, and no longer."""

    def __init__(self, prepare: Callable[[], Prepared]) -> None:
        self._prepare = prepare
        self._prepared: Prepared | None = None

    def prepare(self) -> Cached:
        self._prepared = self._prepare()
        return self._prepared.cached

    def generator(self, shown: Rect) -> Generator:
        prepared, self._prepared = self._prepared or self._prepare(), None
        return prepared.generator(shown)
