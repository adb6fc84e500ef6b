"""What every voice activity detector promises."""

import sys
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from audio.vads import SPEECH_ONLY_VADS, VADS
from base.errors import EngineError

FPS = Fraction(25)
INSTALLED = [name for name in VADS if name != "silero" or find_spec("silero_vad")]


def test_the_default_and_the_speech_only_vads_are_entries():
    assert "energy" in VADS and set(SPEECH_ONLY_VADS) < set(VADS)


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("fps", [Fraction(12), Fraction(30_000, 1001), Fraction(80)])
@pytest.mark.parametrize("seconds", [0.001, 0.05, 2.0])
def test_an_answer_for_every_frame(sound, name, fps, seconds):
    speech = VADS[name]()(sound((seconds, 0.2)), 0.01)
    for frames in (1, 7, 200):
        flags = speech(fps, frames, Fraction(0))
        assert flags.shape == (frames,) and flags.dtype == np.bool_


@pytest.mark.parametrize("name", INSTALLED)
def test_a_vad_is_pure(sound, name):
    vad, voice = VADS[name](), sound((1, 0.2), (1, 0.0))
    before = voice.samples.copy()
    first, second = (vad(voice, 0.01)(FPS, 50, Fraction(0)) for _ in range(2))
    assert np.array_equal(first, second) and np.array_equal(before, voice.samples)


@pytest.mark.parametrize("name", [name for name in INSTALLED if name != "none"])
def test_digital_silence_is_no_speech(sound, name):
    assert not VADS[name]()(sound((3, 0.0)), 0.01)(FPS, 75, Fraction(0)).any()


@pytest.mark.parametrize("offset", [Fraction(0), Fraction(5), Fraction(-5)])
def test_with_none_everything_is_speech(sound, offset):
    assert VADS["none"]()(sound((1, 0.0)), 0.01)(FPS, 30, offset).all()


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "silero_vad", None)
    with pytest.raises(EngineError, match="pip install --no-deps silero-vad==") as caught:
        VADS["silero"]()
    assert caught.value.exit_code == 5 and "\n" not in str(caught.value)
