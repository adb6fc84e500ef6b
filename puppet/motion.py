"""The pose of the mouth, computed from the mel alone.

The windows of a stream overlap, so the past sound is joined from them column by column. The pose is
a function of the sound around a moment, so it depends neither on the frame rate nor on the batches.
"""

from dataclasses import astuple, dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from base.generator import BANDS, COLUMNS

Floats = NDArray[np.float32]
Mel = NDArray[np.float32]  # (80, 16)

COLUMN_RATE = 80.0  # mel columns per second
PAST = 40  # columns of past sound that the pose depends on
NEIGHBOURHOOD = 10  # columns on both sides in which a louder sound keeps the jaw down
BLUR = 1  # columns by which the mel's own window fills a short closure from both sides
SILENCE_DB = -80.0  # voice level of a silent mel

RANGE_DB = 27.0  # the mouth is at rest so far below the level of loud speech
INITIAL_LOUD_DB = -24.0  # level of loud speech, until the voice's own is known
MIN_LOUD_DB = -45.0  # lowest level of loud speech
INITIAL_BRIGHTNESS_DB = -4.0  # usual brightness of a voice, until the voice's own is known
ATTACK, RELEASE = 0.035, 0.045  # time constants in seconds: opening, closing
LAG = 3  # columns by which the smoothed jaw lags behind the sound
JAW_REST = 0.02  # the jaw does not move below this
MAX_JAW = 2.0
QUIET, SPOKEN = 0.04, 0.25  # loudness of what is surely no speech, and of what surely is
SPEECH_RISE = 0.08  # seconds before a sound in which speech rises
SPEECH_FALL = 0.25  # seconds in which it falls again
SPEECH_HOLD = 0.1  # seconds after a sound before it begins to fall
PAUSE, LONGEST_PAUSE = 0.3, 0.42  # seconds that a speaker pauses and surely, or maybe, still speaks
FORESEEN = 0.19  # seconds in which the next sound is known
SHOUT = 0.25  # share by which loudness opens a vowel wider, or less wide
USUAL_LOUDNESS, LOUDNESS_RANGE = 0.85, 0.4  # of vowels; how much more a shout has


