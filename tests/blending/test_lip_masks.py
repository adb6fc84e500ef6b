"""Masks that follow the lips: what they cover, what they spare, and that they move smoothly."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from base.geometry import Box
from base.lips import NOSE_BASE, OVAL, Lips
from blending.masks import MaskShape, mouth_ellipse
from blending.methods import BLENDERS, BlendSettings
from blending.pyramid import laplacian_blend
from blending.transitions import align_to_edges, guided_filter
from tests.blending.seen_faces import NAMES, every_face, moved, of_width, portrait, stored_face
from tests.cases import each
from tests.slow import slow

WIDTHS = (48, 160, 270, 1200)
SMALL, USUAL = MaskShape(0.4, 41), MaskShape(0.6, 51)
SHAPES = [MaskShape(region, blur) for region in (0.2, 0.4, 1.0) for blur in (0, 255)]
TURNED = [name for name in NAMES if name.startswith("turned")]


@pytest.fixture(params=["portrait", *NAMES])
def face(request):
    return every_face()[request.param]


def outline_of(face, shape):
    return BlendSettings("ellipse", shape).outline(face.box, face.landmarks, face.lips)


def mask_of(face, shape):
    """The mask, as large as the face's box and some more, and the box's pixels."""
    rect = face.box.padded(10, 10, 10, 10).inside(5000, 5000)
    return outline_of(face, shape).mask(rect), rect


def at(mask, rect, points):
    """The mask at points of the picture."""
    x, y = (np.asarray(points, np.float32) - (rect.left + 0.5, rect.top + 0.5)).T
    return cv2.remap(mask, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


def pixel_centres(rect):
    y, x = np.mgrid[rect.top : rect.bottom, rect.left : rect.right] + 0.5
    return np.stack([x, y], 2)


def downwards(lips):
    """From one corner to the other, and at right angles to it; both of length 1."""
    left, right = lips.lower_outer[[0, -1]]
    across = (right - left) / np.hypot(*(right - left))
    return across, np.array([-across[1], across[0]])


def oval_of(lips, rect):
    """The pixels of the face's outline, one pixel wider."""
    inside = np.zeros(rect.size[::-1], np.uint8)
    points = (lips.mesh(*OVAL) - (rect.left + 0.5, rect.top + 0.5)) * 16
    cv2.fillPoly(inside, [points.round().astype(np.int32)], 1, shift=4)
    return cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0


def dense(line, times=8):
    places = np.linspace(0, len(line) - 1, times * len(line))
    return np.stack([np.interp(places, np.arange(len(line)), part) for part in line.T], 1)


@each("shape", SHAPES)
def test_nothing_changes_outside_the_face(face, shape):
    """An ellipse after five points spills over the jaw of a turned head, onto what is behind it."""
    mask, rect = mask_of(face, shape)
    assert not mask[~oval_of(face.lips, rect)].any()


@pytest.mark.parametrize("name", TURNED)
def test_an_ellipse_would_leave_a_turned_face(name):
    """The test above can fail."""
    face = stored_face(name)
    rect = face.box.padded(10, 10, 10, 10).inside(5000, 5000)
    ellipse = mouth_ellipse(face.box, face.landmarks, MaskShape(1.0, 51)).mask(rect)
    assert (ellipse > 0.02)[~oval_of(face.lips, rect)].sum() > 50


@each("width", WIDTHS)
def test_the_old_lips_are_covered(face, width):
    face = of_width(face, width)
    mask, rect = mask_of(face, USUAL)
    outer = np.concatenate([dense(face.lips.upper_outer), dense(face.lips.lower_outer)])
    shown = at(mask, rect, outer)
    assert shown.mean() >= 0.95 and np.quantile(shown, 0.02) >= 0.7


