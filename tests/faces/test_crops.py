import numpy as np
import pytest

from faces.crops import cut_crops, squares_around

GRADIENT = np.zeros((301, 401, 3), np.uint8)
GRADIENT[..., 0] = (np.arange(401) // 2)[None]
GRADIENT[..., 1] = (np.arange(301) // 2)[:, None]


@pytest.mark.parametrize("width", [9.3, 24, 50.7, 97.9, 199.2])
def test_a_crop_has_the_pixels_of_its_square(width):
    boxes = np.array([[100.4, 60.3, 100.4 + width, 60.3 + 0.7 * width]])
    (square,) = squares_around(boxes, 24)
    crop = cut_crops(GRADIENT, square[None], 24)[0].astype(float)
    assert square[2] - square[0] == square[3] - square[1] >= width - 4
    middle = (square[:2] + square[2:]) / 2
    assert np.allclose(crop.mean((0, 1))[:2] * 2 + 0.75, middle, atol=0.75)


def test_squares_lie_around_their_boxes():
    boxes = np.array([[10.0, 20, 30, 60], [-50, -40, 250, 100]])
    squares = squares_around(boxes, 48)
    assert np.allclose(squares[:, :2] + squares[:, 2:], boxes[:, :2] + boxes[:, 2:], atol=8)
    assert np.allclose(squares[:, 2] - squares[:, 0], [40, 300], atol=4)


def test_beyond_the_border_is_grey():
    crop = cut_crops(np.zeros((40, 40, 3), np.uint8), np.array([[-24.0, -24, 24, 24]]), 24)[0]
    assert (crop[:11, :].mean(), crop[13:, 13:].mean()) == (127, 0)
