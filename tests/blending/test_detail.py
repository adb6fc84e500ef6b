"""The face's own texture comes back where the generator changed nothing."""

import numpy as np
import pytest

from blending.detail import with_detail
from blending.methods import Look
from blending.patch import Patch, cut
from geometry import Box, Landmarks, Rect

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


def test_a_large_change_shows_nothing_of_the_old_texture(face):
    patch = patched(face, 60)
    assert np.abs(with_detail(patch, face) - patch.onto(face)).max() < 0.01


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