@pytest.mark.parametrize("shape", [SMALL, USUAL, MaskShape(1.0, 255)], ids=str)
def test_a_mouth_may_open(shape):
    """By about a third of its width, if it is as good as shut; the rest fades."""
    face = stored_face("mustache")
    mask, rect = mask_of(face, shape)
    down = downwards(face.lips)[1]
    lowest = face.lips.lower_outer[4:7]
    for share in (0.1, 0.2, 0.3):
        assert at(mask, rect, lowest + share * face.lips.width * down).min() >= 0.99


@each("width", [100, 600])
@each("region", [0.2, 0.4])
@each("blur", [0, 255])
def test_a_mustache_keeps_its_pixels_to_the_hair(face, width, region, blur):
    """A small region's mask is 0 two pixels above the upper lip, on large faces a little more."""
    face = of_width(face, width)
    mask, rect = mask_of(face, MaskShape(region, blur))
    across, down = downwards(face.lips)
    upper = face.lips.upper_outer
    x, y = pixel_centres(rect) @ across, pixel_centres(rect) @ down
    lip = np.interp(x, upper @ across, upper @ down)
    height = cv2.distanceTransform((y < lip).astype(np.uint8), cv2.DIST_L2, 5) - 0.5
    above = (x > upper[0] @ across) & (x < upper[-1] @ across) & (height > max(2, width / 200))
    assert above.sum() > 100 and not mask[above].any()


def test_a_small_region_still_covers_the_lips(face):
    """All but the soft edge along the upper lip."""
    mask, rect = mask_of(face, SMALL)
    centre = face.lips.lower_outer[1:-1].mean(0)
    lower = face.lips.lower_outer[2:-2]
    upper = 0.75 * face.lips.upper_outer[2:-2] + 0.25 * centre
    assert at(mask, rect, lower).min() >= 0.9 and at(mask, rect, upper).min() >= 0.9


@each("shape", [SMALL, USUAL, MaskShape(1.0, 51)])
def test_the_mask_ends_between_the_nose_and_the_chin(face, shape):
    mask, rect = mask_of(face, shape)
    _, down = downwards(face.lips)
    shown = pixel_centres(rect)[mask > 0] @ down
    assert shown.min() > face.lips.mesh(NOSE_BASE)[0] @ down - 0.1 * face.box.height
    assert shown.max() < (face.lips.mesh(*OVAL) @ down).max()


@each("width", WIDTHS)
@each("shape", SHAPES)
def test_the_mask_fades_to_its_bounds(width, shape):
    face = of_width(portrait(), width)
    outline = outline_of(face, shape)
    rect = outline.bounds.inside(5000, 5000)
    mask = outline.mask(rect)
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert edge.max() <= 0.2 and mask.max() >= 0.98 and mask.min() == 0
    larger, around = mask_of(face, shape)
    assert larger.sum() == pytest.approx(mask.sum(), rel=1e-3)
    assert around.size > rect.size


def test_the_box_limits_the_mask(face):
    """The patch has no pixels outside it, and the mask no edge along its border."""
    x, y = face.landmarks.mouth_centre
    width = face.lips.width
    tight = Box(y - 0.4 * width, y + 0.5 * width, x - 0.45 * width, x + 0.5 * width)
    mask, rect = mask_of(replace(face, box=tight), USUAL)
    points = pixel_centres(rect)
    beyond = (points[..., 0] < tight.left) | (points[..., 0] > tight.right)
    beyond |= (points[..., 1] < tight.top) | (points[..., 1] > tight.bottom)
    assert mask.max() > 0.9 and mask[beyond].max() <= 0.02
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) < 0.8


