"""HD: what each of the seven steps does, and the mouth that they make together."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import inference_hd_fast
from base.geometry import Affine, Box, Landmarks
from blending.hd import (
    FULL_STRENGTH_BLUR,
    MAX_COLOR_SHIFT,
    STEPS,
    Target,
    double_size,
    enhance,
    enhance_contrast,
    enhance_mouth_region,
    enlarge,
    hd,
    narrow_edges,
    reduce_noise,
    restore_colors,
    unsharp_mask,
)
from blending.masks import MaskShape
from blending.methods import BlendSettings, alpha
from blending.patch import Patch
from blending.resample import CUBIC, resample
from tests.blending.seen_faces import TINY_OR_LARGE
from tests.talking import portrait

SMILE, POINTS = portrait()


def opened(face=SMILE):
    """The portrait with an open mouth, as soft as a network's; the skin is unchanged."""
    fine = cv2.resize(face, (768, 768), interpolation=cv2.INTER_CUBIC)
    (ax, ay), (bx, by) = POINTS[3:]
    x, y = round((ax + bx) / 2 * 8), round((ay + by) / 2 * 8)
    cv2.ellipse(fine, (x, y), (150, 104), 5, 0, 360, (95, 90, 175), -1)
    cv2.ellipse(fine, (x, y), (126, 78), 5, 0, 360, (28, 22, 52), -1)
    for tooth in range(-2, 3):
        left = x + tooth * 36
        cv2.rectangle(fine, (left - 16, y - 58), (left + 16, y - 8), (195, 208, 215), -1)
    cv2.ellipse(fine, (x, y + 50), (64, 22), 5, 0, 360, (60, 55, 120), -1)
    small = cv2.resize(fine, (96, 96), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 0.7)
    rows, columns = np.mgrid[0:96, 0:96] + 0.5
    near = np.hypot(columns - x / 8, (rows - y / 8) * 1.3) < 30
    return np.where(near[:, :, None], soft, face)


MOUTH = opened()


class Scene:
    """A face `size` pixels wide with fine texture, its mask, and its patch."""

    def __init__(self, size, pixels=MOUTH, shift=0.0, region=0.6):
        self.box = Box(20, 20 + 1.25 * size, 10 + shift, 10 + shift + size)
        to_box = Affine.square_to_box(96, self.box)
        self.landmarks = Landmarks.of(POINTS).mapped(to_box)
        outline = BlendSettings("ellipse", MaskShape(region)).outline(self.box, self.landmarks)
        self.rect = outline.bounds.inside(4000, 4000)
        self.mask = outline.mask(self.rect)
        self.patch = Patch.for_box(pixels, self.box, self.rect, SMILE)
        width, height = self.rect.size
        coarse = replace(self.patch, pixels=SMILE).warp_pixels(
            np.empty((height, width, 3), np.float32)
        )
        noise = np.random.default_rng(5).normal(0, 4, (height, width, 1))
        self.face = np.clip(coarse + noise, 0, 255).astype(np.float32)

    @property
    def plain(self):
        return self.patch.warp_pixels(self.face)

    def mouth(self, reach=1.0):
        """Boolean mask of the new mouth."""
        mx, my = self.landmarks.mouth_centre
        wide = 0.45 * self.landmarks.mouth_width * reach
        y, x = np.mgrid[self.rect.top : self.rect.bottom, self.rect.left : self.rect.right] + 0.5
        return ((x - mx) / wide) ** 2 + ((y - my) / wide) ** 2 < 1


def light(picture):
    return cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_BGR2GRAY)


def steepness(picture, where):
    """The mean brightness gradient, weighted by itself: flat areas do not count."""
    gradient = np.hypot(*np.gradient(light(picture)))[where]
    return np.square(gradient).sum() / gradient.sum()


def range_excess(picture, plain, scale):
    """Levels by which pixels leave the range that `plain` has within a patch pixel."""
    kernel = np.ones((2 * round(scale * 1.25) + 1, 2 * round(scale) + 1), np.uint8)
    low, high = cv2.erode(light(plain), kernel), cv2.dilate(light(plain), kernel)
    return np.maximum(light(picture) - high, low - light(picture))


def grey(levels, scale=2.0):
    """A patch of these levels, and the target for enlarging it."""
    pixels = np.zeros((96, 96, 3), np.float32) + np.asarray(levels, np.float32)
    to_region = Affine(scale, 0, 0, 0, scale, 0)
    patch = Patch(pixels, to_region, SMILE)
    region = np.empty((round(96 * scale), round(96 * scale), 3), np.float32)
    return pixels, Target.of(patch, patch.warp_pixels(region), FULL_STRENGTH_BLUR)


