"""The order of the stages, with small stages and real media."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from audio.vads import SPEECH_ONLY_VADS, VADS
from base.errors import NoFaceError, UsageError
from base.geometry import Box, Landmarks, Rect
from faces.face import Face, FaceTrack
from options.options import Options
from pipeline.framing import FaceFraming
from pipeline.job import open_job
from pipeline.report import Clock, Step
from pipeline.run import lipsync
from pipeline.scene import examples_of
from pipeline.settings import settings_of
from pipeline.stages import Stages
from tests.encoders import record_contexts
from tests.media import make_sound, make_video, numbered
from tests.readback import frames_of, planes_of
from video.encoders import has_encoder
from wav2lip.generators.prepared import NetworkGenerator

BOX = Box(20.0, 84.0, 40.0, 96.0)
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


class Seer:
    """Finds the same face in every picture that is not black."""

    def detect(self, picture):
        return [FACE] if picture.mean() > 2 else []

    def refine(self, picture, face):
        return FACE if picture.mean() > 2 else None


def black(number, width, height):
    return np.zeros((height, width, 3), np.uint8)


def inverted(batches):
    for batch in batches:
        yield 255 - batch.faces


def unchanged(batches):
    for batch in batches:
        yield batch.faces


@pytest.fixture
def job(tmp_path):
    return Options(
        face=make_video(tmp_path / "face.mkv", frames=30, size=(160, 120), codec="ffv1"),
        audio=make_sound(tmp_path / "sound.wav", seconds=0.8),
        outfile=tmp_path / "out" / "result.mkv",
        encoder="ffv1",
    )


def ran(options, generator=inverted, tell=lambda step: None, **stages):
    stages = Stages("test", lambda shown: generator, lambda: Seer(), **stages)
    return lipsync(settings_of(options), stages, tell, Clock())


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_pixels_outside_the_mask_are_bit_identical(job, tmp_path, pix_fmt):
    """Through a lossless encoder, in every layout and depth."""
    face = make_video(tmp_path / "in.mkv", frames=5, size=(160, 120), codec="ffv1", pix_fmt=pix_fmt)
    job = replace(job, face=face, audio=make_sound(tmp_path / "s.wav", seconds=0.2))
    ran(job)
    before, after = planes_of(face), planes_of(job.outfile)
    assert len(after) == 5
    for old, new in zip(before, after, strict=True):
        for plane, (was, now) in enumerate(zip(old, new, strict=True)):
            assert was.shape == now.shape and was.dtype == now.dtype
            y, x = was.shape[0] / 120, was.shape[1] / 160
            inside = np.zeros(was.shape, bool)
            top, bottom, left, right = (
                BOX.top * y,
                (BOX.bottom + 10) * y,
                BOX.left * x,
                BOX.right * x,
            )
            inside[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
            assert np.array_equal(was[~inside], now[~inside])
            assert plane > 0 or not np.array_equal(was, now)


@pytest.mark.parametrize(("method", "whole"), [("original", True), ("ellipse", False)])
def test_the_generator_is_told_what_shows_of_the_face_that_was_found(job, tmp_path, method, whole):
    face = make_video(tmp_path / "low.mkv", frames=2, size=(160, 90), codec="ffv1")
    told = []

    def loaded(shown):
        told.append(shown)
        return inverted

    job = replace(job, face=face, blend_method=method, pads=(0, 0, 0, 0))
    lipsync(settings_of(job), Stages("test", loaded, lambda: Seer()), lambda step: None, Clock())
    (scene,) = told
    shown = scene.visible
    assert scene.examples is None and not scene.still
    assert (shown == Rect(0, 96, 0, 96)) == whole
    assert whole or (40 < shown.top < 70 and 0 < shown.left < 30)  # the lower half's middle


def test_a_generator_that_looks_first_gets_faces_of_the_clip_and_sounds_of_all_levels(job):
    scenes = []

    def loaded(scene):
        scenes.append(scene)
        return NetworkGenerator(inverted, "int8", ("a notice",))

    stages = Stages("test", loaded, lambda: Seer(), examines=True)
    report = lipsync(settings_of(job), stages, lambda step: None, Clock())
    assert report.precision == "int8" and report.notices[-1] == "a notice"
    assert ran(job).precision is None
    examples = scenes[0].examples
    windows = open_job(settings_of(job)).windows
    loudness = windows.slice(0, len(windows)).mean(axis=(1, 2))
    heard = examples.mels.mean(axis=(1, 2))
    assert len(examples) == 8 and heard.min() == loudness.min() and heard.max() == loudness.max()
    faces = [face.tobytes() for face in examples.faces]
    assert faces[:3] == faces[3:6] and len(set(faces)) == 3  # of 20 frames


def test_a_still_is_told_to_the_generator_and_no_face_gives_no_examples(job, tmp_path):
    scenes = []

    def loaded(scene):
        scenes.append(scene)
        return inverted

    still = replace(job, static=True)
    stages = Stages("test", loaded, lambda: Seer(), examines=True)
    lipsync(settings_of(still), stages, lambda step: None, Clock())
    assert scenes[0].still and len({face.tobytes() for face in scenes[0].examples.faces}) == 1
    opened, none = open_job(settings_of(job)), FaceTrack.of([None])
    assert examples_of(opened, none, FaceFraming()) is None


def test_the_result_is_as_long_as_the_sound(job):
    report = ran(job)
    with av.open(str(job.outfile)) as result:
        picture, sound = result.streams.video[0], result.streams.audio[0]
        assert picture.average_rate == 25
        spoken = sum(f.samples for f in result.decode(sound)) / Fraction(sound.rate)
    assert report.frames == len(frames_of(job.outfile)) == 20
    assert abs(spoken - Fraction(20, 25)) <= Fraction(1, 25)


@pytest.mark.skipif(not has_encoder("h264_nvenc"), reason="not in this build of PyAV")
def test_a_run_tries_nvenc_once_and_at_its_size(job, tmp_path, monkeypatch):
    """From the check of the flags to the written file."""
    contexts = record_contexts(monkeypatch)
    ran(replace(job, outfile=tmp_path / "a.mp4", encoder="auto"))
    sizes = [(tried.width, tried.height) for tried in contexts if tried.name == "h264_nvenc"]
    assert sizes == [(160, 120)]


def test_a_longer_sound_loops_the_video(job, tmp_path):
    ran(replace(job, audio=make_sound(tmp_path / "long.wav", seconds=2.0)), unchanged)
    before, after = frames_of(job.face), frames_of(job.outfile)
    assert len(after) == 50
    assert np.array_equal(after[0][:20], before[0][:20])
    assert np.array_equal(after[30][:20], before[0][:20])


def test_frames_without_a_face_pass_unchanged(job, tmp_path):
    """One such frame aborted the run."""
    gone = range(8, 16)
    face = make_video(
        tmp_path / "gone.mkv",
        frames=30,
        size=(160, 120),
        codec="ffv1",
        draw=lambda i, w, h: numbered(i, w, h) * (i not in gone),
    )
    report = ran(replace(job, face=face))
    assert report.frames == 20
    assert 0 < report.frames_without_face <= len(gone)
    before, after = planes_of(face), planes_of(job.outfile)
    same = [all(map(np.array_equal, b, a)) for b, a in zip(before, after, strict=False)]
    assert same.count(True) == report.frames_without_face


def test_no_face_anywhere_is_an_error_and_no_file(job, tmp_path):
    face = make_video(tmp_path / "black.mkv", frames=5, size=(160, 120), draw=black)
    with pytest.raises(NoFaceError, match="no face"):
        ran(replace(job, face=face))
    assert not list(Path(tmp_path).glob("out/*"))


def test_a_given_box_is_taken_as_it_is(job):
    """Pads are for boxes that were found."""
    seen = []

    def looking(batches):
        for batch in batches:
            seen.append(batch.landmarks[0])
            yield batch.faces

    ran(replace(job, box=(20, 84, 40, 96)), looking)
    assert np.allclose(seen[0], BOX_LANDMARKS, atol=1.0)


BOX_LANDMARKS = Landmarks.fixed(Box(0, 96, 0, 96)).points()


def test_progress_is_told_frame_by_frame(job):
    told = []
    ran(job, tell=told.append)
    assert [s for s in told if s.stage == "frames"] == [Step("frames", i, 20) for i in range(1, 21)]


def test_a_file_that_holds_fewer_frames_than_it_says(job, tmp_path):
    """The last that is told is still that all are done."""
    told, cut = [], tmp_path / "cut.mkv"
    cut.write_bytes(job.face.read_bytes()[: job.face.stat().st_size * 2 // 3])
    ran(replace(job, face=cut), tell=told.append)
    faces = [step for step in told if step.stage == "faces"]
    assert 0 < faces[-1].done == faces[-1].of < faces[0].of


def test_a_rate_for_stills_is_told_to_be_idle(job):
    assert ran(job).notices == ran(replace(job, fps=Fraction(25))).notices == ()
    (notice,) = ran(replace(job, fps=Fraction(50))).notices
    assert "--fps is for a still" in notice and notice.endswith("keeps its 25")


def test_pads_that_move_the_face_out_of_the_picture(job, tmp_path):
    with pytest.raises(UsageError, match=r"--pads .* out of the picture"):
        ran(replace(job, pads=(-900, 900, 0, 0)))


def test_a_stage_that_fails_stops_the_rest(job, tmp_path):
    """The error reaches the caller, and no partial file stays."""

    def broken(batches):
        yield from inverted([next(iter(batches))])
        raise RuntimeError("engine")

    with pytest.raises(RuntimeError, match="engine"):
        ran(replace(job, wav2lip_batch_size=4), broken)
    assert not list(Path(tmp_path).glob("out/*"))


def test_in_pauses_the_generator_makes_few_mouths(job, tmp_path):
    """Of every mouth it is told who made it; without gating that is the generator."""
    hush = make_sound(tmp_path / "hush.wav", samples=np.zeros((1, 3 * 16_000), np.float32))
    face = make_video(
        tmp_path / "still.mkv",
        frames=30,
        size=(160, 120),
        codec="ffv1",
        draw=lambda i, w, h: numbered(1, w, h),
    )
    job = replace(job, audio=hush, face=face)
    told = []
    gated, every = ran(job, gated=True, tell=told.append), ran(job)
    assert (every.frames_generated, every.frames_interpolated) == (75, 0)
    assert gated.frames == gated.frames_generated + gated.frames_interpolated == 75
    assert 5 <= gated.frames_generated < 75 / 2
    assert ran(replace(job, vad="none"), gated=True).frames_generated == 75
    assert [s.done for s in told if s.stage == "frames"] == list(range(1, 76))
    assert len(frames_of(job.outfile)) == 75


def test_sound_of_one_hundredth_of_a_second(job, tmp_path):
    """Sound under 0.19 s crashed."""
    report = ran(replace(job, audio=make_sound(tmp_path / "short.wav", seconds=0.01)))
    assert report.frames == len(frames_of(job.outfile)) == 1


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ({"resize_factor": 2}, (80, 60)),
        ({"rotate": True}, (120, 160)),
        ({"crop": (0, 110, 0, 150)}, (150, 110)),
    ],
)
def test_shape_flags_reach_the_result(job, shape, size):
    report = ran(replace(job, **shape))
    assert report.size == size
    assert frames_of(job.outfile)[0].shape[:2] == size[::-1]


@pytest.mark.parametrize("vad", VADS)
def test_what_is_no_speech_moves_no_mouth_where_that_can_be_told(job, tmp_path, vad):
    """A loud hiss: to loudness it is speech."""
    hiss = np.random.default_rng(1).normal(0, 0.1, (1, 16_000)).astype(np.float32)
    job = replace(job, audio=make_sound(tmp_path / "hiss.wav", samples=hiss), vad=vad)
    windows = open_job(settings_of(job)).windows
    alone = vad in SPEECH_ONLY_VADS
    assert windows.speaking.any() != alone
    assert (windows.mel.max() == -4) == alone
