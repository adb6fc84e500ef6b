import cv2
import numpy as np
import pytest

from blending.sharpen import HALO, sharpen


@pytest.fixture
def soft_edge():
    step = np.zeros((80, 120, 3), np.float32)
    step[:, 60:] = 180
    return cv2.GaussianBlur(step, (0, 0), 4) + 30


@pytest.mark.parametrize("amount", [0.5, 1, 2])
@pytest.mark.parametrize("width", [48, 256, 1200])
def test_halos_stay_within_their_limit(soft_edge, amount, width):
    sharp = sharpen(soft_edge, amount, width)
    assert sharp.min() >= soft_edge.min() - HALO and sharp.max() <= soft_edge.max() + HALO


def test_a_larger_amount_is_sharper(soft_edge):
    slopes = [np.diff(sharpen(soft_edge, amount, 256), axis=1).max() for amount in (0, 0.5, 1, 2)]
    assert slopes == sorted(slopes) and slopes[-1] > 1.2 * slopes[0]


def test_the_radius_grows_with_the_face(soft_edge):
    """A large face was enlarged by more, so its edges are wider."""
    small, large = (np.abs(sharpen(soft_edge, 1, w) - soft_edge)[40, :, 0] for w in (96, 512))
    assert (large > 1).sum() > 1.5 * (small > 1).sum()


def test_flat_stays_flat():
    flat = np.full((40, 40, 3), 90, np.float32)
    assert np.abs(sharpen(flat, 2, 256) - 90).max() < 1e-3
