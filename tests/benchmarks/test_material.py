"""Synthetic inputs are always the same, and the user's own are used as they are."""

import argparse
from fractions import Fraction

import cv2
import numpy as np
import pytest

from audio.load import load_sound
from base.errors import InputError
from benchmarks.material.clips import NAMES, SIZES, make_clip, make_video, moving_pictures, to_frame
from benchmarks.material.inputs import input_settings, probe_clip, select_clips
from benchmarks.material.sound import make_speech
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from tests.readback import frames_of
from tests.slow import rest_slow

SMALL = (160, 120)


def arguments(**flags):
    none = dict.fromkeys(("face", "audio", "checkpoint_path", "seconds", "only"))
    return argparse.Namespace(**{**none, "device": "auto", "quick": True, **flags})


def test_a_clip_is_the_same_every_time_and_moves():
    first, second = (list(moving_pictures(SMALL, 3)) for _ in range(2))
    assert all(map(np.array_equal, first, second))
    assert all(picture.shape == (120, 160, 3) for picture in first)
    assert not np.array_equal(first[0], first[1])


def test_its_grain_is_that_of_a_camera():
    first, later = (picture.astype(float) for picture in moving_pictures((320, 240), 2))
    corner = np.s_[:60, :30]  # nothing moves there
    assert 1 < (later - first)[corner].std() < 4


def test_a_made_video_has_its_size_rate_and_length(tmp_path):
    frames = frames_of(make_video(tmp_path / "v.mp4", SMALL, 0.4))
    assert len(frames) == 10 and frames[0].shape == (120, 160, 3)


def test_colours_survive_the_way_into_a_frame():
    (picture,) = moving_pictures((320, 240), 1)
    difference = np.abs(to_frame(picture).picture().astype(float) - picture)
    assert difference.mean() < 3


@pytest.mark.parametrize("name", rest_slow(SIZES))
def test_every_size_shows_one_large_face(name):
    (picture,) = moving_pictures(SIZES[name], 1)
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (face,) = DETECTORS["mtcnn"](DetectorSettings()).detect(small)
    assert face.box.height > 0.3 * min(small.shape[:2])


def test_the_sound_has_exactly_its_length(tmp_path):
    sounds = [load_sound(make_speech(tmp_path / "s.wav", seconds)) for seconds in (0.5, 12.04)]
    assert [sound.duration for sound in sounds] == [Fraction(1, 2), Fraction(1204, 100)]
    assert np.abs(sounds[1].samples).max() > 0.1


def test_the_chosen_clips_are_made(tmp_path):
    (clip,) = select_clips(
        arguments(only=["still"], seconds=0.4), dict.fromkeys(NAMES, 10.0), tmp_path
    )
    assert (clip.name, clip.size, clip.frames, clip.synthetic) == ("still", (512, 512), 10, True)
    assert clip.seconds == pytest.approx(0.4)


def test_a_users_clip_is_not_synthetic(tmp_path):
    face = make_video(tmp_path / "me.mp4", SMALL, 0.2)
    (clip,) = select_clips(arguments(face=face, seconds=0.6), dict.fromkeys(NAMES, 10.0), tmp_path)
    assert (clip.name, clip.size, clip.frames, clip.synthetic) == ("me", SMALL, 15, False)


def test_a_users_face_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "me.mp4").write_text("no video\n" * 9)
    with pytest.raises(InputError):
        probe_clip("me", tmp_path / "me.mp4", make_speech(tmp_path / "s.wav", 0.2), synthetic=False)


def test_folders_of_files_are_not_kept(tmp_path):
    facts = input_settings(arguments(face=tmp_path / "me.mp4"))
    assert facts["face"] == "me.mp4" and str(tmp_path) not in str(facts)


def test_every_name_can_be_made(tmp_path):
    assert all(make_clip(name, tmp_path, 0.04).exists() for name in NAMES)
