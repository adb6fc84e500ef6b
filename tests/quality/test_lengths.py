"""A sound cut off and a picture that begins late are found."""

from fractions import Fraction

import pytest

from quality.lengths import measure_lengths
from tests.media import make_sound, make_video, numbered
from video.writer import Target, write_video
from video.yuv import Frame

FPS = Fraction(25)


def write_clip(path, frames, seconds, rate=FPS):
    """Write a video of so many frames with a sound of so many seconds."""
    sound = make_sound(path.with_suffix(".wav"), seconds=seconds)
    pictures = (Frame.of_picture(numbered(n)) for n in range(frames))
    write_video(pictures, Target(path, Fraction(rate), 64, 48, sound))
    return path


@pytest.mark.parametrize("name", ["whole.mkv", "whole.mp4", "whole.mov"])
def test_a_whole_result_ends_together(tmp_path, name):
    lengths = measure_lengths(write_clip(tmp_path / name, 50, 2))
    assert lengths.picture_seconds == 2
    assert abs(lengths.end_difference_ms) <= 1 and abs(lengths.start_difference_ms) <= 1


@pytest.mark.parametrize("name", ["cut.mkv", "cut.mov"])
def test_a_sound_cut_off_is_found(tmp_path, name):
    lengths = measure_lengths(write_clip(tmp_path / name, 50, 1.2))
    assert float(lengths.sound_seconds) == pytest.approx(1.2, abs=0.002)
    assert lengths.end_difference_ms == pytest.approx(800, abs=2)


def test_a_picture_that_begins_late_is_found(tmp_path):
    late = [Fraction(1, 2) + n / FPS for n in range(10)]
    lengths = measure_lengths(make_video(tmp_path / "late.mkv", pts=late, sound=True))
    assert lengths.start_difference_ms == pytest.approx(500, abs=25)


def test_times_are_exact(tmp_path):
    rate = Fraction(30000, 1001)
    assert (
        measure_lengths(write_clip(tmp_path / "ntsc.mp4", 30, 1, rate)).picture_seconds == 30 / rate
    )


def test_without_sound_nothing_is_apart(tmp_path):
    lengths = measure_lengths(make_video(tmp_path / "mute.mp4", frames=5))
    assert (lengths.sound_seconds, lengths.end_difference_ms, lengths.start_difference_ms) == (
        0,
        None,
        None,
    )
    alone = measure_lengths(make_sound(tmp_path / "alone.wav", seconds=1))
    assert (alone.picture_seconds, alone.end_difference_ms) == (0, None)
