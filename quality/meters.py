"""The meters of the picture: each is shown every frame once, and has a figure in the end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from quality.border import ColourStep, Seam
from quality.crispness import FaceSharpness, MouthSharpness
from quality.double import DoubleMouth
from quality.pair import Pair, pair_of
from quality.steadiness import Flicker, Jitter
from quality.untouched import Untouched
from quality.view import Sight


class Meter(Protocol):
    """Looks at the face of every frame beside its source."""

    def look(self, pair: Pair, /) -> None: ...

    def value(self) -> float | None:
        """None where there was nothing to measure."""


METERS: dict[str, Callable[[], Meter]] = {
    "seam": Seam,
    "colour_step": ColourStep,
    "double_mouth": DoubleMouth,
    "mouth_sharpness": MouthSharpness,
    "face_sharpness": FaceSharpness,
    "flicker": Flicker,
    "jitter": Jitter,
}


PERIOD, IN_A_ROW = 8, 3  # frames: what trembles shows in three, and a clip has many of them


class Meters:
    """All of them in one pass, and what was left of the picture around the face."""

    def __init__(self) -> None:
        self._meters: Mapping[str, Meter] = {name: make() for name, make in METERS.items()}
        self._untouched = Untouched()

    def watched(self, sights: Iterable[Sight]) -> Iterator[Sight]:
        """The same sights, each looked at on its way."""
        for sight in sights:
            self._untouched.look(sight)
            pair = pair_of(sight) if sight.index % PERIOD < IN_A_ROW else None
            if pair is not None:
                for meter in self._meters.values():
                    meter.look(pair)
            yield sight

    def values(self) -> dict[str, float | None]:
        rest = {
            "untouched_psnr": self._untouched.psnr(),
            "untouched_worst": self._untouched.worst(),
            "untouched_ssim": self._untouched.ssim(),
        }
        return {name: meter.value() for name, meter in self._meters.items()} | rest
