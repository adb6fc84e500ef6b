"""A sound cut off, one that begins late, and a mouth that falls behind are found."""

from fractions import Fraction

import numpy as np
import pytest

from quality.drift import drift_of, length_of
from tests.media import make_sound, make_video, numbered
from tests.quality.faces_drawn import babble, shown
from video.writer import Target, write
from video.yuv import Frame

FPS = Fraction(25)


def written(path, frames, seconds, rate=FPS):
    """A video of so many frames with a sound of so many seconds."""
    sound = make_sound(path.with_suffix(".wav"), seconds=seconds)
    pictures = (Frame.of_picture(numbered(n)) for n in range(frames))
    write(pictures, Target(path, Fraction(rate), 64, 48, sound))
    return path


@pytest.mark.parametrize("name", ["whole.mkv", "whole.mp4", "whole.mov"])
def test_a_whole_result_ends_together(tmp_path, name):
    length = length_of(written(tmp_path / name, 50, 2))
    assert length.picture_seconds == 2
    assert abs(length.apart_ms) <= 1 and abs(length.begins_apart_ms) <= 1


@pytest.mark.parametrize("name", ["cut.mkv", "cut.mov"])
def test_a_sound_cut_off_is_found(tmp_path, name):
    length = length_of(written(tmp_path / name, 50, 1.2))
    assert float(length.sound_seconds) == pytest.approx(1.2, abs=0.002)
    assert length.apart_ms == pytest.approx(800, abs=2)


def test_a_picture_that_begins_late_is_found(tmp_path):
    late = [Fraction(1, 2) + n / FPS for n in range(10)]
    length = length_of(make_video(tmp_path / "late.mkv", pts=late, sound=True))
    assert length.begins_apart_ms == pytest.approx(500, abs=25)


def test_times_are_exact(tmp_path):
    rate = Fraction(30000, 1001)
    assert length_of(written(tmp_path / "ntsc.mp4", 30, 1, rate)).picture_seconds == 30 / rate


def test_without_sound_nothing_is_apart(tmp_path):
    length = length_of(make_video(tmp_path / "mute.mp4", frames=5))
    assert (length.sound_seconds, length.apart_ms, length.begins_apart_ms) == (0, None, None)
    alone = length_of(make_sound(tmp_path / "alone.wav", seconds=1))
    assert (alone.picture_seconds, alone.apart_ms) == (0, None)


@pytest.mark.parametrize("falls_behind", [0, 4])
def test_a_mouth_that_falls_behind_is_found(falls_behind):
    loud = babble(300)
    late = np.linspace(0, falls_behind, 300)
    drift = drift_of(shown(loud, late), shown(loud, 0), FPS)
    assert drift.apart_ms == pytest.approx(40 * falls_behind * 2 / 3, abs=12)


def test_a_drift_is_not_said_where_nobody_knows():
    loud = shown(babble(300), 0)
    frozen = np.r_[loud[:200], np.full(100, 0.1)]
    other = np.r_[loud[:200], shown(babble(100, seed=7), 0)]
    assert drift_of(frozen, loud, FPS).apart_ms is None
    assert drift_of(other, loud, FPS).apart_ms is None
    assert drift_of(loud[:150], loud[:150], FPS).apart_ms is None
