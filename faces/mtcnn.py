"""MTCNN: P-Net proposes faces, R-Net filters the proposals, O-Net locates faces and landmarks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Landmarks, Picture
from base.openvino import ov
from faces.boxes import Boxes, Offsets, Scores, apply_offsets, centred_inside, non_max_suppression
from faces.crops import Crops, cut_crops, squares_around
from faces.face import Face
from faces.networks import compile_network
from faces.pyramid import CELL, STEP, Pyramid, layout_pyramid

# The smallest face that is detected: in pixels, and relative to the picture's shorter side.
SMALLEST_PIXELS, SMALLEST_PART = 20, 1 / 12
MAX_PROPOSALS = 256
PNET_SCORE, RNET_SCORE, ONET_SCORE = 0.6, 0.7, 0.7  # least scores of a detection
REFINE_SCORE = 0.6  # least score of a face that is followed
# Most overlap of two boxes that are both kept: proposals of one pyramid level and of two levels,
# boxes from R-Net, faces from O-Net.
SAME_LEVEL_OVERLAP, CROSS_LEVEL_OVERLAP, RNET_OVERLAP, ONET_OVERLAP = 0.5, 0.7, 0.7, 0.7
RNET_SIDE, ONET_SIDE = 24, 48  # pixels
REFINE_SCALES = (0.95, 1.1)  # of the box: the mean of two crops is steadier than either
MIRRORED_LANDMARKS = [1, 0, 2, 4, 3]  # the index of each landmark in the mirrored picture


@dataclass(frozen=True)
class Detections:
    """O-Net's output for some squares."""

    scores: Scores
    boxes: Boxes
    points: NDArray[np.float64]  # (n, 5, 2), in picture pixels

    def take(self, indices: NDArray[np.intp]) -> "Detections":
        return Detections(self.scores[indices], self.boxes[indices], self.points[indices])

    def mean(self) -> "Detections":
        """Return one detection, the mean of all."""
        parts = (self.scores, self.boxes, self.points)
        return Detections(*(part.mean(0, keepdims=True) for part in parts))

    def faces(self) -> Iterator[Face]:
        """Yield the detections whose box is not empty."""
        for score, edges, points in zip(self.scores, self.boxes, self.points, strict=True):
            left, top, right, bottom = edges.tolist()
            if left < right and top < bottom:
                box = Box(top, bottom, left, right)
                yield Face(box, Landmarks.of(points), min(max(float(score), 0.0), 1.0))


