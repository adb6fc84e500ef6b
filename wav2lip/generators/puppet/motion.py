"""From sound to motion: what a mouth does, heard in the mel alone.

The windows of a stream overlap, so the sound's past is pieced together from them column by column,
and the motion is a function of the sound around a moment: it knows neither frame rate nor batches.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wav2lip.generators.batch import BANDS, COLUMNS

Floats = NDArray[np.float32]
Mel = NDArray[np.float32]  # (80, 16)

RATE = 80.0  # columns a second
MEMORY = 40  # columns of the past that the motion depends on
NEAR = 10  # columns
BLUR = 1  # columns by which the mel's own window fills a short closure from both sides
QUIET_DB = -80.0  # what a mel of nothing says

RANGE_DB = 27.0  # so far below loud speech the mouth is at rest
LOUD_DB = -24.0  # loud speech, before any is heard
FAINT_DB = -45.0  # nothing below counts as loud speech
DARK_DB = -4.0  # usual brightness of a voice, before any is heard
ATTACK, RELEASE = 0.035, 0.045  # seconds
LEAD = 3  # columns by which the follower lags behind the sound
REST = 0.02  # below this the jaw does not move
WIDEST = 2.0  # jaw


@dataclass(frozen=True)
class Pose:
    """What a mouth does, against its place in the photo."""

    jaw: float = 0.0  # 0 as it is, 1 as wide as speech opens it, at most 2
    width: float = 0.0  # -1 rounded, 1 spread
    closing: float = 0.0  # 0 as it is, 1 lips together (for a mouth that is open in the photo)

    def __post_init__(self) -> None:
        if not (0 <= self.jaw <= WIDEST and -1 <= self.width <= 1 and 0 <= self.closing <= 1):
            raise ValueError(f"no mouth does this: {self}")

    @property
    def still(self) -> bool:
        return self.jaw == self.width == self.closing == 0.0

    def times(self, strength: float) -> "Pose":
        """Further from rest, or nearer."""
        width = min(max(strength * self.width, -1.0), 1.0)
        return Pose(min(strength * self.jaw, WIDEST), width, min(strength * self.closing, 1.0))


def _band(low: float, high: float) -> slice:
    """The mel bands whose centres lie between two frequencies (Slaney's scale, 55 to 7600 Hz)."""
    step = np.log(6.4) / 27
    mels = np.linspace(55 * 3 / 200, 15 + np.log(7.6) / step, BANDS + 2)[1:-1]
    hertz = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    first, last = np.searchsorted(hertz, [low, high])
    return slice(int(first), int(last))


# The voiced band leaves out the hum of m and n below it and the hiss of s and f above it.
VOICED = _band(300, 3000)
# Energy of the second formant against the first: i and e are bright, u and o are dark.
BRIGHT, DARK = _band(1500, 3500), _band(300, 900)
# A first formant that is high comes from an open jaw.
OPEN, CLOSE = _band(600, 1200), _band(200, 450)


@dataclass(frozen=True)
class Ear:
    """What has been heard up to a frame.

    A sound is (3, columns): loudness of the voice, brightness and openness of its vowel, in dB.
    """

    window: Mel | None = None  # the last one
    past: Floats = field(default_factory=lambda: _silence(MEMORY))
    ahead: Floats = field(default_factory=lambda: _silence(COLUMNS))  # the last window's sound
    shift: int = 3  # columns between the last two windows
    loud: float = LOUD_DB  # what is loud for this voice
    tone: float = DARK_DB  # what is neither bright nor dark for it


def _silence(columns: int) -> Floats:
    return np.tile(np.array([[QUIET_DB], [0.0], [0.0]], np.float32), columns)


def sound_of(mel: Mel) -> Floats:
    power = 10 ** ((12.5 * mel - 30) / 10)
    voiced, bright, dark, wide, close = (
        10 * np.log10(power[band].mean(axis=0)) for band in (VOICED, BRIGHT, DARK, OPEN, CLOSE)
    )
    return np.stack([voiced, bright - dark, wide - close]).astype(np.float32)


def heard(ear: Ear, mel: Mel) -> Ear:
    """The ear after one more window."""
    ahead = sound_of(mel)
    shift = _shift(ear, mel)
    if shift is None:
        loud, tone = _levels(ear, ahead)
        return Ear(mel, _silence(MEMORY), ahead, ear.shift, loud, tone)
    past = np.concatenate([ear.past, ear.ahead[:, :shift]], axis=1)[:, -MEMORY:]
    loud, tone = _levels(ear, ahead[:, COLUMNS - shift :])
    return Ear(mel, past, ahead, shift, loud, tone)


def _shift(ear: Ear, mel: Mel) -> int | None:
    """By how many columns this window is later than the last; nothing where they do not overlap."""
    if ear.window is None:
        return None
    for shift in sorted(range(COLUMNS), key=lambda shift: abs(shift - ear.shift)):
        if np.array_equal(ear.window[:, shift:], mel[:, : COLUMNS - shift]):
            return shift
    return None


def _levels(ear: Ear, fresh: Floats) -> tuple[float, float]:
    """Loud speech and its usual brightness, followed over seconds."""
    loud, tone = ear.loud, ear.tone
    for level, bright in fresh[:2].T.tolist():
        if level > loud:
            loud += 0.5 * (level - loud)
        elif level > loud - 20:
            loud = max(loud - 1.5 / RATE, FAINT_DB)
            tone += (min(max(bright, -15.0), 10.0) - tone) / (4 * RATE)
    return loud, tone


def pose(ear: Ear) -> Pose:
    """What the mouth does at the first column of the last window."""
    sound = np.concatenate([ear.past, ear.ahead], axis=1)
    loud = np.clip((sound[0] - ear.loud) / RANGE_DB + 1, 0, 1.15)
    jaw = _around(_followed(_drive(sound, loud)), MEMORY + LEAD, 1.5)
    jaw = float(np.tanh(1.1 * max(jaw - REST, 0.0)))
    voice = (sound[1] - ear.tone) / 9 * np.minimum(loud * 2, 1)
    width = min(max(_around(voice, MEMORY + 1, 3.0), -1.0), 1.0) * min(jaw / 0.15, 1.0)
    return Pose(jaw, width, _closing(loud, jaw))


def _drive(sound: Floats, loud: Floats) -> Floats:
    """How far the jaw strives to open: loud, open vowels; not where it is louder close by."""
    vowel = np.clip(0.85 + sound[2] / 50, 0.6, 1.1)
    level = sound[0]
    near = _views(level, NEAR)
    before, after = near[:, : NEAR + 1].max(axis=1), near[:, NEAR:].max(axis=1)
    edge, valley = np.maximum(before, after) - level, np.minimum(before, after) - level
    falling = np.clip(1 - edge / 30, 0, 1)
    # a short closure is a valley that the mel's own window fills from both sides
    closed = _views(np.clip(1.5 - valley / 10, 0, 1), BLUR).min(axis=1)
    return np.asarray(loud**1.2 * vowel * falling * closed, np.float32)


def _views(values: Floats, reach: int) -> Floats:
    """(columns, 2 * reach + 1): every column with those around it."""
    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)


