"""The face's own texture comes back where the generator changed nothing."""

import numpy as np
import pytest

from base.geometry import Box, Landmarks, Rect
from blending.detail import with_detail
from blending.methods import Look
from blending.patch import Patch, cut

BOX = Box(10, 310, 20, 260)
RECT = Rect(10, 310, 20, 260)


@pytest.fixture
def face():
    """Fine texture that 96 pixels cannot hold."""
    return np.random.default_rng(3).uniform(60, 200, (*RECT.size[::-1], 3)).astype(np.float32)


def patched(face, change):
    source = cut(face, RECT, BOX)
    pixels = np.clip(source + change, 0, 255).astype(np.uint8)
    return Patch.placed(pixels, BOX, RECT, source)


@pytest.mark.parametrize("method", ["ellipse", "hd"])
def test_a_mouth_that_does_not_move_leaves_the_picture_to_the_bit(face, method):
    look = Look(method)
    mask = look.outline(BOX, Landmarks.fixed(BOX)).mask(RECT)
    assert np.array_equal(look.laid(patched(face, 0), face, mask, BOX), face)


def test_a_small_change_keeps_the_texture(face):
    out = with_detail(patched(face, 3), face)
    inner = (slice(20, -20), slice(20, -20))
    assert np.abs(out - face - 3)[inner].max() < 12
    assert out[inner].std() > 0.9 * face[inner].std()


def test_smooth_skin_that_moved_keeps_its_pores():
    """Grain fits other skin as well; outlines do not, they would be seen twice."""
    rng = np.random.default_rng(8)
    pores = rng.normal(0, 6, (*RECT.size[::-1], 3)).astype(np.float32)
    skin = np.full_like(pores, 150) + pores
    out = with_detail(patched(skin, 25), skin)
    inner = (slice(30, -30), slice(30, -30))
    assert out[inner].std() > 0.7 * skin[inner].std()
    lined = skin.copy()
    lined[140:160] = 40
    moved = with_detail(patched(lined, 25), lined)[138:162, 30:-30]
    assert np.abs(moved - patched(lined, 25).onto(lined)[138:162, 30:-30]).mean() < 2


def test_a_large_change_shows_nothing_of_the_old_texture(face):
    patch = patched(face, -110.0)
    assert np.abs(with_detail(patch, face) - patch.onto(face)).max() < 2


def test_the_plain_paste_is_the_plain_patch(face):
    patch = patched(face, 3)
    mask = np.ones(face.shape[:2], np.float32)
    assert np.allclose(Look("original").laid(patch, face, mask, BOX), patch.onto(face), atol=1e-3)


def test_texture_fades_with_the_change(face):
    """So that a mouth that begins to move does not pop."""
    fine = [
        np.abs(with_detail(patched(face, by), face) - patched(face, by).onto(face)).mean()
        for by in (1, 4, 8, 12, 20, 40)
    ]
    assert fine == sorted(fine, reverse=True)
