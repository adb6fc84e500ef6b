"""S3FD, whose boxes Wav2Lip was trained on, from the package face-alignment if it is installed.

It gives boxes only; landmarks, and the motion between two detections, come from a second detector.
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

WEIGHTS = "s3fd-619a316812.pth"  # the name under which face-alignment stores them
FindBoxes = Callable[[Picture], NDArray[np.float64]]  # -> (n, 5): left, top, right, bottom, score


class Sfd:
    """Boxes by `find_boxes`, landmarks and motion by `follower`."""

    def __init__(self, find_boxes: FindBoxes, follower: Detector) -> None:
        self._find_boxes = find_boxes
        self._follower = follower

    def detect(self, picture: Picture) -> list[Face]:
        """All faces, best first."""
        rows = self._find_boxes(picture).tolist()
        faces = [
            self._with_landmarks(picture, Box(top, bottom, left, right), min(score, 1.0))
            for left, top, right, bottom, score in rows
            if left < right and top < bottom
        ]
        return sorted(faces, key=lambda face: -face.score)

    def refine(self, picture: Picture, face: Face) -> Face | None:
        """The same face in a picture shortly after; the box goes where the landmarks go."""
        now = self._follower.refine(picture, face)
        if now is None:
            return None
        box = carried(face.box, face.landmarks, now.landmarks)
        return Face(box, now.landmarks, now.score)

    def _with_landmarks(self, picture: Picture, box: Box, score: float) -> Face:
        guess = Face(box, Landmarks.fixed(box), score)
        seen = self._follower.refine(picture, guess)
        return guess if seen is None else Face(box, seen.landmarks, score)


def carried(box: Box, before: Landmarks, now: Landmarks) -> Box:
    """The box moved and scaled as the landmarks did."""
    old, new = before.points(), now.points()
    scale = float(np.linalg.norm(new - new.mean(0)) / np.linalg.norm(old - old.mean(0)))
    x, y = (new.mean(0) - scale * old.mean(0)).tolist()
    by = Affine(scale, 0.0, x, 0.0, scale, y)
    (left, top), (right, bottom) = by(np.array([(box.left, box.top), (box.right, box.bottom)]))
    return Box(float(top), float(bottom), float(left), float(right))


def boxes_by_sfd(device: str) -> FindBoxes:
    """S3FD from face-alignment, loaded; nothing is ever downloaded."""
    return _loaded(weights_of_sfd(), device)


def weights_of_sfd() -> Path:
    """EngineError where they, or the package, are not there."""
    if importlib.util.find_spec("face_alignment") is None:
        raise EngineError(
            "--face_detector sfd needs the package face-alignment: pip install face-alignment, "
            "or use --face_detector mtcnn"
        )
    weights = _weights_path()
    if not weights.is_file():
        raise EngineError(
            f"--face_detector sfd needs its weights: put {WEIGHTS} into {weights.parent}, "
            "or use --face_detector mtcnn"
        )
    return weights


def _loaded(weights: Path, device: str) -> FindBoxes:
    try:
        sfd = importlib.import_module("face_alignment.detection.sfd")
        detector = sfd.FaceDetector(device, path_to_detector=str(weights))
    except Exception as error:  # torch raises what it likes for a damaged file
        raise EngineError(
            f"cannot load the face detector sfd from {weights}: {type(error).__name__}; "
            "fetch the file again, or use --face_detector mtcnn"
        ) from error

    def find_boxes(picture: Picture) -> NDArray[np.float64]:
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        return np.array(detector.detect_from_image(rgb), np.float64).reshape(-1, 5)

    return find_boxes


def _weights_path() -> Path:
    """Where torch keeps what it has downloaded."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = os.environ.get("TORCH_HOME") or Path(caches) / "torch"
    return Path(home) / "hub" / "checkpoints" / WEIGHTS
