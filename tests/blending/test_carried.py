"""Texture carried to the generated mouth: from the face, from donors, and never a wrong one."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Rect
from blending.carried import TREMBLE, carried, optical_flow, shares, steadied, trust
from blending.methods import BlendSettings, alpha
from blending.patch import Patch, cut_square
from blending.texture import Donor, Donors, Texture
from tests.blending.seen_faces import PORTRAIT, TINY_OR_LARGE, in_box, of_width, portrait

WIDTH = 260  # pixels of the face
RANDOM = np.random.default_rng(3)


@lru_cache(maxsize=1)
def still():
    """The portrait with pores, and the face in it."""
    picture, seen = cv2.imread(str(PORTRAIT)), portrait()
    face = of_width(seen, WIDTH)
    to_large = Affine.square_to_box(1, seen.box).inverse().then(Affine.square_to_box(1, face.box))
    size = (round(face.box.right) + 40, round(face.box.bottom) + 40)
    large = cv2.warpAffine(
        picture.astype(np.float32),
        to_large.warp_matrix(),
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    pores = cv2.GaussianBlur(RANDOM.normal(0, 1, large.shape[:2]), (0, 0), 0.8)
    return np.clip(large + 9 / pores.std() * 0.5 * pores[:, :, None], 0, 255), face


def opened(drop, teeth=False):
    """The portrait with its lower lip and chin moved down, and darkness between the lips."""
    picture, face = still()
    lips, width = face.lips, face.lips.width
    height = picture.shape[0]
    y, x = np.mgrid[0:height, 0 : picture.shape[1]].astype(np.float32) + 0.5
    line = (lips.upper_inner + lips.lower_inner) / 2
    middle = np.interp(x[0], line[:, 0], line[:, 1])[None]
    arch = np.clip(1 - ((x - line[:, 0].mean()) / (0.55 * width)) ** 2, 0, 1)
    fall = drop * width * arch
    lowered = y >= middle + fall
    fading = np.clip(1 - (y - middle - fall) / (0.9 * width), 0, 1)
    source = np.where(lowered, y - fall * np.minimum(1, 1.5 * fading), y)
    moved = cv2.remap(
        picture.astype(np.float32), x - 0.5, (source - 0.5).astype(np.float32), cv2.INTER_CUBIC
    )
    gap = cv2.GaussianBlur(((y > middle) & ~lowered).astype(np.float32), (0, 0), 0.01 * width)
    inside = np.where((y - middle < 0.6 * fall) & teeth, 225.0, 40.0)
    return np.clip(moved + gap[:, :, None] * (inside[:, :, None] - moved), 0, 255)


def donor(picture, shift=(7, -4)):
    """The whole picture, elsewhere."""
    x, y = shift
    matrix = Affine.shift(x, y).warp_matrix()
    moved = cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    lips = still()[1].lips.mapped(Affine.shift(x, y))
    return Donor(np.rint(moved).astype(np.uint8), lips)


class Scene:
    """The portrait, which gets the mouth of another picture of it."""

    def __init__(self, truth, blur=0.8, donors=(), before=None):
        picture, face = still()
        picture = picture if before is None else before
        outline = BlendSettings().outline(face.box, face.landmarks, face.lips)
        self.rect = outline.bounds.inside(picture.shape[1], picture.shape[0])
        self.mask, self.box = outline.mask(self.rect), face.box
        full = face.box.inside(picture.shape[1], picture.shape[0])
        source, new = (
            cut_square(p[full.slices].astype(np.float32), full, face.box) for p in (picture, truth)
        )
        soft = cv2.GaussianBlur(new.astype(np.float32), (0, 0), blur) if blur else new
        self.face = picture[self.rect.slices].astype(np.float32)
        self.truth = truth[self.rect.slices].astype(np.float32)
        self.lips = face.lips.mapped(Affine.shift(-self.rect.left, -self.rect.top))
        texture = Texture(self.lips, Donors.of(donors) if donors else None)
        self.patch = Patch.for_box(
            np.rint(soft).astype(np.uint8), face.box, self.rect, source, texture
        )

    def blended(self, method):
        return BlendSettings(method).blend(self.patch, self.face, self.mask, self.box)

    def mouth(self):
        """Boolean mask of the lips and what is below them."""
        points = self.lips.points[:40]
        low = points + np.array([0, 0.3 * self.lips.width])
        hull = cv2.convexHull(np.rint(np.concatenate([points, low])).astype(np.int32))
        mouth = np.zeros(self.mask.shape, np.uint8)
        cv2.fillConvexPoly(mouth, hull, 1)
        return (mouth > 0) & (self.mask > 0.9)

    def psnr(self, method):
        error = (self.blended(method) - self.truth)[self.mouth()]
        return 10 * np.log10(255**2 / np.square(error).mean())


def test_without_texture_it_is_the_plain_blend():
    scene = Scene(opened(0.12))
    patch = replace(scene.patch, texture=None)
    plain = alpha(patch, scene.face, scene.mask)
    assert np.array_equal(carried(patch, scene.face, scene.mask), plain)
    assert not np.array_equal(carried(scene.patch, scene.face, scene.mask), plain)


def test_a_mouth_that_does_not_move_is_the_face_to_the_bit():
    scene = Scene(still()[0], blur=0)
    patch = replace(scene.patch, pixels=scene.patch.source)
    assert np.array_equal(carried(patch, scene.face, scene.mask), scene.face)


@pytest.mark.parametrize("drop", [0.08, 0.15])
def test_a_still_carries_its_own_lips(drop):
    scene = Scene(opened(drop))
    assert scene.psnr("lips") > scene.psnr("ellipse") + 1
    assert scene.psnr("lips") > scene.psnr("hd")


def test_a_donor_brings_what_the_face_does_not_show():
    true = opened(0.2, teeth=True)
    alone = Scene(true)
    donors = [donor(still()[0]), donor(opened(0.08)), donor(true)]
    assert Scene(true, donors=donors).psnr("lips") > alone.psnr("lips") + 1


def test_the_donor_with_the_nearest_mouth_is_taken():
    pictures = [opened(drop, teeth) for drop, teeth in ((0.0, False), (0.1, False), (0.2, True))]
    donors = Donors.of([donor(picture) for picture in pictures])
    lips = still()[1].lips
    for number, picture in enumerate(pictures):
        brighter = np.asarray(0.9 * picture + 12, np.float32)
        assert donors.nearest(brighter, lips) is donors.donors[number]


@pytest.mark.parametrize("where", ["own", "donor"])
def test_closed_lips_show_no_teeth(where):
    """Not those of the frame, nor those of a donor."""
    closed, wide = still()[0], opened(0.25, teeth=True)
    donors = [donor(wide)] if where == "donor" else ()
    scene = Scene(closed, donors=donors, before=wide if where == "own" else None)
    mouth = scene.mouth()
    plain, new = (scene.blended(method)[mouth].max(axis=1) for method in ("ellipse", "lips"))
    assert np.percentile(new - plain, 99.5) < 40
    assert scene.psnr("lips") > scene.psnr("ellipse") - 0.1


def test_a_foreign_donor_does_no_harm():
    """Its texture is not trusted, and the frame lends its own as if there were no donor."""
    noise = RANDOM.integers(0, 255, (300, 300, 3)).astype(np.uint8)
    foreign = Donor(noise, in_box(portrait(), Box(20, 280, 40, 250)).lips)
    alone, scene = Scene(opened(0.12)), Scene(opened(0.12), donors=[foreign])
    assert alone.psnr("lips") > alone.psnr("ellipse") + 1
    assert scene.psnr("lips") > alone.psnr("lips") - 0.2


def test_only_the_same_texture_is_trusted():
    picture, other = (RANDOM.uniform(0, 255, (48, 64, 3)).astype(np.float32) for _ in range(2))
    for blur in (0.0, 1.2):
        assert trust(picture, picture, blur).min() > 0.999
        assert trust(picture, other, blur).max() < 0.15
        assert trust(picture, picture + np.float32(20), blur).min() > 0.99  # light is no texture


def test_a_soft_patch_trusts_less():
    """More of it is replaced, so that a difference shows more."""
    picture = RANDOM.uniform(0, 255, (48, 64, 3)).astype(np.float32)
    similar = np.asarray(picture + 0.4 * RANDOM.uniform(-99, 99, picture.shape), np.float32)
    sharp, half, soft = (trust(picture, similar, blur).mean() for blur in (0.0, 0.35, 0.7))
    assert sharp > half + 0.05 > soft + 0.1
    assert trust(picture, similar, 2.0).mean() == soft


def test_the_layers_share_what_the_best_of_them_deserves():
    best, worse, none = np.float32([[0.9, 0.5]]), np.float32([[0.3, 0.5]]), np.float32([[0, 0]])
    for trusts in ((best, worse, none), (none, best, worse)):
        assert np.allclose(np.sum(shares(trusts), axis=0), best)
    large, small = shares((best, worse))
    assert np.allclose(large / small, [[9, 1]])
    assert np.array_equal(shares((none, none)), [none, none])


def test_the_flow_leads_to_where_the_same_is_shown():
    picture = cv2.GaussianBlur(RANDOM.uniform(0, 255, (60, 80, 3)).astype(np.float32), (0, 0), 2)
    picture = (picture - picture.mean()) * 4 + 128
    moved = cv2.warpAffine(picture, np.array([[1, 0, 2.0], [0, 1, -1.0]]), (80, 60))
    flow = optical_flow(picture, moved)[15:-15, 15:-15]
    assert np.abs(np.median(flow, axis=(0, 1)) - [2, -1]).max() < 0.2


def test_skin_that_does_not_move_is_steady():
    """Noise of the generator moves none of it; without steadying the flow it trembles."""
    rng, frames = np.random.default_rng(1), []
    for _ in range(4):
        scene = Scene(still()[0], blur=0.6)
        noise = rng.uniform(-1.5, 1.5, scene.patch.pixels.shape)
        noisy = np.clip(np.rint(scene.patch.pixels + noise), 0, 255).astype(np.uint8)
        scene.patch = replace(scene.patch, pixels=noisy)
        frames.append([scene.blended(method)[scene.mask > 0.9] for method in ("ellipse", "lips")])
    plain, new = (np.abs(np.diff(one, axis=0)).mean() for one in zip(*frames, strict=True))
    assert new < plain


def test_short_motions_are_shrunk_and_long_ones_stay():
    flow = np.zeros((1, 2, 2), np.float32)
    flow[0, :, 0] = 0.1, 4.0
    short, long = steadied(flow, TREMBLE)[0, :, 0]
    assert short < 0.01 and long > 3.9
    assert np.array_equal(steadied(flow, 0), flow)


@pytest.mark.parametrize("blur", [0.0, 0.7, 1.2])
def test_outside_the_mask_nothing_changes(blur):
    scene = Scene(opened(0.2, teeth=True), blur, [donor(opened(0.1)), donor(still()[0])])
    mask = np.where(scene.mask > 0.5, scene.mask, 0).astype(np.float32)
    new = carried(scene.patch, scene.face, mask)
    assert (new[mask == 0] == scene.face[mask == 0]).all() and np.isfinite(new).all()
    assert not np.array_equal(new, scene.face)


@pytest.mark.parametrize("with_donors", [False, True])
@pytest.mark.parametrize("rect", [*TINY_OR_LARGE, Rect(0, 280, 0, 226)])
def test_a_region_may_be_tiny_or_larger_than_the_face(rect, with_donors):
    """The face may lie across the frame's border, and a donor be a few pixels large."""
    box = Box(-40, 280, -30, 226)
    lips = in_box(portrait(), box).lips
    pixels, source = RANDOM.integers(0, 255, (2, 96, 96, 3), np.uint8)
    tiny = Donor(RANDOM.integers(0, 255, (2, 2, 3), np.uint8), lips.scaled(0.01))
    texture = Texture(
        lips.mapped(Affine.shift(-rect.left, -rect.top)), Donors.of([tiny]) if with_donors else None
    )
    face = np.full((*rect.size[::-1], 3), 128, np.float32)
    patch = Patch.for_box(pixels, box, rect, source, texture)
    blended = carried(patch, face, np.ones(face.shape[:2], np.float32))
    assert blended.shape == face.shape and np.isfinite(blended).all()
