"""Every meter finds its own fault, and none in a clean run."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from quality.comparison import CROP_SIDE, compared_frames, no_crop
from quality.crop_pair import crop_pair_of
from quality.meters import METERS, Meters
from quality.untouched import FRAME_STEP, Untouched, outside_face, structural_similarity
from quality.verdict import BOUNDS, judge
from tests.media import noise
from tests.quality.puppet_run import run_puppet
from video.yuv import Frame

LIMITS = {bound.meter: bound for bound in BOUNDS}


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    comparison, _ = run_puppet(tmp_path_factory.mktemp("clean"), seconds=1.3)
    return list(compared_frames(comparison))


def figures(frames, fault=lambda pair: pair.result):
    """The meters' figures with a fault planted into the crops of the result."""
    meters = Meters()
    planted = (
        replace(frame, crop=np.clip(np.rint(fault(crop_pair_of(frame))), 0, 255).astype(np.uint8))
        for frame in frames
    )
    assert len(list(meters.observe(planted))) == len(frames)
    return meters.values()


@pytest.fixture(scope="module")
def clean(frames):
    """The figures of the run as it is."""
    return figures(frames)


def oval(pair, reach, soft=6.0):
    inside = (pair.mouth_distance < reach).astype(np.float32)
    return cv2.GaussianBlur(inside, (0, 0), soft)[:, :, None]


def mix_in(pair, other, reach, soft=6.0):
    share = oval(pair, reach, soft)
    return share * other + (1 - share) * pair.result


def pasted_box(pair):
    """96x96, from ear to ear, a little lighter."""
    out = pair.result.copy()
    part = out[20:185, 36:156]
    small = cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA)
    out[20:185, 36:156] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_CUBIC) + 9
    return out


def other_colour(pair):
    return mix_in(pair, pair.result + np.array([-8, 3, 8], np.float32), 2.0, soft=10)


def blurred(pair):
    return mix_in(pair, cv2.GaussianBlur(pair.result, (0, 0), 2.5), 1.4, soft=3)


def flickering(pair):
    return mix_in(pair, pair.result + (3 if pair.index % 2 else -3), 2.4)


def hopping(pair):
    x, y = np.random.default_rng(pair.index).uniform(-1.2, 1.2, 2)
    moved = cv2.warpAffine(pair.result, np.array([[1, 0, x], [0, 1, y]]), (CROP_SIDE, CROP_SIDE))
    return mix_in(pair, moved, 2.2)


def worn(pair):
    """The whole face as soft as a box of few pixels."""
    return cv2.GaussianBlur(pair.result, (0, 0), 1.5)


FAULTS = {
    "seam": pasted_box,
    "colour_step": other_colour,
    "mouth_sharpness": blurred,
    "face_sharpness": worn,
    "flicker": flickering,
    "jitter": hopping,
}


def test_a_clean_run_fails_nowhere(clean):
    lines = judge(clean)
    assert {line.bound.meter for line in lines if line.level == "fail"} == set()
    measured = {line.bound.meter for line in lines if line.value is not None}
    assert measured >= set(METERS) | {"untouched_psnr", "untouched_worst", "untouched_ssim"}


def test_every_meter_has_its_fault_and_its_limit():
    assert set(FAULTS) == set(METERS) <= set(LIMITS)


@pytest.mark.parametrize("name", FAULTS)
def test_its_fault_is_found(frames, clean, name):
    planted = figures(frames, FAULTS[name])[name]
    assert LIMITS[name].level(planted) == "fail", (clean[name], planted)
    assert LIMITS[name].level(clean[name]) == "pass", (clean[name], planted)


@pytest.mark.parametrize("name", ["colour_step", "flicker", "jitter"])
def test_a_fault_with_soft_edges_is_no_seam(frames, name):
    assert LIMITS["seam"].level(figures(frames, FAULTS[name])["seam"]) != "fail"


def test_without_a_source_nothing_is_compared(frames):
    meters = Meters()
    list(meters.observe(replace(frame, source=None, load_source_crop=no_crop) for frame in frames))
    assert set(meters.values().values()) == {None}


def watch_untouched(frames, change):
    meter = Untouched()
    for frame in frames[:30]:
        if frame.index % FRAME_STEP == 0:
            picture = change(frame.result.picture())
            frame = replace(frame, result=Frame.of_picture(picture))
        meter.add(frame)
    return meter


def corner_touched(picture):
    picture[10:80, 420:500] += 14
    return picture


def test_a_touched_corner_is_found(frames):
    clean, touched = (
        watch_untouched(frames, lambda picture: picture),
        watch_untouched(frames, corner_touched),
    )
    assert LIMITS["untouched_worst"].level(clean.worst()) == "pass"
    assert LIMITS["untouched_worst"].level(touched.worst()) == "fail"
    assert touched.psnr() < clean.psnr() - 3


def test_a_blurred_background_lost_its_structure(frames):
    blurred = watch_untouched(frames, lambda picture: cv2.GaussianBlur(picture, (0, 0), 4.0))
    assert LIMITS["untouched_ssim"].level(blurred.ssim()) == "fail"
    assert LIMITS["untouched_psnr"].level(blurred.psnr()) == "fail"


def test_what_changes_in_the_face_is_not_held_against_the_rest(frames):
    def inside(picture):
        box = frames[0].face.box
        picture[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 0
        return picture

    assert watch_untouched(frames, inside).worst() > LIMITS["untouched_worst"].passes


def test_structure_of_a_picture_with_itself_is_one():
    first, second = (noise(n, 64, 64)[:, :, 0].astype(np.float32) for n in (1, 2))
    whole = outside_face(first.shape, None)
    assert structural_similarity(first, first, whole) == pytest.approx(1)
    assert structural_similarity(first, second, whole) < 0.3
