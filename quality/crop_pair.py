"""The face as it is in the result and in the source, both cut out alike, and where its mouth is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Point, Points, Region
from blending.lip_masks import DIRECTIONS, LipsOutline, lips_outline
from blending.masks import MaskShape
from faces.face import Face
from quality.comparison import CROP_SIDE, ComparedFrame, upright_transform
from quality.mouth_pair import outline

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

HALF_MOUTH = 0.14 * CROP_SIDE  # half a mouth's width in pixels; the unit of lengths around it
OVAL_HEIGHT = 0.85  # height to width of the ovals around a mouth
TILES = 24  # across a crop
BESIDE_FACE = 0.09  # of the crop's width, at its left and right: beyond the face's box
REGION_SIZES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)  # of the masks that users choose
PLACES = np.linspace(0, 1, 13)  # between a mask's core and its end
REACH = 1.5  # pixels of a crop to both sides of a border: a step is the difference over both
LEAST_RAYS = 0.25  # of all: a border that lips hide more of cannot be judged
CHIN = DIRECTIONS[:, 1] < 0.42  # rays that do not point at it: it moves by itself

Borders = NDArray[np.float64]  # (borders, rays, 4): x, y, and the direction outwards


def no_borders() -> None:
    """The borders of a mouth whose lips are not seen."""


@dataclass(frozen=True, eq=False)
class CropPair:
    """Two crops of one size, and the middle of the mouth in both."""

    index: int  # of the frame
    result: Region  # (CROP_SIDE, CROP_SIDE, 3)
    source: Region
    mouth: Point  # in crop pixels
    lips: tuple[Points, ...] = ()  # outlines of the result's and the source's; none if not seen
    load_borders: Callable[[], Borders | None] = no_borders  # that the new mouth may have

    @cached_property
    def difference(self) -> Region:
        """The result minus the source."""
        return self.result - self.source

    @cached_property
    def luminances(self) -> tuple[Floats, Floats]:
        """The luminance of the result and of the source."""
        return _luminance(self.result), _luminance(self.source)

    @cached_property
    def tiles(self) -> tuple[Floats, Floats]:
        """Mean colours of both, (TILES, TILES, 3) each: without grain or an encoder's noise."""
        return _tile_means(self.result), _tile_means(self.source)

    @cached_property
    def mouth_distance(self) -> Floats:
        """How far each pixel is from the mouth, in ovals; 1 is about the lips' outline."""
        x, y = _mouth_coordinates(self.mouth, CROP_SIDE)
        return np.asarray(np.hypot(x, y / OVAL_HEIGHT), np.float32)

    @cached_property
    def below_mouth(self) -> Floats:
        """(CROP_SIDE, 1): how far each row is below the mouth, in halves of its width."""
        return _mouth_coordinates(self.mouth, CROP_SIDE)[1]

    def ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        """The pixels between two ovals around the mouth, no deeper than `lowest`."""
        distance = self.mouth_distance
        return np.asarray((distance > inner) & (distance < outer) & (self.below_mouth < lowest))

    def tile_ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        """The tiles between two ovals around the mouth, no deeper than `lowest`."""
        mouth = self.mouth[0] * TILES / CROP_SIDE, self.mouth[1] * TILES / CROP_SIDE
        x, y = _mouth_coordinates(mouth, TILES)
        distance = np.hypot(x, y / OVAL_HEIGHT)
        return np.asarray((distance > inner) & (distance < outer) & (y < lowest))


def crop_pair_of(frame: ComparedFrame) -> CropPair | None:
    """The two crops of a frame; none where there is no face, or no source to compare it with."""
    source = frame.source_crop
    if frame.crop is None or source is None or frame.landmarks is None:
        return None
    x, y = frame.landmarks[3:].mean(axis=0).tolist()
    pair = CropPair(frame.index, frame.crop.astype(np.float32), source.astype(np.float32), (x, y))
    return _with_lips(pair, frame)


def _with_lips(pair: CropPair, frame: ComparedFrame) -> CropPair:
    """The pair with the outlines of its lips, in crop pixels, where they are seen."""
    face, mouth = frame.face, frame.mouth
    to_crop = None if face is None else upright_transform(face.landmarks)
    if face is None or mouth is None or to_crop is None:
        return pair
    from_part = mouth.to_frame.then(to_crop)
    lips = tuple(from_part(outline(lips)) for lips in (mouth.lips, mouth.source_lips))
    return replace(pair, lips=lips, load_borders=partial(mask_borders, face, to_crop))


def tiles_beside_face() -> Bools:
    """The tiles to both sides of the face's box."""
    outside = np.abs((np.arange(TILES) + 0.5) / TILES - 0.5) > 0.5 - BESIDE_FACE
    return np.broadcast_to(outside, (TILES, TILES))


def _mouth_coordinates(mouth: Point, side: int) -> tuple[Floats, Floats]:
    """x of each column and y of each row of a square, from the mouth, in halves of its width."""
    unit = HALF_MOUTH * side / CROP_SIDE
    centres = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return (centres[None, :] - mouth[0]) / unit, (centres[:, None] - mouth[1]) / unit


def _luminance(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _tile_means(picture: Region) -> Floats:
    small = cv2.resize(picture, (TILES, TILES), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def mask_borders(face: Face, to_crop: Affine) -> Borders | None:
    """Every border that a mask around these lips may have, in pixels of the crop."""
    if face.lips is None:
        return None
    outlines = (lips_outline(face.box, face.lips, MaskShape(size)) for size in REGION_SIZES)
    curves = [_curves(outline, to_crop) for outline in outlines if outline is not None]
    return np.concatenate(curves) if curves else None


def _curves(outline: LipsOutline, to_crop: Affine) -> Borders:
    to_crop = outline.frame.to_picture.then(to_crop)
    lengths = outline.core + PLACES[:, None] * (outline.outer - outline.core)
    places = lengths[..., None] * DIRECTIONS
    points, ends = (to_crop(p.reshape(-1, 2)) for p in (places, places * 1.01))
    ways = (ends - points) / np.maximum(np.hypot(*(ends - points).T), 1e-6)[:, None]
    borders = np.concatenate([points, ways], axis=1).reshape(*places.shape[:2], 4)
    return np.asarray(borders[:, CHIN], np.float64)


def largest_step(change: Floats, borders: Borders, hidden: Floats) -> float:
    """The steepest step in a change that lies along one of the borders: levels a pixel.

    The mean over the border tells it from skin that moves, which steps up and down.
    """
    points, ways = borders[..., :2].astype(np.float32), borders[..., 2:].astype(np.float32)
    outside, inside = (_at(change, points + sign * REACH * ways) for sign in (1, -1))
    seen = (_at(hidden, points) < 0.5) & (_at(hidden, points - REACH * ways) < 0.5)
    rays = np.maximum(seen.sum(axis=1), 1)[:, None]
    steps = ((outside - inside) * seen[..., None]).sum(axis=1) / rays / (2 * REACH)
    enough = seen.mean(axis=1) >= LEAST_RAYS
    return float(np.abs(steps[enough]).max()) if enough.any() else 0.0


def _at(picture: Floats, points: Floats) -> Floats:
    x, y = np.ascontiguousarray(points[..., 0] - 0.5), np.ascontiguousarray(points[..., 1] - 0.5)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
