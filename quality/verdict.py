"""The limits of every figure of a result, and the verdict on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["pass", "look", "fail", "unknown"]
Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Bound:
    """A figure's limits: up to `passes` it passes, beyond `fails` it fails, between it gets a look.

    Where a high figure is good, `fails` lies below `passes`.
    """

    meter: str
    title: str
    unit: str
    passes: float
    fails: float
    failing: str  # what people see when it fails

    def __post_init__(self) -> None:
        if self.passes == self.fails:
            raise ValueError(f"{self.meter}: between passing and failing there is a look")

    @property
    def high_is_good(self) -> bool:
        return self.passes > self.fails

    def level(self, value: float | None) -> Level:
        if value is None:
            return "unknown"
        sign = -1 if self.high_is_good else 1
        if sign * value <= sign * self.passes:
            return "pass"
        return "fail" if sign * value > sign * self.fails else "look"


# Each lies between the figures of clean runs of every blend method on nine faces and those of
# planted faults: docs/decisions/021-quality.md, 032-meters-on-lips.md
# and 035-eye-and-verdict.md have both.
BOUNDS: tuple[Bound, ...] = (
    Bound(
        "lag_ms",
        "Mouth against sound",
        "ms",
        80,
        160,
        "The mouth moves visibly before or after the words.",
    ),
    Bound(
        "sync_confidence",
        "Mouth follows the sound",
        "of 1",
        0.5,
        0.1,
        "The mouth moves without regard to what is said, or hardly moves.",
    ),
    Bound(
        "moves_in_pauses",
        "Rest in pauses",
        "mouth widths",
        0.04,
        0.12,
        "The mouth goes on moving while nobody speaks.",
    ),
    Bound(
        "open_in_pauses",
        "Closed in pauses",
        "of its range",
        0.5,
        0.8,
        "The mouth stays open while nobody speaks.",
    ),
    Bound(
        "share_of_speech_moving",
        "Moves in speech",
        "of the time",
        0.6,
        0.3,
        "The mouth stands still while somebody speaks.",
    ),
    Bound(
        "ends_apart_ms",
        "Length of picture and sound",
        "ms apart",
        60,
        200,
        "The picture ends before the sound, or goes on after it.",
    ),
    Bound(
        "seam",
        "Seam",
        "levels a pixel",
        1.0,
        1.5,
        "The outline of the new mouth shows as a line or a box.",
    ),
    Bound(
        "colour_step",
        "Step of colour",
        "Lab",
        1.5,
        3.0,
        "Skin around the mouth has another colour than the rest of the face.",
    ),
    Bound(
        "double_mouth",
        "Double mouth",
        "of a mouth",
        0.28,
        0.36,
        "The old mouth shines through the new one, or is left above or below it.",
    ),
    Bound(
        "mouth_sharpness",
        "Sharpness of the mouth",
        "of the source's",
        0.75,
        0.6,
        "The mouth is blurred where the rest of the face is sharp.",
    ),
    Bound(
        "face_sharpness",
        "Sharpness of the face",
        "of the source's",
        0.94,
        0.85,
        "The face around the mouth lost its pores and lines.",
    ),
    Bound(
        "flicker",
        "Flicker",
        "levels",
        0.65,
        0.9,
        "Skin around the mouth changes its brightness from frame to frame.",
    ),
    Bound(
        "jitter",
        "Jitter",
        "% of the mouth",
        0.3,
        0.6,
        "The mouth trembles against the face it belongs to.",
    ),
    Bound(
        "lips_seen",
        "Lips seen in the source",
        "of the frames",
        0.8,
        -1,  # never fails: less can be said of it, but a drawn face is no fault
        "Few lips are seen: whether there is a mouth, and where, is not measured.",
    ),
    Bound(
        "mouth_offset",
        "Mouth in its place",
        "mouth widths off",
        0.12,
        0.18,
        "The mouth opens beside the lips, or lies aside.",
    ),
    Bound(
        "new_spot",
        "Nothing new beside the lips",
        "mouth widths off",
        0.06,
        0.12,
        "A hole opens in the chin or beside the lips.",
    ),
    Bound(
        "mouth_doubt",
        "Is a mouth",
        "of doubt",
        0.35,
        0.65,
        "What is there instead of the mouth is none: noise, or a patch.",
    ),
    Bound(
        "over_sharpened",
        "Over-sharpened",
        "of the source's detail",
        1.35,
        1.6,
        "The mouth has hard edges, blocks or grain that the face has not.",
    ),
    Bound(
        "sharpness_pulses",
        "Sharpness pulses",
        "from frame to frame",
        0.15,
        0.22,
        "The mouth changes between sharp and soft.",
    ),
    Bound(
        "corners_tremble",
        "Trembling corners",
        "% of the mouth",
        2.0,
        2.6,
        "The corners of the mouth tremble.",
    ),
    Bound(
        "old_speech",
        "Old speech",
        "of 1",
        0.2,
        0.5,
        "The mouth goes on with what the source says.",
    ),
    Bound(
        "untouched_psnr",
        "Rest of the picture",
        "dB",
        38,
        33,
        "The picture around the face is not that of the source, or badly encoded.",
    ),
    Bound(
        "untouched_worst",
        "Rest of the picture, worst place",
        "dB",
        34,
        28,
        "Somewhere outside the face something was changed.",
    ),
    Bound(
        "untouched_ssim",
        "Rest of the picture, structure",
        "of 1",
        0.96,
        0.92,
        "The picture around the face lost its detail, or is another one.",
    ),
)


@dataclass(frozen=True)
class VerdictLine:
    """A figure beside its limits."""

    bound: Bound
    value: float | None

    @property
    def level(self) -> Level:
        return self.bound.level(self.value)


def judge(values: Values) -> tuple[VerdictLine, ...]:
    """A line for each bound; a figure that runs in both directions counts by its size."""
    sizes = {name: None if value is None else abs(value) for name, value in values.items()}
    return tuple(VerdictLine(bound, sizes.get(bound.meter)) for bound in BOUNDS)


def worst_level(lines: tuple[VerdictLine, ...]) -> Level:
    """The worst level of all figures that were measured; "unknown" where none was."""
    worst_first: tuple[Level, ...] = ("fail", "look", "pass")
    levels = {line.level for line in lines}
    return next((level for level in worst_first if level in levels), "unknown")


def sentence(lines: tuple[VerdictLine, ...]) -> str:
    """The verdict in one line, with the figures that decided it."""
    level = worst_level(lines)
    decisive = [describe(line) for line in lines if line.level == level]
    if level == "pass":
        return f"quality: pass, all {len(decisive)} figures are as they should be"
    return f"quality: {level}" + (f": {'; '.join(decisive)}" if level != "unknown" else "")


def describe(line: VerdictLine) -> str:
    return f"{line.bound.title.lower()} {line.value:.3g} {line.bound.unit}"
