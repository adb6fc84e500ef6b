"""How much softer a generated patch is than the face it was generated from."""

import cv2
import numpy as np

from base.geometry import Region
from blending.patch import Patch
from blending.resample import Floats

BLURS = (0.0, 0.5, 0.8, 1.1, 1.5)  # patch pixels that the source is blurred by to compare
FINE, COARSE = 1.0, 3.0  # patch pixels: texture below the first is compared with that between
NOISE = 0.3  # square levels of texture that any picture has
AROUND = 16  # patch pixels around what shows: a new mouth alone has sharper edges than a closed one
HIDDEN = 1.05  # true over measured blurs of mouths held for the truth: noise hides a part
LEAST = 0.2  # patch pixels: a smaller blur is none
PASSES = 4  # of sharpening: each comes nearer to the picture before the blur
HALO = 10.0  # levels by which sharpening may leave the range of the neighbours


def patch_softness(patch: Patch, face: Region) -> float:
    """Patch pixels by which the generator blurred what `face` shows of the patch, and around it."""
    part = patch.visible_slices(face, AROUND)
    generated, source = (square[part] for square in (patch.pixels, patch.source))
    return softness(generated.astype(np.float32), source.astype(np.float32))


def softness(generated: Floats, source: Floats) -> float:
    """Patch pixels by which `source` must be blurred to be as soft as `generated`.

    Compared is the share of fine texture, which depends little on what is shown.
    """
    light = brightness(source)
    shares = [_fine_share(blurred(light, blur)) for blur in BLURS]
    falling = np.maximum.accumulate(np.array(shares)[::-1])[::-1]
    share = _fine_share(brightness(generated))
    return HIDDEN * float(np.interp(-np.log(share), -np.log(falling), BLURS))


def sharpened(generated: Floats, blur: float) -> Floats:
    """Undo a blur of so many pixels, within the range of the neighbours and a little beyond."""
    if blur < LEAST:
        return generated
    crisp = generated
    for _ in range(PASSES):
        crisp = crisp + generated - blurred(crisp, blur)
    kernel = np.ones((3, 3), np.uint8)
    inside = np.clip(crisp, cv2.erode(generated, kernel), cv2.dilate(generated, kernel))
    excess = crisp - inside
    return np.asarray(inside + excess / (1 + np.abs(excess) / np.float32(HALO)), np.float32)


def blurred(picture: Floats, sigma: float) -> Floats:
    if sigma < LEAST:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def brightness(picture: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _fine_share(light: Floats) -> float:
    """The energy of fine texture over that of coarser texture."""
    middle = blurred(light, FINE)
    fine, coarse = light - middle, middle - blurred(light, COARSE)
    return float((np.square(fine).mean() + NOISE) / (np.square(coarse).mean() + NOISE))
