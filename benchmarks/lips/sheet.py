"""Mouths of several faces in one picture, at a size at which they can be judged."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from base.geometry import Picture
from benchmarks.lips.tiles import SHARES, STRIP, TILE, MouthStrips

FACES = 2  # in a picture, which viewers then show at full size
GAP, TITLE_HEIGHT = 3, 24  # pixels
PAPER, INK = 255, (40, 40, 40)
COLUMNS = max(STRIP, 1 + len(SHARES))
WIDTH = COLUMNS * (TILE + GAP) + GAP


def contact_sheets(strips: Sequence[MouthStrips]) -> Iterator[Picture]:
    """A picture for every few faces."""
    for first in range(0, len(strips), FACES):
        yield np.vstack([face_rows(face) for face in strips[first : first + FACES]])


def face_rows(face: MouthStrips) -> Picture:
    """Consecutive frames of speech below the source's, then a source and growing openings."""
    shares = ", ".join(f"{share:g}" for share in SHARES)
    sources = [tile.source for tile in face.openings[:1]]
    return np.vstack(
        [
            title_row(f"{face.title}: consecutive frames of speech, the source above the result"),
            tile_row([tile.source for tile in face.speech]),
            tile_row([tile.result for tile in face.speech]),
            title_row(f"{face.title}: a source, and {shares} of the largest opening"),
            tile_row([*sources, *(tile.result for tile in face.openings)]),
        ]
    )


def tile_row(tiles: Sequence[Picture]) -> Picture:
    row = np.full((TILE + GAP, WIDTH, 3), PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        left = GAP + place * (TILE + GAP)
        row[:TILE, left : left + TILE] = tile
    return row


def title_row(title: str) -> Picture:
    row = np.full((TITLE_HEIGHT, WIDTH, 3), PAPER, np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(row, title, (GAP, TITLE_HEIGHT - 8), font, 0.55, INK, 1, cv2.LINE_AA)
    return row


def encode_png(picture: Picture) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()
