"""Speech is found by loudness, with closures of consonants, lead and hangover."""

from fractions import Fraction

import numpy as np
import pytest

from audio.energy import energy_vad
from audio.load import SAMPLE_RATE, Sound

FPS = Fraction(25)


def find_speech(sound, threshold=0.01, fps=FPS, offset=Fraction(0)):
    """Whether each frame of the sound holds speech."""
    return energy_vad(sound, threshold)(fps, int(sound.duration * fps), offset)


def test_digital_silence_is_silent(sound):
    assert not find_speech(sound((2, 0.0))).any()


def test_speech_throughout_is_speech_throughout(sound):
    assert find_speech(sound((2, 0.2))).all()


@pytest.mark.parametrize("closure", [0.06, 0.12, 0.16, 0.2, 0.28])
def test_closures_of_p_b_m_stay_speech(sound, closure):
    """They are silent, so that the peak of each frame alone would find pauses."""
    assert find_speech(sound((0.8, 0.2), (closure, 0.0), (0.8, 0.2))).all()


@pytest.mark.parametrize("fps", [Fraction(12), FPS, Fraction(30_000, 1001), Fraction(60)])
def test_a_pause_is_silent_except_for_lead_and_hangover(sound, fps):
    """Frame by frame, not by whole batches."""
    speech = find_speech(sound((1, 0.2), (1, 0.0), (1, 0.2)), fps=fps)
    times = np.arange(len(speech)) / float(fps)
    step = 1 / float(fps)
    assert speech[(times < 1.1) | (times + step > 1.9)].all()
    assert not speech[(times > 1.1) & (times + step < 1.88)].any()


def test_the_threshold_is_an_amplitude(sound):
    assert find_speech(sound((1, 0.0101))).all()
    assert not find_speech(sound((1, 0.0099))).any()
    assert not find_speech(sound((1, 0.04)), threshold=0.05).any()


def test_speech_ends_at_a_lower_threshold_than_it_begins_at(sound):
    fading = sound((1, 0.02), (1, 0.008), (1, 0.0))
    assert find_speech(fading)[:50].all()
    assert not find_speech(fading)[56:].any()
    assert not find_speech(sound((1, 0.0), (1, 0.008), (1, 0.0))).any()
    ends_at_once = sound((1, 0.02), (1, 0.006))
    assert not find_speech(ends_at_once)[31:].any()


def test_flicker_around_the_threshold_is_one_stretch_of_speech(sound):
    flickering = sound((0.5, 0.05), *[(0.04, 0.009), (0.04, 0.011)] * 20, (1, 0.0))
    assert np.count_nonzero(np.diff(find_speech(flickering))) == 1


def test_a_constant_offset_is_silent():
    assert not find_speech(Sound(np.full(SAMPLE_RATE, 0.2, np.float32))).any()


def test_with_a_threshold_of_0_everything_is_speech(sound):
    assert find_speech(sound((1, 0.0)), threshold=0.0).all()


@pytest.mark.parametrize("samples", [1, 160, 319, 320, 321])
def test_tiny_sounds(samples):
    loud = Sound(np.resize(np.array([0.5, -0.5], np.float32), samples))
    assert energy_vad(loud, 0.01)(FPS, 1, Fraction(0)).tolist() == [samples > 1]


def test_frames_outside_the_sound_are_silent(sound):
    speech = energy_vad(sound((1, 0.2)), 0.01)(FPS, 100, Fraction(0))
    assert speech[:27].all()
    assert not speech[29:].any()
    assert not find_speech(sound((1, 0.2)), offset=Fraction(5)).any()
    assert not find_speech(sound((1, 0.2)), offset=Fraction(-5)).any()


@pytest.mark.parametrize("threshold", [-0.01, float("nan"), float("inf")])
def test_a_threshold_that_cannot_be(sound, threshold):
    with pytest.raises(ValueError, match="threshold"):
        find_speech(sound((1, 0.2)), threshold)


@pytest.mark.parametrize(("fps", "frames"), [(Fraction(0), 5), (FPS, 0), (Fraction(-25), 5)])
def test_no_frames(sound, fps, frames):
    with pytest.raises(ValueError, match="frames"):
        energy_vad(sound((1, 0.2)), 0.01)(fps, frames, Fraction(0))