class Mtcnn:
    """Detects faces of every size, and refines one in a later picture. A picture is uint8 BGR."""

    def __init__(self, batch_size: int = 16, cache: Path | None = None) -> None:
        self._pnet = compile_network("pnet", cache)
        self._rnet = compile_network("rnet", cache)
        self._onet = compile_network("onet", cache)
        self._batch_size = batch_size

    def detect(self, picture: Picture) -> list[Face]:
        """Return all faces, best first."""
        boxes = self._run_rnet(picture, self._run_pnet(picture))
        if not len(boxes):
            return []
        detections = self._run_onet(picture, squares_around(boxes, ONET_SIDE))
        detections = detections.take(np.flatnonzero(detections.scores >= ONET_SCORE))
        best = non_max_suppression(
            detections.boxes, detections.scores, ONET_OVERLAP, of_smaller=True
        )
        return list(detections.take(best).faces())

    def refine(self, picture: Picture, face: Face) -> Face | None:
        """Return the same face in a picture shortly after, None if it is no longer visible."""
        height, width = picture.shape[:2]
        squares = centred_inside(squares_around(_scaled(face.box), ONET_SIDE), width, height)
        if not len(squares):
            return None
        refined = next(self._run_onet_mirrored(picture, squares).mean().faces(), None)
        return refined if refined is not None and refined.score >= REFINE_SCORE else None

    def _run_pnet(self, picture: Picture) -> Boxes:
        """Proposed boxes, from the picture at all sizes of the pyramid."""
        height, width = picture.shape[:2]
        smallest = max(SMALLEST_PIXELS, min(width, height) * SMALLEST_PART)
        pyramid = layout_pyramid(width, height, smallest)
        scores, offsets = self._pnet(pyramid.draw(picture)[None]).values()
        return propose_boxes(pyramid, scores[0], offsets[0])

    def _run_rnet(self, picture: Picture, boxes: Boxes) -> Boxes:
        """The proposed boxes that R-Net takes for faces, with its offsets applied."""
        height, width = picture.shape[:2]
        squares = centred_inside(squares_around(boxes, RNET_SIDE), width, height)
        if not len(squares):
            return squares
        scores, offsets = self._forward(self._rnet, cut_crops(picture, squares, RNET_SIDE))
        passed = scores >= RNET_SCORE
        boxes = centred_inside(apply_offsets(squares, offsets)[passed], width, height)
        return boxes[non_max_suppression(boxes, scores[passed], RNET_OVERLAP)]

    def _run_onet(self, picture: Picture, squares: Boxes) -> Detections:
        crops = cut_crops(picture, squares, ONET_SIDE)
        return _to_picture(squares, *self._forward(self._onet, crops))

    def _run_onet_mirrored(self, picture: Picture, squares: Boxes) -> Detections:
        """Also runs the mirrored crops: their errors to the left and to the right cancel out."""
        crops, count = cut_crops(picture, squares, ONET_SIDE), len(squares)
        both = np.concatenate([crops, crops[:, :, ::-1]])
        scores, offsets, points = self._forward(self._onet, both)
        offsets[count:] = offsets[count:, [2, 1, 0, 3]] * (-1, 1, -1, 1)
        points[count:, :5] = 1 - points[count:, :5][:, MIRRORED_LANDMARKS]
        points[count:, 5:] = points[count:, 5:][:, MIRRORED_LANDMARKS]
        return _to_picture(np.concatenate([squares, squares]), scores, offsets, points)

    def _forward(self, network: ov.CompiledModel, crops: Crops) -> list[NDArray[np.float32]]:
        """The network's outputs for the crops.

        Batches have few different sizes, as OpenVINO prepares the network for each new size.
        """
        size = min(self._batch_size, 1 << (len(crops) - 1).bit_length())
        padded = np.pad(crops, ((0, -len(crops) % size), (0, 0), (0, 0), (0, 0)))
        batches = [
            list(network(padded[start : start + size]).values())
            for start in range(0, len(padded), size)
        ]
        return [np.concatenate(part)[: len(crops)] for part in zip(*batches, strict=True)]


def propose_boxes(pyramid: Pyramid, scores: NDArray[np.float32], offsets: Offsets) -> Boxes:
    """Return the best boxes, in picture pixels, from P-Net's output for the canvas' cells.

    `scores` is (rows, columns), `offsets` (rows, columns, 4).
    """
    peaks = (scores >= PNET_SCORE) & (scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    levels = pyramid.levels_at(rows, columns)
    best = np.argsort(-scores[rows, columns] * (levels >= 0), kind="stable")[:MAX_PROPOSALS]
    best = best[levels[best] >= 0]
    rows, columns, levels = rows[best], columns[best], levels[best]
    corners = np.stack([columns, rows], 1) * float(STEP)
    cells = np.concatenate([corners, corners + CELL], 1)
    boxes = pyramid.to_picture(apply_offsets(cells, offsets[rows, columns]), levels)
    limits = np.where(levels[:, None] == levels, SAME_LEVEL_OVERLAP, CROSS_LEVEL_OVERLAP)
    return boxes[non_max_suppression(boxes, scores[rows, columns], limits)]


def _scaled(box: Box) -> Boxes:
    """The box at each of the REFINE_SCALES."""
    centre = np.array(box.centre * 2)
    half = np.array([-box.width, -box.height, box.width, box.height]) / 2
    return np.asarray(centre + np.outer(REFINE_SCALES, half))


def _to_picture(
    squares: Boxes, scores: Scores, offsets: Offsets, points: NDArray[np.float32]
) -> Detections:
    """From coordinates relative to each square to picture pixels; `points` are 5 x, then 5 y."""
    corners, sizes = squares[:, None, :2], (squares[:, 2:] - squares[:, :2])[:, None]
    relative = points.reshape(-1, 2, 5).transpose(0, 2, 1)
    return Detections(scores, apply_offsets(squares, offsets), corners + relative * sizes)