def step(low, high, soft):
    """(96, 96, 1): dark on the left, light on the right, blurred by `soft` pixels."""
    row = np.where(np.arange(96) < 48, low, high).astype(np.float32)
    return cv2.GaussianBlur(np.tile(row, (96, 1)), (0, 0), soft)[:, :, None]


def test_there_are_seven_steps_in_their_order():
    """HD is more than a bicubic resize and an unsharp mask."""
    assert [*STEPS.values()] == [
        *(double_size, narrow_edges, reduce_noise, enlarge),
        *(unsharp_mask, enhance_contrast, restore_colors),
    ]


@pytest.mark.parametrize("name", [name for name in STEPS if name != "enlarge"])
def test_no_step_can_be_left_out(name):
    """Every step changes the result visibly."""
    scene = Scene(256)
    remaining = {n: s for n, s in STEPS.items() if n != name}
    without = enhance(scene.patch, scene.plain, remaining)
    assert np.abs(without - enhance(scene.patch, scene.plain))[scene.mouth()].max() > 1.5


def test_the_patch_is_doubled_to_192():
    picture, target = grey(0)
    assert double_size(picture, target).shape == (192, 192, 3)


def test_doubling_is_cubic_and_makes_no_stripes():
    """Sharpening would make stripes visible."""
    rows = np.arange(96, dtype=np.float32)
    picture, target = grey((0.01 * rows**2 + rows)[:, None, None])
    fine = (np.arange(192, dtype=np.float32) + 0.5) / 2 - 0.5
    expected = (0.01 * fine**2 + fine)[:, None, None]
    assert np.abs(double_size(picture, target) - expected)[6:-6].max() < 1e-3


def test_edges_become_steeper_within_their_range():
    picture, target = grey(step(40, 180, 0.8))
    square = double_size(picture, target)
    narrowed = narrow_edges(square, target)
    everywhere = np.ones(square.shape[:2], bool)
    assert steepness(narrowed, everywhere) > 1.1 * steepness(square, everywhere)
    assert narrowed.min() >= square.min() - 0.5 and narrowed.max() <= square.max() + 0.5


def test_shading_is_no_edge():
    picture, target = grey(np.linspace(100, 180, 96, dtype=np.float32)[None, :, None])
    square = double_size(picture, target)
    assert np.abs(narrow_edges(square, target) - square).max() < 0.1


def test_smoothing_lowers_noise_and_keeps_edges():
    noise = np.random.default_rng(1).normal(0, 3, (96, 96, 3)).astype(np.float32)
    picture, target = grey(step(60, 180, 0.3) + noise)
    smooth = reduce_noise(picture, target)
    assert smooth[:, 4:40].std() < 0.8 * picture[:, 4:40].std()
    assert np.diff(smooth.mean(axis=(0, 2))).max() > 0.97 * np.diff(picture.mean(axis=(0, 2))).max()


def test_the_final_size_is_resampled_by_lanczos_from_192():
    scene = Scene(256)
    target = Target.of(scene.patch, scene.plain)
    square = double_size(scene.patch.pixels[target.part].astype(np.float32), target)
    large = enlarge(square, target)
    to_region = Affine(0.5, 0, 0, 0, 0.5, 0).then(target.to_region)
    cubic = resample(square, to_region, scene.rect.size, CUBIC)
    assert large.shape == scene.face.shape
    assert 0.5 < np.abs(large - cubic).max() < 20
    assert np.abs(large - scene.plain).mean() < 1  # it lies where the plain patch lies


def test_sharpening_is_limited():
    _, target = grey(step(60, 180, 1.2), scale=3.0)
    crisp = unsharp_mask(target.plain, target)
    everywhere = np.ones(crisp.shape[:2], bool)
    assert steepness(crisp, everywhere) > 1.2 * steepness(target.plain, everywhere)
    assert 0 < range_excess(crisp, target.plain, 3.0).max() <= 6


def test_sharpening_leaves_shading_soft():
    waves = 120 + 4 * np.sin(np.arange(96, dtype=np.float32))[None, :, None]
    _, target = grey(waves, scale=3.0)
    lips = 120 + 40 * np.sin(np.arange(96, dtype=np.float32))[None, :, None]
    _, at_lips = grey(lips, scale=3.0)
    gain = [unsharp_mask(t.plain, t).std() / t.plain.std() for t in (target, at_lips)]
    assert gain[0] < 1.6 and gain[1] > 1


