"""The second run on a clip detects nothing, and gives the same frames."""

import os
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from base.errors import NoFaceError
from base.geometry import Box, Landmarks
from faces.face import Face
from options.options import Options
from pipeline import track_key
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.settings import settings_of
from pipeline.stages import Stages
from pipeline.track_key import LARGE, content_digest, track_entry
from tests.media import make_picture, make_sound, make_video, number_of, numbered
from tests.readback import frames_of
from tests.slow import rest_slow
from video.shape import Shape
from video.source import open_source


class Seer:
    """Finds a face that trembles with the number in the picture, none where that is 7 or 8."""

    def __init__(self):
        self.looked = 0

    def detect(self, picture):
        self.looked += 1
        number = number_of(picture)
        height, width = picture.shape[:2]
        jitter = np.random.default_rng(number).normal(0, 0.01 * width, 4)
        box = Box(*(np.array([0.2, 0.8, 0.3, 0.7]) * [height, height, width, width] + jitter))
        return [] if number in (7, 8) else [Face(box, Landmarks.fixed(box), 0.95)]

    def refine(self, picture, face):
        return next(iter(self.detect(picture)), None)


def inverted(batches):
    for batch in batches:
        yield 255 - batch.faces


@pytest.fixture
def job(tmp_path):
    return Options(
        face=make_video(tmp_path / "face.mkv", frames=30, size=(160, 120), codec="ffv1"),
        audio=make_sound(tmp_path / "sound.wav", seconds=0.8),
        outfile=tmp_path / "out" / "result.mkv",
        encoder="ffv1",
        cache_dir=tmp_path / "cache",
    )


@pytest.fixture
def longer(job, tmp_path):
    return replace(job, audio=make_sound(tmp_path / "longer.wav", seconds=1.0))


def ran(options, told=None):
    """Whether the track was kept, and the output's frames."""
    seer = Seer()

    def load():
        loaded.append(seer)
        return seer

    loaded = []
    tell = (told if told is not None else []).append
    stages = Stages("test", lambda shown: inverted, load, cache=options.cache_dir)
    report = lipsync(settings_of(options), stages, tell, Clock())
    cached = report.caches["track"]
    assert bool(loaded) == (seer.looked > 0) == (cached != "hit")
    return cached, frames_of(options.outfile)


def entries(options):
    return sorted((options.cache_dir / "tracks").iterdir())


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def test_the_second_run_detects_nothing(job):
    """It does not even load the detector, and its frames are equal."""
    first, cold = ran(job)
    second, warm = ran(job)
    assert (first, second) == ("miss", "hit") and same(cold, warm)
    assert len(entries(job)) == 1


@pytest.mark.parametrize(
    "flags",
    rest_slow(
        [
            {"nosmooth": True},
            {"temporal_smooth": True, "smooth_mode": "strong", "smooth_window": 9},
            {"pads": (5, 0, 3, 2)},
            {"blend_method": "original"},
        ],
        2,
    ),
)
def test_what_is_done_after_detection_is_free_to_change(job, flags):
    """The frames are those of a run that has never seen the clip."""
    _, plain = ran(job)
    changed = replace(job, **flags)
    cached, warm = ran(changed)
    uncached, cold = ran(replace(changed, cache_dir=None))
    assert (cached, uncached) == ("hit", "off")
    assert same(cold, warm) and not same(cold, plain)


def test_a_given_box_is_kept_too(job):
    boxed = replace(job, box=(20, 100, 40, 120))
    ran(job)
    (first, cold), (second, warm) = ran(boxed), ran(boxed)
    assert (first, second) == ("miss", "hit") and same(cold, warm)


def test_a_frame_larger_than_the_detector_s_picture(job, tmp_path):
    wide = replace(job, face=make_video(tmp_path / "w.mkv", frames=9, size=(800, 64), codec="ffv1"))
    (first, cold), (second, warm) = ran(wide), ran(wide)
    assert (first, second) == ("miss", "hit") and same(cold, warm)


def test_a_long_run_s_track_serves_a_shorter_sound(job, longer):
    ran(longer)
    cached, warm = ran(job)
    assert cached == "hit" and same(warm, ran(replace(job, cache_dir=None))[1])


def test_a_short_run_s_track_gives_way_to_a_longer(job, longer):
    ran(job)
    assert ran(longer)[0] == "miss"
    assert ran(longer)[0] == ran(job)[0] == "hit"
    assert len(entries(job)) == 1


