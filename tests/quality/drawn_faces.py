"""Crops with a drawn mouth, and curves of mouths that speak."""

import cv2
import numpy as np

from audio.load import SAMPLE_RATE, Sound
from quality.comparison import CROP_SIDE, EYES_ROW, MOUTH_ROW

MIDDLE = CROP_SIDE // 2
LANDMARKS = np.array(
    [
        (MIDDLE - 29, EYES_ROW * CROP_SIDE),
        (MIDDLE + 29, EYES_ROW * CROP_SIDE),
        (MIDDLE, 0.52 * CROP_SIDE),
        (MIDDLE - 23, MOUTH_ROW * CROP_SIDE),
        (MIDDLE + 23, MOUTH_ROW * CROP_SIDE),
    ],
    np.float32,
)
SKIN, LIP, DARK, TOOTH = (120, 150, 205), (90, 90, 190), (35, 25, 50), (210, 220, 225)


def mouth_crop(gap, teeth=False, light=1.0, shift=(0.0, 0.0)):
    """A crop with a drawn mouth whose lips are `gap` pixels apart, and its landmarks."""
    large = np.full((CROP_SIDE * 4, CROP_SIDE * 4, 3), SKIN, np.uint8)
    x, y = (round(4 * v) for v in (MIDDLE + shift[0], MOUTH_ROW * CROP_SIDE + shift[1]))
    cv2.ellipse(large, (x, y + round(2 * gap)), (92, 32 + round(2 * gap)), 0, 0, 360, LIP, -1)
    inside = (x, y + round(2 * gap)), (80, max(2, round(2 * gap)))
    cv2.ellipse(large, *inside, 0, 0, 360, DARK, -1)
    if teeth:
        cv2.ellipse(large, *inside, 0, 180, 360, TOOTH, -1)
    crop = cv2.resize(large, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
    crop = np.rint(cv2.GaussianBlur(crop, (0, 0), 1.0) * light).astype(np.uint8)
    return crop, LANDMARKS + np.float32(shift)


def syllables(frames, fps=25, seed=0):
    """How loud a voice is, ten values a frame: syllables of 0.1 to 0.3 s, now and then a pause."""
    rng = np.random.default_rng(seed)
    fine, loud = 10, []
    while len(loud) < frames * fine:
        length = round(rng.uniform(0.1, 0.3) * fps * fine)
        level = 0.0 if rng.random() < 0.25 else rng.uniform(0.3, 1)
        loud.extend(level * np.sin(np.linspace(0, np.pi, length)))
    return np.array(loud[: frames * fine])


def at_frames(loud, late):
    """A curve of ten values a frame, at every frame's time, `late` frames late."""
    count = len(loud) // 10
    times = (np.arange(count) - late) * 10
    return np.interp(times, np.arange(len(loud)), loud)


def voice(levels, fps=25):
    """A voice whose loudness follows one level a frame."""
    times = np.arange(round(len(levels) / fps * SAMPLE_RATE)) / SAMPLE_RATE
    level = np.interp(times * fps, np.arange(len(levels)), levels)
    wave = sum(np.sin(2 * np.pi * hertz * times) for hertz in (120, 480, 840))
    return Sound((0.2 * level * wave).astype(np.float32))
