"""The seven steps, each seen at its work, and what they make of a mouth."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import inference_hd_fast
from base.geometry import Affine, Box, Landmarks, Rect
from blending.hd import (
    FARTHEST,
    STEPS,
    Aim,
    contrasted,
    doubled,
    enhance_mouth_region,
    enhanced,
    enlarged,
    firmer,
    hd,
    recoloured,
    sharpened,
    smoothed,
)
from blending.masks import MaskShape
from blending.methods import Look
from blending.patch import Patch
from blending.resample import CUBIC, resampled
from tests.talking import portrait

SMILE, POINTS = portrait()


def opened(face=SMILE):
    """The portrait with another mouth, as soft as a network leaves it; skin as it was."""
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
    """A face of `size` pixels with fine texture, its mask, and its patch."""

    def __init__(self, size, pixels=MOUTH, shift=0.0, region=0.6):
        self.box = Box(20, 20 + 1.25 * size, 10 + shift, 10 + shift + size)
        to_box = Affine.square_to_box(96, self.box)
        self.landmarks = Landmarks.of(POINTS).mapped(to_box)
        outline = Look("ellipse", MaskShape(region)).outline(self.box, self.landmarks)
        self.rect = outline.bounds.inside(4000, 4000)
        self.mask = outline.mask(self.rect)
        self.patch = Patch.placed(pixels, self.box, self.rect, SMILE)
        width, height = self.rect.size
        coarse = replace(self.patch, pixels=SMILE).onto(np.empty((height, width, 3), np.float32))
        noise = np.random.default_rng(5).normal(0, 4, (height, width, 1))
        self.face = np.clip(coarse + noise, 0, 255).astype(np.float32)

    @property
    def plain(self):
        return self.patch.onto(self.face)

    def mouth(self, reach=1.0):
        """Where the new mouth is."""
        mx, my = self.landmarks.mouth_centre
        wide = 0.45 * self.landmarks.mouth_width * reach
        y, x = np.mgrid[self.rect.top : self.rect.bottom, self.rect.left : self.rect.right] + 0.5
        return ((x - mx) / wide) ** 2 + ((y - my) / wide) ** 2 < 1


def light(picture):
    return cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_BGR2GRAY)


def steepness(picture, where):
    """Of the edges that there are: each place counts as much as it is steep."""
    gradient = np.hypot(*np.gradient(light(picture)))[where]
    return np.square(gradient).sum() / gradient.sum()


def beyond(picture, plain, by):
    """Levels by which pixels leave the range that `plain` has within a patch pixel."""
    near = np.ones((2 * round(by * 1.25) + 1, 2 * round(by) + 1), np.uint8)
    low, high = cv2.erode(light(plain), near), cv2.dilate(light(plain), near)
    return np.maximum(light(picture) - high, low - light(picture))


def grey(levels, by=2.0, width=96, height=96):
    """A flat or given patch, enlarged, and the aim for it."""
    pixels = np.zeros((96, 96, 3), np.float32) + np.asarray(levels, np.float32)
    to_region = Affine(by, 0, 0, 0, by, 0)
    patch = Patch(pixels, to_region, SMILE)
    region = np.empty((round(height * by), round(width * by), 3), np.float32)
    return pixels, Aim.of(patch, patch.onto(region))


def step(low, high, soft):
    """From dark to light at the middle column."""
    row = np.where(np.arange(96) < 48, low, high).astype(np.float32)
    return cv2.GaussianBlur(np.tile(row, (96, 1)), (0, 0), soft)[:, :, None]


# -- the steps


def test_there_are_seven_steps_in_their_order():
    """It was bicubic plus unsharp (mistake 20)."""
    assert [*STEPS.values()] == [
        *(doubled, firmer, smoothed, enlarged),
        *(sharpened, contrasted, recoloured),
    ]


@pytest.mark.parametrize("name", [name for name in STEPS if name != "enlarged"])
def test_no_step_can_be_left_out(name):
    """Each of the seven does its part (mistake 20)."""
    scene = Scene(256)
    less = {n: s for n, s in STEPS.items() if n != name}
    without = enhanced(scene.patch, scene.plain, less)
    assert np.abs(without - enhanced(scene.patch, scene.plain))[scene.mouth()].max() > 1.5


def test_the_patch_is_doubled_to_192():
    picture, aim = grey(0)
    assert doubled(picture, aim).shape == (192, 192, 3)


def test_doubling_is_cubic_and_makes_no_stripes():
    """Sharpening would show them."""
    rows = np.arange(96, dtype=np.float32)
    picture, aim = grey((0.01 * rows**2 + rows)[:, None, None])
    fine = (np.arange(192, dtype=np.float32) + 0.5) / 2 - 0.5
    expected = (0.01 * fine**2 + fine)[:, None, None]
    assert np.abs(doubled(picture, aim) - expected)[6:-6].max() < 1e-3


def test_edges_are_found_and_made_steeper_within_their_range():
    picture, aim = grey(step(40, 180, 0.8))
    square = doubled(picture, aim)
    firm = firmer(square, aim)
    everywhere = np.ones(square.shape[:2], bool)
    assert steepness(firm, everywhere) > 1.1 * steepness(square, everywhere)
    assert firm.min() >= square.min() - 0.5 and firm.max() <= square.max() + 0.5


def test_shading_is_no_edge():
    picture, aim = grey(np.linspace(100, 180, 96, dtype=np.float32)[None, :, None])
    square = doubled(picture, aim)
    assert np.abs(firmer(square, aim) - square).max() < 0.1


def test_smoothing_lowers_noise_and_keeps_edges():
    noise = np.random.default_rng(1).normal(0, 3, (96, 96, 3)).astype(np.float32)
    picture, aim = grey(step(60, 180, 0.3) + noise)
    smooth = smoothed(picture, aim)
    assert smooth[:, 4:40].std() < 0.8 * picture[:, 4:40].std()
    assert np.diff(smooth.mean(axis=(0, 2))).max() > 0.97 * np.diff(picture.mean(axis=(0, 2))).max()


def test_the_target_size_is_reached_by_lanczos_from_192():
    scene = Scene(256)
    aim = Aim.of(scene.patch, scene.plain)
    square = doubled(scene.patch.pixels[aim.part].astype(np.float32), aim)
    large = enlarged(square, aim)
    to_region = Affine(0.5, 0, 0, 0, 0.5, 0).then(aim.to_region)
    cubic = resampled(square, to_region, scene.rect.size, CUBIC)
    assert large.shape == scene.face.shape
    assert 0.5 < np.abs(large - cubic).max() < 20
    assert np.abs(large - scene.plain).mean() < 1  # it lies where the plain patch lies


def test_sharpening_is_bounded():
    _, aim = grey(step(60, 180, 1.2), by=3.0)
    crisp = sharpened(aim.plain, aim)
    everywhere = np.ones(crisp.shape[:2], bool)
    assert steepness(crisp, everywhere) > 1.2 * steepness(aim.plain, everywhere)
    assert 0 < beyond(crisp, aim.plain, 3.0).max() <= 6


def test_sharpening_leaves_shading_soft():
    waves = 120 + 4 * np.sin(np.arange(96, dtype=np.float32))[None, :, None]
    _, aim = grey(waves, by=3.0)
    lips = 120 + 40 * np.sin(np.arange(96, dtype=np.float32))[None, :, None]
    _, at_lips = grey(lips, by=3.0)
    gain = [sharpened(a.plain, a).std() / a.plain.std() for a in (aim, at_lips)]
    assert gain[0] < 1.6 and gain[1] > 1


def test_a_dark_mouth_shows_more_of_what_is_in_it():
    blobs = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 12, (96, 96)), (0, 0), 2.0)
    _, aim = grey(30 + blobs[:, :, None])
    assert contrasted(aim.plain, aim).std() > 1.05 * aim.plain.std()


def test_contrast_makes_no_noise_of_a_flat_area():
    noise = np.random.default_rng(3).normal(0, 0.5, (96, 96, 1))
    _, aim = grey(130 + noise)
    assert contrasted(aim.plain, aim).std() < 1.6 * aim.plain.std()


def test_a_change_of_colour_is_taken_back_up_to_a_bound():
    _, aim = grey(MOUTH)
    shifted = aim.plain + np.array([4, -6, 9], np.float32)
    assert np.abs(recoloured(shifted, aim) - aim.plain).max() < 0.01
    far = recoloured(aim.plain + 100, aim) - aim.plain
    assert far == pytest.approx(100 - FARTHEST, abs=0.01)


# -- the mouth as a picture


@pytest.mark.parametrize("shape", [(192, 192, 3), (48, 48, 3), (128, 96, 3), (96, 96), (96, 96, 4)])
def test_a_resized_patch_is_refused(shape):
    """HD starts from what the network made, never from something enlarged (mistake 20)."""
    resized = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match="untouched 96x96 patch") as refused:
        enhance_mouth_region(resized, (256, 320))
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="96x96"):
        Patch(resized, Affine.shift(0, 0), SMILE)


@pytest.mark.parametrize("size", [(256, 320), (97, 131), (96, 96), (41, 30), (3, 5), (1, 1)])
def test_any_size_is_made(size):
    crisp = enhance_mouth_region(MOUTH, size)
    assert crisp.shape == (size[1], size[0], 3) and crisp.dtype == np.uint8


@pytest.mark.parametrize("size", [(0, 10), (10, -1)])
def test_no_size_is_refused(size):
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


def test_the_hd_command_hands_it_on():
    assert inference_hd_fast.enhance_mouth_region is enhance_mouth_region
    assert "enhance_mouth_region" in inference_hd_fast.__all__


# -- the mouth in its face


def test_the_mouth_is_nearly_twice_as_crisp():
    scene = Scene(256)
    soft = Look("ellipse", match_color=False).laid(scene.patch, scene.face, scene.mask, scene.box)
    crisp = hd(scene.patch, scene.face, scene.mask)
    assert steepness(crisp, scene.mouth()) >= 1.8 * steepness(soft, scene.mouth())


@pytest.mark.parametrize("size", [96, 160, 256, 512])
def test_there_is_no_halo(size):
    scene = Scene(size)
    crisp = enhanced(scene.patch, scene.plain)
    over = beyond(crisp, scene.plain, size / 96)[scene.mouth(1.3)]
    assert over.max() <= 7
    assert np.percentile(over, 99) <= 5


@pytest.mark.parametrize("size", [96, 256])
def test_outside_the_mask_nothing_changes(size):
    scene = Scene(size)
    mask = np.where(scene.mask > 0.5, scene.mask, 0).astype(np.float32)
    made = hd(scene.patch, scene.face, mask)
    assert (made[mask == 0] == scene.face[mask == 0]).all()
    assert made.dtype == np.float32 and not np.array_equal(made, scene.face)


def test_the_inputs_are_left_alone():
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
    made = hd(scene.patch, scene.face, scene.mask)
    far = cv2.dilate(cv2.absdiff(MOUTH, SMILE).max(axis=2), np.ones((17, 17), np.uint8))
    still = scene.patch.warped(far[:, :, None].astype(np.float32), scene.face)[:, :, 0] < 0.5
    assert still.mean() > 0.02
    assert np.abs(made - scene.face)[still].max() < 0.5


@pytest.mark.parametrize("size", [48, 97, 333, 1200])
def test_faces_of_any_size(size):
    scene = Scene(size)
    made = hd(scene.patch, scene.face, scene.mask)
    assert made.shape == scene.face.shape and np.isfinite(made).all()
    assert np.abs(made - scene.plain)[scene.mouth(0.8)].mean() < 25


@pytest.mark.parametrize(
    "rect",
    [
        Rect(200, 201, 130, 131),
        Rect(180, 185, 100, 103),
        Rect(0, 30, 0, 400),
        Rect(600, 610, 700, 712),
    ],
)
def test_a_region_may_be_tiny_or_reach_out_of_the_face(rect):
    """The face may lie across the picture's border."""
    patch = Patch.placed(MOUTH, Box(-40, 280, -30, 226), rect, SMILE)
    face = np.full((*rect.size[::-1], 3), 128, np.float32)
    made = hd(patch, face, np.ones(face.shape[:2], np.float32))
    assert made.shape == face.shape and np.isfinite(made).all()