def test_a_dark_mouth_shows_more_of_what_is_in_it():
    blobs = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 12, (96, 96)), (0, 0), 2.0)
    _, target = grey(30 + blobs[:, :, None])
    assert enhance_contrast(target.plain, target).std() > 1.05 * target.plain.std()


def test_contrast_does_not_amplify_noise_of_a_flat_area():
    noise = np.random.default_rng(3).normal(0, 0.5, (96, 96, 1))
    _, target = grey(130 + noise)
    assert enhance_contrast(target.plain, target).std() < 1.6 * target.plain.std()


def test_a_change_of_colour_is_corrected_up_to_a_limit():
    _, target = grey(MOUTH)
    shifted = target.plain + np.array([4, -6, 9], np.float32)
    assert np.abs(restore_colors(shifted, target) - target.plain).max() < 0.01
    far = restore_colors(target.plain + 100, target) - target.plain
    assert far == pytest.approx(100 - MAX_COLOR_SHIFT, abs=0.01)


@pytest.mark.parametrize("shape", [(192, 192, 3), (48, 48, 3), (128, 96, 3), (96, 96), (96, 96, 4)])
def test_a_resized_patch_is_refused(shape):
    """HD starts from the network's output, never from something enlarged."""
    resized = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match="untouched 96x96 patch") as refused:
        enhance_mouth_region(resized, (256, 320))
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="squares of one size"):
        Patch(resized, Affine.shift(0, 0), SMILE)


@pytest.mark.parametrize("size", [(256, 320), (97, 131), (96, 96), (41, 30), (3, 5), (1, 1)])
def test_any_size_is_possible(size):
    crisp = enhance_mouth_region(MOUTH, size)
    assert crisp.shape == (size[1], size[0], 3) and crisp.dtype == np.uint8


@pytest.mark.parametrize("size", [(0, 10), (10, -1)])
def test_an_empty_size_is_refused(size):
    with pytest.raises(ValueError):
        enhance_mouth_region(MOUTH, size)


def test_the_patch_s_own_colours_are_kept():
    crisp = enhance_mouth_region(MOUTH, (256, 256)).astype(float)
    assert np.abs(crisp.mean(axis=(0, 1)) - MOUTH.mean(axis=(0, 1))).max() < 0.5
    parts = [
        cv2.resize(p.astype(np.float32), (6, 6), interpolation=cv2.INTER_AREA)
        for p in (crisp, MOUTH)
    ]
    assert np.abs(parts[0] - parts[1]).max() < 3


def test_the_colours_become_the_face_s():
    pale = np.clip(0.9 * opened() + np.array([14.0, 2.0, -4.0]), 0, 255).astype(np.uint8)
    skin = (slice(0, 40),)
    before = np.abs(pale[skin].mean(axis=(0, 1)) - SMILE[skin].mean(axis=(0, 1)))
    crisp = enhance_mouth_region(pale, (96, 96), SMILE)
    after = np.abs(crisp[skin].mean(axis=(0, 1)) - SMILE[skin].mean(axis=(0, 1)))
    assert after.max() < 2 < before.max()


def test_the_hd_command_exports_the_function():
    assert inference_hd_fast.enhance_mouth_region is enhance_mouth_region
    assert "enhance_mouth_region" in inference_hd_fast.__all__


def test_a_soft_mouth_becomes_crisp():
    scene = Scene(256, cv2.GaussianBlur(MOUTH, (0, 0), 1.2))
    soft = BlendSettings("ellipse", match_color=False).blend(
        scene.patch, scene.face, scene.mask, scene.box
    )
    crisp = hd(scene.patch, scene.face, scene.mask)
    assert steepness(crisp, scene.mouth()) >= 1.25 * steepness(soft, scene.mouth())


@pytest.mark.parametrize("size", [96, 256, 600, 1200])
def test_a_sharp_patch_is_hardly_changed(size):
    """What the generator did not blur is not drawn in strokes."""
    sharp = np.ascontiguousarray(np.roll(SMILE, 3, axis=0))  # the face a little lower
    scene = Scene(size, sharp)
    plain = alpha(scene.patch, scene.face, scene.mask)
    change = np.abs(hd(scene.patch, scene.face, scene.mask) - plain)[scene.mask > 0.5]
    assert change.mean() < 0.8 and np.percentile(change, 99) < 5


@pytest.mark.parametrize("size", [96, 160, 256, 512])
def test_there_is_no_halo(size):
    scene = Scene(size)
    crisp = enhance(scene.patch, scene.plain)
    excess = range_excess(crisp, scene.plain, size / 96)[scene.mouth(1.3)]
    assert excess.max() <= 7
    assert np.percentile(excess, 99) <= 5


