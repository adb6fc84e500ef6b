import math

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks, Rect

FACE = Landmarks((30, 40), (70, 40), (50, 60), (35, 80), (65, 80))


@pytest.mark.parametrize("edges", [(5, 5, 0, 9), (9, 3, 0, 9), (0, 9, 4, 4), (0, math.nan, 0, 1)])
def test_a_box_without_an_inside_is_refused(edges):
    with pytest.raises(ValueError, match="box"):
        Box(*edges)


def test_a_rectangle_cuts_its_own_size():
    rect = Rect(top=2, bottom=5, left=1, right=9)
    assert np.zeros((10, 10))[rect.slices].shape == rect.size[::-1]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(1.2, 3.1, 0.0, 2.0), Rect(1, 4, 0, 2)),
        (Box(-4.0, 3.0, -1.0, 99.0), Rect(0, 3, 0, 10)),
        (Box(20.0, 30.0, 0.0, 2.0), None),
    ],
)
def test_the_pixels_that_a_box_touches(box, expected):
    assert box.inside(10, 10) == expected


def test_a_square_lands_on_its_box():
    box = Box(top=10, bottom=58, left=20, right=116)
    corners = Affine.square_to_box(96, box)(np.array([(0.0, 0.0), (96.0, 96.0)]))
    assert corners.tolist() == [[20, 10], [116, 58]]


def test_there_and_back_again():
    there = Affine(2.0, 0.3, 5.0, -0.1, 1.5, 7.0)
    points = np.array([(1.0, 2.0), (30.0, -4.0)])
    np.testing.assert_allclose(there.then(there.inverse())(points), points, atol=1e-12)


def test_a_warp_does_not_shift_by_half_a_pixel():
    """Enlarging twice must put each pixel's centre into the middle of its four."""
    small = np.zeros((8, 8), np.float32)
    small[3, 4] = 1
    big = cv2.warpAffine(small, Affine(2, 0, 0, 0, 2, 0).warp_matrix(), (16, 16))
    y, x = np.mgrid[0:16, 0:16]
    centre = (big * x).sum() / big.sum() + 0.5, (big * y).sum() / big.sum() + 0.5
    assert centre == pytest.approx((9.0, 7.0), abs=1e-4)


def test_roll_follows_a_turned_head():
    turn = math.radians(20)
    turned = FACE.mapped(
        Affine(math.cos(turn), -math.sin(turn), 0, math.sin(turn), math.cos(turn), 0)
    )
    assert FACE.roll == 0
    assert turned.roll == pytest.approx(turn)
    assert turned.mouth_width == pytest.approx(30)


def test_fixed_landmarks_lie_in_their_box():
    box = Box(100, 300, 50, 210)
    x, y = Landmarks.fixed(box).points().T
    assert (x > 50).all() and (x < 210).all() and (y > 100).all() and (y < 300).all()
