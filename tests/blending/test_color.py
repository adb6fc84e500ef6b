"""The new mouth has the colours of the face it is laid into."""

import numpy as np
import pytest

from base.geometry import Box, Landmarks, Rect
from blending.color import matched
from blending.masks import MaskShape
from blending.methods import BLENDERS, Look
from blending.patch import Patch, cut

BOX, RECT = Box(10, 330, 20, 276), Rect(10, 330, 20, 276)
LANDMARKS = Landmarks.fixed(BOX)
LOOK = Look("ellipse", MaskShape(0.6, 51))
MASK = LOOK.outline(BOX, LANDMARKS).mask(RECT)
LIPS = (slice(68, 82), slice(34, 62))  # of the patch


@pytest.fixture
def face():
    """Skin with soft shades and pores."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0 : RECT.size[1], 0 : RECT.size[0]] / 60
    shades = 24 * np.sin(x)[:, :, None] + 18 * np.cos(y)[:, :, None]
    pores = rng.normal(0, 2, (*RECT.size[::-1], 1))
    return (np.array([110.0, 130, 180]) + shades + pores).astype(np.float32)


def patch_of(face, shift=(0, 0, 0), contrast=1.0, lips=None):
    source = cut(face, RECT, BOX)
    made = (source - source.mean((0, 1))) * contrast + source.mean((0, 1)) + shift
    if lips is not None:
        made[LIPS] = lips
    return Patch.placed(np.clip(np.rint(made), 0, 255).astype(np.uint8), BOX, RECT, source)


def off(patch):
    """Levels between the patch and the face it was made from, outside the lips."""
    apart = patch.pixels.astype(np.float32) - patch.source
    apart[LIPS] = np.nan
    return np.abs(np.nanmean(apart[50:90, 15:80], axis=(0, 1)))


@pytest.mark.parametrize("shift", [(4, -3, 6), (-6, -6, -6), (2, 5, -4)])
def test_a_shift_of_colour_is_taken_back(face, shift):
    patch = patch_of(face, shift, lips=(40, 30, 60))
    assert off(patch).max() > 1.5
    assert off(matched(patch, MASK)).max() < 0.4


def test_contrast_is_taken_back(face):
    flat = patch_of(face, contrast=0.85)
    inner = (slice(50, 90), slice(15, 80))
    spread = [p.pixels[inner].std((0, 1)).mean() for p in (flat, matched(flat, MASK))]
    wanted = flat.source[inner].std((0, 1)).mean()
    assert abs(spread[1] - wanted) < 0.6 * abs(spread[0] - wanted)


def test_it_is_bounded(face):
    """A patch of another person's skin is not painted over."""
    patch = patch_of(face, (90, -90, -90))
    moved = np.asarray(matched(patch, MASK).pixels, np.float32) - patch.pixels
    assert 5 < np.abs(moved).max() < 60


def test_lips_that_reach_into_the_ring_do_not_count(face):
    """So that the skin does not change its shade while the mouth opens."""
    shut, wide = patch_of(face, (4, -3, 6)), patch_of(face, (4, -3, 6))
    wide.pixels[66:92, 30:66] = (30, 20, 50)
    cheek = (slice(50, 60), slice(15, 30))
    apart = [matched(p, MASK).pixels[cheek].astype(np.float32) for p in (shut, wide)]
    assert np.abs(apart[0] - apart[1]).max() < 0.5


def test_it_is_steady_under_noise(face):
    rng = np.random.default_rng(2)
    tones = []
    for _ in range(8):
        patch = patch_of(face, rng.uniform(2, 6, 3))
        noisy = patch.pixels + np.rint(rng.normal(0, 1, patch.pixels.shape))
        noisy = Patch(noisy.clip(0, 255).astype(np.uint8), patch.to_region, patch.source)
        tones.append(np.asarray(matched(noisy, MASK).pixels)[50:90, 15:80].mean((0, 1)))
    assert np.ptp(tones, axis=0).max() < 0.4


def test_what_is_equal_stays_to_the_bit(face):
    patch = patch_of(face)
    assert matched(patch, MASK) is patch


def test_without_a_ring_in_view_nothing_is_matched(face):
    patch = patch_of(face, (4, 4, 4))
    assert matched(patch, np.zeros_like(MASK)) is patch


@pytest.mark.parametrize("method", BLENDERS)
def test_every_method_but_the_plain_paste_matches(method, face):
    patch = patch_of(face, (6, 6, 6))
    core = MASK > 0.999
    step = {
        match: np.abs(
            (Look(method, match_color=match).laid(patch, face, MASK, BOX) - face)[core].mean()
        )
        for match in (True, False)
    }
    assert step[False] > 4
    assert step[True] == step[False] if BLENDERS[method].plain else step[True] < 1
