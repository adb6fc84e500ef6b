"""Networks that stand for restoring ones: they add what users see, without weights."""

from pathlib import Path

import cv2
import numpy as np

from blending.resample import Floats
from stages.alignment import SIDE
from stages.networks import ImageNetwork, Pictures, Run

AMOUNT = 1.5  # of the sharpening
PORES = 0.035  # of white: how strong the made texture is
GAIN = 60.0  # how much a tiny change of the picture changes the texture
SEED = 1


def identity(pictures: Pictures) -> Pictures:
    return pictures


def sharpening(pictures: Pictures) -> Pictures:
    """Grain and compression are sharpened, too."""
    return np.stack([picture + AMOUNT * _fine(picture) for picture in pictures])


def pores(pictures: Pictures) -> Pictures:
    """Made-up skin: a texture that depends on the least detail of the picture."""
    return np.stack([picture + PORES * _texture(_fine(picture).mean(0)) for picture in pictures])


def _fine(picture: Floats) -> Floats:
    """What is smaller than some three pixels, (3, height, width)."""
    planes = [plane - cv2.GaussianBlur(plane, (0, 0), 1.5) for plane in picture]
    return np.asarray(planes, np.float32)


def _texture(fine: Floats) -> Floats:
    """-1..1, as a small random network answers."""
    kernel = np.random.default_rng(SEED).normal(0, 1, (7, 7)).astype(np.float32)
    kernel -= kernel.mean()
    return np.asarray(np.tanh(GAIN * cv2.filter2D(fine, -1, kernel)), np.float32)


RUNS: dict[str, Run] = {"identity": identity, "sharpening": sharpening, "pores": pores}


def made_network(name: str) -> ImageNetwork:
    return ImageNetwork(Path(name), name, (SIDE, SIDE), 1, RUNS[name])
