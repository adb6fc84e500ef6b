"""Faces restored by a network: the frame around them stays, and still faces stay still."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.errors import EngineError
from stages.alignment import SIDE, AlignedFace
from stages.enhance import Enhance, EnhanceSettings, load_enhance
from stages.face_masks import OUTLINES
from stages.networks import ImageNetwork, pictures_of, region_of
from stages.stage import OutputFrame, StageScene, VideoFormat
from tests.blending.seen_faces import PORTRAIT, portrait
from tests.slow import slow
from tests.stages.picture_networks import ANY, SHARP, enlarging, identity, onnx_file
from video.yuv import Frame, frame_from_planes, layout_of

PICTURE = cv2.imread(str(PORTRAIT))
HEIGHT, WIDTH = PICTURE.shape[:2]
FORMAT = VideoFormat(WIDTH, HEIGHT, Fraction(25))
PATH = Path("network.onnx")
STILL = EnhanceSettings(PATH, steadiness=0.0)


def frame_of(picture=PICTURE, pix_fmt="yuv420p"):
    return Frame.of_picture(picture, pix_fmt)


def grainy(seed):
    noise = np.random.default_rng(seed).normal(0, 1.5, PICTURE.shape)
    return frame_of(np.clip(PICTURE + noise, 0, 255).astype(np.uint8))


def outputs(frames, **more):
    return [OutputFrame(i, frame, portrait(), i, **more) for i, frame in enumerate(frames)]


def network(run, together=1):
    return ImageNetwork(PATH, "made", (SIDE, SIDE), 1, run, together)


def brighter(pictures):
    return pictures + np.float32(0.1)


def enhanced(frames, run=brighter, settings=STILL, together=1):
    return list(Enhance(network(run, together), settings)(iter(frames)))


def scene(first=None):
    return StageScene(FORMAT, first or frame_of(), still=False)


def planes_differ(one, other):
    return [
        np.abs(a.astype(int) - b).max() for a, b in zip(one.planes(), other.planes(), strict=True)
    ]


def test_the_identity_changes_nothing(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", identity)
    stage = load_enhance(EnhanceSettings(path), scene())
    frames = outputs([frame_of(), grainy(1), grainy(2)])
    for before, after in zip(frames, stage(iter(frames)), strict=True):
        assert planes_differ(before.frame, after.frame) == [0, 0, 0]
    assert stage.output(FORMAT) == FORMAT


@pytest.mark.parametrize("region", OUTLINES)
def test_only_what_the_mask_shows_changes(region):
    settings = replace(STILL, region=region)
    (before,) = frames = outputs([frame_of()])
    (after,) = enhanced(frames, settings=settings)
    outline = OUTLINES[region](before.face)
    rect = outline.bounds.inside(WIDTH, HEIGHT)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[rect.slices] = outline.mask(rect)
    luma = after.frame.planes()[0].astype(int) - before.frame.planes()[0]
    assert np.abs(luma[mask == 0]).max() == 0
    assert abs(np.median(luma[mask > 0.99]) - 0.1 * 219) <= 1


def test_the_path_is_a_run_of_the_network_on_the_upright_face(tmp_path):
    """Where the mask is 1 and the face as large as the square, to a thousandth."""
    path = onnx_file(tmp_path / "a.onnx", SHARP)
    large = cv2.resize(PICTURE, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 2)
    frame = frame_from_planes(
        [plane.astype(np.uint16) << 8 for plane in Frame.of_picture(large, "yuv444p").planes()],
        layout_of("yuv444p16le"),
        Frame.of_picture(large, "yuv444p"),
    )
    output = OutputFrame(0, frame, portrait().scaled(2))
    stage = load_enhance(EnhanceSettings(path), scene())
    (made,) = stage(iter([output]))
    place = AlignedFace.of(output.face, (frame.width, frame.height))
    square = place.cut(frame)
    true = region_of(stage.network(pictures_of([square]))[0])
    middle = slice(200, 320), slice(200, 320)
    wanted, got = (true - square)[middle], (place.cut(made.frame) - square)[middle]
    assert np.abs(wanted).max() > 3
    assert np.abs(got - wanted).max() < 255e-3 + 0.1 * np.abs(wanted).max()
    assert np.abs(got - wanted).mean() < 255e-3


def test_half_the_strength_is_half_the_change():
    frames = outputs([frame_of()])
    whole, half = (
        enhanced(frames, settings=replace(STILL, strength=strength))[0].frame.planes()[0]
        for strength in (1.0, 0.5)
    )
    source = frames[0].frame.planes()[0].astype(int)
    assert np.abs((half - source) * 2 - (whole - source)).max() <= 2
    nothing = enhanced(frames, settings=replace(STILL, strength=0.0))
    assert nothing[0].frame is frames[0].frame


def test_frames_without_a_face_pass():
    without = replace(outputs([frame_of()])[0], face=None)
    assert enhanced([without, without]) == [without, without]


def test_a_frame_that_repeats_is_made_once():
    count = []

    def run(pictures):
        count.append(len(pictures))
        return brighter(pictures)

    frame = frame_of()
    made = enhanced(outputs([frame, frame, frame, grainy(1)]), run)
    assert sum(count) == 2
    assert planes_differ(made[0].frame, made[2].frame) == [0, 0, 0]


@pytest.mark.parametrize("together", [3, *map(slow, (1, 8))])
def test_any_batch_makes_the_same(together):
    frames = outputs([grainy(seed) for seed in range(5)])
    frames[2] = replace(frames[2], face=None)
    settings = EnhanceSettings(PATH)
    one, other = (
        enhanced(frames, lambda p: np.sqrt(p), settings, count) for count in (1, together)
    )
    assert [made.index for made in other] == [0, 1, 2, 3, 4]
    for a, b in zip(one, other, strict=True):
        assert planes_differ(a.frame, b.frame) == [0, 0, 0]


def flickering(pictures):
    """Brighter or darker, as the least bit of the picture says."""
    return np.stack([p + (0.1 if int(p.sum(dtype=float) * 1000) % 2 else -0.1) for p in pictures])


def steps(made):
    means = [output.frame.planes()[0].mean() for output in made]
    return float(np.abs(np.diff(means)).mean())


def test_a_still_face_does_not_flicker_and_a_cut_is_no_still_face():
    frames = outputs([grainy(seed) for seed in range(12)])
    settings = EnhanceSettings(PATH)
    by_itself, steady = (enhanced(frames, flickering, s) for s in (STILL, settings))
    assert steps(steady) < steps(by_itself) / 2
    cuts = [replace(frame, starts_shot=True) for frame in frames]
    assert steps(enhanced(cuts, flickering, settings)) == steps(by_itself)


def test_networks_that_restore_no_faces_are_refused(tmp_path):
    small = onnx_file(tmp_path / "a.onnx", identity, (1, 3, 256, 256), (1, 3, 256, 256))
    larger = onnx_file(tmp_path / "b.onnx", enlarging(2), ANY, ANY)
    for path in (small, larger):
        with pytest.raises(EngineError, match="512x512"):
            load_enhance(EnhanceSettings(path), scene())


@pytest.mark.parametrize("wrong", [{"region": "hat"}, {"strength": 1.5}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="nothing restores"):
        EnhanceSettings(PATH, **wrong)
