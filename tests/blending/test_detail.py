"""The face keeps its own texture where the generator changed little."""

import numpy as np
import pytest

from base.geometry import Box, Landmarks, Rect
from blending.detail import restore_texture
from blending.methods import BlendSettings
from blending.patch import Patch, cut_square

BOX = Box(10, 310, 20, 260)
RECT = Rect(10, 310, 20, 260)


@pytest.fixture
def face():
    """Texture finer than 96x96 pixels can show."""
    return np.random.default_rng(3).uniform(60, 200, (*RECT.size[::-1], 3)).astype(np.float32)


def patch_of(face, change):
    source = cut_square(face, RECT, BOX)
    pixels = np.clip(source + change, 0, 255).astype(np.uint8)
    return Patch.for_box(pixels, BOX, RECT, source)


@pytest.mark.parametrize("method", ["ellipse", "hd"])
def test_an_unchanged_patch_leaves_the_face_to_the_bit(face, method):
    settings = BlendSettings(method)
    mask = settings.outline(BOX, Landmarks.fixed(BOX)).mask(RECT)
    assert np.array_equal(settings.blend(patch_of(face, 0), face, mask, BOX), face)


def test_a_small_change_keeps_the_texture(face):
    out = restore_texture(patch_of(face, 3), face)
    inner = (slice(20, -20), slice(20, -20))
    assert np.abs(out - face - 3)[inner].max() < 12
    assert out[inner].std() > 0.9 * face[inner].std()


def test_smooth_skin_that_moved_keeps_its_pores():
    """Pores fit other skin as well; outlines do not: they would show twice."""
    rng = np.random.default_rng(8)
    pores = rng.normal(0, 6, (*RECT.size[::-1], 3)).astype(np.float32)
    skin = np.full_like(pores, 150) + pores
    out = restore_texture(patch_of(skin, 25), skin)
    inner = (slice(30, -30), slice(30, -30))
    assert out[inner].std() > 0.7 * skin[inner].std()
    lined = skin.copy()
    lined[140:160] = 40
    blended = restore_texture(patch_of(lined, 25), lined)[138:162, 30:-30]
    assert np.abs(blended - patch_of(lined, 25).warp_pixels(lined)[138:162, 30:-30]).mean() < 2


def test_a_large_change_shows_nothing_of_the_old_texture(face):
    patch = patch_of(face, -110.0)
    assert np.abs(restore_texture(patch, face) - patch.warp_pixels(face)).max() < 2


def test_the_plain_paste_is_the_plain_patch(face):
    patch = patch_of(face, 3)
    mask = np.ones(face.shape[:2], np.float32)
    assert np.allclose(
        BlendSettings("original").blend(patch, face, mask, BOX), patch.warp_pixels(face), atol=1e-3
    )


def test_texture_fades_with_the_change(face):
    """A mouth that begins to move must not change abruptly."""
    differences = [
        np.abs(
            restore_texture(patch_of(face, change), face) - patch_of(face, change).warp_pixels(face)
        ).mean()
        for change in (1, 4, 8, 12, 20, 40)
    ]
    assert differences == sorted(differences, reverse=True)
