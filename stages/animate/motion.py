"""How a portrait moves over time: sway, breath, blinks, and the emphasis of speech.

It begins and ends as the photo is, so that clips of one photo follow each other without a jump.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.animate.blinks import Blinks
from stages.animate.pose import Pose
from stages.stage import FrameSound

Levels = NDArray[np.float32]  # one for each frame, 0 to 1

YAW, PITCH, ROLL = 3.6, 2.2, 2.0  # degrees that the head sways to each side at most
ACROSS, ALONG = 0.02, 0.012  # units of the face that it moves to each side
BREATH, BROW = 0.012, 0.02  # units
NOD, TILT, RAISE = 1.6, 0.8, 0.05  # of an emphasised syllable: degrees, degrees, units
CHANNELS = {"yaw": 0.17, "pitch": 0.13, "roll": 0.11, "x": 0.10, "y": 0.12, "brow": 0.21}  # hertz
OVERTONES = ((1.0, 0.60), (1.83, 0.28), (3.1, 0.12))  # of a channel: how fast, and how much
BREATHS = 0.26  # hertz
EASE = 0.9  # seconds from the photo's pose into the motion and back
DECADES = 5  # of amplitude, from 0 to 1 of a sound's loudness
FAST, SLOW = 0.10, 0.9  # seconds of a syllable, and of what is around it
QUIET, LOUD = 0.05, 0.30  # of the loudest: how much louder is no emphasis yet, and all of it


@dataclass(frozen=True)
class AnimateSettings:
    """How a photo lives."""

    seed: int = 0  # another one, another motion
    scale: float = 1.0  # of all motion but the blinks
    loops: bool = False  # the first frame follows the last without a jump


@dataclass(frozen=True, eq=False)
class Motion:
    """The pose of every frame of a clip."""

    fps: Fraction
    frames: int
    settings: AnimateSettings = AnimateSettings()
    emphasis: Levels | None = None

    def __post_init__(self) -> None:
        if self.frames < 1 or self.fps <= 0:
            raise ValueError(f"{self.frames} frames at {self.fps} a second: need more than none")
        if self.emphasis is not None and len(self.emphasis) != self.frames:
            raise ValueError(f"emphasis for {len(self.emphasis)} of {self.frames} frames")

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)

    def pose(self, index: int) -> Pose:
        """The pose of a frame."""
        time, scale = float(index / self.fps), self.settings.scale
        sway = {name: self._wave(name, time) * self._ease(time) for name in CHANNELS}
        accent = 0.0 if self.emphasis is None else float(self.emphasis[index])
        tilt, lift = self._wave("roll", time + 7.0), 0.65 + 0.35 * self._wave("brow", time + 5.0)
        return Pose(
            yaw=scale * YAW * sway["yaw"],
            pitch=scale * (PITCH * sway["pitch"] + NOD * accent),
            roll=scale * (ROLL * sway["roll"] + TILT * tilt * accent),
            x=scale * ACROSS * sway["x"],
            y=scale * ALONG * sway["y"],
            breath=scale * self._breath(time),
            brow=scale * (BROW * max(sway["brow"], 0.0) ** 2 + RAISE * lift * accent),
            blink=self.closure(time),
        )

    def closure(self, time: float) -> float:
        """How far a blink has closed the eyes at a second of the clip, 0 to 1."""
        return self._blinks.at(time)

    def _wave(self, name: str, time: float) -> float:
        """-1 to 1."""
        rates, shares, phases = self._waves[name]
        return float(shares @ np.sin(2 * np.pi * rates * time + phases))

    @cached_property
    def _waves(self) -> dict[str, tuple[NDArray[np.float64], ...]]:
        """Of each channel the rates, shares and phases of its waves."""
        rng = np.random.default_rng((self.settings.seed, 1))
        waves: dict[str, tuple[NDArray[np.float64], ...]] = {}
        for name, rate in CHANNELS.items():
            times, shares = np.array(OVERTONES).T
            rates = rate * times * rng.uniform(0.85, 1.15, len(times))
            whole = self._whole(rates)
            # what is faster than meant, in a short loop, moves less
            waves[name] = whole, shares * np.minimum(1, rates / whole), rng.uniform(0, 2 * np.pi, 3)
        return waves

    def _whole(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """In a loop every wave comes round in it a whole number of times."""
        if not self.settings.loops:
            return rates
        return np.maximum(np.round(rates * self.seconds), 1) / self.seconds

    @cached_property
    def _blinks(self) -> Blinks:
        rng = np.random.default_rng((self.settings.seed, 2))
        return Blinks.of(rng, self.seconds, float(self.fps))

    def _breath(self, time: float) -> float:
        """From 0 up and down again."""
        (rate,) = self._whole(np.array([BREATHS]))
        deep = (
            BREATH * min(1.0, BREATHS / rate) * (1.0 if self.settings.loops else self._ease(time))
        )
        return float(deep * (1 - np.cos(2 * np.pi * rate * time)) / 2)

    def _ease(self, time: float) -> float:
        """0 at both ends of the clip, 1 between, without a jerk."""
        ease = min(EASE, self.seconds / 2)
        share = min(time / ease, (self.seconds - time) / ease, 1.0)
        share = max(share, 0.0)
        return share**3 * (10 + share * (6 * share - 15))


def emphasis_of(sound: FrameSound, fps: Fraction) -> Levels:
    """How much louder speech is at each frame than around it, 0 to 1; 0 at both ends."""
    if not sound.speaking.any():
        return np.zeros(len(sound.loudness), np.float32)
    loudest = float(np.percentile(sound.loudness[sound.speaking], 95))
    levels = np.minimum(10 ** (DECADES * (sound.loudness - loudest)), 1.2) * sound.speaking
    accent = (_blurred(levels, FAST, fps) - _blurred(levels, SLOW, fps) - QUIET) / LOUD
    seconds = np.arange(len(levels)) / float(fps)
    ends = np.minimum(seconds, seconds[::-1]) / EASE
    return np.asarray(np.clip(accent, 0, 1) * np.clip(ends, 0, 1), np.float32)


def _blurred(levels: NDArray[np.floating], seconds: float, fps: Fraction) -> Levels:
    sigma, row = seconds * float(fps), levels.astype(np.float32)[None]
    blurred = cv2.GaussianBlur(row, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred[0], np.float32)
