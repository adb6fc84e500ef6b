"""The pose of the mouth, computed from the phonemes that are spoken and when.

Every phoneme pulls jaw and width towards its own target, most within its span and less and less
around it; the pose is the mean of the targets (dominance functions). Lips that must meet do so in
the middle of their phoneme, however fast the speech is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.load import load_sound
from audio.phonemes import read_phonemes
from audio.recognition import check_recogniser, recognise
from base.phonemes import Phoneme, check_order
from puppet.motion import (
    PAUSE,
    SPEECH_FALL,
    SPEECH_RISE,
    Pose,
    SoundHistory,
    loudness_gain,
    pose_from_sound,
)

Times = NDArray[np.float64]

# Seconds around its span in which a phoneme still pulls the jaw: a share of its own length.
REACH, MIN_REACH, MAX_REACH = 0.7, 0.04, 0.06
# Seconds before and after it in which a vowel still pulls the width; lips are rounded early.
VOWEL_EARLY, ROUNDING_EARLY, VOWEL_LATE = 0.1, 0.2, 0.1
MOST_REACH = 0.25  # seconds around its span in which a phoneme does anything
PLATEAU = 0.02  # least seconds on both sides of its middle in which a closure is complete
RAMP = 0.06  # seconds in which lips close, or open again
SHORT_VOWEL, SHORTEST_OPENING = 0.1, 0.6  # seconds below which a vowel opens less; the least share
MIN_GAP = 0.05  # seconds between two phonemes in which nothing rests
LEAST_REST = 0.15  # how firmly the mouth tends to rest in the shortest gap
LONG_GAP = 0.3  # seconds between two phonemes in which the mouth comes to rest


@dataclass(frozen=True)
class Shape:
    """What the mouth does in a phoneme, and how firmly."""

    jaw: float
    width: float
    grip: float = 1.0  # how strongly the jaw is pulled; almost 0: it follows the neighbours
    width_grip: float = 0.25
    is_vowel: bool = False  # or a glide
    closes: bool = False  # the lips meet
    tucks: bool = False  # the lower lip touches the upper teeth

    @property
    def rounds(self) -> bool:
        return self.is_vowel and self.width < -0.3


def _vowel(jaw: float, width: float, grip: float = 1.0) -> Shape:
    return Shape(jaw, width, grip, width_grip=grip, is_vowel=True)


REST = Shape(0.0, 0.0, 1.0, 1.0)
UNKNOWN = Shape(0.2, 0.0, 0.3)
GROUPS: dict[str, Shape] = {
    "pbmʙʘ": Shape(0.06, 0.0, 1.5, closes=True),
    "fvɱʋɸβ": Shape(0.12, 0.1, 1.5, tucks=True),
    "sz": Shape(0.1, 0.3, 1.5, 0.3),
    "tdnlɾθðɫɬɮʈɖɳɭɽrc": Shape(0.16, 0.15, 1.0),
    "ʃʒɕʑʂʐ": Shape(0.16, -0.45, 1.5, 0.8),
    "ɹɻɺʀ": Shape(0.22, -0.35, 0.8, 0.5),
    "wʍɥ": Shape(0.14, -1.0, 1.2, 1.0, is_vowel=True),
    "j": Shape(0.2, 0.5, 0.8, 0.6),
    "kɡgŋxɣqɢɴχʁɟɲçʝʎ": Shape(0.25, 0.0, 0.2, 0.15),
    "hɦħʕʔʡ": Shape(0.25, 0.0, 0.15, 0.15),
    "aɑɒɐ": _vowel(0.82, 0.0),
    "æ": _vowel(0.76, 0.3),
    "ɔœɶ": _vowel(0.62, -0.5),
    "ʌ": _vowel(0.58, 0.0),
    "ɛ": _vowel(0.58, 0.3),
    "eɘ": _vowel(0.48, 0.5),
    "əɜɚɝɞ": _vowel(0.4, 0.0, 0.6),
    "ɤɵ": _vowel(0.38, -0.2),
    "ɪɨᵻɯ": _vowel(0.34, 0.4),
    "i": _vowel(0.26, 0.8),
    "oø": _vowel(0.5, -0.75),
    "ʊᵿʏ": _vowel(0.3, -0.65),
    "uʉy": _vowel(0.2, -0.95),
}
SHAPES = {letter: shape for letters, shape in GROUPS.items() for letter in letters}


@dataclass(frozen=True)
class Span:
    """A shape that the mouth tends to, from one time to another."""

    shape: Shape
    begin: float
    end: float
    is_known: bool = True  # else the sound says more than the shape

    @property
    def reach(self) -> float:
        """Seconds before and after the span in which it still pulls the jaw."""
        return min(max(REACH * (self.end - self.begin), MIN_REACH), MAX_REACH)

    @property
    def early(self) -> float:
        """Seconds before the span in which it pulls the width already."""
        vowel = ROUNDING_EARLY if self.shape.rounds else VOWEL_EARLY
        return vowel if self.shape.is_vowel else self.reach

    @property
    def late(self) -> float:
        """Seconds after the span in which it still pulls the width."""
        return VOWEL_LATE if self.shape.is_vowel else self.reach

    @property
    def pull(self) -> tuple[float, ...]:
        """What Pulls holds of it."""
        times = self.begin, self.end, self.reach, self.early, self.late
        return *times, self.shape.jaw, self.shape.width, self.shape.grip, self.shape.width_grip


@dataclass(frozen=True)
class Visemes:
    """Lip shapes for a track of phonemes, which lie one after another."""

    phonemes: tuple[Phoneme, ...]
    _pulls: "Pulls" = field(init=False, repr=False, compare=False)
    _closures: "Bumps" = field(init=False, repr=False, compare=False)
    _tucks: "Bumps" = field(init=False, repr=False, compare=False)
    _unknown: "Bumps" = field(init=False, repr=False, compare=False)
    _utterances: "Utterances" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_order(self.phonemes)
        spans = [span for phoneme in self.phonemes for span in _spans(phoneme)]
        parts = {
            "_pulls": Pulls.of([*_with_rests(spans)]),
            "_closures": Bumps.closing(span for span in spans if span.shape.closes),
            "_tucks": Bumps.closing(span for span in spans if span.shape.tucks),
            "_unknown": Bumps.of((s.begin, s.end) for s in spans if not s.is_known),
            "_utterances": Utterances.of(spans),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Symbols that stand for no lip shape, each once."""
        unknown = (p.symbol for p in self.phonemes if not SHAPES.keys() >= {*p.letters})
        return tuple(dict.fromkeys(unknown))

    def pose_at(self, time: float) -> Pose:
        """The mouth's pose at so many seconds, continuous in time."""
        speech = self._utterances.speech_at(time)
        if speech == 0:
            return Pose()
        jaw, width = self._pulls.mean_at(time)
        closing, tuck = self._closures.at(time), self._tucks.at(time)
        return Pose(speech * jaw, speech * width, closing, tuck, speech)

    def unknown_at(self, time: float) -> float:
        """How much a symbol that stands for no lip shape is spoken."""
        return self._unknown.at(time)


