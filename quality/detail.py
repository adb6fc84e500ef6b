"""How much of the source's fine detail the lower face of a result keeps, around the lips.

Measured on results without loss of the encoder (`--crf 0`): what is not the photo's detail is the
generator's doing alone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Points, Rect
from base.lips import CHIN, NOSE_BASE, OVAL
from quality.mouth_pair import MouthPair, outline

Floats = NDArray[np.float32]

SIGMAS = (1.0, 2.0)  # pixels of the blur whose difference to the picture is its fine detail
RIM = 0.1  # mouth widths around the lips, and inside the face's outline, that do not count
MOST = 0.9  # share of the pixels
LEAST = 40  # pixels: fewer say nothing


def detail_kept(pair: MouthPair) -> float:
    """The energy of the result's fine detail over the source's, at the worse blur; NaN unknown."""
    rect = lower_rect(pair)
    if rect is None:
        return np.nan
    mask = lower_skin(pair, rect)
    if int(mask.sum()) < LEAST:
        return np.nan
    parts = pair.source[rect.slices], pair.result[rect.slices]
    fine = ([fine_detail(part, sigma)[mask] for part in parts] for sigma in SIGMAS)
    return min(kept_energy(source, result) for source, result in fine)


def kept_energy(source: Floats, result: Floats) -> float:
    """The ratio of the mean squares, each value counted up to what most of the source keep.

    So a drawn edge does not make up for detail that is lost elsewhere.
    """
    most = float(np.quantile(np.abs(source), MOST))
    before, after = (np.square(np.clip(fine, -most, most)).mean() for fine in (source, result))
    return float(after / max(before, 1e-3))


def fine_detail(part: Picture, sigma: float) -> Floats:
    """Luminance minus its blur."""
    light = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(light - cv2.GaussianBlur(light, (0, 0), sigma), np.float32)


def lower_rect(pair: MouthPair) -> Rect | None:
    """The part's pixels around the face below the nose; none where they lie outside."""
    points = below_nose(pair.source_lips.mesh(*OVAL, NOSE_BASE), pair)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    height, width = pair.source.shape[:2]
    rows, columns = (max(int(top), 0), int(bottom)), (max(int(left), 0), int(right))
    bottom, right = min(rows[1], height), min(columns[1], width)
    fits = rows[0] < bottom and columns[0] < right
    return Rect(rows[0], bottom, columns[0], right) if fits else None


def below_nose(points: Points, pair: MouthPair) -> Points:
    """Those that lie below the nose, seen from the chin."""
    nose, chin = pair.source_lips.mesh(NOSE_BASE, CHIN)
    below = (points - nose) @ (chin - nose) >= 0
    return np.asarray(points[below], np.float64)


def lower_skin(pair: MouthPair, rect: Rect) -> NDArray[np.bool_]:
    """The face's pixels below the nose without its rim, and without the lips of both frames."""
    shift, rim = np.array([rect.left, rect.top]), 1 + round(RIM * pair.mouth_width)
    size = rect.bottom - rect.top, rect.right - rect.left
    oval = filled(pair.source_lips.mesh(*OVAL) - shift, size)
    skin = np.asarray(cv2.erode(oval, disc(rim), borderValue=0), np.bool_) & below_line(pair, rect)
    for lips in (pair.source_lips, pair.result_lips):
        skin &= cv2.dilate(filled(outline(lips) - shift, size), disc(rim)) == 0
    return skin


def below_line(pair: MouthPair, rect: Rect) -> NDArray[np.bool_]:
    """Where the rectangle's pixels lie below the nose."""
    nose, chin = pair.source_lips.mesh(NOSE_BASE, CHIN) - np.array([rect.left, rect.top])
    width, height = rect.size
    x, y = np.arange(width) + 0.5 - nose[0], np.arange(height) + 0.5 - nose[1]
    down = chin - nose
    return np.asarray(x[None, :] * down[0] + y[:, None] * down[1] > 0, np.bool_)


def filled(outline: Points, size: tuple[int, int]) -> NDArray[np.uint8]:
    """1 inside a polygon, in (rows, columns)."""
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline - 0.5).astype(np.int32)], 1)
    return mask


def disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
