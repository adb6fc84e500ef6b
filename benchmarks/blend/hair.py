"""Draw a mustache and a beard, hair by hair."""

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Landmarks, Picture, Region

Floats = NDArray[np.float64]

HAIRS = 50_000  # roots before thinning; where hair is thin, few of them are kept
JOINTS = 5  # points along a hair
SUBPIXEL = 4  # bits that cv2 draws with
SCALE = 2  # of the canvas to the picture: a hair is half a pixel wide
SHADES = 6  # from dark to lit
DARK, LIT = np.array([12.0, 17.0, 25.0]), np.array([58.0, 78.0, 104.0])  # BGR
SHADOW = 0.42  # how much light the skin below the densest hair gets


def draw_beard(picture: Picture, landmarks: Landmarks) -> Picture:
    """The face with hair round the mouth; the hairs are the same every time."""
    rng = np.random.default_rng(7)
    to_mouth = _mouth_axes(landmarks)
    shadowed = _shadowed(picture.astype(np.float32), to_mouth)
    roots = rng.uniform((-2.3, -1.1), (2.3, 2.2), (HAIRS, 2))
    roots = roots[rng.uniform(size=HAIRS) < _density(roots)]
    hairs = to_mouth.inverse()(_strands(roots, rng).reshape(-1, 2)).reshape(-1, JOINTS, 2)
    shades = rng.integers(0, SHADES, len(hairs))
    size = (picture.shape[1], picture.shape[0])
    canvas = cv2.resize(np.clip(shadowed, 0, 255).astype(np.uint8), None, fx=SCALE, fy=SCALE)
    for shade in range(SHADES):
        colour = DARK + (LIT - DARK) * (shade / (SHADES - 1)) ** 3
        lines = np.rint(hairs[shades == shade] * (SCALE << SUBPIXEL)).astype(np.int32)
        cv2.polylines(canvas, list(lines), False, colour.tolist(), 1, cv2.LINE_AA, SUBPIXEL)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)


def _mouth_axes(landmarks: Landmarks) -> Affine:
    """From pixels to mouth coordinates: corners at (-1, 0) and (1, 0), y down."""
    half = landmarks.mouth_width / 2
    cos, sin = np.cos(landmarks.roll) / half, np.sin(landmarks.roll) / half
    x, y = landmarks.mouth_centre
    return Affine.shift(-x, -y).then(Affine(cos, sin, 0, -sin, cos, 0))


def _density(points: Floats) -> Floats:
    """How dense hair is at mouth coordinates, 0..1: above the upper lip, and from ear to ear."""
    u, v = points[..., 0], points[..., 1]
    wide = np.abs(u)
    mustache = _within(v, -0.56 + 0.2 * wide, -0.24 + 0.22 * wide**2, 0.1) * _up_to(wide, 1.25, 0.2)
    parting = 1 - 0.6 * np.exp(-((u / 0.09) ** 2))
    chin = _within(v, 0.62 - 0.45 * np.clip(wide - 0.5, 0, 1), 1.75 - 0.42 * wide**2, 0.14)
    cheeks = _within(wide, 1.15 - 0.1 * v, 1.9 - 0.2 * v, 0.3) * _within(v, -0.15, 1.2, 0.4)
    beard = np.maximum(chin * _up_to(wide, 1.8, 0.3), 0.75 * cheeks)
    return np.asarray(np.maximum(mustache * parting, beard))


def _within(x: Floats, low: Floats | float, high: Floats | float, soft: float) -> Floats:
    return _up_to(-x, -np.asarray(low), soft) * _up_to(x, np.asarray(high), soft)


def _up_to(x: Floats, limit: Floats | float, soft: float) -> Floats:
    """1 up to the limit, falling softly to 0 beyond it."""
    return np.asarray(1 / (1 + np.exp(np.clip((x - limit) / (soft / 4), -50, 50))))


def _strands(roots: Floats, rng: np.random.Generator) -> Floats:
    """(n, joints, 2): hairs out and down from the middle, each with a random bend."""
    u, v = roots.T
    above = v < 0.1
    angle = np.where(
        above, np.pi / 2 - 1.05 * np.sign(u) * np.minimum(np.abs(u) / 0.35, 1), np.pi / 2
    )
    angle = angle - np.where(above, 0, 0.25 * u) + rng.normal(0, 0.22, len(roots))
    bend = rng.normal(0, 0.35, len(roots))
    length = np.where(above, 0.2, 0.22) * rng.uniform(0.6, 1.3, len(roots))
    along = np.linspace(0, 1, JOINTS)
    angles = angle[:, None] + bend[:, None] * along
    steps = np.stack([np.cos(angles), np.sin(angles)], 2) * (length / JOINTS)[:, None, None]
    return np.asarray(roots[:, None] + np.cumsum(steps, axis=1))


def _shadowed(face: Region, to_mouth: Affine) -> Region:
    """The face with less light on the skin under hair."""
    y, x = np.mgrid[0 : face.shape[0], 0 : face.shape[1]] + 0.5
    points = to_mouth(np.stack([x.ravel(), y.ravel()], 1))
    dense = _density(points).reshape(face.shape[:2]).astype(np.float32)
    dense = np.asarray(cv2.GaussianBlur(dense, (0, 0), 0.004 * face.shape[1]), np.float32)
    return np.asarray(face * (1 - (1 - SHADOW) * dense[:, :, None]), np.float32)
