"""Volumes read at other places."""

import pytest

torch = pytest.importorskip("torch")

from sadtalker.sampling import grid_of, sampled, shifted  # noqa: E402


@pytest.fixture
def volume():
    return torch.rand(1, 3, 4, 6, 8, generator=torch.Generator().manual_seed(1))


def test_places_go_from_the_first_voxel_to_the_last(volume):
    grid = grid_of(volume)
    assert grid.shape == (4, 6, 8, 3)
    assert grid[0, 0, 0].tolist() == [-1, -1, -1]
    assert grid[0, 0, -1].tolist() == [1, -1, -1]
    assert grid[-1, 0, 0].tolist() == [-1, -1, 1]


def test_a_shift_reads_as_sampling_does(volume):
    shifts = torch.tensor([[[0, 0, 0], [0.3, -0.2, 0.1], [-0.9, 0.7, -0.4], [3, 0, 0]]])
    made = shifted(volume, shifts.repeat(2, 1, 1))
    expected = torch.cat([sampled(volume, (grid_of(volume) + s)[None]) for s in shifts[0]])
    assert made.shape == (2, 4, 3, 4, 6, 8)
    assert (made[1] - expected).abs().max() < 1e-6
    assert not made[0, 3].any()  # outside are zeros
