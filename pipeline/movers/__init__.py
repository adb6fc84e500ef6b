"""What makes a moving source of a photo, each by the name that `options.animation` gives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from options.animation import FOMM, LIVEPORTRAIT, SADTALKER
from pipeline.settings import PortraitSettings, Settings

if TYPE_CHECKING:
    from pipeline.movers.mover import Mover


@dataclass(frozen=True)
class MoverEntry:
    """How a mover is loaded, and what people should know of its weights."""

    load: Callable[[PortraitSettings, Settings], "Mover"]  # raises what cannot be had
    terms: str = ""  # a notice in each run


def _liveportrait(portrait: PortraitSettings, settings: Settings) -> "Mover":
    from pipeline.movers.liveportrait import load_liveportrait

    return load_liveportrait(portrait, settings)


def _fomm(portrait: PortraitSettings, settings: Settings) -> "Mover":
    from pipeline.movers.fomm import load_fomm

    return load_fomm(portrait, settings)


def _sadtalker(portrait: PortraitSettings, settings: Settings) -> "Mover":
    from pipeline.movers.sadtalker import load_sadtalker

    return load_sadtalker(portrait, settings)


SADTALKER_TERMS = (
    "SadTalker's code is under Apache-2.0; its weights state no licence of their own:"
    " ask before you sell what they make"
)
MOVERS: Mapping[str, MoverEntry] = {
    LIVEPORTRAIT: MoverEntry(_liveportrait),
    FOMM: MoverEntry(
        _fomm,
        "First Order Motion's weights come without terms of their own, trained on VoxCeleb:"
        " ask before commercial use",
    ),
    SADTALKER: MoverEntry(_sadtalker, SADTALKER_TERMS),
}
