"""Every meter finds the fault that is its own, and none in a clean run."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from quality.meters import METERS, Meters
from quality.pair import pair_of
from quality.untouched import EVERY, Untouched, outside_of, structure
from quality.verdict import BOUNDS, verdict
from quality.view import SIDE, nothing, sights
from tests.media import noise
from tests.quality.spoken import spoken
from video.yuv import Frame

LIMITS = {bound.meter: bound for bound in BOUNDS}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    view, _ = spoken(tmp_path_factory.mktemp("clean"))
    return list(sights(view))


def figures(seen, fault=lambda pair: pair.after):
    """What the meters say once `fault` was planted into the crops of the result."""
    meters = Meters()
    planted = (
        replace(sight, crop=np.clip(np.rint(fault(pair_of(sight))), 0, 255).astype(np.uint8))
        for sight in seen
    )
    assert len(list(meters.watched(planted))) == len(seen)
    return meters.values()


def oval(pair, reach, soft=6.0):
    inside = (pair.reach < reach).astype(np.float32)
    return cv2.GaussianBlur(inside, (0, 0), soft)[:, :, None]


def mixed(pair, other, reach, soft=6.0):
    share = oval(pair, reach, soft)
    return share * other + (1 - share) * pair.after


def pasted_box(pair):
    """96x96, from ear to ear, a little lighter."""
    out = pair.after.copy()
    part = out[20:185, 36:156]
    small = cv2.resize(part, (96, 96), interpolation=cv2.INTER_AREA)
    out[20:185, 36:156] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_CUBIC) + 9
    return out


def other_colour(pair):
    return mixed(pair, pair.after + np.array([-8, 3, 8], np.float32), 2.0, soft=10)


def shining_through(pair):
    return mixed(pair, 0.5 * (pair.after + pair.before), 1.6)


def blurred(pair):
    return mixed(pair, cv2.GaussianBlur(pair.after, (0, 0), 2.5), 1.4, soft=3)


def flickering(pair):
    return mixed(pair, pair.after + (3 if pair.index % 2 else -3), 2.4)


def hopping(pair):
    x, y = np.random.default_rng(pair.index).uniform(-1.2, 1.2, 2)
    moved = cv2.warpAffine(pair.after, np.array([[1, 0, x], [0, 1, y]]), (SIDE, SIDE))
    return mixed(pair, moved, 2.2)


def worn(pair):
    """Soft as a box of few pixels is: in the whole face."""
    return cv2.GaussianBlur(pair.after, (0, 0), 1.5)


FAULTS = {
    "seam": pasted_box,
    "colour_step": other_colour,
    "double_mouth": shining_through,
    "mouth_sharpness": blurred,
    "face_sharpness": worn,
    "flicker": flickering,
    "jitter": hopping,
}


def test_a_clean_run_fails_nowhere(seen):
    lines = verdict(figures(seen))
    assert {line.bound.meter for line in lines if line.level == "fail"} == set()
    measured = {line.bound.meter for line in lines if line.value is not None}
    assert measured >= set(METERS) | {"untouched_psnr", "untouched_worst", "untouched_ssim"}


def test_every_meter_has_its_fault_and_its_limit():
    assert set(FAULTS) == set(METERS) <= set(LIMITS)


@pytest.mark.parametrize("name", FAULTS)
def test_its_fault_is_found(seen, name):
    clean, planted = figures(seen)[name], figures(seen, FAULTS[name])[name]
    assert LIMITS[name].level(planted) == "fail", (clean, planted)
    assert LIMITS[name].level(clean) == "pass", (clean, planted)


@pytest.mark.parametrize("name", ["colour_step", "flicker", "jitter"])
def test_a_fault_with_soft_edges_is_no_seam(seen, name):
    assert LIMITS["seam"].level(figures(seen, FAULTS[name])["seam"]) != "fail"


def test_without_a_source_nothing_is_compared(seen):
    meters = Meters()
    list(meters.watched(replace(sight, source=None, cut_before=nothing) for sight in seen))
    assert set(meters.values().values()) == {None}


def watched(seen, change):
    meter = Untouched()
    for sight in seen[:30]:
        if sight.index % EVERY == 0:
            picture = change(sight.frame.picture())
            sight = replace(sight, frame=Frame.of_picture(picture))
        meter.look(sight)
    return meter


def corner_touched(picture):
    picture[10:80, 420:500] += 12
    return picture


def test_a_touched_corner_is_found(seen):
    clean, touched = watched(seen, lambda picture: picture), watched(seen, corner_touched)
    assert LIMITS["untouched_worst"].level(clean.worst()) == "pass"
    assert LIMITS["untouched_worst"].level(touched.worst()) == "fail"
    assert touched.psnr() < clean.psnr() - 3


def test_a_blurred_background_lost_its_structure(seen):
    blurred = watched(seen, lambda picture: cv2.GaussianBlur(picture, (0, 0), 4.0))
    assert LIMITS["untouched_ssim"].level(blurred.ssim()) == "fail"
    assert LIMITS["untouched_psnr"].level(blurred.psnr()) == "fail"


def test_what_changes_in_the_face_is_not_held_against_the_rest(seen):
    def inside(picture):
        box = seen[0].face.box
        picture[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 0
        return picture

    assert watched(seen, inside).worst() > LIMITS["untouched_worst"].passes


def test_structure_of_a_picture_with_itself_is_one():
    one, other = (noise(n, 64, 64)[:, :, 0].astype(np.float32) for n in (1, 2))
    whole = outside_of(one.shape, None)
    assert structure(one, one, whole) == pytest.approx(1)
    assert structure(one, other, whole) < 0.3
