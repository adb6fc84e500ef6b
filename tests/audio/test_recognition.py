"""What surrounds the network that hears phonemes; the network itself needs its package."""

import numpy as np
import pytest

from audio.recognition import LONGEST, spoken_part


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0.2, 0.3), (0.2, 0.3)),
        ((0.05, 0.2), (0.1, 0.2)),
        ((0.4, 0.9), (0.4, 0.5)),
        ((0.1, 2.0), (0.1, 0.1 + LONGEST)),
        ((0.6, 0.8), None),
        ((0.0, -0.03), None),
        ((5.0, 6.0), None),
    ],
)
def test_of_a_span_only_what_is_loud_and_no_longer_than_a_phoneme_counts(span, expected):
    loud = np.zeros(100, np.bool_)
    loud[10:50] = True
    assert spoken_part(loud, *span) == (None if expected is None else pytest.approx(expected))
