"""Where a person's lips and skin can be taken from: their frame, and other frames of the clip."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture
from base.lips import CHEEKS, LEFT_EYE, NOSE_BASE, NOSE_BRIDGE, NOSE_TIP, NOSTRILS, RIGHT_EYE, Lips

Floats = NDArray[np.float32]

# Points that a speaking mouth leaves in their place.
STEADY = (*LEFT_EYE, *RIGHT_EYE, *NOSTRILS, NOSE_TIP, NOSE_BASE, NOSE_BRIDGE, *CHEEKS)
COLUMNS, ROWS = 24, 20  # cells of a thumbnail
REACH = 0.75  # mouth widths to each side that it shows
ABOVE = 0.4  # mouth widths above the mouth's middle that it shows


@dataclass(frozen=True, eq=False)
class Donor:
    """The lower face in another frame of the clip, and its lips."""

    pixels: Picture
    lips: Lips  # in these pixels


@dataclass(frozen=True, eq=False)
class Donors:
    """Frames of one clip whose mouths differ, and a thumbnail of each mouth."""

    donors: tuple[Donor, ...]
    thumbnails: Floats  # (donors, ROWS * COLUMNS) levels around their mean

    def __post_init__(self) -> None:
        if self.thumbnails.shape != (len(self.donors), ROWS * COLUMNS) or not self.donors:
            raise ValueError(f"{len(self.donors)} donors, thumbnails {self.thumbnails.shape}")

    @classmethod
    def of(cls, donors: Sequence[Donor]) -> "Donors":
        """From one donor at least; the thumbnails lie on the first one's face."""
        upright = _to_thumbnail(donors[0].lips)
        thumbnails = [
            _thumbnail(
                donor.pixels.astype(np.float32),
                alignment(donor.lips, donors[0].lips).then(upright),
            )
            for donor in donors
        ]
        return cls(tuple(donors), np.stack(thumbnails))

    def nearest(self, picture: Floats, lips: Lips) -> Donor:
        """The donor whose mouth looks most like the one in `picture`, a face with these lips.

        The lips show where the face is: its mouth may be another.
        """
        first = self.donors[0].lips
        thumbnail = _thumbnail(picture, alignment(lips, first).then(_to_thumbnail(first)))
        difference = np.square(self.thumbnails - thumbnail).sum(1)
        return self.donors[int(difference.argmin())]


@dataclass(frozen=True, eq=False)
class Texture:
    """The lips of the face that gets a new mouth, and other mouths of the same person."""

    lips: Lips  # in the region that the patch is blended into
    donors: Donors | None = None  # none: a still


def alignment(lips: Lips, target: Lips) -> Affine:
    """The map that takes a face's steady points to those of another, by least squares."""
    points, targets = lips.mesh(*STEADY), target.mesh(*STEADY)
    columns = np.column_stack([points, np.ones(len(points))])
    (a, d), (b, e), (c, f) = np.linalg.lstsq(columns, targets, rcond=None)[0].tolist()
    return Affine(a, b, c, d, e, f)


def _to_thumbnail(lips: Lips) -> Affine:
    """From the pixels of a face with these lips, upright."""
    left, right = lips.lower_outer[[0, -1]]
    (x, y), width = ((left + right) / 2).tolist(), max(lips.width, 1.0)
    scale = COLUMNS / (2 * REACH * width)
    return Affine(scale, 0, COLUMNS / 2 - scale * x, 0, scale, scale * (ABOVE * width - y))


def _thumbnail(picture: Floats, to_thumbnail: Affine) -> Floats:
    """(ROWS * COLUMNS,) brightness around its mean; averages where the picture shrinks."""
    area = abs(to_thumbnail.a * to_thumbnail.e - to_thumbnail.b * to_thumbnail.d)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    blurred = cv2.GaussianBlur(grey, (0, 0), 0.5 / max(area, 1e-6) ** 0.5)
    cells = cv2.warpAffine(
        blurred,
        to_thumbnail.warp_matrix(),
        (COLUMNS, ROWS),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cells - cells.mean(), np.float32).ravel()
