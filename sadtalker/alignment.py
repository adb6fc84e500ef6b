"""A face brought to the place, the size and the uprightness that the reconstruction expects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from base.errors import NoFaceError
from base.geometry import Landmarks, Picture

SIDE = 224  # pixels of the aligned picture
SIZE = 102.0  # of a face in it
MOST_ENLARGED = 16  # times: more is no face
STANDARD = np.array(  # x, y, z of eyes, nose and corners of the mouth, y upwards
    [
        (-0.3114866, 0.2903608, 0.1337795),
        (0.3097989, 0.2897204, 0.1317953),
        (0.0032535, -0.0461793, 0.5524424),
        (-0.2521693, -0.3813392, 0.2240573),
        (0.2484662, -0.3812824, 0.2223577),
    ]
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Alignment:
    """How a picture is enlarged, and the place in it that becomes the middle."""

    scale: float
    x: float  # pixels from the left
    y: float  # pixels from the lower border

    def __post_init__(self) -> None:
        if not (self.scale > 0 and np.isfinite((self.scale, self.x, self.y)).all()):
            raise ValueError(f"a picture is not aligned by {self}")

    @classmethod
    def of(cls, landmarks: Landmarks, height: int) -> "Alignment":
        """By the camera that sees the standard face where the landmarks are."""
        places = landmarks.points() - 0.5  # counted from the centre of a pixel
        places[:, 1] = height - 1 - places[:, 1]
        standard = np.column_stack([STANDARD, np.ones(len(STANDARD))])
        camera = np.linalg.lstsq(standard, places, rcond=None)[0]  # (4, 2)
        size = np.linalg.norm(camera[:3], axis=0).mean()
        if size * MOST_ENLARGED < SIZE:
            raise NoFaceError("the face is turned too far away: take one that looks at the camera")
        return cls(float(SIZE / size), *camera[3].tolist())

    @property
    def numbers(self) -> Floats:
        """(3,) as the mapping network takes them."""
        return np.array([self.scale, self.x, self.y], np.float32)

    def size_of(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the enlarged picture."""
        return int(size[0] * self.scale), int(size[1] * self.scale)

    def corner(self, size: tuple[int, int]) -> tuple[int, int]:
        """(left, top) of the aligned square in the enlarged picture."""
        (width, height), (wide, high) = size, self.size_of(size)
        left = wide / 2 - SIDE / 2 + (self.x - width / 2) * self.scale
        top = high / 2 - SIDE / 2 + (height / 2 - self.y) * self.scale
        return int(left), int(top)

    def cut(self, picture: Picture) -> Floats:
        """(224, 224, 3) RGB in 0..1 of a BGR picture; black beyond its border."""
        size = picture.shape[1], picture.shape[0]
        left, top = self.corner(size)
        image = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
        larger = image.resize(self.size_of(size), Image.Resampling.BICUBIC)
        square = larger.crop((left, top, left + SIDE, top + SIDE))
        return np.asarray(square, np.float32) / np.float32(255)
