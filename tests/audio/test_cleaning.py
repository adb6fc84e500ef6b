"""GTCRN's network takes noise from speech."""

from pathlib import Path

import numpy as np
import pytest

from audio import cleaning
from audio.load import Sound, load_sound
from base.errors import EngineError
from tests.slow import slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cleaner():
    return cleaning.load_cleaner()


@pytest.fixture(scope="module")
def voice():
    return load_sound(ROOT / "demo" / "speech.m4a").samples[:80_000]


def with_noise(voice, decibels):
    noise = np.random.default_rng(5).normal(0, 1, len(voice)).astype(np.float32)
    return voice + noise * np.std(voice) / np.std(noise) * 10 ** (-decibels / 20)


def decibels_of(voice, sound):
    """How much louder the voice is than all else in the sound."""
    scale = (sound @ voice) / (voice @ voice)
    return 10 * np.log10(np.sum((scale * voice) ** 2) / np.sum((sound - scale * voice) ** 2))


@pytest.mark.parametrize("noise", [5, *map(slow, (0, 10))])
def test_noise_goes_and_the_voice_stays(cleaner, voice, noise):
    noisy = with_noise(voice, noise)
    clean = cleaner(Sound(noisy)).samples
    assert len(clean) == len(voice)
    assert decibels_of(voice, clean) > decibels_of(voice, noisy) + 4


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 512, 5000])
def test_the_length_stays(cleaner, voice, samples):
    assert len(cleaner(Sound(voice[:samples].copy())).samples) == samples


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 7, 64])
def test_the_parts_in_which_it_is_done_change_nothing(cleaner, voice, monkeypatch, most):
    part = Sound(voice[:20_100].copy())
    whole = cleaner(part).samples.copy()
    monkeypatch.setattr(cleaning, "FRAMES_AT_ONCE", most)
    assert np.allclose(cleaner(part).samples, whole, atol=1e-5)


def test_spectra_that_are_not_changed_give_the_sound_back(voice, monkeypatch):
    monkeypatch.setattr(cleaning, "_forward", lambda _request, spectra, _memory: spectra)
    assert np.allclose(cleaning.clean(None, Sound(voice)).samples, voice, atol=1e-6)


def test_a_damaged_network_is_told(tmp_path, monkeypatch):
    damaged = tmp_path / "gtcrn.onnx"
    damaged.write_bytes(cleaning.NETWORK.read_bytes()[:5000])
    monkeypatch.setattr(cleaning, "NETWORK", damaged)
    with pytest.raises(EngineError, match="--clean_voice"):
        cleaning.load_cleaner()