@pytest.mark.parametrize("size", [96, 256])
def test_outside_the_mask_nothing_changes(size):
    scene = Scene(size)
    mask = np.where(scene.mask > 0.5, scene.mask, 0).astype(np.float32)
    blended = hd(scene.patch, scene.face, mask)
    assert (blended[mask == 0] == scene.face[mask == 0]).all()
    assert blended.dtype == np.float32 and not np.array_equal(blended, scene.face)


def test_the_inputs_are_not_changed():
    scene = Scene(160)
    face, pixels = scene.face.copy(), scene.patch.pixels.copy()
    scene.face.flags.writeable = scene.patch.pixels.flags.writeable = False
    hd(scene.patch, scene.face, scene.mask)
    assert np.array_equal(face, scene.face) and np.array_equal(pixels, scene.patch.pixels)


def test_a_mouth_that_does_not_move_is_the_face_to_the_bit():
    scene = Scene(256, SMILE)
    assert np.array_equal(hd(scene.patch, scene.face, scene.mask), scene.face)


def test_skin_that_did_not_change_keeps_its_texture():
    scene = Scene(256, region=1.0)
    blended = hd(scene.patch, scene.face, scene.mask)
    change = cv2.dilate(cv2.absdiff(MOUTH, SMILE).max(axis=2), np.ones((17, 17), np.uint8))
    unchanged = scene.patch.warp(change[:, :, None].astype(np.float32), scene.face)[:, :, 0] < 0.5
    assert unchanged.mean() > 0.02
    assert np.abs(blended - scene.face)[unchanged].max() < 0.5


@pytest.mark.parametrize("size", [48, 97, 333, 1200])
def test_faces_of_any_size(size):
    scene = Scene(size)
    blended = hd(scene.patch, scene.face, scene.mask)
    assert blended.shape == scene.face.shape and np.isfinite(blended).all()
    assert np.abs(blended - scene.plain)[scene.mouth(0.8)].mean() < 25


@pytest.mark.parametrize("rect", TINY_OR_LARGE)
def test_a_region_may_be_tiny_or_larger_than_the_face(rect):
    """The face may lie across the frame's border."""
    patch = Patch.for_box(MOUTH, Box(-40, 280, -30, 226), rect, SMILE)
    face = np.full((*rect.size[::-1], 3), 128, np.float32)
    blended = hd(patch, face, np.ones(face.shape[:2], np.float32))
    assert blended.shape == face.shape and np.isfinite(blended).all()


def test_a_part_of_the_region_looks_as_in_the_whole():
    scene = Scene(256)
    whole = enhance(scene.patch, scene.plain)
    shifted = Patch(MOUTH, scene.patch.to_region.then(Affine.shift(-20, -15)), SMILE)
    part = enhance(shifted, shifted.warp_pixels(scene.face[15:-15, 20:-20]))
    difference = np.abs(part - whole[15:-15, 20:-20])
    assert difference[24:-24, 24:-24].max() < 8 and difference[24:-24, 24:-24].mean() < 0.8


def test_the_mouth_looks_alike_at_every_size():
    crisp = [enhance_mouth_region(MOUTH, s).astype(np.float32) for s in ((192, 192), (576, 576))]
    reduced = cv2.resize(crisp[1], (192, 192), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(MOUTH.astype(np.float32), (192, 192), interpolation=cv2.INTER_CUBIC)
    assert np.abs(reduced - crisp[0]).mean() < 0.5 * np.abs(crisp[0] - plain).mean()


@pytest.mark.parametrize("size", [96, 256])
def test_a_little_noise_stays_little(size):
    """Else a mouth at rest would flicker."""
    scene = Scene(size)
    noise = np.random.default_rng(4).integers(-1, 2, MOUTH.shape)
    noisy = Scene(size, np.clip(MOUTH + noise, 0, 255).astype(np.uint8))
    difference = np.abs(enhance(noisy.patch, scene.plain) - enhance(scene.patch, scene.plain))
    assert difference.mean() < 1 and difference.max() < 12


def test_a_face_that_moves_a_little_changes_little():
    scene, shifted = Scene(256), Scene(256, shift=0.1)
    mouths = [hd(s.patch, scene.face, scene.mask) for s in (scene, shifted)]
    assert np.abs(mouths[0] - mouths[1]).max() < 15 and np.abs(mouths[0] - mouths[1]).mean() < 0.2
