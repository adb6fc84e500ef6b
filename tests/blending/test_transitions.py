"""Transitions that depend on the picture, and the Laplacian pyramid."""

import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from blending.masks import MaskShape, mouth_ellipse
from blending.pyramid import laplacian_blend
from blending.transitions import align_to_edges, guided_filter

BOX = Box(10, 330, 20, 276)
OUTLINE = mouth_ellipse(BOX, Landmarks.fixed(BOX), MaskShape(0.6, 51))
RECT = OUTLINE.bounds.inside(1000, 1000)
MASK = OUTLINE.mask(RECT)
WIDTH, HEIGHT = RECT.size
SKIN = np.full((HEIGHT, WIDTH, 3), 150, np.float32)
ADAPTERS = {
    "edges": lambda face, mask: align_to_edges(face, face, mask),
    "guided": guided_filter,
}


def with_line(row):
    """Skin that is darker below a row."""
    face = SKIN.copy()
    face[row:] = 60
    return cv2.GaussianBlur(face, (0, 0), 1)


@pytest.fixture(params=ADAPTERS)
def adapt(request):
    return ADAPTERS[request.param]


def test_a_flat_face_leaves_the_mask_about_where_it_was(adapt):
    difference = np.abs(adapt(SKIN, MASK) - MASK)
    assert difference.max() < 0.25 and difference.mean() < 0.02


def test_the_ends_of_the_mask_stay(adapt):
    face = np.random.default_rng(1).uniform(0, 255, SKIN.shape).astype(np.float32)
    out = adapt(face, MASK)
    assert out.dtype == np.float32 and out.min() >= 0 and out.max() <= 1
    assert (out[MASK == 0] == 0).all()
    assert out[MASK > 0.999].min() > 0.98


def test_the_transition_lies_on_an_edge(adapt):
    """Of the mask's fall, more lies on a chin line below the mouth than before."""
    row = int(0.8 * HEIGHT)
    column = slice(WIDTH // 2 - 5, WIDTH // 2 + 5)
    steps = [
        np.abs(np.diff(mask[:, column].mean(1)))[row - 3 : row + 3].sum()
        for mask in (MASK, adapt(with_line(row), MASK))
    ]
    assert steps[1] > 1.5 * steps[0]


def test_edges_of_the_old_mouth_alone_attract_nothing():
    adapted = align_to_edges(with_line(int(0.8 * HEIGHT)), SKIN, MASK)
    assert np.abs(adapted - MASK).max() < 0.05


def test_the_mask_is_steady_under_noise(adapt):
    rng = np.random.default_rng(3)
    base = with_line(int(0.8 * HEIGHT))
    masks = [adapt(base + rng.normal(0, 2, base.shape).astype(np.float32), MASK) for _ in range(4)]
    assert np.ptp(masks, axis=0).mean() < 0.02


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (40, 1), (1, 40), (13, 11)])
def test_tiny_pictures(adapt, size):
    width, height = size
    face = np.random.default_rng(2).uniform(0, 255, (height, width, 3)).astype(np.float32)
    mask = np.random.default_rng(4).uniform(0, 1, (height, width)).astype(np.float32)
    for m in (mask, np.zeros_like(mask), np.ones_like(mask)):
        assert adapt(face, m).shape == m.shape
        assert laplacian_blend(face + 5, face, m).shape == face.shape


def test_the_pyramid_is_the_new_picture_inside_and_the_face_outside():
    rng = np.random.default_rng(5)
    face, new = (rng.uniform(0, 255, SKIN.shape).astype(np.float32) for _ in range(2))
    out = laplacian_blend(new, face, MASK)
    assert (out[MASK == 0] == face[MASK == 0]).all()
    core = cv2.erode((MASK > 0.999).astype(np.uint8), np.ones((9, 9))) > 0
    assert core.any() and np.abs(out - new)[core].max() < 1


def test_the_pyramid_blends_texture_in_less_space_than_shade():
    """Nothing is blended at a reduced resolution: fine texture stays fine on both sides."""
    fine = np.random.default_rng(6).normal(0, 20, SKIN.shape).astype(np.float32)
    fine -= cv2.GaussianBlur(fine, (0, 0), 2)
    shares = {}
    for name, change in (("shade", np.full_like(SKIN, 20)), ("texture", fine)):
        blended = laplacian_blend(SKIN + change, SKIN, MASK) - SKIN
        shares[name] = [
            (blended * change)[near].sum() / np.square(change)[near].sum()
            for near in ((MASK > 0.15) & (MASK < 0.3), (MASK > 0.7) & (MASK < 0.85))
        ]
    assert shares["texture"][0] < 0.1 and shares["texture"][1] > 0.9
    assert 0.15 < shares["shade"][0] < 0.4 < 0.55 < shares["shade"][1] < 0.85


def test_no_pixel_of_the_mask_keeps_what_its_memory_held(monkeypatch):
    """OpenCV does not write pixels beyond the polar picture unless told to; some held a NaN."""
    flags = []

    def warp_polar(picture, size, centre, radius, flag):
        flags.append(flag)
        return original(picture, size, centre, radius, flag)

    original = cv2.warpPolar
    monkeypatch.setattr(cv2, "warpPolar", warp_polar)
    align_to_edges(SKIN, SKIN, MASK)
    assert flags and all(flag & cv2.WARP_FILL_OUTLIERS for flag in flags)
