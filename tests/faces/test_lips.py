import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Rect
from base.lips import LEFT_EYE, POINTS, RIGHT_EYE
from faces.lips import BELIEVED, SIDE, Square, forward, see, see_depth, see_lips, seer_for
from faces.view import BgrPicture, View
from tests.faces.scenes import scene
from video.yuv import Frame

REFERENCE = np.load(Path(__file__).parent / "data" / "lips.npz")
MIDDLE = Square((144, 144), 230, 0.0)  # the portrait's face, and what is around it


class Full(BgrPicture):
    """It remembers which parts of it were made."""

    def __init__(self, pixels):
        super().__init__(pixels)
        object.__setattr__(self, "parts", [])

    def part(self, rect, longest):
        self.parts.append((rect, longest))
        return super().part(rect, longest)


def seen(picture, square=MIDDLE, times=3):
    for _ in range(times):
        mesh = see_lips(picture, square)
        square = Square.around_mesh(mesh.points)
    return mesh


@pytest.mark.parametrize("name", ["talk10", "mustache_2"])
def test_points_are_those_of_the_original_network(name):
    mesh, lips, logit = forward(np.ascontiguousarray(REFERENCE[f"{name}_crop"][..., ::-1]))
    assert np.abs(mesh - REFERENCE[f"{name}_mesh"]).max() < 0.01
    assert np.abs(lips - REFERENCE[f"{name}_lips"]).max() < 0.01
    assert logit == pytest.approx(float(REFERENCE[f"{name}_flag"]), abs=0.01) and logit > BELIEVED


def test_lips_lie_in_the_picture_where_they_are(portrait):
    """Moved, turned and at another size they are the same lips."""
    still = seen(portrait).lips
    turn = Affine(*cv2.getRotationMatrix2D((144, 144), 20, 0.8).ravel()).then(Affine.shift(30, 9))
    turned = cv2.warpAffine(portrait, turn.warp_matrix(), (320, 320), borderValue=(90, 90, 90))
    there = seen(turned, Square((174, 153), 184, math.radians(-20))).lips
    error = np.hypot(*(there.points - still.mapped(turn).points).T)
    assert error[:40].mean() < 0.02 * still.width and still.points.shape == (POINTS, 2)


def test_the_nose_is_before_the_ears_by_pixels_of_the_picture(portrait):
    square = Square.around_mesh(seen(portrait).points)
    depth = see_depth(View.of(portrait), square)
    nose, ears = depth[1], depth[[234, 454]]
    assert depth.shape == (468,) and 0.2 * square.side / 1.5 < (ears - nose).min() < square.side
    assert abs(ears[0] - ears[1]) < 0.1 * square.side
    double = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    twice = see_depth(View.of(double), square.scaled(2))
    assert np.abs(twice - 2 * depth).max() < 0.05 * square.side


def test_what_is_no_face_is_not_believed(portrait):
    rng = np.random.default_rng(3)
    blank, noise = np.full_like(portrait, 90), rng.integers(0, 256, portrait.shape, np.uint8)
    assert seen(portrait).is_face
    assert not any(seen(picture, times=1).is_face for picture in (blank, noise, portrait[::-1]))


def test_a_square_around_a_mesh_is_level_with_the_eyes_and_around_all_points(portrait):
    points = seen(portrait).points
    cos, sin = math.cos(0.4), math.sin(0.4)
    for turned in (points, points @ np.array([[cos, sin], [-sin, cos]], np.float32)):
        square = Square.around_mesh(turned)
        inside = square.to_picture.inverse()(turned.astype(float))
        left, right = inside[[LEFT_EYE[0], RIGHT_EYE[1]]]
        assert left[1] == pytest.approx(right[1], abs=1e-3) and left[0] < right[0]
        assert np.ptp(inside, axis=0).max() == pytest.approx(SIDE / 1.5, abs=1e-3)
        assert np.allclose((inside.max(0) + inside.min(0)) / 2, SIDE / 2, atol=1e-3)


