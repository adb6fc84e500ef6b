"""The mel spectrogram equals the original one, for sounds of any length."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from audio.mel import BANDS, SILENCE_LEVEL, mel_filter_bank, mel_spectrogram
from tests.cases import each

WHOLE = ["short", "pause"]
CUT = ["speech", "chirp", "noise", "quiet"]  # their sound is cut off before the last columns


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).parent / "data" / "mel.npz") as data:
        return dict(data)


@pytest.fixture(scope="module")
def hiss():
    return np.random.default_rng(7).normal(0, 0.1, 16_000 * 10).astype(np.float32)


@pytest.mark.parametrize("case", WHOLE + CUT)
def test_equals_the_original(reference, case):
    expected = reference[f"{case}_mel"]
    mel = mel_spectrogram(reference[f"{case}_wav"])
    assert mel.dtype == np.float32
    if case in WHOLE:
        assert mel.shape == expected.shape
    assert np.abs(mel[:, : expected.shape[1]] - expected).max() < 1e-5


def test_columns_do_not_depend_on_what_is_computed_with_them(hiss):
    mel = mel_spectrogram(hiss)  # 801 columns, more than are computed at once
    for first in (300, 505, 510, 512, 640):
        part = mel_spectrogram(hiss[(first - 3) * 200 : (first + 13) * 200])
        assert np.allclose(mel[:, first : first + 10], part[:, 3:13], atol=1e-5)


@each("length", [1, 2, 3, 160, 199, 200, 399, 400, 401, 799, 801, 3040])
def test_tiny_sounds_have_a_mel(hiss, length):
    mel = mel_spectrogram(hiss[:length])
    assert mel.shape == (BANDS, 1 + length // 200)
    assert np.isfinite(mel).all()


@pytest.mark.parametrize("length", [401, 500, 799, 2000])
def test_both_ends_reflect(hiss, length):
    emphasised = np.append(hiss[:1], hiss[1:length] - np.float32(0.97) * hiss[: length - 1])
    around = np.pad(emphasised.astype(np.float64), 400, mode="reflect")
    whole = np.zeros_like(around)  # undo the emphasis: then no reflection is needed
    for index, value in enumerate(around):
        whole[index] = value + 0.97 * (whole[index - 1] if index else 0)
    inside = mel_spectrogram(whole.astype(np.float32))[:, 2 : 3 + length // 200]
    assert np.allclose(mel_spectrogram(hiss[:length]), inside, atol=1e-3)


def test_silence_is_the_floor():
    assert (mel_spectrogram(np.zeros(8000, np.float32)) == SILENCE_LEVEL).all()


@pytest.mark.parametrize(("before", "after"), [(0, 3200), (3600, 0), (200, 400), (17, 33)])
def test_silence_around_the_sound_equals_silence_in_it(hiss, before, after):
    sound = hiss[:5000]
    assert np.array_equal(
        mel_spectrogram(sound, before, after), mel_spectrogram(np.pad(sound, (before, after)))
    )


def test_memory_does_not_grow_with_the_sound(hiss):
    def peak(samples):
        tracemalloc.start()
        mel = mel_spectrogram(samples)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most - mel.nbytes

    assert peak(np.tile(hiss, 12)) < 1.05 * peak(hiss)


def test_each_band_has_an_area_of_one():
    bank = mel_filter_bank()
    assert bank.shape == (BANDS, 401)
    wide = bank[50:]  # more than five bins, so that their sum is close to the area
    assert np.allclose(wide.sum(axis=1) * 20, 1, atol=0.03)
    assert (np.diff(bank.argmax(axis=1)) > 0).all()


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros((2, 9), np.float32)])
def test_no_samples_have_no_mel(samples):
    with pytest.raises(ValueError, match="samples"):
        mel_spectrogram(samples)


@pytest.mark.parametrize("case", ["chirp", "short", "speech"])
def test_beyond_the_ends_there_may_be_nothing(case):
    """As newer versions of librosa pad, with whose mel SadTalker was trained."""
    with np.load(Path(__file__).parent / "data" / "mel_edges.npz") as data:
        head, tail = data[f"{case}_head"], data[f"{case}_tail"]
        first, last = data[f"{case}_first4"], data[f"{case}_last4"]
    assert np.abs(mel_spectrogram(head, reflects=False)[:, :4] - first).max() < 1e-5
    assert np.abs(mel_spectrogram(tail, reflects=False)[:, -4:] - last).max() < 1e-5


def test_the_middle_does_not_know_what_is_beyond_the_ends(hiss):
    alone, reflected = mel_spectrogram(hiss, reflects=False), mel_spectrogram(hiss)
    assert np.array_equal(alone[:, 2:-2], reflected[:, 2:-2])
    assert np.abs(alone - reflected)[:, [0, 1, -2, -1]].max(0).min() > 0.01
