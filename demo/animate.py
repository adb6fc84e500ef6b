"""Draw the README's animated picture: a photo, the curve of a sound, and the video made of both."""

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audio.load import load_sound
from base.geometry import Picture, Rect
from base.locks import replace_file
from video.shape import Shape
from video.source import open_source

DEMO = Path(__file__).parent
HEAD = Rect(top=28, bottom=372, left=100, right=420)  # of the demo's portrait
QUALITY = 85  # of WebP, 1 to 100
CURVE_HEIGHT = 64  # pixels
INK, PALE, PAPER = (60, 60, 60), (200, 200, 200), (255, 255, 255)  # BGR


def drawings(video: Path, photo: Path, sound: Path) -> tuple[list[Picture], int]:
    """Return a picture for each frame and the milliseconds for which each is shown."""
    source = open_source(video, Shape(), Fraction(25))
    before = open_source(photo, Shape(), Fraction(25)).first.picture()
    levels = loudness(sound, 2 * HEAD.size[0])
    after = [frame.picture() for frame in source.frames()]
    pictures = [
        drawing(before, picture, curve(levels, number / len(after)))
        for number, picture in enumerate(after, 1)
    ]
    return pictures, round(1000 / source.fps)


def drawing(before: Picture, after: Picture, sound: Picture) -> Picture:
    """Photo and video side by side above the sound."""
    faces = labeled(before[HEAD.slices], "photo"), labeled(after[HEAD.slices], "result")
    return np.vstack([np.hstack(faces), sound])


def labeled(picture: Picture, text: str) -> Picture:
    """A copy with a word in its lower left corner."""
    copy = picture.copy()
    corner = 12, len(copy) - 12
    for color, width in (INK, 4), (PAPER, 1):
        cv2.putText(copy, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.6, color, width, cv2.LINE_AA)
    return copy


def loudness(sound: Path, columns: int) -> NDArray[np.float64]:
    """The largest amplitude in each of `columns` equal parts, the loudest being 1."""
    parts = np.array_split(np.abs(load_sound(sound).samples), columns)
    levels = np.array([part.max(initial=0) for part in parts], np.float64)
    return levels / np.float64(max(levels.max(), 1e-9))


def curve(levels: NDArray[np.float64], played: float) -> Picture:
    """The sound as bars from left to right; the share `played` of them is dark."""
    rows = np.abs(np.linspace(-1, 1, CURVE_HEIGHT))[:, None]
    is_played = np.arange(len(levels)) < played * len(levels)
    colors = np.where(is_played[:, None], INK, PALE)
    return np.where((rows < levels)[..., None], colors, PAPER).astype(np.uint8)


def encoded(pictures: Sequence[Picture], milliseconds: int) -> bytes:
    """An animated WebP that repeats without end."""
    animation = cv2.Animation()
    animation.frames = pictures
    animation.durations = [milliseconds] * len(pictures)
    _, data = cv2.imencodeanimation(".webp", animation, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return data.tobytes()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path, help="the demo's video")
    parser.add_argument("picture", type=Path, help="the WebP to write")
    paths = parser.parse_args(argv)
    pictures, milliseconds = drawings(paths.video, DEMO / "portrait.png", DEMO / "speech.m4a")
    replace_file(paths.picture, encoded(pictures, milliseconds))


if __name__ == "__main__":
    main()
