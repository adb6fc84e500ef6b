"""MTCNN: three networks, each sorting out what the last one proposed; the third finds landmarks."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Landmarks, Picture
from base.openvino import ov
from faces.boxes import Boxes, Offsets, Scores, distinct, inside, moved
from faces.crops import Crops, cut, squares
from faces.face import Face
from faces.networks import compiled
from faces.pyramid import CELL, STEP, Pyramid, pyramid

SMALLEST_PIXELS = 20  # of a face
SMALLEST_PART = 1 / 12  # of the picture's shorter side
MOST_PROPOSALS = 256
PROPOSED, REFINED, FOUND, FOLLOWED = 0.6, 0.7, 0.7, 0.6  # least scores
SAME_SIZE, OTHER_SIZE, REFINED_BOXES, FACES = 0.5, 0.7, 0.7, 0.7  # overlaps of two that both stay
RNET_SIDE, ONET_SIDE = 24, 48
LOOKS = (0.95, 1.1)  # squares around a followed face; their mean is steadier than either
IN_MIRROR = [1, 0, 2, 4, 3]  # where each landmark's mirrored one stands


@dataclass(frozen=True)
class Looks:
    """What the last network sees in some squares."""

    scores: Scores
    boxes: Boxes
    points: NDArray[np.float64]  # (n, 5, 2), in picture pixels

    def kept(self, which: NDArray[np.intp]) -> "Looks":
        return Looks(self.scores[which], self.boxes[which], self.points[which])

    def mean(self) -> "Looks":
        """One look made of all."""
        parts = (self.scores, self.boxes, self.points)
        return Looks(*(part.mean(0, keepdims=True) for part in parts))

    def faces(self) -> Iterator[Face]:
        for score, edges, points in zip(self.scores, self.boxes, self.points, strict=True):
            left, top, right, bottom = edges.tolist()
            if left < right and top < bottom:
                box = Box(top, bottom, left, right)
                yield Face(box, Landmarks.of(points), min(max(float(score), 0.0), 1.0))


class Mtcnn:
    """Finds faces of every size, and follows one. A picture is uint8 BGR."""

    def __init__(self, batch_size: int = 16) -> None:
        self._pnet = compiled("pnet")
        self._rnet = compiled("rnet")
        self._onet = compiled("onet")
        self._batch_size = batch_size

    def detect(self, picture: Picture) -> list[Face]:
        """All faces, best first."""
        boxes = self._refined(picture, self._proposed(picture))
        if not len(boxes):
            return []
        looks = self._looks(picture, squares(boxes, ONET_SIDE))
        looks = looks.kept(np.flatnonzero(looks.scores >= FOUND))
        return list(looks.kept(distinct(looks.boxes, looks.scores, FACES, smaller=True)).faces())

    def refine(self, picture: Picture, face: Face) -> Face | None:
        """The same face in a picture shortly after, if it is still seen there."""
        height, width = picture.shape[:2]
        places = inside(squares(_around(face.box), ONET_SIDE), width, height)
        if not len(places):
            return None
        face_now = next(self._mirrored_looks(picture, places).mean().faces(), None)
        return face_now if face_now is not None and face_now.score >= FOLLOWED else None

    def _proposed(self, picture: Picture) -> Boxes:
        height, width = picture.shape[:2]
        smallest = max(SMALLEST_PIXELS, min(width, height) * SMALLEST_PART)
        layout = pyramid(width, height, smallest)
        scores, offsets = self._pnet(layout.drawn(picture)[None]).values()
        return proposals(layout, scores[0], offsets[0])

    def _refined(self, picture: Picture, boxes: Boxes) -> Boxes:
        height, width = picture.shape[:2]
        places = inside(squares(boxes, RNET_SIDE), width, height)
        if not len(places):
            return places
        scores, offsets = self._forward(self._rnet, cut(picture, places, RNET_SIDE))
        sure = scores >= REFINED
        boxes = inside(moved(places, offsets)[sure], width, height)
        return boxes[distinct(boxes, scores[sure], REFINED_BOXES)]

    def _looks(self, picture: Picture, places: Boxes) -> Looks:
        return _restored(places, *self._forward(self._onet, cut(picture, places, ONET_SIDE)))

    def _mirrored_looks(self, picture: Picture, places: Boxes) -> Looks:
        """Of every square and of its mirror image: their errors to the left and right cancel."""
        crops, count = cut(picture, places, ONET_SIDE), len(places)
        both = np.concatenate([crops, crops[:, :, ::-1]])
        scores, offsets, points = self._forward(self._onet, both)
        offsets[count:] = offsets[count:, [2, 1, 0, 3]] * (-1, 1, -1, 1)
        points[count:, :5] = 1 - points[count:, :5][:, IN_MIRROR]
        points[count:, 5:] = points[count:, 5:][:, IN_MIRROR]
        return _restored(np.concatenate([places, places]), scores, offsets, points)

    def _forward(self, network: ov.CompiledModel, crops: Crops) -> list[NDArray[np.float32]]:
        """The network's outputs, in batches of few sizes: each new size costs a preparation."""
        size = min(self._batch_size, 1 << (len(crops) - 1).bit_length())
        filled = np.pad(crops, ((0, -len(crops) % size), (0, 0), (0, 0), (0, 0)))
        batches = [
            list(network(filled[start : start + size]).values())
            for start in range(0, len(filled), size)
        ]
        return [np.concatenate(part)[: len(crops)] for part in zip(*batches, strict=True)]


def proposals(layout: Pyramid, scores: NDArray[np.float32], offsets: Offsets) -> Boxes:
    """Where in the picture the cells of the canvas (rows, columns) propose a face."""
    peaks = (scores >= PROPOSED) & (scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    levels = layout.levels_at(rows, columns)
    best = np.argsort(-scores[rows, columns] * (levels >= 0), kind="stable")[:MOST_PROPOSALS]
    best = best[levels[best] >= 0]
    rows, columns, levels = rows[best], columns[best], levels[best]
    corners = np.stack([columns, rows], 1) * float(STEP)
    cells = np.concatenate([corners, corners + CELL], 1)
    boxes = layout.in_picture(moved(cells, offsets[rows, columns]), levels)
    limits = np.where(levels[:, None] == levels, SAME_SIZE, OTHER_SIZE)
    return boxes[distinct(boxes, scores[rows, columns], limits)]


def _around(box: Box) -> Boxes:
    """The box at the sizes to look at it."""
    centre = np.array(box.centre * 2)
    half = np.array([-box.width, -box.height, box.width, box.height]) / 2
    return np.asarray(centre + np.outer(LOOKS, half))


def _restored(
    places: Boxes, scores: Scores, offsets: Offsets, points: NDArray[np.float32]
) -> Looks:
    """From parts of each square to picture pixels; `points` are five x, then five y."""
    corners, sizes = places[:, None, :2], (places[:, 2:] - places[:, :2])[:, None]
    parts = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    return Looks(scores, moved(places, offsets), corners + parts * sizes)
