"""A contact sheet: frames from all over a video in one picture."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from base.geometry import Picture
from base.locks import replace_file
from pipeline.report import after_the_video
from video.shape import Shape
from video.source import open_source

COLUMNS, ROWS = 6, 4
SIDE = 240  # pixels of a picture's longer side on the sheet


def write_contact_sheet(video: Path, path: Path) -> None:
    """Write a sheet of frames spread over `video`, as PNG."""
    _, data = cv2.imencode(".png", tile(pick_frames(video, COLUMNS * ROWS)))
    with after_the_video(f"the contact sheet {path}", "give another --outfile", video):
        replace_file(path, data.tobytes())


def pick_frames(video: Path, count: int) -> list[Picture]:
    """`count` small pictures, evenly spread over the video, in the order of time."""
    source = open_source(video, Shape(), Fraction(25))
    step = max((source.estimated_frames or count) // count, 1)
    return [f.downscaled(SIDE)[0] for f in islice(source.frames(), step // 2, None, step)][:count]


def tile(pictures: list[Picture], columns: int = COLUMNS) -> Picture:
    blank = np.zeros_like(pictures[0])
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    rows[-1] = rows[-1] + [blank] * (columns - len(rows[-1]) if len(rows) > 1 else 0)
    return np.vstack([np.hstack(row) for row in rows])
