"""The square around a head: where the original has it, and how it comes back."""

import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from sadtalker.crop import FADE, MASK_SIDE, HeadSquare, soft_mask
from video.yuv import Frame


def landmarks(points):
    """From the 68 points, counted from the centre of a pixel: eyes by all of their points."""
    eyes = [points[36:42].mean(0), points[42:48].mean(0)]
    return Landmarks.of(np.array([*eyes, points[30], points[48], points[54]], np.float64) + 0.5)


@pytest.mark.parametrize("case", [0, 1, 2, 3, 5, 6, 7])
def test_the_square_is_the_originals_where_that_is_whole(facts, arrays, case):
    """Of case 1 the original cuts the top off, and stretches the rest."""
    wanted = facts["align"][case]
    box = HeadSquare.of(landmarks(arrays[f"lm{case}"])).box
    left, top = wanted["crop"][:2]
    edges = np.add(wanted["quad"], [left, top, left, top])
    ours = np.array([box.left, box.top, box.right, box.bottom])
    if case == 1:
        assert edges[1] == 0 and ours[1] < 0
        ours[1] = 0
    assert ours == pytest.approx(edges, abs=1e-2)


def test_a_large_face_is_not_cut_by_the_pictures_width(facts, arrays):
    """The original halves the picture of case 4, and limits its lower border by the width."""
    wanted = facts["align"][4]
    box = HeadSquare.of(landmarks(arrays["lm4"])).box.scaled(0.5)
    top = wanted["crop"][1] + wanted["quad"][1]
    assert box.top == pytest.approx(top, abs=0.3)  # half of a halved pixel
    assert wanted["quad"][3] == wanted["rsize"][0] < box.bottom
    assert box.height == pytest.approx(box.width)


def test_a_face_turned_aside_is_as_large_as_its_height_says():
    points = [(95, 100), (105, 100), (110, 120), (97, 140), (103, 140)]
    box = HeadSquare.of(Landmarks.of(np.array(points, np.float64))).box
    assert box.centre == pytest.approx((100, 104)) and box.width == pytest.approx(2 * 1.8 * 40)


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(-20.0, 80.0, 10.0, 110.0), Box(0.0, 100.0, 10.0, 110.0)),
        (Box(40.0, 140.0, 90.0, 190.0), Box(20.0, 120.0, 60.0, 160.0)),
        (Box(-50.0, 150.0, -20.0, 180.0), Box(0.0, 120.0, 20.0, 140.0)),
        (Box(10.0, 60.0, 20.0, 70.0), Box(10.0, 60.0, 20.0, 70.0)),
    ],
)
def test_a_square_that_is_shown_alone_lies_in_the_picture(box, inside):
    assert HeadSquare(box).inside(160, 120).box == inside


def test_points_that_lie_together_have_a_square_nonetheless():
    square = HeadSquare.of(Landmarks(*[(50.0, 50.0)] * 5))
    assert square.box.width == pytest.approx(16) and square.box.centre == (50, 50)


def test_the_mask_begins_with_nothing_and_has_no_step():
    mask = soft_mask()
    assert mask[0].max() < 1e-3 and mask[:, -1].max() < 1e-3
    assert mask[FADE:-FADE, FADE:-FADE].min() == 1
    assert np.abs(np.diff(mask[MASK_SIDE // 2])).max() < 1.6 / FADE


def test_a_lighter_square_shows_no_edge():
    """On a grey frame: the change begins with next to nothing, all along its border."""
    frame = Frame.of_picture(np.full((600, 600, 3), 60, np.uint8))
    square = HeadSquare(Box(100.0, 500.0, 110.0, 510.0))
    pasted = square.paste(frame, np.full((256, 256, 3), 250, np.float32))
    change = pasted.planes()[0].astype(int) - frame.planes()[0]
    assert change.max() > 150 and not change[:100].any() and not change[:, 511:].any()
    changed = (change > 0).astype(np.uint8)
    border = changed - cv2.erode(changed, np.ones((3, 3), np.uint8))
    assert change[border > 0].max() <= 4


def test_at_the_photos_border_the_square_shows_whole():
    """Nothing fades where the photo ends and the square goes on."""
    frame = Frame.of_picture(np.full((400, 400, 3), 60, np.uint8))
    square = HeadSquare(Box(-100.0, 300.0, 0.0, 400.0))
    pasted = square.paste(frame, np.full((256, 256, 3), 250, np.float32))
    assert pasted.planes()[0][0, 150:250].min() > frame.planes()[0][0, 0] + 150


def test_a_square_that_is_laid_back_unchanged_leaves_no_trace():
    noise = np.random.default_rng(8).integers(60, 200, (30, 30, 3), np.uint8)
    frame = Frame.of_picture(cv2.resize(noise, (300, 300), interpolation=cv2.INTER_CUBIC))
    square = HeadSquare(Box(20.0, 276.0, 30.0, 286.0))
    back = square.paste(frame, square.cut(frame, 256).astype(np.float32))
    assert cv2.absdiff(back.planes()[0], frame.planes()[0]).max() <= 2