def test_a_clip_that_had_ended_serves_every_sound(job, tmp_path):
    """Also one so long that the clip is looped."""
    short = replace(job, face=make_video(tmp_path / "s.mkv", frames=9, size=(160, 120)))
    ran(short)
    assert ran(replace(short, audio=make_sound(tmp_path / "l.wav", seconds=2.0)))[0] == "hit"


def test_a_photo_is_looked_at_once(job, tmp_path):
    """Whatever the rate and the length of the sound."""
    picture = make_picture(tmp_path / "face.png", numbered(3, 160, 120), ".png")
    photo = replace(job, face=picture, audio=make_sound(tmp_path / "s.wav", seconds=0.01))
    assert ran(photo)[0] == "miss"
    assert ran(replace(photo, audio=job.audio, fps=Fraction(30)))[0] == "hit"


def test_one_photo_in_two_places_is_one(job, tmp_path):
    picture = make_picture(tmp_path / "face.png", numbered(3, 160, 120), ".png")
    (tmp_path / "again.png").write_bytes(picture.read_bytes())
    ran(replace(job, face=picture))
    assert ran(replace(job, face=tmp_path / "again.png"))[0] == "hit"


def test_other_content_of_the_same_size_and_time_is_noticed(job, tmp_path):
    picture = make_picture(tmp_path / "face.bmp", numbered(3, 160, 120), ".bmp")
    photo = replace(job, face=picture)
    ran(photo)
    before = picture.stat()
    make_picture(picture, numbered(5, 160, 120), ".bmp")
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    now = picture.stat()
    assert (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    cached, frames = ran(photo)
    assert cached == "miss" and same(frames, ran(replace(photo, cache_dir=None))[1])


DETECTION_OPTIONS = (
    {"resize_factor": 2},
    {"rotate": True},
    {"crop": (0, 100, 10, 150)},
    {"static": True},
    {"box": (20, 84, 40, 96)},
    {"face_detector": "sfd"},
    {"face_det_stride": 3},
    {"face_select": "left"},
)


@pytest.mark.slow
def test_an_option_that_changes_what_is_seen_is_noticed(job):
    jobs = [job, *(replace(job, **options) for options in DETECTION_OPTIONS)]
    first, second = ([ran(one)[0] for one in jobs] for _ in range(2))
    assert first == ["miss"] * len(jobs) and second == ["hit"] * len(jobs)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"crop": (0, 120, 0, 160)}, {"crop": (8, 128, 0, 160)}), ({}, {"rotate": True})],
)
def test_another_view_of_the_same_size_is_noticed(job, tmp_path, one, other):
    picture = make_picture(tmp_path / "square.png", numbered(3, 160, 160), ".png")
    photo = replace(job, face=picture)
    ran(replace(photo, **one))
    assert ran(replace(photo, **other))[0] == "miss"


