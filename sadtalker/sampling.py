"""Places in a volume, in -1..1 as x, y, z, and the volume read there.

The networks were trained with places that count from the centres of the outermost voxels, and with
sampling that counts from the outermost edges. Outside are zeros.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def grid_of(volume: Tensor) -> Tensor:
    """The place of every voxel of a (n, channels, d, h, w): (d, h, w, 3)."""
    depth, height, width = (_axis(size, volume) for size in volume.shape[2:])
    z, y, x = torch.meshgrid(depth, height, width, indexing="ij")
    return torch.stack((x, y, z), -1)


def sampled(volume: Tensor, places: Tensor) -> Tensor:
    """(n, channels, d, h, w) read at (n, d', h', w', 3), linearly between voxels."""
    return F.grid_sample(volume, places, align_corners=False)


def shifted(volume: Tensor, shifts: Tensor) -> Tensor:
    """(1, channels, d, h, w) read where its voxels are, moved by (n, k, 3).

    -> (n, k, channels, d, h, w). One axis after the other: that is equal, and far less work.
    """
    along_x, along_y, along_z = (
        _readers(size, shifts[..., axis]) for axis, size in enumerate(reversed(volume.shape[2:]))
    )
    rows = volume[:, None] @ along_x[:, :, None, None].transpose(-1, -2)  # (n, k, c, d, h, w)
    columns = along_y[:, :, None, None] @ rows
    slices = along_z[:, :, None] @ columns.flatten(-2)
    return slices.reshape(columns.shape)


def _axis(size: int, like: Tensor) -> Tensor:
    return torch.linspace(-1, 1, size, device=like.device, dtype=like.dtype)


def _readers(size: int, shifts: Tensor) -> Tensor:
    """(n, k) shifts -> (n, k, size, size): how much of each voxel is read for each place."""
    places = _axis(size, shifts) + shifts[..., None]
    positions = ((places + 1) * size - 1) / 2  # in voxels
    voxels = torch.arange(size, device=shifts.device, dtype=shifts.dtype)
    return F.relu(1 - (positions[..., None] - voxels).abs())
