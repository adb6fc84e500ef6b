"""The cepstra against values worked out by hand."""

import numpy as np
import pytest

from benchmarks.lse.mfcc import CEPSTRA, cosine_rows, mel_filters, mfcc


def sine(hertz, seconds=0.5, level=0.5):
    time = np.arange(round(16_000 * seconds)) / 16_000
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "columns"),
    [(1, 1), (400, 1), (401, 2), (560, 2), (561, 3), (16_000, 99)],
)
def test_a_column_every_hundredth_of_a_second_until_nothing_is_left(samples, columns):
    assert mfcc(np.ones(samples, np.float32)).shape == (columns, CEPSTRA)


def test_the_filters_stand_where_mels_are_even():
    bank = mel_filters()
    assert bank.shape == (26, 257)
    assert bank.max() == 1 and bank.min() == 0
    peaks = bank.argmax(axis=1)
    # 27 equal steps of 2840 mel: the first peak at 105.2 mel is 68.5 Hz, bin 513 * 68.5 / 16000
    assert peaks[0] == 2 and peaks[-1] == 231
    assert (np.diff(peaks) > 0).all()


def test_neighbouring_filters_share_every_bin_in_full():
    bank, peaks = mel_filters(), mel_filters().argmax(axis=1)
    assert np.allclose(bank.sum(axis=0)[peaks[0] : peaks[-1] + 1], 1)


def test_the_cosine_transform_is_orthonormal():
    rows = cosine_rows()
    assert np.allclose(rows @ rows.T, np.eye(CEPSTRA))


def test_energy_is_the_logarithm_of_power():
    """A sine of amplitude a over 400 samples has a power of a^2 * 400 / 4 in half the spectrum."""
    hertz, level = 1000.0, 0.25
    emphasis = abs(1 - 0.97 * np.exp(-2j * np.pi * hertz / 16_000))
    amplitude = level * 32768 * emphasis
    expected = np.log(amplitude**2 * 400 / 4)
    assert mfcc(sine(hertz, level=level))[5, 0] == pytest.approx(expected, abs=0.01)


def test_twice_as_loud_moves_the_energy_alone():
    quiet, loud = mfcc(sine(700, level=0.2)), mfcc(sine(700, level=0.4))
    assert np.allclose(loud[1:-1, 0] - quiet[1:-1, 0], np.log(4), atol=1e-4)
    assert np.allclose(loud[1:-1, 1:], quiet[1:-1, 1:], atol=1e-3)


def test_silence_is_no_infinity():
    assert np.isfinite(mfcc(np.zeros(1600, np.float32))).all()


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="one dimension"):
        mfcc(np.zeros(0, np.float32))
