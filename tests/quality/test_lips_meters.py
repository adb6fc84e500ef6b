"""Every meter of seen lips finds its own fault in the pictures of a real run, and none in it."""

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest

from base.geometry import Rect
from base.lips import CHIN
from blending.lip_masks import lips_outline
from blending.masks import MaskShape
from faces.lips import Square, see_lips
from quality.comparison import compare_frame, compared_frames
from quality.double_mouth import remaining_lips
from quality.lips_meters import LIPS_METERS
from quality.meters import Meters
from quality.mouths import square_around
from quality.opening import mouth_openings
from quality.series import own_opening, remaining_speech
from quality.verdict import BOUNDS, judge, worst_level
from tests.quality.puppet_run import run_puppet
from tests.slow import slow
from video.yuv import Frame

LIMITS = {bound.meter: bound for bound in BOUNDS}
FRAMES = 15


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    comparison, _ = run_puppet(tmp_path_factory.mktemp("clean"), seconds=0.9)
    return list(islice(compared_frames(comparison), FRAMES))


def figures(frames, fault=None):
    """The meters' figures with a fault planted into the result's frames."""
    meters = Meters()
    if fault is not None:
        frames = [with_fault(frame, fault) for frame in frames]
    assert len(list(meters.observe(frames))) == len(frames)
    return meters.values()


def with_fault(frame, fault):
    return compare_frame(frame.index, planted(frame.result, frame, fault), frame.source, frame.face)


def planted(picture, frame, fault):
    changed = np.clip(np.rint(fault(picture.picture(), frame)), 0, 255)
    return Frame.of_picture(changed.astype(np.uint8))


def mouth_of(frame):
    """The middle of the mouth, and its width in pixels."""
    lips = frame.face.lips
    return lips.lower_outer[[0, -1]].mean(axis=0), lips.width


def within_mouth(frame, other, picture, reach=0.75):
    """The other picture in an oval around the mouth."""
    (x, y), width = mouth_of(frame)
    oval = np.zeros(picture.shape[:2], np.float32)
    axes = round(reach * width), round(0.7 * reach * width)
    cv2.ellipse(oval, (round(x), round(y + 0.12 * width)), axes, 0, 0, 360, 1, -1)
    share = cv2.GaussianBlur(oval, (0, 0), max(0.03 * width, 1))[..., None]
    return share * other + (1 - share) * picture


def noise(picture, frame):
    grain = np.random.default_rng(frame.index).normal(128, 60, picture.shape)
    return within_mouth(frame, grain, picture)


def blocks(picture, frame):
    """Posterised: white where it is light, dark elsewhere, in squares."""
    side = max(round(mouth_of(frame)[1] / 12), 2)
    small = cv2.resize(picture, None, fx=1 / side, fy=1 / side, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    light = large.mean(axis=2, keepdims=True)
    (x, y), _ = mouth_of(frame)
    drawn = np.where(light > light[round(y), round(x)], 250.0, 0.7 * large)
    return within_mouth(frame, drawn, picture, 0.45)


def pulsing(picture, frame):
    """Eight frames long, so that it hides from who looks at the same part of each eight."""
    sigma = 0.05 * mouth_of(frame)[1]
    soft = cv2.GaussianBlur(picture, (0, 0), sigma)
    return within_mouth(frame, soft, picture) if frame.index // 4 % 2 else picture


def hole_in_chin(picture, frame):
    lips, (_, width) = frame.face.lips, mouth_of(frame)
    middle, chin = lips.lower_inner[5], lips.mesh(CHIN)[0]
    x, y = middle + 0.4 * width * (chin - middle) / np.hypot(*(chin - middle))
    axes = round(0.25 * width), round(0.12 * width * abs(np.sin(frame.index / 3))) + 1
    cv2.ellipse(picture, (round(x), round(y)), axes, 0, 0, 360, (30, 20, 40), -1)
    return picture


def shifted(picture, across, down):
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1])


def mouth_beside(picture, frame):
    moved = shifted(picture, 0.0, 0.35 * mouth_of(frame)[1])
    return within_mouth(frame, moved, picture, 0.9)


def mouth_aside(picture, frame):
    moved = shifted(picture, 0.3 * mouth_of(frame)[1], 0.0)
    return within_mouth(frame, moved, picture, 1.1)


def within_oval(frame, down, other, picture):
    """The other picture in a flat oval, `down` mouth widths below the source's mouth."""
    (x, y), width = mouth_of(frame)
    oval = np.zeros(picture.shape[:2], np.float32)
    centre, axes = (round(x), round(y + down * width)), (round(0.6 * width), round(0.25 * width))
    cv2.ellipse(oval, centre, axes, 0, 0, 360, 1, -1)
    share = cv2.GaussianBlur(oval, (0, 0), max(0.03 * width, 1))[..., None]
    return share * other + (1 - share) * picture


def second_mouth_below(picture, frame):
    """The source's mouth once more, in the chin."""
    moved = shifted(frame.source.picture(), 0.0, 0.5 * mouth_of(frame)[1])
    return within_oval(frame, 0.55, moved, picture)


def old_mouth_above(picture, frame):
    """The new mouth in the chin, the source's where it was."""
    moved = shifted(picture, 0.0, 0.5 * mouth_of(frame)[1])
    return within_oval(frame, 0.55, moved, frame.source.picture())


def old_mouth_below(picture, frame):
    """The new mouth under the nose, the source's where it was."""
    moved = shifted(picture, 0.0, -0.3 * mouth_of(frame)[1])
    return within_oval(frame, -0.3, moved, frame.source.picture())


def trembling(picture, frame):
    hop = np.random.default_rng(frame.index).normal(0, 0.03 * mouth_of(frame)[1], 2)
    return within_mouth(frame, shifted(picture, *hop), picture, 0.9)


