"""The face as the reconstruction sees it: the original's numbers, for its own points."""

import numpy as np
import pytest

from base.errors import NoFaceError
from base.geometry import Landmarks
from sadtalker.alignment import Alignment

WHOLE = (480, 640, 3)  # the picture of case 0, of which the data keep a part


def landmarks(points):
    """From the 68 points, counted from the centre of a pixel: eyes between their corners."""
    eyes = [(points[36] + points[39]) / 2, (points[42] + points[45]) / 2]
    return Landmarks.of(np.array([*eyes, points[30], points[48], points[54]], np.float64) + 0.5)


@pytest.mark.parametrize("case", range(8))
def test_scale_and_place_are_the_originals(facts, arrays, case):
    wanted = facts["align"][case]
    width, height = wanted["size"]
    alignment = Alignment.of(landmarks(arrays[f"lm{case}"]), height)
    assert alignment.scale == pytest.approx(wanted["s"], rel=1e-5)
    assert (alignment.x, alignment.y) == pytest.approx(wanted["t"], abs=1e-3)
    assert [*alignment.size_of((width, height))] == wanted["resized_w_h"]
    assert [*alignment.corner((width, height))] == wanted["box_left_up"]
    assert alignment.numbers == pytest.approx([wanted["s"], *wanted["t"]], rel=1e-5)


def test_the_pixels_are_the_originals(arrays):
    picture, part = np.zeros(WHOLE, np.uint8), arrays["picture_part"]
    top, left = arrays["picture_at"]
    picture[top : top + part.shape[0], left : left + part.shape[1]] = part
    alignment = Alignment.of(landmarks(arrays["lm0"]), len(picture))
    cut = alignment.cut(picture[..., ::-1])
    assert cut.shape == (224, 224, 3) and cut.dtype == np.float32
    difference = np.abs(np.rint(cut * 255)[::2, ::2] - arrays["crop224_part"])
    assert difference.max() <= 1 and difference.mean() < 0.01


def test_beyond_the_border_it_is_black():
    picture = np.full((100, 100, 3), 200, np.uint8)
    cut = Alignment(1.0, 0.0, 50.0).cut(picture)
    assert not cut[:, :100].any() and cut[112, 120:200].min() > 0.7


def test_points_that_lie_together_are_no_face():
    with pytest.raises(NoFaceError, match="turned too far"):
        Alignment.of(Landmarks(*[(50.0, 50.0)] * 5), 100)