def _followed(drive: Floats) -> Floats:
    """The drive as a mass follows it: it opens faster than it closes."""
    rise, fall = 1 - np.exp(-1 / (RATE * ATTACK)), 1 - np.exp(-1 / (RATE * RELEASE))
    level, levels = 0.0, []
    for goal in drive.tolist():
        level += (rise if goal > level else fall) * (goal - level)
        levels.append(level)
    return np.array(levels, np.float32)


def _around(values: Floats, column: int, spread: float) -> float:
    """Mean around a column, near ones weighing most."""
    reach = int(3 * spread)
    weights = np.exp(-((np.arange(-reach, reach + 1) / spread) ** 2) / 2)
    return float(values[column - reach : column + reach + 1] @ weights / weights.sum())


def _closing(loud: Floats, jaw: float) -> float:
    """Lips together as in p, b, m: loud before and after, not now."""
    ramp = np.minimum(2 - np.abs(np.arange(-COLUMNS, COLUMNS)) / 8, 1)
    around = loud[MEMORY - COLUMNS : MEMORY + COLUMNS] * ramp
    speech = min(float(around[:COLUMNS].max()), float(around[COLUMNS:].max()))
    parts = (speech - 0.35) * 2.5, (0.8 - _around(loud, MEMORY + 1, 1.5)) / 0.3, 1 - jaw / 0.35
    return float(np.prod(np.clip(parts, 0, 1)))
