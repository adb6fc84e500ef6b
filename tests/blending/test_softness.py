"""How much softer a patch is than its source, measured on the demo's face."""

import cv2
import numpy as np
import pytest

from blending.softness import blurred, sharpened, softness
from tests.talking import portrait

FACE = portrait()[0].astype(np.float32)


@pytest.mark.parametrize("blur", [0.0, 0.6, 1.0, 1.4])
def test_a_blur_is_measured(blur):
    assert softness(blurred(FACE, blur), FACE) == pytest.approx(1.15 * blur, abs=0.15)


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
