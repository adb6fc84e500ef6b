"""Pictures as networks take and give them."""

import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Region


def as_input(picture: Picture) -> NDArray[np.float32]:
    """(1, 3, height, width) RGB in 0..1 of a BGR picture."""
    rgb = picture[..., ::-1].transpose(2, 0, 1)[None]
    return np.ascontiguousarray(rgb, np.float32) / np.float32(255)


def as_region(made: NDArray[np.float32]) -> Region:
    """BGR in 0..255 of what a network made."""
    return np.ascontiguousarray(made[0, ::-1].transpose(1, 2, 0) * np.float32(255))
