"""S3FD, whose boxes Wav2Lip was trained on, from the optional package face-alignment.

It finds boxes only; landmarks, and the motion between detections, come from a second detector.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError
from base.geometry import Affine, Box, Landmarks, Picture
from faces.detector import Detector
from faces.face import Face

WEIGHTS = "s3fd-619a316812.pth"  # the file name that face-alignment uses
FindBoxes = Callable[[Picture], NDArray[np.float64]]  # -> (n, 5): left, top, right, bottom, score


class Sfd:
    """A detector with boxes from `find_boxes`, landmarks and motion from `landmark_detector`."""

    def __init__(self, find_boxes: FindBoxes, landmark_detector: Detector) -> None:
        self._find_boxes = find_boxes
        self._landmark_detector = landmark_detector

    def detect(self, picture: Picture) -> list[Face]:
        """Return all faces, best first."""
        rows = self._find_boxes(picture).tolist()
        faces = [
            self._with_landmarks(picture, Box(top, bottom, left, right), min(score, 1.0))
            for left, top, right, bottom, score in rows
            if left < right and top < bottom
        ]
        return sorted(faces, key=lambda face: -face.score)

    def refine(self, picture: Picture, face: Face) -> Face | None:
        """Return the same face in a picture shortly after; the box moves with the landmarks."""
        refined = self._landmark_detector.refine(picture, face)
        if refined is None:
            return None
        box = move_with_landmarks(face.box, face.landmarks, refined.landmarks)
        return Face(box, refined.landmarks, refined.score)

    def _with_landmarks(self, picture: Picture, box: Box, score: float) -> Face:
        guess = Face(box, Landmarks.fixed(box), score)
        refined = self._landmark_detector.refine(picture, guess)
        return guess if refined is None else Face(box, refined.landmarks, score)


def move_with_landmarks(box: Box, before: Landmarks, after: Landmarks) -> Box:
    """Return the box shifted and scaled as the landmarks were."""
    old, new = before.points(), after.points()
    scale = float(np.linalg.norm(new - new.mean(0)) / np.linalg.norm(old - old.mean(0)))
    x, y = (new.mean(0) - scale * old.mean(0)).tolist()
    motion = Affine(scale, 0.0, x, 0.0, scale, y)
    (left, top), (right, bottom) = motion(np.array([(box.left, box.top), (box.right, box.bottom)]))
    return Box(float(top), float(bottom), float(left), float(right))


def load_box_finder(device: str) -> FindBoxes:
    """Load S3FD from face-alignment; nothing is downloaded."""
    return _load(find_sfd_weights(), device)


def find_sfd_weights() -> Path:
    """Return the path of S3FD's weights; EngineError if they or the package are missing."""
    if any(importlib.util.find_spec(package) is None for package in ("face_alignment", "torch")):
        raise EngineError(
            "--face_detector sfd needs the packages face-alignment and torch: pip install"
            " face-alignment -r requirements-torch.txt, or use --face_detector mtcnn"
        )
    weights = _weights_path()
    if not weights.is_file():
        raise EngineError(
            f"--face_detector sfd needs its weights: put {WEIGHTS} into {weights.parent}, "
            "or use --face_detector mtcnn"
        )
    return weights


def _load(weights: Path, device: str) -> FindBoxes:
    try:
        sfd = importlib.import_module("face_alignment.detection.sfd")
        detector = sfd.FaceDetector(device, path_to_detector=str(weights))
    except Exception as error:  # torch raises almost anything for a damaged file
        raise EngineError(
            f"cannot load the face detector sfd from {weights}: {type(error).__name__}; "
            "fetch the file again, or use --face_detector mtcnn"
        ) from error

    def find_boxes(picture: Picture) -> NDArray[np.float64]:
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        return np.array(detector.detect_from_image(rgb), np.float64).reshape(-1, 5)

    return find_boxes


def _weights_path() -> Path:
    """The path of the weights in torch's download cache."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = os.environ.get("TORCH_HOME") or Path(caches) / "torch"
    return Path(home) / "hub" / "checkpoints" / WEIGHTS
