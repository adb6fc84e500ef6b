import numpy as np
import pytest

from faces.pyramid import CELL, MARGIN, STEP, layout_pyramid

SIZES = [(640, 360), (360, 640), (288, 288), (641, 359), (20, 20), (1, 1), (2000, 10), (37, 500)]


@pytest.mark.parametrize("size", SIZES)
def test_levels_and_their_margins_do_not_overlap_on_the_canvas(size):
    layout = layout_pyramid(*size, smallest=max(20, min(size) / 12))
    used = np.zeros(layout.canvas[::-1], int)
    for level in layout.levels:
        rows = slice(level.top - MARGIN, level.top + level.height + MARGIN)
        columns = slice(level.left - MARGIN, level.left + level.width + MARGIN)
        assert used[rows, columns].shape == (level.height + 2 * MARGIN, level.width + 2 * MARGIN)
        used[rows, columns] += 1
    assert used.max() == 1


@pytest.mark.parametrize("size", SIZES)
def test_on_the_last_level_a_face_may_fill_the_picture(size):
    layout = layout_pyramid(*size, smallest=20)
    assert min(layout.levels[-1].size) <= CELL


def test_every_level_shows_the_whole_picture():
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:45, :80] = 255
    layout = layout_pyramid(160, 90, smallest=20)
    canvas = layout.draw(picture)
    for level in layout.levels:
        part = canvas[level.top : level.top + level.height, level.left : level.left + level.width]
        assert part.mean() == pytest.approx(255 / 4, abs=25)
        assert part[0, 0].min() > 200
        assert part[-1, -1].max() < 50


def test_canvas_boxes_are_converted_to_picture_pixels():
    layout = layout_pyramid(640, 360, smallest=30)
    for index, level in enumerate(layout.levels):
        row, column = level.top // STEP, level.left // STEP
        assert layout.levels_at(np.array([row]), np.array([column]))[0] == index
        cell = np.array(
            [[level.left, level.top, level.left + level.width, level.top + level.height]]
        )
        assert np.allclose(layout.to_picture(cell, np.array([index])), [[0, 0, 640, 360]])


def test_cells_between_two_levels_belong_to_none():
    layout = layout_pyramid(640, 360, smallest=30)
    first = layout.levels[0]
    row, column = first.top // STEP, (first.left + first.width) // STEP
    assert layout.levels_at(np.array([row]), np.array([column])).tolist() == [-1]
