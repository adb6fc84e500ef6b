"""What shows through where a picture is transparent: white."""

import numpy as np

from base.geometry import Picture


def on_white(picture: Picture) -> Picture:
    """A gray, BGR or BGRA picture as BGR, blended with white by its alpha channel."""
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] != 4:
        return picture
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
