import numpy as np
import pytest

from base.geometry import Affine
from blending.resample import CUBIC, LANCZOS, LINEAR, resample

KERNELS = {"linear": LINEAR, "cubic": CUBIC, "lanczos": LANCZOS}


def ramp(side=96):
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + 0.5
    return np.stack([x, y, x + y], axis=2)


@pytest.fixture(params=KERNELS)
def kernel(request):
    return KERNELS[request.param]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.67, 12.5])
def test_each_pixel_has_the_value_of_its_position(kernel, scale):
    to_target = Affine(scale, 0, -20.3 * scale, 0, 1.25 * scale, -30.8 * scale)
    width, height = round(30 * scale), round(40 * scale)
    out = resample(ramp(), to_target, (width, height), kernel)
    assert out.shape == (height, width, 3) and out.dtype == np.float32
    x = (np.arange(width) + 0.5) / scale + 20.3
    y = ((np.arange(height) + 0.5) / scale + 30.8) / 1.25
    assert np.abs(out[:, :, 0] - x).max() < 0.08
    assert np.abs(out[:, :, 1] - y[:, None]).max() < 0.08


def test_the_same_size_and_place_is_the_same_picture(kernel):
    square = np.random.default_rng(1).uniform(0, 255, (96, 96, 3)).astype(np.float32)
    same = resample(square, Affine.shift(0, 0), (96, 96), kernel)
    assert np.abs(same - square).max() < 1e-3


def test_a_flat_picture_stays_flat_to_its_border_and_beyond(kernel):
    flat = np.full((96, 96, 1), 77, np.float32)
    to_target = Affine(1.7, 0, 40.4, 0, 1.7, 12.2)
    assert np.abs(resample(flat, to_target, (260, 230), kernel) - 77).max() < 1e-3


def test_the_border_is_replicated_beyond_the_square():
    square = np.zeros((96, 96, 1), np.float32)
    square[:, 0] = 100
    left = resample(square, Affine.shift(50, 0), (96, 96), CUBIC)[:, :45, 0]
    assert np.abs(left - 100).max() < 1e-3


def test_shrinking_averages():
    """A pattern finer than the picture must not flicker as it moves."""
    stripes = np.zeros((96, 96, 1), np.float32)
    stripes[:, ::2] = 100
    out = resample(stripes, Affine(0.4, 0, 0, 0, 0.4, 0), (38, 38), CUBIC)[4:-4, 4:-4]
    assert np.abs(out - 50).max() < 5


def test_a_wider_kernel_keeps_finer_stripes():
    x = np.arange(96)
    wave = np.broadcast_to(np.sin(2 * np.pi * x / 3.2), (96, 96))[:, :, None].astype(np.float32)
    deviations = [
        resample(wave, Affine(4, 0, 0, 0, 4, 0), (384, 384), kernel)[:, 40:-40].std()
        for kernel in (LINEAR, CUBIC, LANCZOS)
    ]
    assert deviations == sorted(deviations)


def test_a_turned_picture_is_refused():
    with pytest.raises(ValueError, match="row by row"):
        resample(ramp(), Affine(1, 0.1, 0, -0.1, 1, 0), (10, 10), CUBIC)
