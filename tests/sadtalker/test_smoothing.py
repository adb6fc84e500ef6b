"""The head's motion is smoothed as by SciPy's filter of Savitzky and Golay."""

import numpy as np
import pytest

from sadtalker.smoothing import smoothed
from tests.cases import each


@pytest.mark.parametrize("frames", [3, 5, 12, 13, 40])
def test_equals_the_original(arrays, frames):
    values, wanted = (arrays[f"savgol{frames}_{end}"][0] for end in ("in", "out"))
    assert np.abs(smoothed(values) - wanted).max() < 1e-6


@pytest.mark.parametrize("frames", [1, 2])
def test_what_is_too_short_for_a_parabola_stays(frames):
    values = np.random.default_rng(1).normal(size=(frames, 6)).astype(np.float32)
    assert np.array_equal(smoothed(values), values)


@each("frames", range(3, 20))
def test_a_parabola_stays_at_any_length(frames):
    times = np.arange(frames, dtype=np.float32)[:, None]
    values = 2 + times - 0.1 * times**2
    assert np.abs(smoothed(values) - values).max() < 1e-4
