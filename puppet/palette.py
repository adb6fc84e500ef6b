"""The colours of a face that its mouth's inside is painted with."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Region
from base.planes import Planes
from puppet.contours import FaceShape, Floats
from puppet.shape import ramp

LUMA: Floats = np.array([0.114, 0.587, 0.299], np.float32)
IVORY: Floats = np.array([0.88, 0.96, 1.02], np.float32)  # of a tooth in white light
COLORED = 0.25  # share of colour of skin in a picture that is not grey
SAMPLES = 64  # pixels along the picture's longer side that colours are taken from
LIGHTEST_CAVITY = 42.0  # level
LIGHTEST_TOOTH = 242.0
# The line between closed lips, as a share of their light: where it is not seen, and its limits.
LINE, DARKEST_LINE, LIGHTEST_LINE = 0.42, 0.3, 0.6
UNBLURRED = 2.0  # how much deeper the line is than samples show, which are blurred
NEAR_LINE = np.linspace(-0.03, 0.03, 9)  # heights around the inner lips at which it is looked for


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours in BGR."""

    lip: Floats
    cavity: Floats
    tongue: Floats
    tooth: Floats
    skin_light: float  # the level of lit skin
    line: float  # the line between closed lips, as a share of their light

    @property
    def lip_color_share(self) -> float:
        """0 for grey lips, 1 for lips of one pure colour."""
        return color_share(self.lip)

    @property
    def shaded_lip(self) -> Floats:
        """Of lips where little light falls between them."""
        return deepened(self.lip, self.line * float(self.lip @ LUMA), 0.8)

    def towards(self, other: "Palette", share: float) -> "Palette":
        """The colours a share of the way from these to the others."""
        return Palette(
            self.lip + share * (other.lip - self.lip),
            self.cavity + share * (other.cavity - self.cavity),
            self.tongue + share * (other.tongue - self.tongue),
            self.tooth + share * (other.tooth - self.tooth),
            self.skin_light + share * (other.skin_light - self.skin_light),
            self.line + share * (other.line - self.line),
        )


def color_share(color: Floats) -> float:
    return float((color.max() - color.min()) / max(float(color.max()), 1))


def palette_of(picture: Planes, face: FaceShape) -> Palette:
    """The colours of the face whose lower half is in the picture."""
    step = max(1, max(picture.size) // SAMPLES)
    pixels = picture.every(step)
    contours = face.contours
    outside = _filled(face, np.concatenate([face.jaw, face.still[-6:]]), pixels, step, hull=True)
    lips = _filled(face, _ring(contours.lower_outer, contours.upper_outer), pixels, step)
    inside = _filled(face, _ring(contours.lower_inner, contours.upper_inner), pixels, step)
    skin = pixels[outside & ~lips]
    light = skin @ LUMA
    if not light.size:
        skin, light = pixels.reshape(-1, 3), pixels.reshape(-1, 3) @ LUMA
    dark = skin[light <= np.percentile(light, 3)].mean(0)
    low, high = np.percentile(light, [70, 95])
    lit = skin[(light >= low) & (light <= high)].mean(0)
    lip_pixels = pixels[lips & ~inside]
    lip = lip_pixels.mean(0) if len(lip_pixels) else 0.8 * lit
    level = float(lit @ LUMA)
    # a picture without colour has teeth without colour
    ivory = 1 + (IVORY - 1) * min(color_share(lit) / COLORED, 1.0)
    tooth = np.clip((0.60 * lit + 0.40 * level * ivory) * 1.08, 0, LIGHTEST_TOOTH)
    line = line_light(picture, face, float(lip @ LUMA))
    return Palette(lip, cavity_color(lip, dark), tongue_color(lip), tooth, level, line)


def line_light(picture: Planes, face: FaceShape, lip_light: float) -> float:
    """The line between closed lips, as a share of their light; LINE where they are open."""
    closed = 1 - ramp(face.contours.gap, 0.008, 0.02)
    if closed == 0:
        return LINE
    u, v = face.contours.middle[2:-2].T[..., None]
    points = np.stack(np.broadcast_arrays(u, v + NEAR_LINE), -1)
    blurred = float((sample(picture, face, points) @ LUMA).min(1).mean()) / max(lip_light, 1)
    own = min(max(1 - UNBLURRED * (1 - blurred), DARKEST_LINE), LIGHTEST_LINE)
    return LINE + closed * (own - LINE)


def cavity_color(lip: Floats, dark: Floats) -> Floats:
    """Darkness in the hue of the lips."""
    return deepened(lip, min(float((0.38 * dark + 0.15 * lip) @ LUMA), LIGHTEST_CAVITY))


def tongue_color(lip: Floats) -> Floats:
    """Fuller and darker than the lips."""
    return deepened(lip, 0.66 * float(lip @ LUMA), 0.7)


def deepened(color: Floats, level: float, share: float = 1.0) -> Floats:
    """A colour at this level of light, its hue fuller by a share of its square's."""
    light, full = float(color @ LUMA), color * color
    plain = color * (level / max(light, 1))
    deep = full * (level / max(float(full @ LUMA), 1))
    return np.asarray(plain + share * (deep - plain), np.float32)


def sample(picture: Planes, face: FaceShape, points: Floats) -> Floats:
    """(rows, columns, 3): the colours at points in mouth coordinates, blurred a little."""
    pixels = (face.axes.to_pixels(points.reshape(-1, 2)) - 0.5).astype(np.float32)
    pixels = pixels.reshape(points.shape)
    around = region_around(picture, pixels[..., 0], pixels[..., 1], margin=4)
    if around is None:
        return np.zeros((*points.shape[:2], 3), np.float32)
    region, x, y = around
    blurred = cv2.GaussianBlur(region, (0, 0), max(0.5, 0.008 * face.axes.unit))
    colors = cv2.remap(blurred, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(colors, np.float32)


def region_around(
    picture: Planes, x: Floats, y: Floats, margin: int
) -> tuple[Region, Floats, Floats] | None:
    """The part of the picture around places, as BGR, and the places in it; None outside of it."""
    (top, bottom), (left, right) = ((float(of.min()), float(of.max())) for of in (y, x))
    box = Box(top - margin, bottom + margin + 1, left - margin, right + margin + 1)
    rect = box.inside(*picture.size)
    if rect is None:
        return None
    return picture.region(rect), x - np.float32(rect.left), y - np.float32(rect.top)


def _ring(lower: Floats, upper: Floats) -> Floats:
    return np.concatenate([lower, upper[::-1]])


def _filled(
    face: FaceShape, points: Floats, pixels: Floats, step: int, hull: bool = False
) -> NDArray[np.bool_]:
    """Which of the sampled pixels lie in a polygon, or in the hull of points."""
    corners = np.rint((face.axes.to_pixels(points) - 0.5) / step).astype(np.int32)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(corners) if hull else corners], 1)
    return mask > 0
