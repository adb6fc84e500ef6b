import cv2
import numpy as np
import pytest

from base.geometry import Landmarks, Rect
from puppet.average import average_lips
from puppet.contours import FaceShape
from puppet.field import GRID, VISIBLE, Grid
from tests.talking import LANDMARKS

PART = Rect(20, 70, 15, 90)


@pytest.fixture(scope="module")
def face():
    return FaceShape.of(average_lips(Landmarks.of(LANDMARKS.astype(float))))


@pytest.fixture(scope="module")
def grid(face):
    return Grid.over((96, 96), face)


def bump(columns):
    """A field that moves the cells of some columns in two rows."""
    field = np.zeros((2, GRID, GRID), np.float32)
    field[1, 20:22, columns] = 1
    return field


def test_a_field_goes_through_its_points_and_leaves_the_fixed_ones(face, grid):
    lip, down = face.contours.lower_outer, np.array([0, 0.04])
    (field,) = grid.fields((face.below + down / 2, face.below), [(lip + down, lip)])
    pixels = grid.at_pixels(field, Rect(0, grid.size[1], 0, grid.size[0]))
    middle, nose = face.axes.to_pixels(np.stack([lip[5] + down, face.still[1]])).astype(int)
    way = 0.04 * face.axes.matrix[:, 1]
    assert np.abs(pixels[:, middle[1], middle[0]] + way).max() < 0.1 * np.hypot(*way)
    assert np.abs(pixels[:, nose[1], nose[0]]).max() < 0.1 * np.hypot(*way)


def test_a_part_of_a_field_is_that_of_the_whole_enlarged(grid):
    field = np.random.default_rng(0).normal(size=(2, GRID, GRID)).astype(np.float32)
    for plane, values in zip(field, grid.at_pixels(field, PART), strict=True):
        whole = cv2.resize(plane, grid.size, interpolation=cv2.INTER_CUBIC)
        assert np.allclose(values, whole[PART.slices], atol=1e-5)


@pytest.mark.parametrize("columns", [slice(0, 1), slice(10, 14), slice(40, GRID)])
def test_strips_hold_all_that_moves_and_little_else(grid, columns):
    width, height = grid.size
    field, covered = bump(columns), np.zeros((height, width), bool)
    for strip in grid.moving_strips(field):
        assert not covered[strip.slices].any()
        covered[strip.slices] = True
    cells = cv2.resize(field[1], grid.size, interpolation=cv2.INTER_LINEAR)
    assert covered[cells > VISIBLE].all()
    assert covered.mean() < 0.05


def test_nothing_is_read_where_nothing_moves(grid):
    assert not list(grid.moving_strips(np.full((2, GRID, GRID), VISIBLE / 2, np.float32)))
