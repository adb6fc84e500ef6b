"""What every way of laying a mouth into a face promises."""

import numpy as np
import pytest

from base.geometry import Box, Landmarks, Rect
from blending.masks import MaskShape
from blending.methods import BLENDERS, Look
from blending.patch import Patch, cut

BOX = Box(12.3, 140.8, 20.6, 121.1)
RECT = Rect(10, 142, 18, 124)
SOURCE = np.full((96, 96, 3), 128, np.uint8)


@pytest.fixture
def face():
    return np.random.default_rng(1).uniform(0, 255, (*RECT.size[::-1], 3)).astype(np.float32)


@pytest.fixture
def patch():
    pixels = np.random.default_rng(2).integers(0, 255, (96, 96, 3), np.uint8)
    return Patch.placed(pixels, BOX, RECT, SOURCE)


def mask_for(look):
    return look.outline(BOX, Landmarks.fixed(BOX)).mask(RECT)


@pytest.mark.parametrize("method", BLENDERS)
@pytest.mark.parametrize("sharpen", [0.0, 0.6, 2.0])
def test_pixels_outside_the_mask_stay(method, sharpen, face, patch):
    look = Look(method, MaskShape(0.4, 41), sharpen)
    mask = mask_for(look)
    new = look.laid(patch, face, mask, BOX)
    assert new.shape == face.shape and new.dtype == np.float32
    assert (new[mask == 0] == face[mask == 0]).all()
    assert not np.array_equal(new, face)


@pytest.mark.parametrize("method", BLENDERS)
def test_inputs_are_not_changed(method, face, patch):
    look = Look(method, sharpen=0.5)
    before, pixels = face.copy(), patch.pixels.copy()
    look.laid(patch, face, mask_for(look), BOX)
    assert np.array_equal(face, before) and np.array_equal(patch.pixels, pixels)


@pytest.mark.parametrize("method", BLENDERS)
def test_the_core_is_the_new_mouth(method, face):
    flat = Patch.placed(np.full((96, 96, 3), 252, np.uint8), BOX, RECT, SOURCE)
    look = Look(method, match_color=False)
    mask = mask_for(look)
    core = look.laid(flat, face, mask, BOX)[mask > 0.999]
    assert np.abs(core - 252).max() < 1


def test_a_face_cut_and_put_back_lies_where_it_was():
    """Box and cut-out share one map, so the mouth neither lags nor shifts (mistake 17)."""
    y, x = np.mgrid[0 : RECT.size[1], 0 : RECT.size[0]].astype(np.float32)
    smooth = np.stack([x, y, x + y], axis=2)
    back = Patch.placed(cut(smooth, RECT, BOX), BOX, RECT, SOURCE).onto(smooth)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(back[inner] - smooth[inner]).mean() < 0.5


def test_cutting_rounds_to_the_nearest_level():
    """A truncated 100.6 would be 100 (mistake 21)."""
    region = np.full((*RECT.size[::-1], 3), 100.6, np.float32)
    assert (cut(region, RECT, BOX) == 101).all()


@pytest.mark.parametrize("method", BLENDERS)
@pytest.mark.parametrize("blur", [0, 51, 255])
def test_skin_beside_the_mouth_stays_as_sharp_as_it_was(method, blur):
    """Filtering the whole box left 7 % of it, halving the resolution 39 % (mistake 19)."""
    if BLENDERS[method].plain:
        return
    grain = np.random.default_rng(4).uniform(60, 200, (*RECT.size[::-1], 3)).astype(np.float32)
    source = cut(grain, RECT, BOX)
    mouth = source.copy()
    mouth[72:84, 36:60] = 30
    look = Look(method, MaskShape(0.6, blur))
    out = look.laid(Patch.placed(mouth, BOX, RECT, source), grain, mask_for(look), BOX)
    beside = (slice(70, 80), slice(8, 30))
    assert out[beside].std() > 0.9 * grain[beside].std()


@pytest.mark.parametrize("wrong", [{"method": "magic"}, {"sharpen": 3.0}])
def test_a_look_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError):
        Look(**wrong)


def test_a_patch_of_another_size_is_refused():
    with pytest.raises(ValueError, match="96x96"):
        Patch.placed(np.zeros((128, 128, 3), np.uint8), BOX, RECT, SOURCE)
