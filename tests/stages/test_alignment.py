"""Faces upright in a square, and back."""

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Landmarks, Rect
from faces.face import Face
from stages.alignment import FADE, SIDE, TEMPLATE, AlignedFace
from tests.blending.seen_faces import PORTRAIT, portrait
from video.yuv import Frame

PICTURE = cv2.imread(str(PORTRAIT))
SIZE = PICTURE.shape[1], PICTURE.shape[0]


def turned(face, degrees, scale=1.0):
    """The portrait's face in a picture turned around its middle, and that picture."""
    centre = SIZE[0] / 2, SIZE[1] / 2
    angle = np.deg2rad(degrees)
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    turn = Affine.shift(-centre[0], -centre[1]).then(Affine(a, -b, 0, b, a, 0))
    turn = turn.then(Affine.shift(*centre))
    picture = cv2.warpAffine(PICTURE, turn.warp_matrix(), SIZE, flags=cv2.INTER_CUBIC)
    return Face(face.box, face.landmarks.mapped(turn), 1.0), Frame.of_picture(picture, "yuv444p")


def test_landmarks_come_to_lie_on_those_of_the_template():
    face = Face(portrait().box, Landmarks.of(TEMPLATE / 3 + (40, 20)), 1.0)
    place = AlignedFace.of(face, (400, 400))
    assert np.abs(place.to_frame.inverse()(face.landmarks.points()) - TEMPLATE).max() < 1e-6
    sides = zip(vars(place.rect).values(), (20, 191, 40, 211), strict=True)
    assert max(abs(side - true) for side, true in sides) <= 1


def test_a_turned_face_is_cut_upright():
    straight, frame = turned(portrait(), 0)
    face, other = turned(portrait(), 25)
    squares = [
        AlignedFace.of(one, SIZE).cut(whole)[64:448, 64:448]
        for one, whole in ((straight, frame), (face, other))
    ]
    assert np.abs(squares[0] - squares[1]).mean() < 1.5


def test_a_large_face_is_averaged_not_sampled():
    """Noise on a face four times as large as the square is a quarter of itself there."""
    noise = np.random.default_rng(4).integers(50, 200, (2200, 2200, 1), np.uint8)
    face = Face(portrait().box, Landmarks.of(TEMPLATE * 4 + 30), 1.0)
    frame = Frame.of_picture(np.repeat(noise, 3, 2), "yuv444p")
    square = AlignedFace.of(face, (2200, 2200)).cut(frame)
    assert square.std() < 0.35 * noise.std()


@pytest.mark.parametrize("scale", [0.4, 1.7])
def test_what_is_laid_back_lies_where_it_was_cut(scale):
    """A smooth change of the square is the same change of the frame."""
    landmarks = Landmarks.of(TEMPLATE * scale + 20)
    place = AlignedFace.of(Face(portrait().box, landmarks, 1.0), (1000, 1000))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    rect = Rect(100, 160, 120, 200)
    back = place.laid_back(np.stack([x, y, x + y], 2), rect)
    rows, columns = np.mgrid[100:160, 120:200]
    true_x, true_y = (columns + 0.5 - 20) / scale - 0.5, (rows + 0.5 - 20) / scale - 0.5
    # cv2 places what it warps to a thirty-second of a pixel
    assert np.abs(back[..., 0] - true_x).max() < 0.2 and np.abs(back[..., 1] - true_y).max() < 0.2


def test_nothing_is_added_on_the_squares_border():
    assert FADE[0].max() < 0.01 and FADE[:, -1].max() < 0.01 and FADE[30:-30, 30:-30].min() == 1


def test_a_face_outside_the_frame_has_no_square():
    face = portrait()
    assert AlignedFace.of(Face(face.box, face.landmarks, 1.0), (20, 20)) is None
