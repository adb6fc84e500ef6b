"""Transitions that look at the picture, and the pyramid's."""

import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from blending.masks import MaskShape, mouth_ellipse
from blending.pyramid import passed_over
from blending.transitions import along_edges, guided_by_brightness

BOX = Box(10, 330, 20, 276)
OUTLINE = mouth_ellipse(BOX, Landmarks.fixed(BOX), MaskShape(0.6, 51))
RECT = OUTLINE.bounds.inside(1000, 1000)
MASK = OUTLINE.mask(RECT)
WIDTH, HEIGHT = RECT.size
SKIN = np.full((HEIGHT, WIDTH, 3), 150, np.float32)
WAYS = {
    "edges": lambda face, mask: along_edges(face, face, mask),
    "guided": guided_by_brightness,
}


def with_line(row):
    """Skin that is darker below a row."""
    face = SKIN.copy()
    face[row:] = 60
    return cv2.GaussianBlur(face, (0, 0), 1)


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


def test_a_flat_face_leaves_the_mask_about_where_it_was(way):
    apart = np.abs(way(SKIN, MASK) - MASK)
    assert apart.max() < 0.25 and apart.mean() < 0.02


def test_the_ends_of_the_mask_stay(way):
    face = np.random.default_rng(1).uniform(0, 255, SKIN.shape).astype(np.float32)
    out = way(face, MASK)
    assert out.dtype == np.float32 and out.min() >= 0 and out.max() <= 1
    assert (out[MASK == 0] == 0).all()
    assert out[MASK > 0.999].min() > 0.98


def test_the_transition_lies_on_an_edge(way):
    """A chin line below the mouth: more of the step is on it than the mask's own."""
    row = int(0.8 * HEIGHT)
    column = slice(WIDTH // 2 - 5, WIDTH // 2 + 5)
    steps = [
        np.abs(np.diff(mask[:, column].mean(1)))[row - 3 : row + 3].sum()
        for mask in (MASK, way(with_line(row), MASK))
    ]
    assert steps[1] > 1.5 * steps[0]


def test_edges_of_the_old_mouth_alone_draw_nothing():
    moved = along_edges(with_line(int(0.8 * HEIGHT)), SKIN, MASK)
    assert np.abs(moved - MASK).max() < 0.05


def test_it_is_steady_when_the_picture_is_noisy(way):
    rng = np.random.default_rng(3)
    base = with_line(int(0.8 * HEIGHT))
    masks = [way(base + rng.normal(0, 2, base.shape).astype(np.float32), MASK) for _ in range(4)]
    assert np.ptp(masks, axis=0).mean() < 0.02


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (40, 1), (1, 40), (13, 11)])
def test_tiny_pictures(way, size):
    width, height = size
    face = np.random.default_rng(2).uniform(0, 255, (height, width, 3)).astype(np.float32)
    mask = np.random.default_rng(4).uniform(0, 1, (height, width)).astype(np.float32)
    for m in (mask, np.zeros_like(mask), np.ones_like(mask)):
        assert way(face, m).shape == m.shape
        assert passed_over(face + 5, face, m).shape == face.shape


def test_the_pyramid_is_the_new_picture_inside_and_the_face_outside():
    rng = np.random.default_rng(5)
    face, new = (rng.uniform(0, 255, SKIN.shape).astype(np.float32) for _ in range(2))
    out = passed_over(new, face, MASK)
    assert (out[MASK == 0] == face[MASK == 0]).all()
    core = cv2.erode((MASK > 0.999).astype(np.uint8), np.ones((9, 9))) > 0
    assert core.any() and np.abs(out - new)[core].max() < 1


def test_the_pyramid_passes_texture_over_in_less_space_than_shade():
    """Full resolution: what is fine stays fine on both sides (mistake 19)."""
    fine = np.random.default_rng(6).normal(0, 20, SKIN.shape).astype(np.float32)
    fine -= cv2.GaussianBlur(fine, (0, 0), 2)
    shares = {}
    for name, change in (("shade", np.full_like(SKIN, 20)), ("texture", fine)):
        moved = passed_over(SKIN + change, SKIN, MASK) - SKIN
        shares[name] = [
            (moved * change)[near].sum() / np.square(change)[near].sum()
            for near in ((MASK > 0.15) & (MASK < 0.3), (MASK > 0.7) & (MASK < 0.85))
        ]
    assert shares["texture"][0] < 0.1 and shares["texture"][1] > 0.9
    assert 0.15 < shares["shade"][0] < 0.4 < 0.55 < shares["shade"][1] < 0.85