def test_a_window_shows_what_the_whole_shows():
    scene = Scene(256)
    whole = enhanced(scene.patch, scene.plain)
    cut = Patch(MOUTH, scene.patch.to_region.then(Affine.shift(-20, -15)), SMILE)
    part = enhanced(cut, cut.onto(scene.face[15:-15, 20:-20]))
    apart = np.abs(part - whole[15:-15, 20:-20])
    assert apart[24:-24, 24:-24].max() < 8 and apart[24:-24, 24:-24].mean() < 0.8


def test_it_looks_alike_at_every_size():
    crisp = [enhance_mouth_region(MOUTH, s).astype(np.float32) for s in ((192, 192), (576, 576))]
    reduced = cv2.resize(crisp[1], (192, 192), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(MOUTH.astype(np.float32), (192, 192), interpolation=cv2.INTER_CUBIC)
    assert np.abs(reduced - crisp[0]).mean() < 0.5 * np.abs(crisp[0] - plain).mean()


@pytest.mark.parametrize("size", [96, 256])
def test_a_little_noise_stays_little(size):
    """Else a still mouth would flicker."""
    scene = Scene(size)
    noise = np.random.default_rng(4).integers(-1, 2, MOUTH.shape)
    other = Scene(size, np.clip(MOUTH + noise, 0, 255).astype(np.uint8))
    apart = np.abs(enhanced(other.patch, scene.plain) - enhanced(scene.patch, scene.plain))
    assert apart.mean() < 1 and apart.max() < 12


def test_a_face_that_moves_a_little_changes_little():
    here, there = Scene(256), Scene(256, shift=0.1)
    made = [hd(s.patch, here.face, here.mask) for s in (here, there)]
    assert np.abs(made[0] - made[1]).max() < 15 and np.abs(made[0] - made[1]).mean() < 0.2
