"""Loudness against sines whose value the standard gives, and against FFmpeg's own meter."""

import gc
import re
from contextlib import suppress
from fractions import Fraction

import av
import av.logging
import numpy as np
import pytest

from speech.loudness import (
    RATE,
    LoudnessMeter,
    gain_to_target,
    limited,
    peaks_between,
)
from tests.slow import rest_slow


def sine(hertz, decibels, seconds, phase=0.0):
    times = np.arange(int(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * hertz * times + phase) * 10 ** (decibels / 20)
    return wave.astype(np.float32)


def lufs(*pieces):
    meter = LoudnessMeter()
    for piece in pieces:
        meter.add(piece)
    return meter.lufs()


def by_ffmpeg(samples):
    """Integrated loudness and true peak, as the filter ebur128 sums them up in FFmpeg's log."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    with av.logging.Capture(local=False) as lines:
        _through_meter(samples)
        gc.collect()
    av.logging.set_level(level)
    text = "".join(line for _, _, line in lines)
    return tuple(float(re.findall(rf"{name}:\s+(-?[\d.]+)", text)[-1]) for name in ("I", "Peak"))


def _through_meter(samples):
    graph = av.filter.Graph()
    second = Fraction(1, RATE)
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="mono", time_base=second)
    meter, sink = graph.add("ebur128", "peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, second
    source.push(frame)
    source.push(None)
    with suppress(av.EOFError, av.BlockingIOError):
        while True:
            sink.pull()


def test_a_full_sine_of_997_hz_has_what_the_standard_says():
    assert lufs(sine(997, 0, 5)) == pytest.approx(-3.01, abs=0.02)


def test_a_quiet_stretch_does_not_count():
    """EBU Tech 3341, case 3, in one channel: 10 s at -36 dB, 60 s at -23, 10 s at -36."""
    parts = [sine(1000, -36, 10), sine(1000, -23, 60), sine(1000, -36, 10)]
    assert lufs(*parts) == pytest.approx(-26.0, abs=0.1)


def test_the_pieces_in_which_a_sound_comes_change_nothing():
    sound = sine(440, -20, 3.21)
    assert lufs(*np.array_split(sound, 17)) == pytest.approx(lufs(sound), abs=1e-6)


def test_silence_and_short_sounds_have_a_loudness():
    assert lufs(np.zeros(RATE, np.float32)) == lufs() == -np.inf
    assert gain_to_target(-np.inf) == 1.0
    assert lufs(sine(997, -20, 0.1)) == pytest.approx(-23.0, abs=0.2)


@pytest.mark.parametrize("seed", rest_slow(range(3)))
def test_ffmpeg_finds_the_same_loudness(seed):
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0.001, 0.3, 12), RATE // 2)
    noise = np.convolve(rng.normal(0, 1, len(level)), np.ones(8) / 8, "same")
    sound = (level * noise).astype(np.float32)
    assert lufs(sound) == pytest.approx(by_ffmpeg(sound)[0], abs=0.15)


def test_a_peak_between_two_samples_is_seen():
    """A quarter of the rate, sampled at 45 degrees: the samples reach 0.71 of the wave."""
    wave = sine(RATE / 4, 0, 0.1, np.pi / 4)
    assert np.abs(wave).max() == pytest.approx(0.707, abs=0.001)
    assert peaks_between(wave)[20:-20].max() == pytest.approx(1.0, abs=0.03)


def test_loud_peaks_give_way_and_nothing_else_changes():
    sound = sine(300, -12, 1.0)
    sound[RATE // 2 : RATE // 2 + 200] *= 8
    quiet = limited(sound)
    assert by_ffmpeg(quiet)[1] < -1.0
    away = np.r_[0 : RATE // 2 - 1000, RATE // 2 + 1200 : RATE]
    assert np.allclose(quiet[away], sound[away], atol=1e-6)
    jumps = np.abs(np.diff(quiet)).max()
    assert jumps < np.abs(np.diff(sound)).max()
