"""A patch takes on the colours of the face that it is blended into."""

import numpy as np
import pytest

from base.geometry import Box, Landmarks, Rect
from blending.color import match_colors
from blending.masks import MaskShape
from blending.methods import BLENDERS, BlendSettings
from blending.patch import Patch, cut_square

BOX, RECT = Box(10, 330, 20, 276), Rect(10, 330, 20, 276)
LANDMARKS = Landmarks.fixed(BOX)
SETTINGS = BlendSettings("ellipse", MaskShape(0.6, 51))
MASK = SETTINGS.outline(BOX, LANDMARKS).mask(RECT)
LIPS = (slice(68, 82), slice(34, 62))  # rows and columns of the patch


@pytest.fixture
def face():
    """Skin with soft shading and pores."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0 : RECT.size[1], 0 : RECT.size[0]] / 60
    shades = 24 * np.sin(x)[:, :, None] + 18 * np.cos(y)[:, :, None]
    pores = rng.normal(0, 2, (*RECT.size[::-1], 1))
    return (np.array([110.0, 130, 180]) + shades + pores).astype(np.float32)


def patch_of(face, shift=(0, 0, 0), contrast=1.0, lips=None):
    source = cut_square(face, RECT, BOX)
    pixels = (source - source.mean((0, 1))) * contrast + source.mean((0, 1)) + shift
    if lips is not None:
        pixels[LIPS] = lips
    return Patch.for_box(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), BOX, RECT, source)


def color_error(patch):
    """(3,): mean levels between the patch and its source face, outside the lips."""
    difference = patch.pixels.astype(np.float32) - patch.source
    difference[LIPS] = np.nan
    return np.abs(np.nanmean(difference[50:90, 15:80], axis=(0, 1)))


@pytest.mark.parametrize("shift", [(4, -3, 6), (-6, -6, -6), (2, 5, -4)])
def test_a_shift_of_colour_is_corrected(face, shift):
    patch = patch_of(face, shift, lips=(40, 30, 60))
    assert color_error(patch).max() > 1.5
    assert color_error(match_colors(patch, MASK)).max() < 0.4


def test_contrast_is_corrected(face):
    flat = patch_of(face, contrast=0.85)
    inner = (slice(50, 90), slice(15, 80))
    deviations = [p.pixels[inner].std((0, 1)).mean() for p in (flat, match_colors(flat, MASK))]
    expected = flat.source[inner].std((0, 1)).mean()
    assert abs(deviations[1] - expected) < 0.6 * abs(deviations[0] - expected)


def test_the_correction_is_limited(face):
    """Another person's skin is not recoloured to the face's."""
    patch = patch_of(face, (90, -90, -90))
    change = np.asarray(match_colors(patch, MASK).pixels, np.float32) - patch.pixels
    assert 5 < np.abs(change).max() < 60


def test_lips_that_reach_into_the_ring_do_not_count(face):
    """Else the skin would change its shade while the mouth opens."""
    shut, wide = patch_of(face, (4, -3, 6)), patch_of(face, (4, -3, 6))
    wide.pixels[66:92, 30:66] = (30, 20, 50)
    cheek = (slice(50, 60), slice(15, 30))
    cheeks = [match_colors(p, MASK).pixels[cheek].astype(np.float32) for p in (shut, wide)]
    assert np.abs(cheeks[0] - cheeks[1]).max() < 0.5


def test_the_match_is_steady_under_noise(face):
    rng = np.random.default_rng(2)
    means = []
    for _ in range(8):
        patch = patch_of(face, rng.uniform(2, 6, 3))
        noisy = patch.pixels + np.rint(rng.normal(0, 1, patch.pixels.shape))
        noisy = Patch(noisy.clip(0, 255).astype(np.uint8), patch.to_region, patch.source)
        means.append(np.asarray(match_colors(noisy, MASK).pixels)[50:90, 15:80].mean((0, 1)))
    assert np.ptp(means, axis=0).max() < 0.4


def test_a_patch_equal_to_its_source_stays_to_the_bit(face):
    patch = patch_of(face)
    assert match_colors(patch, MASK) is patch


def test_without_a_visible_ring_nothing_is_matched(face):
    patch = patch_of(face, (4, 4, 4))
    assert match_colors(patch, np.zeros_like(MASK)) is patch


@pytest.mark.parametrize("method", BLENDERS)
def test_every_method_but_the_plain_paste_matches_colours(method, face):
    patch = patch_of(face, (6, 6, 6))
    core = MASK > 0.999
    step = {
        match: np.abs(
            (BlendSettings(method, match_color=match).blend(patch, face, MASK, BOX) - face)[
                core
            ].mean()
        )
        for match in (True, False)
    }
    assert step[False] > 4
    assert step[True] == step[False] if BLENDERS[method].keeps_colors else step[True] < 1
