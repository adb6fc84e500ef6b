"""The recipes of avatar services: which networks a mode puts together, by what is there.

real_time: SadTalker moves a photo, the lips are made anew. high_quality: First Order Motion moves
it as a video does, Diff2Lip draws the mouth, a network restores the face.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Parts:
    """What a recipe may take."""

    photo: bool = False  # the face is a single picture
    driving: bool = False  # a video that moves it is named
    torch: bool = False
    gpu: bool = False
    sadtalker: bool = False  # weights, as the next two
    fomm: bool = False
    diff2lip: bool = False
    enhancer: Path | None = None  # that can be run

    @property
    def any_of_high_quality(self) -> bool:
        """Whether there is anything of the recipe but the network that restores faces."""
        return self.diff2lip or (self.fomm and self.photo)


@dataclass(frozen=True)
class Recipe:
    """The options that a recipe sets, and what it goes without."""

    options: tuple[tuple[str, Any], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """For the report; nothing where nothing is missing."""
        return f"without {', '.join(self.missing)}" if self.missing else ""


def real_time_recipe(parts: Parts) -> Recipe:
    """SadTalker, where it is there and the face is a photo."""
    if not (parts.sadtalker and parts.photo):
        return Recipe()
    if not parts.torch:
        return Recipe(missing=("SadTalker, which needs torch",))
    return Recipe((("animate", "sadtalker"),))


def high_quality_recipe(parts: Parts) -> Recipe:
    """What is there of it; without a network that restores faces the sharpest blend."""
    sharpest = () if parts.enhancer else (("blend_method", "lips"),)
    restored = (("enhance", parts.enhancer),) if parts.enhancer else sharpest
    if not parts.any_of_high_quality:
        return Recipe(restored)
    moved = (("animate", "fomm"),) if not [*_unmoved(parts)] and parts.photo else ()
    drawn = (("engine", "diff2lip"),) if not [*_undrawn(parts)] else ()
    return Recipe((*moved, *drawn, *restored), (*_unmoved(parts), *_undrawn(parts), *_bare(parts)))


def _unmoved(parts: Parts) -> Iterator[str]:
    """Why First Order Motion does not move the photo; a video moves by itself."""
    if not parts.photo:
        return
    if not parts.fomm:
        yield "weights of First Order Motion"
    elif not parts.torch:
        yield "First Order Motion, which needs torch"
    elif not parts.driving:
        yield "First Order Motion, which needs a --driving_video"


def _undrawn(parts: Parts) -> Iterator[str]:
    """Why Diff2Lip does not draw the mouth."""
    if not parts.diff2lip:
        yield "weights of Diff2Lip"
    elif not parts.torch:
        yield "Diff2Lip, which needs torch"
    elif not parts.gpu:
        yield "Diff2Lip, which takes a GPU"


def _bare(parts: Parts) -> Iterator[str]:
    if parts.enhancer is None:
        yield "weights that restore faces"
