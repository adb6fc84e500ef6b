"""Every output frame has the window of mel at its own time, exactly."""

import json
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound
from audio.mel import SILENCE_LEVEL, mel_spectrogram
from audio.windows import WINDOW_COLUMNS, VadSettings, count_frames, window_starts, windows_of
from tests.cases import each

CHUNKS = json.loads((Path(__file__).parent / "data" / "chunks.json").read_text())
RATES = [
    Fraction(rate)
    for rate in "12 15 24000/1001 24 25 30000/1001 30 50 60000/1001 60".split()  # noqa: SIM905
]
LENGTHS = [Fraction(n, 1000) for n in (50, 125, 190, 1000, 3337, 61_500, 7_200_000)]


@pytest.fixture(scope="module")
def hiss():
    return Sound(np.random.default_rng(3).normal(0, 0.1, 48_123).astype(np.float32))


@each("case", CHUNKS)
def test_starts_equal_the_original_s(case):
    """Except for its last window, which the original moves back into the sound."""
    fps, _, columns = case.partition("/")
    count, first, last = (CHUNKS[case][key] for key in ("count", "first", "last"))
    starts = window_starts(count - 1, Fraction(fps)).tolist()
    assert starts[:6] == first[: count - 1]
    assert starts[-2:] == last[:-1][-2:]
    assert starts[-1] + WINDOW_COLUMNS <= int(columns)
    # the original stops where a window no longer fits, so these are all of its windows
    assert int(count * 80 / Fraction(fps)) + WINDOW_COLUMNS > int(columns)


@each("fps", RATES)
@each("length", LENGTHS)
def test_starts_are_exact_from_50_milliseconds_to_two_hours(fps, length):
    frames = count_frames(length, fps)
    starts = window_starts(frames, fps)
    step = np.arange(frames, dtype=np.int64) * 80 * fps.denominator
    assert np.array_equal(starts, step // fps.numerator)


@each("fps", RATES)
@each("length", LENGTHS)
def test_frames_are_the_times_before_the_end(fps, length):
    frames = count_frames(length, fps)
    assert (frames - 1) / fps < length <= frames / fps


def test_a_frame_time_on_the_end_is_no_frame():
    assert count_frames(Fraction(1), Fraction(25)) == 25
    assert count_frames(Fraction(16_001, 16_000), Fraction(25)) == 26
    assert count_frames(Fraction(1, 16_000), Fraction(12)) == 1


def test_rates_are_never_rounded_to_whole_numbers():
    hour = count_frames(Fraction(3600), Fraction(30_000, 1001))
    assert hour == 107_893
    assert window_starts(hour, Fraction(30_000, 1001))[-1] == 287_999


def test_a_rate_made_from_a_float_is_exact_too():
    """Its denominator is 2**44; 64 bits do not hold the products."""
    assert np.array_equal(
        window_starts(400_000, Fraction(29.97)), window_starts(400_000, Fraction("29.97"))
    )


@each("fps", RATES)
@each("samples", [1, 160, 800, 3039, 3040, 3199, 3200, 3201, 16_000, 48_123])
def test_every_frame_has_a_window(hiss, fps, samples):
    """Every frame has one, also in a sound shorter than a window."""
    sound = Sound(hiss.samples[:samples])
    windows = windows_of(sound, fps)
    assert len(windows) == count_frames(sound.duration, fps)
    assert np.array_equal(windows.starts, window_starts(len(windows), fps))
    assert windows.slice(0, len(windows)).shape == (len(windows), 80, 16)
    assert windows.speaking.shape == (len(windows),)


def test_windows_are_cut_from_the_mel_of_the_sound(hiss):
    mel = mel_spectrogram(hiss.samples)
    windows = windows_of(hiss, Fraction(30_000, 1001))
    for frame in (0, 1, 7, 50, 80):
        start = int(Fraction(frame * 80 * 1001, 30_000))
        assert np.array_equal(windows.slice(frame, frame + 1)[0], mel[:, start : start + 16])


def test_the_end_runs_into_silence(hiss):
    last = windows_of(hiss, Fraction(60)).slice(-1, 10_000)[0]
    assert (last[:, :1] > SILENCE_LEVEL).all()
    assert (last[:, 4:] == SILENCE_LEVEL).all()


def test_a_slice_has_the_windows_of_its_frames(hiss):
    windows = windows_of(hiss, Fraction(25))
    every = np.stack([windows.mel[:, start : start + 16] for start in windows.starts])
    assert windows.slice(0, len(windows)).dtype == np.float32
    assert np.array_equal(windows.slice(0, len(windows)), every)
    assert np.array_equal(windows.slice(60, 999), every[60:])
    assert windows.slice(5, 5).shape == (0, 80, 16)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30_000, 1001)])