def test_a_larger_region_and_a_smaller_blur_show_more(face):
    sums = [mask_of(face, MaskShape(region, 51))[0].sum() for region in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert sums == sorted(sums)
    cores = [(mask_of(face, MaskShape(0.8, blur))[0] > 0.98).sum() for blur in (255, 61, 21)]
    assert cores == sorted(cores)


@each("width", [100, 600])
@each("shape", [SMALL, MaskShape(1.0, 51)])
@pytest.mark.parametrize("move", [*map(slow, [(0.1, 0.0), (0.0, 0.1)]), (0.37, -0.21)])
def test_the_mask_moves_with_the_lips_by_fractions_of_a_pixel(face, width, shape, move):
    face = of_width(face, width)
    rect = face.box.padded(10, 10, 10, 10).inside(5000, 5000)
    centres = [
        np.average(pixel_centres(rect).reshape(-1, 2), axis=0, weights=mask.ravel())
        for mask in (outline_of(one, shape).mask(rect) for one in (face, moved(face, *move)))
    ]
    assert np.allclose(centres[1] - centres[0], move, atol=0.01)


def test_nothing_jumps_while_a_mouth_opens(face):
    """Every step of a tenth of a pixel changes the mask a little: nothing is rounded."""
    points = face.lips.points
    rect = face.box.inside(5000, 5000)
    lower = np.zeros_like(points)
    lower[1:10, 1] = lower[20:31, 1] = 1
    masks = [
        outline_of(replace(face, lips=Lips(points + np.float32(0.1 * i) * lower)), SMALL).mask(rect)
        for i in range(80)
    ]
    assert max(np.abs(one - other).max() for one, other in pairwise(masks)) < 0.2


@pytest.mark.parametrize("shape", [SMALL, USUAL], ids=str)
def test_the_mask_scales_with_the_face(shape):
    small, large = (mask_of(of_width(portrait(), width), shape)[0] for width in (160, 640))
    assert (small > 0.5).sum() * 16 == pytest.approx((large > 0.5).sum(), rel=0.04)


def test_equal_lips_share_their_mask():
    """A still's track makes new ones for every frame."""
    face = portrait()
    again = replace(face, lips=Lips(face.lips.points.copy()))
    assert mask_of(face, USUAL)[0] is mask_of(again, USUAL)[0]
    with pytest.raises(ValueError, match="read-only"):
        mask_of(face, USUAL)[0][0, 0] = 1


def test_without_lips_it_is_the_ellipse():
    face = portrait()
    for name in [name for name in BLENDERS if name != "original"]:
        outline = BlendSettings(name, USUAL).outline(face.box, face.landmarks)
        assert outline == mouth_ellipse(face.box, face.landmarks, USUAL)


def test_a_box_without_the_lips_gets_the_ellipse():
    """--box may lie anywhere."""
    face = portrait()
    elsewhere = replace(face, lips=moved(face, 0, 2 * face.box.height).lips)
    assert outline_of(elsewhere, USUAL) == mouth_ellipse(face.box, face.landmarks, USUAL)


@pytest.mark.parametrize("seed", range(8))
def test_points_without_sense_give_a_mask_all_the_same(seed):
    box, rng = portrait().box, np.random.default_rng(seed)
    points = np.tile(np.array(box.centre), (len(portrait().lips.points), 1))
    points += rng.normal(0, 0.1 * box.width * (seed % 4), points.shape)
    face = replace(portrait(), lips=Lips(points.astype(np.float32)))
    mask, _ = mask_of(face, USUAL)
    assert np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1


@each("shape", [SMALL, USUAL])
def test_transitions_keep_the_ends_of_the_mask(face, shape):
    outline = outline_of(face, shape)
    rect = outline.bounds.inside(5000, 5000)
    mask = outline.mask(rect)
    rng = np.random.default_rng(1)
    old, new = (rng.uniform(0, 255, (*mask.shape, 3)).astype(np.float32) for _ in range(2))
    for adapted in (align_to_edges(old, new, mask), guided_filter(old, mask)):
        assert not adapted[mask == 0].any() and adapted[mask > 0.999].min() > 0.98
    blended = laplacian_blend(new, old, mask)
    assert (blended[mask == 0] == old[mask == 0]).all()


def test_outlines_of_a_clip_are_found_once():
    """They are needed before its first frame, and again in every frame."""
    faces = [moved(portrait(), 0.1 * i, 0) for i in range(200)]
    first, again = ([outline_of(face, USUAL) for face in faces] for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len(set(map(id, first))) == 200