def read_visemes(path: Path) -> Visemes:
    """The track of a file; InputError for one that cannot be read."""
    return Visemes(read_phonemes(path))


def prepare_visemes(track: Path | None, sound: Path | None) -> Callable[[], Visemes | None]:
    """Read the track, or check that phonemes of the sound can be recognised, which takes long."""
    if track is not None:
        visemes = read_visemes(track)
        return lambda: visemes
    if sound is None:
        return lambda: None
    check_recogniser()
    return lambda: Visemes(recognise(load_sound(sound)))


def pose_of(history: SoundHistory, visemes: Visemes | None, time: float) -> Pose:
    """The pose at so many seconds, by its phonemes as far as they are known, else by its sound."""
    if visemes is None:
        return pose_from_sound(history)
    pose, unknown = visemes.pose_at(time), visemes.unknown_at(time)
    if pose.is_rest:
        return pose
    pose = replace(pose, jaw=pose.jaw * loudness_gain(history))
    return pose.mixed(pose_from_sound(history), unknown) if unknown else pose


def _spans(phoneme: Phoneme) -> Iterator[Span]:
    """One for each letter, equally long; none for silence."""
    letters = phoneme.letters
    if not SHAPES.keys() >= {*letters}:
        yield Span(UNKNOWN, phoneme.begin, phoneme.end, is_known=False)
        return
    times = np.linspace(phoneme.begin, phoneme.end, len(letters) + 1).tolist()
    for letter, (begin, end) in zip(letters, pairwise(times), strict=True):
        yield Span(_shortened(SHAPES[letter], end - begin), begin, end)


def _shortened(shape: Shape, seconds: float) -> Shape:
    """A short vowel opens less far."""
    if not shape.is_vowel:
        return shape
    share = min(seconds / SHORT_VOWEL, 1.0)
    return replace(shape, jaw=shape.jaw * (SHORTEST_OPENING + (1 - SHORTEST_OPENING) * share))


def _with_rests(spans: Sequence[Span]) -> Iterator[Span]:
    """The spans with rests before, after and, where there is a gap, between them."""
    last_end = -np.inf
    for span in spans:
        yield from _rest(last_end, span.begin)
        yield span
        last_end = span.end
    yield from _rest(last_end, np.inf)