def test_an_offset_moves_the_mouth_by_whole_frames(hiss, fps):
    plain = windows_of(hiss, fps)
    later, earlier = windows_of(hiss, fps, 5 / fps), windows_of(hiss, fps, -5 / fps)
    assert len(later) == len(earlier) == len(plain)
    # not of frame 0: its first two columns are reflected in one mel, and follow silence in another
    assert np.allclose(later.slice(6, 70), plain.slice(1, 65))
    assert np.array_equal(earlier.slice(0, 60), plain.slice(5, 65))


@pytest.mark.parametrize("offset", [Fraction(1, 2), Fraction(100), Fraction(-1, 2), Fraction(-100)])
def test_outside_the_sound_windows_are_silent(hiss, offset):
    windows = windows_of(hiss, Fraction(25), offset)
    outside = slice(0, 4) if offset > 0 else slice(len(windows) - 4, len(windows))
    assert (windows.slice(outside.start, outside.stop) == SILENCE_LEVEL).all()
    assert not windows.speaking[outside][:: 1 if offset > 0 else -1][:2].any()


def test_speech_is_moved_with_the_mouth():
    samples = np.zeros(3 * SAMPLE_RATE, np.float32)
    samples[SAMPLE_RATE : 2 * SAMPLE_RATE] = np.tile([0.3, -0.3], SAMPLE_RATE // 2)
    plain = windows_of(Sound(samples), Fraction(25)).speaking
    later = windows_of(Sound(samples), Fraction(25), Fraction(1, 5)).speaking
    assert plain.any() and not plain.all()
    assert np.array_equal(later[5:], plain[:-5])


def test_windows_are_frozen_and_read_only(hiss):
    windows = windows_of(hiss, Fraction(25))
    with pytest.raises(FrozenInstanceError):
        windows.fps = Fraction(30)
    for array in (windows.mel, windows.starts, windows.speaking):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    "change",
    [
        {"mel": np.zeros((79, 300), np.float32)},
        {"mel": np.zeros((80, 300), np.float64)},
        {"mel": np.zeros((80, 20), np.float32)},
        {"starts": np.zeros(0, np.int64)},
        {"starts": np.full(76, -1)},
        {"starts": np.zeros(76)},
        {"starts": np.zeros(75, np.int64)},
        {"speaking": np.zeros(76)},
        {"fps": Fraction(0)},
        {"fps": Fraction(-25)},
    ],
)
def test_windows_are_checked_at_birth(hiss, change):
    windows = windows_of(hiss, Fraction(25))
    assert len(windows) == 76
    with pytest.raises(ValueError):
        replace(windows, **change)


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(-1)])
def test_a_rate_that_cannot_be(hiss, fps):
    with pytest.raises(ValueError, match="frames a second"):
        windows_of(hiss, fps)


@pytest.mark.parametrize("offset", [Fraction(0), Fraction(2, 25), Fraction(-2, 25)])
def test_speech_only_windows_are_silent_outside_speech(offset):
    """Inside speech they are as they are otherwise, and there is no step in between."""
    random = np.random.default_rng(5)
    levels = np.repeat([0.002, 0.2, 0.002], 2 * SAMPLE_RATE)
    voice = Sound((levels * random.normal(0, 1, len(levels))).astype(np.float32))
    plain = windows_of(voice, Fraction(25), offset, VadSettings(threshold=0.03))
    alone = windows_of(voice, Fraction(25), offset, VadSettings(threshold=0.03, speech_only=True))
    assert np.array_equal(plain.starts, alone.starts)
    assert np.array_equal(plain.speaking, alone.speaking)
    shift = alone.starts[0] - round(-offset * 80)  # columns before the sound
    first, last = shift + 160, shift + 320
    assert np.array_equal(alone.mel[:, first - 2 : last + 2], plain.mel[:, first - 2 : last + 2])
    outside = np.concatenate([alone.mel[:, : first - 16], alone.mel[:, last + 17 :]], axis=1)
    assert (outside == SILENCE_LEVEL).all() and plain.mel[:, first - 40].mean() > -3.5
    steps = np.diff(alone.mel[:, first - 16 : first - 3].mean(axis=0))
    assert np.abs(steps).max() < 0.5


def test_by_default_windows_are_not_silent_outside_speech(hiss):
    plain = windows_of(hiss, Fraction(25), Fraction(0), VadSettings(threshold=1.0))
    assert not plain.speaking.any()
    assert np.array_equal(plain.mel, windows_of(hiss, Fraction(25)).mel)
