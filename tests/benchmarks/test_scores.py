"""Each score sees its own planted fault, and none in a clean result."""

import cv2
import numpy as np
import pytest

from benchmarks.blend import scores

SIDE = 200
PATCH_PIXEL = 2.0  # pixels: of a face of 192
NOWHERE = np.zeros((SIDE, SIDE), np.bool_)


def box(top, bottom, left, right):
    where = np.zeros((SIDE, SIDE), np.float32)
    where[top:bottom, left:right] = 1
    return where


def disc(radius, feather):
    y, x = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
    return np.clip((radius - np.hypot(x, y)) / feather + 0.5, 0, 1).astype(np.float32)


@pytest.fixture
def face():
    """Skin with texture."""
    grain = np.random.default_rng(1).normal(0, 4, (SIDE, SIDE, 1))
    return (np.array([100, 130, 180]) + grain).astype(np.float32)


@pytest.fixture
def mouths(face):
    """Faces with the old mouth and the new one, and where they differ."""
    old, new = face.copy(), face.copy()
    old[95:101, 60:140] -= 70
    new[90:115, 70:130] -= 90
    new[93:98, 75:125] += 150
    return old, new, np.abs(new - old).max(axis=2) > 20


def blend(new, old, mask):
    return old + mask[:, :, None] * (new - old)


MASK = disc(70, 20)


def test_an_untouched_face_has_no_fault(face):
    assert scores.mask_edge_step(face, face, MASK, NOWHERE) == 0
    assert scores.mask_edge_colour(face, face, MASK, NOWHERE, PATCH_PIXEL) == 0
    assert scores.skin_detail(face, face, MASK, NOWHERE, PATCH_PIXEL) == pytest.approx(1)
    assert scores.outside_mask(face, face, MASK) == 0
    assert scores.skin_flicker([face, face, face], MASK > 0.5) == 0


def test_a_hard_box_is_a_step_of_its_levels(face):
    mask = box(60, 150, 50, 150)
    assert scores.mask_edge_step(face + 6 * mask[:, :, None], face, mask, NOWHERE) == pytest.approx(
        6, abs=0.3
    )


def test_a_soft_border_of_the_same_tint_is_hardly_a_step(face):
    soft = blend(face + 6, face, MASK)
    assert scores.mask_edge_step(soft, face, MASK, NOWHERE) < 0.6


def test_a_step_inside_a_soft_mask_is_seen(face):
    stepped = np.where(MASK[:, :, None] > 0.5, face + 6, face)
    assert scores.mask_edge_step(stepped, face, MASK, NOWHERE) > 2.5


def test_lost_texture_is_no_step(face):
    flat = np.broadcast_to(face.mean(axis=(0, 1)), face.shape).astype(np.float32)
    assert scores.mask_edge_step(blend(flat, face, MASK), face, MASK, NOWHERE) < 0.6


def test_what_moved_is_no_step(face):
    moved = face.copy()
    moved[150:] -= 80
    assert (
        scores.mask_edge_step(
            blend(moved, face, MASK), face, MASK, np.abs(moved - face)[:, :, 0] > 4
        )
        < 1
    )


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 1.0])
def test_coverage_is_the_share_of_the_new_mouth(mouths, share):
    old, new, mouth = mouths
    out = old + share * (new - old)
    assert scores.coverage(out, old, new, mouth, PATCH_PIXEL) == pytest.approx(
        (share, share), abs=0.02
    )


def test_other_colours_and_another_sharpness_are_the_new_mouth_all_the_same(mouths):
    old, new, mouth = mouths
    out = 0.95 * cv2.GaussianBlur(new, (0, 0), 0.8) + np.array([4, -6, 5], np.float32)
    whole, worst = scores.coverage(out, old, new, mouth, PATCH_PIXEL)
    assert whole > 0.97 and worst > 0.9


def test_the_old_mouth_in_one_corner_is_told_apart(mouths):
    """Although on the whole most of the new mouth shows."""
    old, new, mouth = mouths
    out = new.copy()
    out[:, :85] = (0.5 * old + 0.5 * new)[:, :85]
    whole, worst = scores.coverage(out, old, new, mouth, PATCH_PIXEL)
    assert worst < 0.6 < 0.7 < whole


def test_blur_costs_detail(mouths, face):
    _, new, mouth = mouths
    cheek = box(10, 40, 10, 40) > 0
    details = [
        scores.mouth_detail(cv2.GaussianBlur(new, (0, 0), s), face, mouth, cheek, PATCH_PIXEL)
        for s in (0.1, 1.0, 2.0, 4.0)
    ]
    assert details == sorted(details, reverse=True) and details[-1] < 0.5 * details[0]


def test_overshoot_is_a_halo(mouths):
    _, new, mouth = mouths
    soft = cv2.GaussianBlur(new, (0, 0), 2.0)
    sharp = soft + 2 * (soft - cv2.GaussianBlur(soft, (0, 0), 3.0))
    assert scores.halo(soft, soft, mouth, PATCH_PIXEL) < 0.1
    assert scores.halo(1.1 * soft - 8, soft, mouth, PATCH_PIXEL) < 0.1
    assert scores.halo(sharp, soft, mouth, PATCH_PIXEL) > 5


def test_another_tint_is_seen_at_the_edge_of_the_mask(face):
    tinted = blend(face + np.array([0, 0, 8], np.float32), face, MASK)
    faint = blend(face + np.array([0, 0, 2], np.float32), face, MASK)
    step = scores.mask_edge_colour(tinted, face, MASK, NOWHERE, PATCH_PIXEL)
    assert step > 2.5 > 1.5 > scores.mask_edge_colour(faint, face, MASK, NOWHERE, PATCH_PIXEL) > 0.3


def test_a_smoothed_skin_has_lost_its_detail(face):
    smooth = blend(cv2.GaussianBlur(face, (0, 0), 2), face, MASK)
    assert scores.skin_detail(smooth, face, MASK, NOWHERE, PATCH_PIXEL) < 0.5


def test_a_single_changed_pixel_outside_is_seen(face):
    out = face.copy()
    out[3, 3] += 0.25
    assert scores.outside_mask(out, face, MASK) == pytest.approx(0.25, abs=1e-4)


def test_light_that_changes_is_flicker(face):
    assert scores.skin_flicker([face, face + 2, face], MASK > 0.5) == pytest.approx(2, abs=1e-3)
    assert scores.skin_flicker([face], MASK > 0.5) == 0
