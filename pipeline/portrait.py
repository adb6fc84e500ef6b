"""What moves the photo of a run: loaded and checked before the work."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from base.errors import LipSyncError, UsageError
from pipeline.movers import MOVERS
from pipeline.report import StageReport
from pipeline.settings import Settings
from pipeline.staging import without
from video.source import Source

if TYPE_CHECKING:
    from pipeline.movers.mover import Mover

STAGE = "portrait"


@dataclass(frozen=True, eq=False)
class Portrait:
    """What moves the photo, and what became of loading it."""

    mover: "Mover | None" = None  # none: the photo rests
    reports: tuple[StageReport, ...] = ()
    terms: str = ""  # of the weights, for people
    square: int | None = None  # pixels a side of its frames; none: they are as large as the photo

    @property
    def notices(self) -> tuple[str, ...]:
        return (*without(self.reports), *((self.terms,) if self.terms else ()))

    def size(self, photo: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the frames of a photo of this size."""
        return photo if self.square is None else (self.square, self.square)

    def noting(self, notes: Iterable[str]) -> "Portrait":
        """With what is to be said of the work, once it is done."""
        reason = "; ".join(notes)
        return replace(self, reports=tuple(replace(one, reason=reason) for one in self.reports))


RESTING = Portrait()


def open_portrait(settings: Settings, source: Source) -> Portrait:
    """Load what moves the photo; what cannot run is an error, or left out."""
    portrait = settings.portrait
    if portrait is None:
        return RESTING
    if not source.still:
        raise UsageError(f"--animate {portrait.word} is for a photo: {source.path} moves already")
    entry = MOVERS[portrait.mover]
    try:
        mover = entry.load(portrait, settings)
    except LipSyncError as error:
        if not settings.stages.skip_failing:
            raise
        return Portrait(reports=(StageReport(STAGE, "skipped", str(error)),))
    return Portrait(mover, (StageReport(STAGE, "ran"),), entry.terms, portrait.square)
