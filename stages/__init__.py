"""What is done to frames between the source and the encoder, each stage by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # --help needs the names alone, at once
    from stages.stage import Stage, StageScene


@dataclass(frozen=True)
class StageEntry:
    """How a stage is made, and where it stands."""

    load: Callable[[Any, StageScene], Stage]  # its settings; raises what cannot be had
    before_mouth: bool = False
    # what may stand in for it: it makes the same format and cannot fail; none: frames pass
    instead: Callable[[Any, StageScene], Stage] | None = None


def _animate(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.animate.stage import load_animate

    return load_animate(settings, scene)


def _upscale(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.upscale import load_upscale

    return load_upscale(settings, scene)


def _rate(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.rate.stage import load_rate

    return load_rate(settings, scene)


def _burn(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.burn import load_burn

    return load_burn(settings, scene)


def _plain_upscale(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.upscale import plain_upscale

    return plain_upscale(settings)


def _enhance(settings: Any, scene: StageScene) -> Stage:  # noqa: ANN401
    from stages.enhance import load_enhance

    return load_enhance(settings, scene)


# in the order in which frames pass them; what a stage needs is imported when it is loaded
STAGES: Mapping[str, StageEntry] = {
    "rate": StageEntry(_rate, before_mouth=True),
    "animate": StageEntry(_animate),
    "enhance": StageEntry(_enhance),
    "upscale": StageEntry(_upscale, instead=_plain_upscale),
    "burn": StageEntry(_burn),
}
