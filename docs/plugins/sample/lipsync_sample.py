"""A blend method and a stage, of plain arrays: nothing of lipsync is imported."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3) BGR


def halves(patch: Picture, face: Picture, mask: NDArray[np.float32]) -> Picture:
    """The new mouth, and a mixture of it and the face where the mask fades."""
    share = mask[..., None]
    return np.rint(patch * share + face * (1 - share)).astype(np.uint8)


def vignette(argument: str, facts: dict[str, Any]) -> Callable[..., Picture]:
    """Darker corners; the argument says by how much, from 0 to 1."""
    amount = float(argument or 0.5)
    if not 0 <= amount <= 1:
        raise ValueError(f"a vignette of 0 to 1, not {amount}")
    y, x = np.ogrid[-1 : 1 : facts["height"] * 1j, -1 : 1 : facts["width"] * 1j]
    light = 1 - amount * np.clip(np.hypot(x, y) - 0.7, 0, 1)[..., None]

    def change(picture: Picture, moment: dict[str, Any]) -> Picture:
        return np.asarray(np.rint(picture * light), np.uint8)

    return change
