"""Marks in a video that players jump to."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.container import OutputContainer

TICK = Fraction(1, 1000)  # seconds


@dataclass(frozen=True)
class Chapter:
    """A part of a video, its times in seconds."""

    title: str
    start: Fraction
    end: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"{self} has no length")


def set_chapters(output: OutputContainer, chapters: Sequence[Chapter]) -> None:
    """Mark them in a file whose header is not written yet; a kind that has none ignores them."""
    if chapters:
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter.start / TICK),
                    "end": round(chapter.end / TICK),
                    "time_base": TICK,
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(chapters)
            ]
        )
