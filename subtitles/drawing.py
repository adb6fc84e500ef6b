"""A subtitle as a picture to be laid over a frame: outlined letters on a soft, dark box."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from subtitles.cues import Cue
from subtitles.lettering import Font, Fonts, drawable
from subtitles.pieces import COLUMNS

NARROW = 1.3  # width to height below which a picture gets shorter lines
NARROW_COLUMNS = 30.0
SAFE = 0.05  # of the picture's width and height, in which nothing is drawn
COLUMN = 0.52  # of the letters' height: the mean width of one
SHARE, LEAST = 1 / 17, 13  # the letters' height: of the picture's, and at least so many pixels
LINE, PADDING, OUTLINE = 1.28, 0.5, 0.09  # of the letters' height
FINER, LARGE = 4, 40  # times larger than it is shown, half as much from so many pixels on
BOX_ALPHA, SOFTNESS = 0.55, 0.2  # the box: how dark, and how far it fades, of the letters' height

Alpha = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is laid over a part of a frame: `white` of it, and `1 - alpha` of what was there."""

    alpha: Alpha  # (height, width) 0 to 1: how much of the frame is hidden
    white: Alpha  # (height, width) 0 to `alpha`: how much of that is white; the rest is black

    def __post_init__(self) -> None:
        if self.alpha.shape != self.white.shape or self.alpha.ndim != 2:
            raise ValueError(f"alpha {self.alpha.shape}, white {self.white.shape}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.alpha.shape
        return width, height


def columns_for(width: int, height: int) -> float:
    """How many columns a line has on a picture of this size."""
    return COLUMNS if width >= NARROW * height else NARROW_COLUMNS


def letter_height(width: int, height: int) -> int:
    """Of a picture's subtitles, in pixels."""
    across = (1 - 2 * SAFE) * width / (columns_for(width, height) * COLUMN)
    return max(4, round(min(across, max(height * SHARE, LEAST))))


def margins(width: int, height: int) -> tuple[int, int]:
    """How far a subtitle stays from the left and right edges, and from the upper and lower."""
    return round(SAFE * width), round(SAFE * height)


def draw(cue: Cue, fonts: Fonts, width: int, height: int) -> Drawing:
    """The subtitle for a picture of this size, in smaller letters where a line is too long."""
    room = width - 2 * margins(width, height)[0]
    size = letter_height(width, height)
    longest = _text_width(cue, fonts, size) + 2 * PADDING * size
    if longest > room:
        size = max(4, int(size * room / longest))
    finer = FINER if size < LARGE else FINER // 2
    lines = [_Line(text, fonts.font(text, size * finer), fonts) for text in cue.lines]
    return _laid_out([line for line in lines if line.text], size * finer, finer)


class _Line:
    """A line's text as far as its font can draw it, and how wide it is."""

    def __init__(self, text: str, font: Font, fonts: Fonts) -> None:
        self.font, self.text = font, drawable(text, fonts.path_of(text))
        self.width = round(font.getlength(self.text))


def _text_width(cue: Cue, fonts: Fonts, size: int) -> float:
    return max(fonts.font(text, size).getlength(text) for text in cue.lines)


def _laid_out(lines: list[_Line], size: int, finer: int) -> Drawing:
    """Lines in their middle above each other, with their outline and box, so many times finer."""
    padding, line_height = round(PADDING * size), round(LINE * size)
    width = max((line.width for line in lines), default=0) + 2 * padding
    height = line_height * len(lines) + padding
    letters, outlined = (
        Image.new("L", (width // finer * finer, height // finer * finer)) for _ in range(2)
    )
    for number, line in enumerate(lines):
        middle = width // 2, line_height * number + (line_height + padding) // 2
        ImageDraw.Draw(letters).text(middle, line.text, 255, line.font, "mm")
        ImageDraw.Draw(outlined).text(
            middle, line.text, 255, line.font, "mm", stroke_width=round(OUTLINE * size)
        )
    white, outline = (_reduced(picture, finer) for picture in (letters, outlined))
    return Drawing(np.maximum(_box(white.shape, size / finer), outline), white)


def _reduced(picture: Image.Image, finer: int) -> Alpha:
    size = max(picture.width // finer, 1), max(picture.height // finer, 1)
    small = cv2.resize(np.asarray(picture, np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


def _box(shape: tuple[int, ...], size: float) -> Alpha:
    """Dark in the middle, nothing at the edge."""
    (height, width), fade = shape, max(1, round(SOFTNESS * size))
    box = np.zeros((height, width), np.float32)
    box[fade : height - fade, fade : width - fade] = BOX_ALPHA
    return np.asarray(cv2.GaussianBlur(box, (0, 0), fade / 2.5), np.float32)
