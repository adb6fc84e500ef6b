"""How much softer a patch is than its source, measured on the demo's face."""

import cv2
import numpy as np
import pytest

from base.geometry import Affine
from blending.patch import Patch
from blending.softness import blurred, patch_softness, sharpened, softness
from tests.talking import portrait

FACE = portrait()[0].astype(np.float32)


@pytest.mark.parametrize("blur", [0.0, 0.6, 1.0, 1.4])
def test_a_blur_is_measured(blur):
    assert softness(blurred(FACE, blur), FACE) == pytest.approx(1.05 * blur, abs=0.15)


def test_light_and_contrast_are_no_blur():
    pale = 0.8 * blurred(FACE, 0.8) + 30
    assert softness(pale, FACE) == pytest.approx(softness(blurred(FACE, 0.8), FACE), abs=0.1)


def test_a_sharper_patch_is_not_soft():
    assert softness(FACE, blurred(FACE, 0.8)) == 0
    flat = np.full_like(FACE, 128)
    assert np.isfinite(softness(flat, FACE)) and np.isfinite(softness(flat, flat))


@pytest.mark.parametrize("blur", [0.7, 1.2])
def test_sharpening_undoes_a_part_of_the_blur(blur):
    soft = blurred(FACE, blur)
    before, after = (np.abs(p - FACE).mean() for p in (soft, sharpened(soft, blur)))
    assert after < 0.8 * before


def test_sharpening_makes_no_wide_halos():
    soft = blurred(FACE, 1.5)
    kernel = np.ones((3, 3), np.uint8)
    crisp = sharpened(soft, 1.5)
    assert (crisp - cv2.dilate(soft, kernel)).max() < 10
    assert (cv2.erode(soft, kernel) - crisp).max() < 10


def test_what_is_not_soft_is_not_sharpened():
    assert np.array_equal(sharpened(FACE, 0.1), FACE)


def test_a_patch_is_as_soft_as_the_face_around_its_mouth():
    """A new mouth has sharper edges than a closed one, and alone hides the generator's blur."""
    rng = np.random.default_rng(4)
    skin = cv2.GaussianBlur(rng.normal(128, 40, (96, 96, 3)), (0, 0), 0.7)
    source = np.clip(np.rint(skin), 0, 255).astype(np.uint8)
    mouth = slice(64, 76), slice(36, 60)
    source[mouth] = np.linspace(90, 160, 24)[None, :, None]
    new = source.copy()
    new[mouth] = np.where(np.arange(24)[None, :, None] % 6 < 3, 20, 240)
    soft = np.rint(cv2.GaussianBlur(new.astype(np.float32), (0, 0), 0.8)).astype(np.uint8)
    face = np.zeros((12, 24, 3), np.float32)
    patch = Patch(soft, Affine.shift(-36, -64), source)
    assert patch_softness(patch, face) == pytest.approx(0.8, abs=0.15)
    alone = softness(soft[mouth].astype(np.float32), source[mouth].astype(np.float32))
    assert alone < 0.5
