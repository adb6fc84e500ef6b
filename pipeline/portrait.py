"""What moves a photo: LivePortrait's networks, and a motion for them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from base.errors import LipSyncError, UsageError
from pipeline.report import StageReport
from pipeline.settings import PortraitSettings, Settings
from video.shape import Shape
from video.source import Source, open_source

if TYPE_CHECKING:
    from liveportrait.driving import Driving
    from liveportrait.networks import Networks

STAGE = "portrait"


@dataclass(frozen=True, eq=False)
class Portrait:
    """The networks, ready to run, and the motion that they follow."""

    networks: "Networks"
    driving: "Driving | Source"


def open_portrait(
    settings: Settings, source: Source
) -> tuple[Portrait | None, tuple[StageReport, ...]]:
    """Load what moves the photo, and say so; what cannot run is an error, or left out."""
    wanted = settings.portrait
    if wanted is None:
        return None, ()
    if not source.still:
        raise UsageError(f"--animate {wanted.folder} is for a photo: {source.path} moves already")
    from liveportrait.networks import load_networks

    try:
        portrait = Portrait(load_networks(wanted.folder), _driving(wanted, settings))
    except LipSyncError as error:
        if not settings.stages.skip_failing:
            raise
        return None, (StageReport(STAGE, "skipped", str(error)),)
    return portrait, (StageReport(STAGE, "ran"),)


def _driving(wanted: PortraitSettings, settings: Settings) -> "Driving | Source":
    from liveportrait.template import SUFFIX, read_template

    if wanted.driving.suffix.lower() == SUFFIX:
        return read_template(wanted.driving)
    usual = Fraction(25)  # of a picture, which moves nothing
    return open_source(wanted.driving, Shape(), usual, max_pixels=settings.picture.max_pixels)
