"""Adapt a mask's soft transition to the face that it crosses."""

import math

import cv2
import numpy as np

from base.geometry import Mask, Point, Region
from blending.resample import Floats

RAYS, STEPS = 128, 64  # height and width of the polar picture in which edges are looked for
EDGE = 2.0  # levels per step: an edge this steep doubles its share of the transition
WINDOW = 0.05  # of the mask's width: radius of the guided filter's window
CONTRAST = 8.0  # levels: smaller differences in brightness count as one surface


def align_to_edges(face: Region, new: Region, mask: Mask) -> Mask:
    """Return the mask with its transition moved onto edges of the face: lip line, nostril, beard.

    Along every ray from its centre the mask falls from 1 to 0. The fall is redistributed: a larger
    part lies where the brightness of both pictures jumps. An edge that only the old face has
    attracts none, since it would show the old mouth. Mask values of 0 and 1 stay.
    """
    if float(mask.min()) == float(mask.max()):
        return mask
    centre, radius = _polar_frame(mask)
    ramp = _to_polar(mask, centre, radius)
    face_edges, new_edges = (
        _edge_steepness(_to_polar(_brightness(picture), centre, radius)) for picture in (face, new)
    )
    change = _redistribute(ramp, np.minimum(face_edges, new_edges)) - ramp
    # what lies beyond the last ray's end would otherwise keep whatever its memory held before
    flags = cv2.WARP_POLAR_LINEAR | cv2.WARP_INVERSE_MAP | cv2.WARP_FILL_OUTLIERS
    mask_change = cv2.warpPolar(change, mask.shape[::-1], centre, radius, flags)
    return _keep_ends(np.asarray(mask + mask_change, np.float32), mask)


def guided_filter(face: Region, mask: Mask) -> Mask:
    """Return the mask guided by the face's brightness: flat on flat skin, steep at edges."""
    side = 2 * max(1, round(WINDOW * mask.shape[1])) + 1
    guide = _brightness(face)

    def mean(values: Floats) -> Floats:
        blurred = cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE)
        return np.asarray(blurred, np.float32)

    guide_mean, mask_mean = mean(guide), mean(mask)
    variance = mean(guide * guide) - guide_mean * guide_mean
    covariance = mean(guide * mask) - guide_mean * mask_mean
    slope = np.asarray(covariance / (variance + np.float32(CONTRAST**2)), np.float32)
    offset = np.asarray(mask_mean - slope * guide_mean, np.float32)
    return _keep_ends(mean(slope) * guide + mean(offset), mask)


def _brightness(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _polar_frame(mask: Mask) -> tuple[Point, float]:
    """The mask's centre of mass, and a radius around it that reaches every corner."""
    moments = cv2.moments(mask)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    height, width = mask.shape
    return (x, y), math.hypot(max(x, width - x), max(y, height - y))


def _to_polar(image: Floats, centre: Point, radius: float) -> Floats:
    """(RAYS, STEPS): a row for each direction, a column for each distance; border replicated."""
    angles = np.arange(RAYS, dtype=np.float32)[:, None] * np.float32(2 * math.pi / RAYS)
    distances = np.arange(STEPS, dtype=np.float32) * np.float32(radius / STEPS)
    x, y = centre[0] + np.cos(angles) * distances, centre[1] + np.sin(angles) * distances
    polar = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(polar, np.float32)


def _edge_steepness(polar: Floats) -> Floats:
    """The slope of the brightness along each ray, in levels per step.

    Blurred over neighbouring rays, so that the transition has no frayed border.
    """
    slope = cv2.Sobel(polar, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    wrapped = cv2.copyMakeBorder(np.abs(slope), 8, 8, 0, 0, cv2.BORDER_WRAP)
    return np.asarray(cv2.GaussianBlur(wrapped, (5, 17), 0)[8:-8], np.float32)


def _redistribute(ramp: Floats, steepness: Floats) -> Floats:
    """Move each ray's falls to where it is steep, without changing their sum."""
    falls = np.maximum(ramp[:, :-1] - ramp[:, 1:], 0)
    weighted = falls * (1 + np.square(steepness[:, :-1] / np.float32(EDGE)))
    weighted *= falls.sum(1, keepdims=True) / np.maximum(weighted.sum(1, keepdims=True), 1e-6)
    remaining = np.cumsum(weighted[:, ::-1], axis=1)[:, ::-1]
    return np.hstack([remaining, np.zeros_like(ramp[:, :1])]) + ramp[:, -1:]


def _keep_ends(adapted: Floats, mask: Mask) -> Mask:
    """`adapted` in the middle of the transition, ever more of `mask` itself towards 0 and 1."""
    share = np.minimum(np.minimum(8 * mask, 4 * (1 - mask)), 1)
    return np.asarray(mask + share * (adapted.clip(0, 1) - mask), np.float32)
