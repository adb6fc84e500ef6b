"""An engine is loaded in two steps: its weights first, the rest once the scene is known.

Reading the weights first reports a wrong or damaged checkpoint before any frame is decoded.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from base.cache import Cached
from base.generator import BANDS, COLUMNS, SIDE, WHOLE_PATCH, Batch, Generator, Patches
from base.geometry import Rect
from wav2lip.generators.strength import mel_at_gain


@dataclass(frozen=True, eq=False)
class Examples:
    """Some frames of a run, on which an engine tries its arithmetic."""

    mels: NDArray[np.float32]  # (n, 80, 16)
    faces: Patches  # (n, 96, 96, 3)

    def __post_init__(self) -> None:
        n = len(self.mels)
        shapes = self.mels.shape, self.faces.shape
        if n == 0 or shapes != ((n, BANDS, COLUMNS), (n, SIDE, SIDE, 3)):
            raise ValueError(f"examples are equally many mels and faces, got {shapes}")

    def __len__(self) -> int:
        return len(self.mels)

    @property
    def digest(self) -> str:
        """A name for the content."""
        digest = blake2b(digest_size=16)
        for array in (self.mels, self.faces):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Scene:
    """The frames that a generator will get, as far as they are known before."""

    visible: Rect = WHOLE_PATCH  # the patch's pixels that show in the frames
    still: bool = False  # nearly all frames show one picture
    examples: Examples | None = None  # for an engine that looks at some first

    @property
    def key(self) -> Hashable:
        """Equal for scenes that are the same to a generator."""
        return self.visible, self.still, self.examples and self.examples.digest

    def at_strength(self, strength: float) -> "Scene":
        """The scene as a generator hears it at this lip strength."""
        if self.examples is None or strength == 1:
            return self
        louder = mel_at_gain(self.examples.mels, strength)
        return replace(self, examples=replace(self.examples, mels=louder))


@dataclass(frozen=True)
class NetworkGenerator:
    """A network's generator, and the arithmetic that it computes with."""

    generate: Generator
    precision: str  # fp32, bf16, fp16 or int8
    notices: tuple[str, ...] = ()  # where that is not what was asked for
    steps: int | None = None  # of diffusion; none: the network makes a mouth at once

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Patches]:
        return self.generate(batches)


def precision_of(generator: Generator) -> str | None:
    """The arithmetic of a network's generator; None for any other."""
    return generator.precision if isinstance(generator, NetworkGenerator) else None


def steps_of(generator: Generator) -> int | None:
    """In how many steps of diffusion it makes a mouth; None for any other."""
    return generator.steps if isinstance(generator, NetworkGenerator) else None


def notices_of(generator: Generator) -> tuple[str, ...]:
    """What the user should know of the generator's arithmetic."""
    return generator.notices if isinstance(generator, NetworkGenerator) else ()


@dataclass(frozen=True)
class PreparedEngine:
    """An engine whose weights have been read and checked; they are complete."""

    generator: Callable[[Scene], Generator]  # builds the generator for a scene


class EngineLoader(Protocol):
    """The two steps in which an engine is loaded."""

    def prepare(self) -> Cached:
        """Read and check the weights; "hit" if a worker has them in memory from an earlier job."""

    def generator(self, scene: Scene, /) -> Generator:
        """Build the generator for a scene."""


class LazyEngine:
    """Keeps the weights from `prepare` until `generator`, and no longer."""

    def __init__(self, prepare: Callable[[], PreparedEngine]) -> None:
        self._prepare = prepare
        self._prepared: PreparedEngine | None = None

    def prepare(self) -> Cached:
        self._prepared = self._prepare()
        return "off"

    def generator(self, scene: Scene) -> Generator:
        prepared, self._prepared = self._prepared or self._prepare(), None
        return prepared.generator(scene)