FAULTS = (
    ("double_mouth", second_mouth_below),
    ("mouth_offset", mouth_beside),
    ("new_spot", hole_in_chin),
    ("mouth_doubt", noise),
    ("over_sharpened", blocks),
    ("sharpness_pulses", pulsing),
    ("corners_tremble", trembling),
)
MORE_FAULTS = (
    ("double_mouth", old_mouth_above),
    ("double_mouth", old_mouth_below),
    ("mouth_offset", mouth_aside),
)


def test_every_meter_of_lips_has_its_fault_and_its_limit():
    assert {name for name, _ in FAULTS} == set(LIPS_METERS) <= set(LIMITS)


def test_a_clean_run_passes_them_all(frames):
    values = figures(frames)
    levels = {name: LIMITS[name].level(values[name]) for name in LIPS_METERS}
    assert set(levels.values()) == {"pass"}, values


@pytest.mark.parametrize(("name", "fault"), [*FAULTS, *(slow(*fault) for fault in MORE_FAULTS)])
def test_its_fault_is_found(frames, name, fault):
    value = figures(frames, fault)[name]
    assert LIMITS[name].level(value) == "fail", value


def test_half_of_the_old_lips_behind_the_new_ones_is_found(frames):
    """Where the contours moved, whatever the share of the frames in which they did."""
    pairs = [frame.mouth.pair for frame in frames]
    both = [(p.source.astype(np.uint16) + p.result) // 2 for p in pairs]
    mixed = [replace(p, result=x.astype(np.uint8)) for p, x in zip(pairs, both, strict=True)]
    clean, half = (np.nanmedian([remaining_lips(p) for p in ps]) for ps in (pairs, mixed))
    assert LIMITS["double_mouth"].level(clean) == "pass", clean
    assert LIMITS["double_mouth"].level(half) == "fail", half


def grain_beyond_mouth(picture, frame):
    """The same in every frame, like hair and a knitted collar."""
    grain = np.random.default_rng(1).normal(0, 30, picture.shape)
    return within_mouth(frame, picture, picture + grain, 1.0)


@pytest.mark.slow
def test_lively_surroundings_do_not_hide_pulses(frames):
    grainy = [replace(f, source=planted(f.source, f, grain_beyond_mouth)) for f in frames]
    clean = figures(grainy, grain_beyond_mouth)["sharpness_pulses"]
    pulses = figures(grainy, lambda p, f: grain_beyond_mouth(pulsing(p, f), f))["sharpness_pulses"]
    limit = LIMITS["sharpness_pulses"]
    assert (limit.level(clean), limit.level(pulses)) == ("pass", "fail"), (clean, pulses)


def step_at_mask(size):
    def stepped(picture, frame):
        outline = lips_outline(frame.face.box, frame.face.lips, MaskShape(size))
        height, width = picture.shape[:2]
        inside = outline.mask(Rect(0, height, 0, width)) > 0.02
        return picture + 12.0 * inside[..., None]

    return stepped


@pytest.mark.parametrize("size", [0.6, *map(slow, (0.3, 1.0))])
def test_a_step_at_a_masks_own_border_is_a_seam(frames, size):
    clean, step = (figures(frames, fault)["seam"] for fault in (None, step_at_mask(size)))
    assert LIMITS["seam"].level(clean) == "pass", clean
    assert LIMITS["seam"].level(step) == "fail", step


def test_without_a_source_lips_are_not_compared_and_still_open(frames):
    alone = [compare_frame(f.index, f.result, None, f.face) for f in frames]
    assert {figures(alone)[name] for name in LIPS_METERS} == {None}
    openings = mouth_openings(alone)
    assert openings.seen_by == "lips" and np.ptp(openings.result) > 0.05


def test_a_result_is_looked_at_where_its_source_was(frames):
    """An opening of a picture beside itself is the source's own."""
    first = frames[0]
    itself = compare_frame(0, first.source, first.source, first.face).mouth
    offs = np.abs(itself.lips.points - itself.source_lips.points)
    assert offs.mean() < 0.02 * itself.width
    around = square_around(first.face.lips)
    again = Square.around_mesh(see_lips(first.source.picture(), around).points)
    assert np.hypot(*np.subtract(again.centre, around.centre)) < 0.03 * around.side


def test_a_face_without_lips_is_never_passed_by_silence(frames):
    blind = [compare_frame(f.index, f.result, f.source, None) for f in frames]
    assert mouth_openings(blind).lips_seen == 0.0
    good = {bound.meter: bound.passes for bound in BOUNDS}
    unseen = {**good, **dict.fromkeys(LIPS_METERS), "lips_seen": 0.0}
    assert worst_level(judge(unseen)) == "look"


def curve(period, frames=180):
    return 0.1 + 0.1 * np.sin(2 * np.pi * np.arange(frames) / period) ** 2


def test_old_speech_that_goes_on_is_found():
    rng = np.random.default_rng(1)
    old, new = (np.convolve(rng.random(188), np.ones(9) / 9, "valid") / 2 for _ in range(2))
    limit = LIMITS["old_speech"]
    assert limit.level(remaining_speech(new, old, new)) == "pass"
    assert limit.level(remaining_speech(old, old, new)) == "fail"
    assert limit.level(remaining_speech(new + old, old, new)) == "fail"


def test_a_source_that_does_not_speak_leaves_nothing():
    still = np.full(180, 0.15)
    assert remaining_speech(curve(9), still, curve(11)) is None
    assert own_opening(still) == pytest.approx(0.15) and own_opening(curve(9)) == 0.0
    assert own_opening(np.full(180, np.nan)) == 0.0
