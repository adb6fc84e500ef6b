import math
from dataclasses import replace

import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks
from blending.masks import MaskShape, WholeBox, mouth_ellipse
from tests.cases import each

SIZES = (48, 96, 160, 256, 512, 1200)
REGIONS = (0.2, 0.4, 0.6, 1.0)
BLURS = (0, 41, 51, 61, 255)


def face(size, x=20.0, y=30.0):
    box = Box(y, y + 1.25 * size, x, x + size)
    return box, Landmarks.fixed(box)


def mask_of(size, region, blur):
    box, landmarks = face(size)
    outline = mouth_ellipse(box, landmarks, MaskShape(region, blur))
    rect = outline.bounds.inside(5000, 5000)
    return outline.mask(rect), rect, landmarks, box


@each("size", SIZES)
@each("region", REGIONS)
@each("blur", BLURS)
def test_the_mask_is_1_on_the_mouth_and_0_at_the_border(size, region, blur):
    """A blur of a fixed number of pixels would let the old mouth show through on small faces."""
    mask, rect, landmarks, _ = mask_of(size, region, blur)
    x, y = landmarks.mouth_centre
    assert mask[int(y) - rect.top, int(x) - rect.left] >= 0.98
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert edge.max() <= 0.1  # its pixels lie up to half a pixel inside
    assert mask.min() >= 0 and mask.max() <= 1


def test_the_mask_scales_with_the_face():
    """The soft edge is the same share of a small face and of a large one."""
    small, *_ = mask_of(128, 0.6, 51)
    large, *_ = mask_of(512, 0.6, 51)
    assert (small > 0.5).sum() * 16 == pytest.approx((large > 0.5).sum(), rel=0.02)
    assert ((small > 0.1) & (small < 0.9)).mean() == pytest.approx(
        ((large > 0.1) & (large < 0.9)).mean(), rel=0.05
    )


@each("size", SIZES)
@each("region", [0.2, 0.3, 0.4])
@each("blur", BLURS)
def test_a_small_region_leaves_the_mustache_its_own_pixels(size, region, blur):
    """The mask is 0 above the middle between the nose and the line of the mouth."""
    box, landmarks = face(size)
    mask = mouth_ellipse(box, landmarks, MaskShape(region, blur)).mask(box.inside(5000, 5000))
    middle = (landmarks.nose[1] + landmarks.mouth_centre[1]) / 2
    assert not mask[: int(middle - box.top)].any()


@each("size", SIZES)
@each("region", REGIONS)
@each("blur", BLURS)
def test_the_mouth_corners_stay_inside(size, region, blur):
    mask, rect, landmarks, _ = mask_of(size, region, blur)
    for x, y in (landmarks.left_mouth, landmarks.right_mouth):
        assert mask[int(y) - rect.top, int(x) - rect.left] > 0.5


def test_a_turned_head_s_mustache_is_spared_too():
    """Its nose lies to the side; the mask depends on how far the nose lies above the mouth."""
    box, upright = face(256)
    nose = (upright.nose[0] + 40, upright.nose[1] + 6)
    mask = mouth_ellipse(box, replace(upright, nose=nose), MaskShape(0.4, 41)).mask(
        box.inside(5000, 5000)
    )
    assert not mask[: int((nose[1] + upright.mouth_centre[1]) / 2 - box.top) - 2].any()


def test_a_larger_region_shows_more():
    sums = [mask_of(256, region, 51)[0].sum() for region in REGIONS]
    assert sums == sorted(sums)


def test_the_mask_turns_with_the_head():
    box, upright = face(256)
    turn, (cx, cy) = math.radians(25), box.centre
    rotation = (
        Affine.shift(-cx, -cy)
        .then(Affine(math.cos(turn), -math.sin(turn), 0, math.sin(turn), math.cos(turn), 0))
        .then(Affine.shift(cx, cy))
    )
    outline = mouth_ellipse(box, upright.mapped(rotation), MaskShape(0.4, 41))
    assert outline.roll == pytest.approx(turn)
    mask = outline.mask(outline.bounds.inside(5000, 5000))
    left, right = mask[:, : mask.shape[1] // 2], mask[:, mask.shape[1] // 2 :]
    rows = [(m.sum(1) * np.arange(len(m))).sum() / m.sum() for m in (left, right)]
    assert rows[1] > rows[0] + 2


def test_the_mask_moves_by_fractions_of_a_pixel():
    (box, landmarks), (shifted_box, shifted_landmarks) = face(128), face(128, x=20.5)
    rect = box.inside(5000, 5000)
    first = mouth_ellipse(box, landmarks, MaskShape()).mask(rect)
    second = mouth_ellipse(shifted_box, shifted_landmarks, MaskShape()).mask(rect)
    columns = np.arange(first.shape[1])
    centres = [(m.sum(0) * columns).sum() / m.sum() for m in (first, second)]
    assert centres[1] - centres[0] == pytest.approx(0.5, abs=0.02)


def test_masks_are_read_only():
    mask, *_ = mask_of(96, 0.6, 51)
    with pytest.raises(ValueError, match="read-only"):
        mask[0, 0] = 1


def test_the_plain_paste_covers_the_box():
    box, _ = face(96)
    rect = box.inside(5000, 5000)
    assert (WholeBox(box).mask(rect) == 1).all()


@pytest.mark.parametrize("shape", [{"region_size": 0.1}, {"region_size": 1.1}, {"blur": -1}])
def test_a_shape_out_of_range_is_refused(shape):
    with pytest.raises(ValueError, match="must"):
        replace(MaskShape(), **shape)


@pytest.mark.parametrize(
    "box", [Box(30, 90, 20, 120), Box(150, 190, 20, 120), Box(30, 190, 90, 120)]
)
def test_a_box_without_the_mouth_still_gives_a_mask(box):
    """--pads may cut the mouth off."""
    landmarks = Landmarks.fixed(Box(30, 155, 20, 75))
    outline = mouth_ellipse(box, landmarks, MaskShape())
    assert outline.mask(outline.bounds.inside(500, 500)).max() <= 1
