"""How far arrays are from those of the reference case."""

import numpy as np


def difference(values, expected):
    """The largest difference, relative to the largest magnitude that is expected."""
    values, expected = (np.asarray(array, np.float64) for array in (values, expected))
    assert values.shape == expected.shape
    return np.abs(values - expected).max() / np.abs(expected).max()