def test_a_small_face_is_cut_from_the_full_picture(portrait):
    """Its lips are as sharp and at the same place as in the full picture."""
    large = cv2.resize(scene(480, 360, (portrait, 90, 40)), (1440, 1080))
    full = Full(large)
    view = View(full, 240)
    square = Square((117, 92), 115, 0.0)
    with_full = see(view, square).lips
    alone, true = (
        see(View.of(view.picture), square).lips,
        see_lips(large, square.scaled(6)).lips.scaled(1 / 6),
    )
    errors = [np.abs(lips.points - true.points).mean() for lips in (with_full, alone)]
    assert errors[0] < 0.03 < errors[1] and len(full.parts) == 1
    ((rect, longest),) = full.parts
    assert SIDE <= longest < 2.1 * SIDE and max(rect.size) < 720


def test_a_large_face_is_not_cut_from_the_full_picture(portrait):
    full = Full(np.repeat(np.repeat(portrait, 2, 0), 2, 1))
    view = View(full, max(portrait.shape))
    view.crop(MIDDLE)
    assert view.scale == 0.5 and full.parts == []


def test_only_what_is_looked_at_of_a_frame_becomes_a_picture(portrait):
    frame = Frame.of_picture(cv2.resize(portrait, None, fx=2, fy=2))
    view = View(frame, max(portrait.shape))
    assert np.array_equal(view.crop(MIDDLE), View.of(view.picture).crop(MIDDLE))
    assert np.array_equal(view.picture, frame.downscaled(max(portrait.shape))[0])
    exact = cv2.resize(view.picture, (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(view.thumbnail(32).astype(int) - exact).mean() < 2


def test_fine_stripes_of_a_large_picture_do_not_alias():
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[::2] = 200
    crop = View.of(stripes).crop(Square((600, 600), 1100, 0.0))
    assert np.ptp(crop[20:-20].astype(int)) < 40


@pytest.mark.parametrize("centre", [(0, 0), (288, 150), (140, 290), (-4000, 20)])
def test_a_square_may_reach_over_the_border(portrait, centre):
    assert View.of(portrait).crop(Square(centre, 200, 0.3)).shape == (SIDE, SIDE, 3)


def test_a_crop_is_where_the_square_is():
    """To the rounding of the colours, whatever part of the picture it is cut from."""
    picture = np.zeros((400, 500, 3), np.uint8)
    y, x = np.mgrid[:400, :500] + 0.5
    picture[..., 0], picture[..., 1] = np.rint(x / 2), np.rint(y / 2)
    for square in (Square((241.3, 190.7), 150, 0.2), Square((250, 200), 390, -0.1)):
        crop = View.of(picture).crop(square).astype(float)
        place = square.to_picture(np.array([[60.5, 120.5], [96, 96]]))
        assert np.allclose(2 * crop[120, 60, :2], place[0], atol=1.6)
        assert np.allclose(2 * crop[95:97, 95:97, :2].mean((0, 1)), place[1], atol=1.6)


def test_bounds_hold_the_square():
    square = Square((100, 50), 80, 0.5)
    corners = square.to_picture(np.array([[0, 0], [192, 0], [0, 192], [192, 192.0]]))
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    bounds = square.bounds
    assert np.allclose((bounds.left, bounds.right), (left, right))
    assert np.allclose((bounds.top, bounds.bottom), (top, bottom))
    assert (
        bounds.inside(200, 200) == Rect(0, 105, 45, 155) == Box(-5, 105, 45, 155).inside(200, 200)
    )


def test_in_a_photo_several_looks_are_steadier(portrait):
    """The points depend less on where the crop is than those of one look."""
    square = Square.around_mesh(seen(portrait).points)
    spread = {}
    for still in (True, False):
        moved = [square.jittered(x, y, 1.0) for x, y in ((0.01, 0), (-0.01, 0), (0, 0.013))]
        looks = [seer_for(still)(View.of(portrait), each).lips.points[:40] for each in moved]
        spread[still] = np.std(looks, axis=0).mean()
    assert spread[True] < 0.7 * spread[False]
