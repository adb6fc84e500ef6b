"""The square around a head: how large, where, and laid back without a trace."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.geometry import Box
from fomm.square import GROWN, LEAST, SIDE, HeadSquare, squares_around
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"


def boxes(*centres, side=100.0):
    """(frames, 4) top, bottom, left, right of square boxes about (x, 200)."""
    x = np.array(centres)
    level = np.full(len(x), 200.0)
    return np.stack((level - side / 2, level + side / 2, x - side / 2, x + side / 2), 1)


def test_a_head_that_rests_has_room_for_chin_and_hair():
    (square, other) = squares_around(boxes(300, 300), 25)
    assert square == other == HeadSquare((300, 200), LEAST * 100)


def test_a_head_that_moves_about_its_place_has_one_square_for_all():
    squares = squares_around(boxes(300, 350, 380), 25)
    assert set(squares) == {HeadSquare((340, 200), GROWN * 180)}


def test_a_head_that_walks_is_followed():
    squares = squares_around(boxes(*np.linspace(100, 900, 50)), 25)
    assert {round(square.side) for square in squares} == {150}
    steps = np.diff([square.centre[0] for square in squares])
    assert squares[25].centre[0] == pytest.approx(508, abs=10) and (steps > 0).all()


def test_the_square_lies_about_another_face_as_about_its_own():
    box, target = Box(150, 250, 250, 350), Box(20, 60, 10, 40)
    assert HeadSquare((310, 200), 150).moved_to(box, target) == HeadSquare((29, 40), 60)


@pytest.mark.parametrize("side", [0.0, -1.0, np.nan])
def test_no_square(side):
    with pytest.raises(ValueError, match="no square"):
        HeadSquare((0, 0), side)


def test_a_square_at_the_networks_size_that_is_laid_back_leaves_no_trace():
    frame = open_source(PORTRAIT, Shape(), Fraction(25)).first
    square = HeadSquare((250, 240), SIDE)
    back = square.paste(frame, square.cut(frame).astype(np.float32))
    assert cv2.absdiff(back.planes()[0], frame.planes()[0]).max() <= 1


def test_a_lighter_square_shows_no_edge_and_nothing_changes_outside():
    frame = Frame.of_picture(np.full((900, 900, 3), 60, np.uint8))
    square = HeadSquare((450, 430), 500)
    pasted = square.paste(frame, np.full((SIDE, SIDE, 3), 250, np.float32))
    change = pasted.planes()[0].astype(int) - frame.planes()[0]
    assert change.max() > 150
    inside = np.zeros_like(change, bool)
    inside[180:680, 200:700] = True
    assert not change[~inside].any()
    assert np.abs(np.diff(change, axis=1)).max() < 12  # levels from one pixel to the next


@pytest.mark.parametrize("centre", [(10, 10), (890, 450), (2000, 2000)])
def test_a_square_over_the_frame_s_border(centre):
    frame = Frame.of_picture(np.full((900, 900, 3), 60, np.uint8))
    square = HeadSquare(centre, 300)
    assert square.cut(frame).shape == (SIDE, SIDE, 3)
    assert square.paste(frame, np.full((SIDE, SIDE, 3), 250, np.float32)).width == 900