def _rest(begin: float, end: float) -> Iterator[Span]:
    """A mouth comes to rest the more the longer the gap is."""
    gap = end - begin
    if gap > MIN_GAP:
        share = LEAST_REST + (1 - LEAST_REST) * min(gap / LONG_GAP, 1.0)
        yield Span(replace(REST, grip=share, width_grip=share), begin, end)


@dataclass(frozen=True, eq=False)
class Pulls:
    """Spans in the order of time, as arrays of one value for each."""

    begins: Times
    ends: Times
    reaches: Times  # seconds around the span in which it still pulls the jaw
    early: Times  # seconds before it in which it pulls the width already
    late: Times  # seconds after it in which it still does
    jaws: Times
    widths: Times
    grips: Times
    width_grips: Times

    @classmethod
    def of(cls, spans: Sequence[Span]) -> "Pulls":
        columns = np.array([span.pull for span in spans], np.float64).T.copy()
        columns[1] = np.maximum.accumulate(columns[1])  # they may overlap by what was rounded
        return cls(*columns)

    def mean_at(self, time: float) -> tuple[float, float]:
        """Jaw and width: the means of what the spans around this time tend to."""
        first = self.ends.searchsorted(time - MOST_REACH)
        near = slice(int(first), int(self.begins.searchsorted(time + MOST_REACH, "right")))
        before, after = self.begins[near] - time, time - self.ends[near]
        grips = self.grips[near] * _share(np.maximum(before, after) / self.reaches[near])
        distance = np.maximum(before / self.early[near], after / self.late[near])
        width_grips = self.width_grips[near] * _share(distance)
        jaw, width = grips @ self.jaws[near], width_grips @ self.widths[near]
        return float(jaw / grips.sum()), float(width / width_grips.sum())


def _share(distance: Times) -> Times:
    """1 within a span (where the distance is negative), smoothly falling to 0 at distance 1."""
    distance = np.minimum(np.maximum(distance, 0), 1)
    return np.asarray(np.square(1 - distance * distance))


def _around(middle: float, half: float) -> tuple[float, float]:
    return middle - half, middle + half


@dataclass(frozen=True, eq=False)
class Bumps:
    """Stretches in which something is complete; it takes RAMP to come and to go."""

    begins: Times
    ends: Times

    @classmethod
    def of(cls, stretches: Iterable[tuple[float, float]]) -> "Bumps":
        begins, ends = np.array([*stretches], np.float64).reshape(-1, 2).T
        return cls(begins, ends)

    @classmethod
    def closing(cls, spans: Iterable[Span]) -> "Bumps":
        """Around the middle of each span, long enough for a frame of any usual rate to show it."""
        middles = ((s.begin / 2 + s.end / 2, (s.end - s.begin) / 2) for s in spans)
        return cls.of(_around(middle, max(half - RAMP / 2, PLATEAU)) for middle, half in middles)

    def at(self, time: float) -> float:
        """1 in a stretch, smoothly falling to 0 before and after it."""
        first = max(int(self.begins.searchsorted(time - MOST_REACH)) - 1, 0)
        near = slice(first, int(self.begins.searchsorted(time + MOST_REACH)))
        away = np.maximum(self.begins[near] - time, time - self.ends[near])
        return _smoothstep(1 - float(away.min(initial=RAMP)) / RAMP)


def _smoothstep(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


@dataclass(frozen=True, eq=False)
class Utterances:
    """From when to when somebody speaks, short pauses included."""

    begins: Times
    ends: Times

    @classmethod
    def of(cls, spans: Sequence[Span]) -> "Utterances":
        begins = np.array([s.begin for s in spans], np.float64)
        ends = np.maximum.accumulate(np.array([s.end for s in spans], np.float64))
        is_first, is_last = np.ones(len(spans), np.bool_), np.ones(len(spans), np.bool_)
        is_first[1:] = is_last[:-1] = begins[1:] - ends[:-1] >= PAUSE
        return cls(begins[is_first], ends[is_last])

    def speech_at(self, time: float) -> float:
        """0 in silence, 1 within an utterance, smooth around it."""
        begun = int(self.begins.searchsorted(time, "right"))
        rise = (
            1
            - float((self.begins[begun : begun + 1] - time).min(initial=SPEECH_RISE)) / SPEECH_RISE
        )
        fall = 1 - float((time - self.ends[:begun][-1:]).min(initial=SPEECH_FALL)) / SPEECH_FALL
        return _smoothstep(max(rise, fall))