@pytest.mark.slow
def test_a_track_of_other_code_or_weights_is_made_anew(job, tmp_path, monkeypatch):
    """Nobody has to think of a version number."""
    code = ("faces/follow.py", "video/timing.py", "base/geometry.py", "base/lips.py")
    code = (*code, "faces/weights/lips.xml", "faces/weights/lips.bin")
    for path in (*code, "faces/gaps.py"):
        (tmp_path / "ours" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ours" / path).write_text("STRIDE = 5\n")
    monkeypatch.setattr(track_key, "ROOT", tmp_path / "ours")
    ran(job)
    for path in code:
        assert ran(job)[0] == "hit"
        (tmp_path / "ours" / path).write_text("STRIDE = 6\n")
        assert ran(job)[0] == "miss"
    files = tmp_path / "packages" / "sharp_eyes" / "assets" / "weights" / "net.lz4"
    files.parent.mkdir(parents=True)
    (tmp_path / "packages" / "sharp_eyes" / "__init__.py").touch()
    files.write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.setattr(track_key, "WEIGHT_PACKAGES", ("sharp_eyes",))
    assert [ran(job)[0], ran(job)[0]] == ["miss", "hit"]
    files.write_bytes(b"better weights")
    assert ran(job)[0] == "miss"


def test_every_option_is_known_to_matter_or_not(job):
    """A new flag that changes what is seen must be added to the key, and to one of these."""
    matter = {"face", "resize_factor", "rotate", "crop", "static", "box"}
    matter |= {"face_detector", "face_det_stride", "face_select"}
    later = {"pads", "nosmooth", "temporal_smooth", "smooth_window", "smooth_mode", "loop"}
    speed = {"face_det_batch_size", "wav2lip_batch_size", "fp16", "int8", "device", "engine"}
    mouth = {"blend_method", "mouth_region_size", "blur_intensity", "sharpen_mouth"}
    mouth |= {"sharpen_amount", "silence_gating", "silence_threshold", "checkpoint_path"}
    mouth |= {"no_color_match", "lip_strength", "vad", "visemes", "recognise_phonemes"}
    sound = {"audio", "audio_offset", "drive_audio", "fps", "clean_voice"}
    sound |= {"text", "text_file", "voice", "language", "speaking_rate", "pitch", "speech_file"}
    output = {"outfile", "encoder", "preset", "crf", "progress", "report", "debug", "demo"}
    output |= {"max_bitrate", "audio_bitrate", "mode", "profile", "models", "plugin_stages"}
    output |= {"quality", "stream"}
    place = {"cache_dir", "no_cache", "check", "max_pixels", "max_seconds"}
    stages = {"animate", "driving_video", "idle", "expression_scale", "seed", "out_fps"}
    stages |= {"motion", "animate_size", "preprocess", "pose_style", "still_head"}
    stages |= {"diffusion_steps"}
    stages |= {"interpolator", "enhance", "enhance_region", "enhance_strength", "upscale"}
    stages |= {"upscaler", "burn_subtitles", "subtitle_font", "on_stage_error"}
    words = {"transcript", "transcribe", "subtitles", "subtitle_track"}
    known = matter | later | speed | mouth | sound | words | output | place | stages
    assert set(vars(job)) - known == set()


def test_what_moves_the_mouth_is_no_matter(job, tmp_path):
    assert ran(job)[0] == "miss"
    voice = make_sound(tmp_path / "voice.wav", seconds=0.3)
    assert ran(replace(job, drive_audio=voice, vad="none", lip_strength=0.5))[0] == "hit"


def test_a_damaged_track_is_made_anew(job):
    _, cold = ran(job)
    (entry,) = entries(job)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-100])
    cached, again = ran(job)
    assert cached == "miss" and same(cold, again)
    assert entry.read_bytes() == whole


def test_no_face_is_kept_as_well(job, tmp_path):
    """The same error comes at once; another option is another track."""
    blank = make_picture(tmp_path / "blank.png", numbered(7, 160, 120), ".png")
    for _ in range(2):
        with pytest.raises(NoFaceError, match="no face"):
            ran(replace(job, face=blank))
    assert len(entries(job)) == 1


def test_a_cache_that_cannot_be_written_is_no_error(job):
    job.cache_dir.write_text("a file where the folder should be")
    assert ran(job)[0] == ran(job)[0] == "miss"


def test_without_a_cache_nothing_is_written(job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.rglob("*")}
    assert ran(replace(job, cache_dir=None))[0] == "off"
    assert {*tmp_path.rglob("*")} - before == {job.outfile.parent, job.outfile}


def test_progress_tells_the_stage_once(job):
    """Of a track that is kept: done, in one step."""
    ran(job)
    told = []
    ran(job, told)
    assert [(step.done, step.of) for step in told if step.stage == "faces"] == [(20, 20)]


def test_of_a_large_clip_any_change_is_noticed(tmp_path):
    """Though not all of it is read; times are told in ticks of the system's clock."""
    clip = tmp_path / "large.mp4"
    clip.touch()
    os.truncate(clip, LARGE + 1)
    before, facts = content_digest(clip), clip.stat()
    with clip.open("r+b") as file:
        while clip.stat().st_ctime_ns == facts.st_ctime_ns:
            file.seek(LARGE // 2)
            file.write(b"changed")
            file.flush()
            os.utime(clip, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert clip.stat().st_mtime_ns == facts.st_mtime_ns
    assert content_digest(clip) != before


def test_a_clip_that_is_gone_has_no_entry(job, tmp_path):
    picture = tmp_path / "gone.png"
    cv2.imwrite(str(picture), numbered(3))
    source = open_source(picture, Shape(), Fraction(25))
    assert track_entry(tmp_path, settings_of(job), source, 640) is not None
    picture.unlink()
    assert track_entry(tmp_path, settings_of(job), source, 640) is None
