"""Whether teeth have the light of the face: not a blue or grey bar between warm lips."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from base.lips import CHEEKS, Lips
from benchmarks.lips.pairs import LipsPair
from quality.detail import disc, filled
from quality.mouth_pair import opening
from quality.place import OPEN, inner_outline

Floats = NDArray[np.float32]

LIGHT = 0.55  # of the skin's lightness: teeth are lighter, tongue and depth are darker
REDDER = 2.0  # Lab's a more than the skin's: tongue and gums are
WARMEST, COLDEST = 1.0, 0.2  # of the skin's colour: what teeth have of it
LEAST = 6  # pixels that look like teeth: fewer say nothing
CHEEK = 0.08  # mouth widths: radius of the skin that is looked at around a cheek's point


def teeth_tone(pair: LipsPair) -> float:
    """How far teeth are from the colours that this face's light gives them, in Lab; NaN: none.

    Where the source shows teeth, too, only what the result is farther off than they are.
    """
    skin = skin_colour(pair)
    result = tone_between(pair.result, pair.result_lips, pair.mouth_width, skin)
    own = tone_between(pair.source, pair.source_lips, pair.mouth_width, skin)
    return result if math.isnan(own) or math.isnan(result) else max(result - own, 0.0)


def tone_between(part: Picture, lips: Lips, mouth_width: float, skin: Floats) -> float:
    """The distance of what looks like teeth between the lips; NaN where nothing does."""
    if opening(lips, mouth_width) < OPEN:
        return math.nan
    inside = as_lab(part)[between_lips(part, lips, mouth_width)]
    teeth = inside[(inside[:, 0] > LIGHT * skin[0]) & (inside[:, 1] < skin[1] + REDDER)]
    if len(teeth) < LEAST:
        return math.nan
    return distance_to_tones(np.median(teeth, axis=0)[1:], skin[1:])


def distance_to_tones(colour: Floats, skin: Floats) -> float:
    """From a colour (a, b) to the tones between a hint of the skin's colour and all of it."""
    length = max(float(skin @ skin), 1e-6)
    share = min(max(float(colour @ skin) / length, COLDEST), WARMEST)
    return float(np.hypot(*(colour - share * skin)))


def between_lips(part: Picture, lips: Lips, mouth_width: float) -> NDArray[np.bool_]:
    """The pixels between the inner lips, without their edge."""
    height, width = part.shape[:2]
    inside = filled(inner_outline(lips).astype(np.float64), (height, width))
    return np.asarray(cv2.erode(inside, disc(max(round(0.02 * mouth_width), 1))), np.bool_)


def skin_colour(pair: LipsPair) -> Floats:
    """The median Lab colour of the source's cheeks."""
    height, width = pair.source.shape[:2]
    reach = max(round(CHEEK * pair.mouth_width), 1)
    spots = []
    for x, y in pair.source_lips.mesh(*CHEEKS).astype(int).tolist():
        x, y = min(max(x, reach), width - reach), min(max(y, reach), height - reach)
        spots.append(pair.source[y - reach : y + reach, x - reach : x + reach].reshape(-1, 3))
    return np.asarray(np.median(as_lab(np.concatenate(spots)[None]), axis=(0, 1)), np.float32)


def as_lab(picture: Picture) -> Floats:
    """L in 0..100, a and b around 0."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB), np.float32)
