"""Where the mouth opens: between the lips, or beside them.

The opening is seen in two ways that know nothing of each other: as the middle between the result's
inner lips, and as what the result shows and the source shows nowhere near.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture, Point
from base.lips import LEFT_EYE, NOSE_BASE, OVAL, RIGHT_EYE, Lips
from quality.mouth_pair import MouthPair, cut_out, level, opening, outline

Floats = NDArray[np.float32]

OPEN = 0.06  # mouth widths: a smaller gap has no place worth a figure
SCALE = 64  # pixels of a mouth's width in an upright crop
CROP = (128, 144)  # pixels of its width and height
ABOVE = 56  # pixels of it above the middle of the mouth
SHIFTS_Y = range(-6, 22, 3)  # pixels that skin and lips may have moved down
SHIFTS_X = (-4, 0, 4)  # pixels that they may have moved aside
SOFT = 1.5  # pixels: sigma of a blur before pictures are compared
BLOCK = 7  # pixels: side of the squares that are compared
NEW = 14.0  # levels: a smaller difference is not an opening


@dataclass(frozen=True)
class Spot:
    """How far what is new lies from the source's inner lips, in mouth widths."""

    middle: float
    edge: float  # of its upper border, 0 where it reaches the lips
    mass: float = 0.0  # levels, summed over an upright crop's pixels: how conspicuous it is


NO_SPOT = Spot(math.nan, math.nan)


def inner_outline(lips: Lips) -> Floats:
    """The inner lips as a polygon."""
    return np.concatenate([lips.upper_inner, lips.lower_inner[::-1]]).astype(np.float32)


def distance_from(outline: Floats, point: Point) -> float:
    """Pixels from a polygon; 0 inside it."""
    return max(-cv2.pointPolygonTest(outline.reshape(-1, 1, 2), point, True), 0.0)


def mouth_offset(pair: MouthPair) -> float:
    """Mouth widths by which the result's mouth opens beside the source's lips, or lies aside."""
    return float(np.fmax(lips_offset(pair), abs(sideways_offset(pair))))


def lips_offset(pair: MouthPair) -> float:
    """Mouth widths from the source's inner lips to the middle of the result's; NaN if closed."""
    if opening(pair.result_lips, pair.mouth_width) < OPEN:
        return np.nan
    x, y = inner_outline(pair.result_lips).mean(axis=0).tolist()
    return distance_from(inner_outline(pair.source_lips), (x, y)) / pair.mouth_width


def sideways_offset(pair: MouthPair) -> float:
    """Mouth widths, along the line of the eyes, between the middles of both mouths' outlines."""
    source, result = (
        pair.to_head(outline(lips)).mean(axis=0) for lips in (pair.source_lips, pair.result_lips)
    )
    return float(result[0] - source[0])


def new_spot(pair: MouthPair) -> Spot:
    """What is new in the result, against the source's inner lips; all NaN if nothing is."""
    to_crop = upright(pair)
    source, result = (cut_out(part, to_crop, CROP) for part in (pair.source, pair.result))
    new = unexplained(source, result) * lower_face(pair.source_lips, to_crop)
    spot = most_conspicuous(new)
    if spot is None:
        return NO_SPOT
    point, height = middle_and_height(spot)
    middle = distance_from(inner_outline(pair.source_lips.mapped(to_crop)), point)
    return Spot(middle / SCALE, max(middle - height / 2, 0.0) / SCALE, float(spot.sum()))


def upright(pair: MouthPair) -> Affine:
    """From the part to an upright crop of fixed size around the source's mouth."""
    left, right = pair.source_lips.mesh(LEFT_EYE[0], RIGHT_EYE[1])
    middle = pair.source_lips.lower_outer[[0, -1]].mean(axis=0)
    turn = level(left, right, middle, SCALE / pair.mouth_width)
    return turn.then(Affine.shift(CROP[0] / 2, ABOVE))


def unexplained(source: Picture, result: Picture) -> Floats:
    """How far, in levels, each pixel differs from all that lies near it in the source."""
    before, after = (_soft_planes(picture) for picture in (source, result))
    least = np.full(source.shape[:2], np.inf, np.float32)
    for y in SHIFTS_Y:
        for x in SHIFTS_X:
            moved = np.roll(before, (y, x), (1, 2))
            difference = np.asarray(np.abs(after - moved).max(axis=0), np.float32)
            least = np.minimum(least, cv2.blur(difference, (BLOCK, BLOCK)))
    return np.asarray(least, np.float32)


def _soft_planes(picture: Picture) -> Floats:
    """(3, rows, columns)."""
    soft = cv2.GaussianBlur(picture, (0, 0), SOFT).astype(np.float32)
    return np.ascontiguousarray(soft.transpose(2, 0, 1))


def lower_face(lips: Lips, to_crop: Affine) -> Floats:
    """1 in the crop's pixels of the face below the nose, else 0."""
    oval = to_crop(lips.mesh(*OVAL))
    mask = np.zeros(CROP[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(oval).astype(np.int32)], 1)
    nose = float(to_crop(lips.mesh(NOSE_BASE))[0, 1])
    mask[: max(round(nose), 0)] = 0
    return cv2.erode(mask, np.ones((BLOCK, BLOCK), np.uint8)).astype(np.float32)


def most_conspicuous(new: Floats) -> Floats | None:
    """The spot with most of what is new, 0 elsewhere; none where nothing is conspicuous."""
    peak = float(new.max())
    if peak < NEW:
        return None
    count, labels = cv2.connectedComponents((new > 0.5 * peak).astype(np.uint8))
    masses = [float(new[labels == label].sum()) for label in range(1, count)]
    return np.where(labels == 1 + int(np.argmax(masses)), new, np.float32(0))


def middle_and_height(spot: Floats) -> tuple[Point, float]:
    """The centre of a spot's weights, and the height of a bar that is spread as widely."""
    weights = spot.astype(np.float64) / float(spot.sum())
    rows, columns = np.mgrid[0 : spot.shape[0], 0 : spot.shape[1]] + 0.5
    x, y = float((weights * columns).sum()), float((weights * rows).sum())
    spread = float((weights * np.square(rows - y)).sum())
    return (x, y), math.sqrt(12 * spread)
