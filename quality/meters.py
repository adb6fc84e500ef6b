"""The meters of the picture: each measures the crops of many frames and ends in one figure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from quality.border import ColourStep, Seam
from quality.comparison import ComparedFrame
from quality.crop_pair import CropPair, crop_pair_of
from quality.lips_meters import LIPS_METERS, Sights
from quality.sharpness import FaceSharpness, MouthSharpness
from quality.steadiness import Flicker, Jitter
from quality.untouched import Untouched


class Meter(Protocol):
    """Measures the face of frame after frame against the source's."""

    def add(self, pair: CropPair, /) -> None: ...

    def value(self) -> float | None:
        """The figure over all frames; none where there was nothing to measure."""


METERS: dict[str, Callable[[], Meter]] = {
    "seam": Seam,
    "colour_step": ColourStep,
    "mouth_sharpness": MouthSharpness,
    "face_sharpness": FaceSharpness,
    "flicker": Flicker,
    "jitter": Jitter,
}


# Frames: of each PERIOD the first CONSECUTIVE are measured. What trembles shows in three frames,
# and a clip has many of them.
PERIOD, CONSECUTIVE = 8, 3
IN_EVERY_FRAME = ("sharpness_pulses",)  # else pulses of this period hide


class Meters:
    """All meters in one pass, and what became of the picture around the face."""

    def __init__(self) -> None:
        self._meters: dict[str, Meter] = {name: make() for name, make in METERS.items()}
        self._lips = {name: make() for name, make in LIPS_METERS.items()}
        self._sights, self._untouched = Sights(), Untouched()

    def observe(self, frames: Iterable[ComparedFrame]) -> Iterator[ComparedFrame]:
        """Pass the frames on, each measured on its way."""
        for frame in frames:
            self._untouched.add(frame)
            measured = frame.index % PERIOD < CONSECUTIVE
            pair = crop_pair_of(frame) if measured else None
            if pair is not None:
                for meter in self._meters.values():
                    meter.add(pair)
            self._add_lips(frame, measured)
            yield frame

    def _add_lips(self, frame: ComparedFrame, measured: bool) -> None:
        sight = None if frame.source is None else self._sights.of(frame.mouth)
        if sight is not None:
            for name, meter in self._lips.items():
                if measured or name in IN_EVERY_FRAME:
                    meter.add(sight)

    def values(self) -> dict[str, float | None]:
        """Every figure by its meter's name."""
        rest_of_picture = {
            "untouched_psnr": self._untouched.psnr(),
            "untouched_worst": self._untouched.worst(),
            "untouched_ssim": self._untouched.ssim(),
        }
        figures = {name: meter.value() for name, meter in (self._meters | self._lips).items()}
        return figures | rest_of_picture
