"""Small networks with the inputs and outputs of SadTalker's.

The louder a window, the brighter the picture that is made of it; a pose that is turned to the side
darkens it, and a closed eye leaves a dark upper left corner.
"""

import numpy as np

from sadtalker.networks import Networks

LOUD, CLOSED, TURNED = 0, 1, 64  # places in a row of coefficients
CORNER = slice(0, 40)


def networks(size=256):
    """Ready to run; those that decide where the head is know no picture."""
    return Networks(
        size=size,
        reconstruction=reconstruction,
        expression=expression,
        pose=pose,
        key_points=key_points,
        mapping=mapping,
        encoder=encoder,
        generator=generator,
    )


def reconstruction(picture):
    """(1, 3, 224, 224) -> (1, 257): turned as the picture is red."""
    seen = np.zeros((len(picture), 257), np.float32)
    seen[:, 224] = picture[:, 0].mean((1, 2))
    return (seen,)


def expression(windows, own, closed):
    """(n, 1, 80, 16), (n, 64), (n, 1) -> (n, 64)."""
    made = own.astype(np.float32).copy()
    made[:, LOUD] = (windows.mean((1, 2, 3)) + 4) / 8
    made[:, CLOSED] = closed[:, 0]
    return (made,)


def pose(windows, source, noise, style):
    """(32, 1, 80, 16), (1, 6), (1, 64), (1,) -> (32, 6)."""
    motion = np.zeros((len(windows), 6), np.float32)
    motion[:, 0] = noise[0, 0] * 0.05 + style[0] * 0.1
    return (motion,)


def key_points(picture):
    return (np.zeros((1, 15, 3), np.float32),)


def mapping(windows):
    """(n, 70 or 73, 27) -> angles, shift and offsets; the frame in the middle decides."""
    rows = windows[:, :, windows.shape[2] // 2]
    upright = np.tile(-np.abs(np.arange(66) - 33).astype(np.float32) * 9, (len(rows), 1))
    offsets = np.zeros((len(rows), 45), np.float32)
    offsets[:, 0] = rows[:, LOUD]
    offsets[:, 1] = rows[:, CLOSED]
    offsets[:, 2] = rows[:, TURNED]
    return upright, upright, upright, np.zeros((len(rows), 3), np.float32), offsets


def encoder(picture):
    return picture, np.zeros((1, 4), np.float32)


def generator(volume, compressed, own, wanted):
    """The picture itself, brighter by the points' motion."""
    loud, closed, turned = (wanted - own)[0, 0]
    made = volume + np.float32(0.5 * loud - 0.2 * turned)
    made[:, :, CORNER, CORNER] *= np.float32(1 - closed)
    return (made.clip(0, 1),)
