import cv2
import numpy as np
import pytest

from blending.sharpen import HALO, sharpened


@pytest.fixture
def soft_edge():
    step = np.zeros((80, 120, 3), np.float32)
    step[:, 60:] = 180
    return cv2.GaussianBlur(step, (0, 0), 4) + 30


@pytest.mark.parametrize("amount", [0.5, 1, 2])
@pytest.mark.parametrize("width", [48, 256, 1200])
def test_no_halo_beyond_its_bound(soft_edge, amount, width):
    sharp = sharpened(soft_edge, amount, width)
    assert sharp.min() >= soft_edge.min() - HALO and sharp.max() <= soft_edge.max() + HALO


def test_more_is_sharper(soft_edge):
    steepest = [np.diff(sharpened(soft_edge, a, 256), axis=1).max() for a in (0, 0.5, 1, 2)]
    assert steepest == sorted(steepest) and steepest[-1] > 1.2 * steepest[0]


def test_its_reach_grows_with_the_face(soft_edge):
    """A large face was enlarged by more, so its edges are wider."""
    fine, coarse = (np.abs(sharpened(soft_edge, 1, w) - soft_edge)[40, :, 0] for w in (96, 512))
    assert (coarse > 1).sum() > 1.5 * (fine > 1).sum()


def test_flat_stays_flat():
    flat = np.full((40, 40, 3), 90, np.float32)
    assert np.abs(sharpened(flat, 2, 256) - 90).max() < 1e-3
