"""Planted lags against measured ones, and how often chance is believed."""

import json
from fractions import Fraction

import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound
from benchmarks.__main__ import main
from benchmarks.material.sound import make_speech
from benchmarks.sync.command import Row, figures
from benchmarks.sync.false_matches import Mouth, false_match_rate
from quality.sync import frame_loudness

FPS = Fraction(25)


def row(lag, confidence=1.0, planted=80.0):
    return Row("a face", planted, lag, 0.9, confidence, 20.0)


@pytest.mark.parametrize("missed", [row(None), row(101.0), row(59.0), row(80.0, confidence=0.4)])
def test_a_lag_that_is_far_off_or_unsure_is_missed(missed):
    assert not missed.passed and "missed" in figures([missed])


def test_a_lag_that_is_near_is_found_and_a_recording_has_no_limit():
    assert row(99.0).passed and "found" in figures([row(99.0)])
    recorded = row(None, confidence=0.0, planted=None)
    assert recorded.passed and "missed" not in figures([recorded])


def voice(seed):
    """Ten seconds of noise that comes and goes like syllables."""
    rng = np.random.default_rng(seed)
    level = np.interp(np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE, np.arange(80) / 8, rng.random(80))
    return Sound((0.3 * level * rng.normal(size=len(level))).astype(np.float32))


def test_only_a_mouth_that_follows_somebody_else_is_believed_wrongly():
    own = [Mouth(frame_loudness(voice(n), FPS, 250), voice(n), FPS) for n in range(3)]
    share, pairs = false_match_rate(own)
    assert share < 0.05 and pairs > 40
    copied = [own[0], Mouth(own[0].openings, voice(1), FPS), own[1]]
    assert false_match_rate(copied)[0] > share
    assert false_match_rate([]) == (0.0, 0)


@pytest.mark.slow
def test_the_puppet_is_measured(tmp_path, capsys):
    sound, out = make_speech(tmp_path / "speech.wav", 3.0), tmp_path / "sync.json"
    assert main(["sync", "--quick", "--audio", str(sound), "--out", str(out)]) == 0
    kept = json.loads(out.read_text())
    assert kept["passed"] and [row["planted_ms"] for row in kept["rows"]] == [-160, 0, 120]
    assert capsys.readouterr().out.count("found") == 3
