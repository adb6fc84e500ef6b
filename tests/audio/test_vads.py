"""What every voice activity detector promises."""

from fractions import Fraction

import numpy as np
import pytest

from audio.vads import SPEECH_ONLY_VADS, VADS
from tests.slow import rest_slow

FPS = Fraction(25)


def test_the_default_and_the_speech_only_vads_are_entries():
    assert "energy" in VADS and set(SPEECH_ONLY_VADS) < set(VADS)


@pytest.mark.parametrize("name", list(VADS))
@pytest.mark.parametrize("fps", rest_slow([Fraction(12), Fraction(30_000, 1001), Fraction(80)]))
@pytest.mark.parametrize("seconds", [0.001, 0.05, 2.0])
def test_an_answer_for_every_frame(sound, name, fps, seconds):
    speech = VADS[name]()(sound((seconds, 0.2)), 0.01)
    for frames in (1, 7, 200):
        flags = speech(fps, frames, Fraction(0))
        assert flags.shape == (frames,) and flags.dtype == np.bool_


@pytest.mark.parametrize("name", list(VADS))
def test_a_vad_is_pure(sound, name):
    vad, voice = VADS[name](), sound((1, 0.2), (1, 0.0))
    before = voice.samples.copy()
    first, second = (vad(voice, 0.01)(FPS, 50, Fraction(0)) for _ in range(2))
    assert np.array_equal(first, second) and np.array_equal(before, voice.samples)


@pytest.mark.parametrize("name", [name for name in list(VADS) if name != "none"])
def test_digital_silence_is_no_speech(sound, name):
    assert not VADS[name]()(sound((3, 0.0)), 0.01)(FPS, 75, Fraction(0)).any()


@pytest.mark.parametrize("offset", [Fraction(0), Fraction(5), Fraction(-5)])
def test_with_none_everything_is_speech(sound, offset):
    assert VADS["none"]()(sound((1, 0.0)), 0.01)(FPS, 30, offset).all()