def smoothstep(share: Floats) -> Floats:
    """From 0 to 1, level at both ends."""
    share = np.minimum(np.maximum(share, 0), 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


# (PAST + COLUMNS,) of each column, from now
SECONDS = np.asarray((np.arange(PAST + COLUMNS) - PAST) / COLUMN_RATE, np.float32)
# (PAST, COLUMNS): whether what lies between a column before and one after is short enough
PAUSES = SECONDS[PAST:] - SECONDS[:PAST, None]
IS_PAUSE = smoothstep((LONGEST_PAUSE - PAUSES) / (LONGEST_PAUSE - PAUSE))
IS_FORESEEN = smoothstep((FORESEEN - SECONDS[PAST:]) / SPEECH_RISE)  # (COLUMNS,)
# (PAST + COLUMNS,): how near a sound must be for speech now
FADES = smoothstep(np.minimum(1 - SECONDS / SPEECH_RISE, 1 + (SECONDS + SPEECH_HOLD) / SPEECH_FALL))
# (2 * COLUMNS,): the same for the loud sounds around closed lips
AROUND_CLOSURE = np.minimum(2 - np.abs(np.arange(-COLUMNS, COLUMNS)) / 8, 1)


@dataclass(frozen=True)
class Pose:
    """The movement of a mouth away from its shape in the picture."""

    jaw: float = 0.0  # 0 as in the picture, 1 as wide as speech opens it, at most 2
    width: float = 0.0  # -1 rounded, 1 spread
    closing: float = 0.0  # 1 lips pressed together (p b m), whatever the jaw does
    tuck: float = 0.0  # 1 lower lip under the upper teeth (f v)
    speech: float = 0.0  # 0 the speaker is silent, 1 somebody speaks or pauses for a moment

    def __post_init__(self) -> None:
        shares = self.closing, self.tuck, self.speech
        possible = 0 <= self.jaw <= MAX_JAW and -1 <= self.width <= 1
        if not (possible and all(0 <= share <= 1 for share in shares)):
            raise ValueError(f"no mouth does this: {self}")

    @property
    def is_rest(self) -> bool:
        return self == Pose()

    def scaled(self, strength: float) -> "Pose":
        """The pose moved `strength` times as far from rest, within the limits."""
        return Pose(
            jaw=min(strength * self.jaw, MAX_JAW),
            width=min(max(strength * self.width, -1.0), 1.0),
            closing=min(strength * self.closing, 1.0),
            tuck=min(strength * self.tuck, 1.0),
            speech=min(strength * self.speech, 1.0),
        )

    def mixed(self, other: "Pose", weight: float) -> "Pose":
        """A pose between this one (weight 0) and the other one (weight 1)."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Pose(*((1 - weight) * mine + weight * its for mine, its in pairs))


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


def _means(*bands: slice) -> Floats:
    """(bands, BANDS): to the mean of each."""
    rows = np.arange(BANDS)
    inside = [(band.start <= rows) & (rows < band.stop) for band in bands]
    return np.asarray([row / row.sum() for row in inside], np.float32)


BAND_MEANS = _means(VOICED, BRIGHT, DARK, OPEN, CLOSE)


@dataclass(frozen=True)
class SoundHistory:
    """The sound of a stream up to a frame.

    Features are (3, columns): level of the voice, brightness and openness of its vowel, in dB.
    """

    window: Mel | None = None  # the last one
    past: Floats = field(default_factory=lambda: _silence(PAST))  # features before it
    ahead: Floats = field(default_factory=lambda: _silence(COLUMNS))  # features of it
    shift: int = 3  # columns between the last two windows
    loud_level: float = INITIAL_LOUD_DB  # of this voice
    neutral_brightness: float = INITIAL_BRIGHTNESS_DB  # of this voice: neither bright nor dark


def _silence(columns: int) -> Floats:
    return np.tile(np.array([[SILENCE_DB], [0.0], [0.0]], np.float32), columns)


def voice_features(mel: Mel) -> Floats:
    power = 10 ** ((12.5 * mel - 30) / 10)
    voiced, bright, dark, wide, close = 10 * np.log10(BAND_MEANS @ power)
    return np.stack([voiced, bright - dark, wide - close]).astype(np.float32)


def add_window(history: SoundHistory, mel: Mel) -> SoundHistory:
    """The history after one more window."""
    ahead = voice_features(mel)
    shift = _window_shift(history, mel)
    if shift is None:
        loud, neutral = _update_levels(history, ahead)
        return SoundHistory(mel, _silence(PAST), ahead, history.shift, loud, neutral)
    past = np.concatenate([history.past, history.ahead[:, :shift]], axis=1)[:, -PAST:]
    loud, neutral = _update_levels(history, ahead[:, COLUMNS - shift :])
    return SoundHistory(mel, past, ahead, shift, loud, neutral)


def _window_shift(history: SoundHistory, mel: Mel) -> int | None:
    """By how many columns this window is later than the last; None if they do not overlap."""
    if history.window is None:
        return None
    for shift in sorted(range(COLUMNS), key=lambda shift: abs(shift - history.shift)):
        if np.array_equal(history.window[:, shift:], mel[:, : COLUMNS - shift]):
            return shift
    return None


def _update_levels(history: SoundHistory, features: Floats) -> tuple[float, float]:
    """The level and the usual brightness of loud speech, adapted over seconds to new features."""
    loud, neutral = history.loud_level, history.neutral_brightness
    for level, brightness in features[:2].T.tolist():
        if level > loud:
            loud += 0.5 * (level - loud)
        elif level > loud - 20:
            loud = max(loud - 1.5 / COLUMN_RATE, MIN_LOUD_DB)
            neutral += (min(max(brightness, -15.0), 10.0) - neutral) / (4 * COLUMN_RATE)
    return loud, neutral


def pose_from_sound(history: SoundHistory) -> Pose:
    """The mouth's pose at the first column of the last window."""
    level, brightness, openness = np.concatenate([history.past, history.ahead], axis=1)
    loudness = _loudness(history, level)
    jaw = _weighted_mean(_smooth_jaw(_jaw_target(level, openness, loudness)), PAST + LAG, 1.5)
    jaw = float(np.tanh(1.1 * max(jaw - JAW_REST, 0.0)))
    spread = (brightness - history.neutral_brightness) / 9 * np.minimum(loudness * 2, 1)
    width = min(max(_weighted_mean(spread, PAST + 1, 4.5), -1.0), 1.0) * min(jaw / 0.15, 1.0)
    return Pose(jaw, width, _lip_closure(loudness, jaw), speech=_speech(loudness))


def loudness_gain(history: SoundHistory) -> float:
    """How much wider (above 1) or less wide than usual the loudness opens a vowel now."""
    loudness = _loudness(history, np.concatenate([history.past[0], history.ahead[0]]))
    louder = (_weighted_mean(loudness, PAST, 3.0) - USUAL_LOUDNESS) / LOUDNESS_RANGE
    return 1 + SHOUT * min(max(louder, -1.0), 1.0)


def _loudness(history: SoundHistory, level: Floats) -> Floats:
    """0 where the mouth rests, about 1 in this voice's loud speech."""
    return np.asarray(np.clip((level - history.loud_level) / RANGE_DB + 1, 0, 1.15), np.float32)


def _speech(loudness: Floats) -> float:
    """Whether sound is near: it may have ended a moment ago, or begin in the next."""
    voice = smoothstep((loudness - QUIET) / (SPOKEN - QUIET))
    # a sound before and one after make a pause, as soon as both are known
    after = voice[PAST:] * IS_FORESEEN
    pause = float((voice[:PAST, None] * after * IS_PAUSE).max())
    return max(float((voice * FADES).max()), pause)


def _jaw_target(level: Floats, openness: Floats, loudness: Floats) -> Floats:
    """How far the jaw tends to open: in loud, open vowels, but not where it is louder close by."""
    vowel = np.clip(0.85 + openness / 50, 0.6, 1.1)
    nearby = _neighbourhoods(level, NEIGHBOURHOOD)
    before = nearby[:, : NEIGHBOURHOOD + 1].max(axis=1)
    after = nearby[:, NEIGHBOURHOOD:].max(axis=1)
    edge, valley = np.maximum(before, after) - level, np.minimum(before, after) - level
    falling = np.clip(1 - edge / 30, 0, 1)
    # a short closure is a valley that the mel's own window fills from both sides
    closed = _neighbourhoods(np.clip(1.5 - valley / 10, 0, 1), BLUR).min(axis=1)
    return np.asarray(loudness**1.2 * vowel * falling * closed, np.float32)


def _neighbourhoods(values: Floats, reach: int) -> Floats:
    """(columns, 2 * reach + 1): every column with its neighbours."""
    return values[neighbours(len(values), reach)]


@lru_cache(maxsize=4)
def neighbours(columns: int, reach: int) -> NDArray[np.intp]:
    """(columns, 2 * reach + 1): those of each column; at the ends the outermost again."""
    columns_around = np.arange(columns)[:, None] + np.arange(-reach, reach + 1)
    return np.clip(columns_around, 0, columns - 1)


def _smooth_jaw(target: Floats) -> Floats:
    """The jaw follows its target as a mass would, opening faster than it closes."""
    rise = 1 - np.exp(-1 / (COLUMN_RATE * ATTACK))
    fall = 1 - np.exp(-1 / (COLUMN_RATE * RELEASE))
    jaw, jaws = 0.0, []
    for goal in target.tolist():
        jaw += (rise if goal > jaw else fall) * (goal - jaw)
        jaws.append(jaw)
    return np.array(jaws, np.float32)


def _weighted_mean(values: Floats, column: int, sigma: float) -> float:
    """Mean around a column with the weights of a Gaussian."""
    weights = _gaussian(sigma)
    reach = len(weights) // 2
    return float(values[column - reach : column + reach + 1] @ weights)


@lru_cache(maxsize=4)
def _gaussian(sigma: float) -> NDArray[np.float64]:
    reach = int(3 * sigma)
    weights = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    return np.asarray(weights / weights.sum())


def _lip_closure(loudness: Floats, jaw: float) -> float:
    """How far the lips come together as in p, b, m: it is loud before and after, but not now."""
    nearby = loudness[PAST - COLUMNS : PAST + COLUMNS] * AROUND_CLOSURE
    speech = min(float(nearby[:COLUMNS].max()), float(nearby[COLUMNS:].max()))
    quiet = (0.8 - _weighted_mean(loudness, PAST + 1, 1.5)) / 0.3
    factors = (speech - 0.35) * 2.5, quiet, 1 - jaw / 0.35
    return float(np.prod(np.clip(factors, 0, 1)))
