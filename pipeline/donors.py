"""The frames of a clip that lend their mouths to others: few, and as different as can be."""

from collections.abc import Sequence
from contextlib import closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Rect
from base.lips import CONTOURS, Lips
from blending.texture import Donor, Donors, alignment
from faces.face import Face, FaceTrack
from video.source import Source
from video.yuv import Frame

MOST = 12  # donors
LOOKED_AT = 250  # frames of the clip, from its start, that are decoded for it
LARGEST = 640  # pixels of a donor's longer side: larger faces are reduced
ABOVE, BELOW, BESIDE = -0.25, 0.1, 0.1  # of the face's box, beyond which a donor shows nothing

Shapes = NDArray[np.float64]  # (frames, 2 * CONTOURS): contours of mouths, on one face


def donors_of(source: Source, track: FaceTrack) -> Donors | None:
    """Mouths of a video's first frames; None for a still, and where no lips are seen."""
    faces = _faces_with_lips(track)
    if source.still or len(faces) < 2:
        return None
    rows = unlike_mouths([lips for _, _, lips in faces], MOST)
    chosen = {faces[row][0]: faces[row] for row in rows}
    donors = []
    with closing(source.frames()) as frames:
        for index, frame in enumerate(islice(frames, max(chosen) + 1)):
            if index in chosen:
                _, face, lips = chosen[index]
                donors.append(donor_of(frame, face, lips))
    visible = [donor for donor in donors if donor is not None]
    return Donors.of(visible) if visible else None


def unlike_mouths(lips: Sequence[Lips], most: int) -> list[int]:
    """Indices of mouths, each the one that is most unlike all before it; the first is 0."""
    shapes = _mouth_shapes(lips)
    chosen = [0]
    distance = np.linalg.norm(shapes - shapes[0], axis=1)
    while len(chosen) < min(most, len(shapes)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(shapes - shapes[chosen[-1]], axis=1))
    return chosen


def donor_of(frame: Frame, face: Face, lips: Lips) -> Donor | None:
    """The lower face; None where it lies outside the frame."""
    rect = _lower_face(frame, face)
    if rect is None:
        return None
    pixels = frame.part(rect, LARGEST)
    height, width = pixels.shape[:2]
    to_part = Affine(width / rect.size[0], 0, 0, 0, height / rect.size[1], 0)
    shifted = Affine.shift(-rect.left, -rect.top).then(to_part)
    return Donor(pixels, lips.mapped(shifted))


def _faces_with_lips(track: FaceTrack) -> list[tuple[int, Face, Lips]]:
    """Those in the first frames, each with its frame's index."""
    faces = ((index, track[index]) for index in range(min(LOOKED_AT, len(track))))
    return [(index, face, face.lips) for index, face in faces if face and face.lips]


def _mouth_shapes(lips: Sequence[Lips]) -> Shapes:
    """In widths of the first one's mouth."""
    first = lips[0]
    contours = [
        alignment(one, first)(one.points[:CONTOURS].astype(np.float64)).ravel() for one in lips
    ]
    return np.stack(contours) / max(first.width, 1.0)


def _lower_face(frame: Frame, face: Face) -> Rect | None:
    box = face.box
    height, beside = box.height, BESIDE * box.width
    lower = box.padded(ABOVE * height, BELOW * height, beside, beside)
    return lower.inside(frame.width, frame.height)
