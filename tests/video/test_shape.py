"""Frames are turned, resized, rotated and cropped like pictures, in their own YUV format."""

from itertools import product

import numpy as np
import pytest

from base.errors import UsageError
from tests.cases import each
from tests.media import corners_of, drawn, noise, numbered
from video.shape import CLOCKWISE, Orientation, Shape, shape_frame
from video.yuv import ColorTags, Frame

LAYOUTS = ["yuv420p", "yuv422p", "yuv440p", "yuv411p", "yuv410p", "yuv444p10le", "gray"]
ORIENTATIONS = [Orientation(*flags) for flags in product((False, True), repeat=3)]


def frame_of(pix_fmt, size=(64, 48), draw=numbered):
    return Frame(drawn(draw(5, *size), pix_fmt))


@each("size", [(64, 48), (61, 47)])
@each("orientation", ORIENTATIONS)
@each("pix_fmt", LAYOUTS)
def test_turning_planes_turns_the_picture(pix_fmt, orientation, size):
    frame = frame_of(pix_fmt, size, noise)
    turned = shape_frame(frame, orientation, Shape())
    assert np.array_equal(turned.picture(), orientation.apply(frame.picture()))


def test_rotate_is_clockwise():
    frame = shape_frame(frame_of("yuv420p"), Orientation(), Shape(rotate=True))
    assert (frame.width, frame.height) == (48, 64)
    assert corners_of(frame.picture()) == "yrgb"
    assert corners_of(Shape(rotate=True).apply(numbered(5))) == "yrgb"


def test_four_rotations_are_none():
    frame = frame_of("yuv422p", draw=noise)
    turned = frame
    for _ in range(4):
        turned = shape_frame(turned, CLOCKWISE, Shape())
    assert turned.layout == frame.layout
    assert all(map(np.array_equal, turned.planes(), frame.planes()))


@each("crop", [(0, 20, 0, 30), (7, 33, 5, 50), (1, -1, 3, -1), (47, 48, 63, 64)])
@each("pix_fmt", LAYOUTS)
def test_crop_is_exact_to_the_pixel(pix_fmt, crop):
    frame = frame_of(pix_fmt, draw=noise)
    top, bottom, left, right = crop
    bottom, right = 48 if bottom == -1 else bottom, 64 if right == -1 else right
    cropped = shape_frame(frame, Orientation(), Shape(crop=crop)).picture()
    assert np.array_equal(cropped, frame.picture()[top:bottom, left:right])


@pytest.mark.parametrize("crop", [(0, 49, 0, 8), (0, -1, 0, 65), (30, 30, 0, -1), (48, -1, 0, -1)])
def test_a_crop_outside_the_picture_is_wrong_usage(crop):
    with pytest.raises(UsageError, match="not inside the 64x48 picture"):
        shape_frame(frame_of("yuv420p"), Orientation(), Shape(crop=crop))


@pytest.mark.parametrize("crop", [(-1, 8, 0, 8), (0, -2, 0, 8), (0, 8, -3, 8)])
def test_negative_crops_are_wrong_usage(crop):
    with pytest.raises(UsageError, match="crop"):
        Shape(crop=crop)


def test_resize_divides_both_sides_and_averages():
    frame = shape_frame(frame_of("yuv420p", (128, 96)), Orientation(), Shape(resize_factor=2))
    assert (frame.width, frame.height) == (64, 48)
    assert np.abs(frame.picture().astype(int) - numbered(5)).mean() < 6
    assert (
        shape_frame(frame_of("yuv420p", (100, 50)), Orientation(), Shape(3)).layout.name
        == "yuv420p"
    )


@pytest.mark.parametrize("factor", [0, -1])
def test_a_resize_factor_is_at_least_one(factor):
    with pytest.raises(UsageError, match="resize factor"):
        Shape(resize_factor=factor)


def test_a_resize_to_nothing_is_wrong_usage():
    with pytest.raises(UsageError, match="leaves nothing"):
        Shape(resize_factor=40).size(64, 48)


@pytest.mark.parametrize("pix_fmt", LAYOUTS)
def test_the_order_is_resize_rotate_crop(pix_fmt):
    shape = Shape(2, True, (4, 60, 10, 40))
    frame = frame_of(pix_fmt, (128, 96))
    result = shape_frame(frame, Orientation(), shape)
    assert (result.width, result.height) == shape.size(128, 96) == (30, 56)
    small = shape_frame(frame, Orientation(), Shape(2)).picture()
    assert np.array_equal(result.picture(), CLOCKWISE.apply(small)[4:60, 10:40])


def test_the_default_matrix_stays_that_of_the_source():
    """Players choose it by the height, so a result of another height is tagged."""
    av_frame = drawn(numbered(1, 64, 720), "yuv420p")
    ColorTags().apply_to(av_frame)
    frame = Frame(av_frame)
    assert shape_frame(frame, Orientation(), Shape(resize_factor=2)).tags.matrix == 1
    assert shape_frame(frame, Orientation(), Shape(crop=(0, -1, 0, 32))).tags.matrix == 2


@pytest.mark.parametrize(
    ("number", "corners"),
    list(enumerate(["rgby", "rgby", "gryb", "byrg", "ybgr", "rybg", "yrgb", "bgry", "gbyr"])),
)
def test_exif_orientations(number, corners):
    assert corners_of(Orientation.of_exif(number).apply(numbered(1))) == corners
