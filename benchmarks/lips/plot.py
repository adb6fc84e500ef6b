"""Openings against time: the result's over the source's, a panel for each clip."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from benchmarks.lips.record import MouthRecord

WIDTH, PANEL, HEAD = 1500, 170, 26  # pixels
LEFT, RIGHT = 50, 10  # pixels beside the curves
WIDEST = 0.6  # mouth widths at a panel's upper edge
STEP = 0.2  # mouth widths between lines
PAPER, INK, FAINT = (255, 255, 255), (40, 40, 40), (222, 222, 222)
SOURCE, RESULT, SHOT = (200, 170, 60), (40, 40, 200), (170, 170, 170)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_openings(records: Sequence[tuple[str, MouthRecord]]) -> Picture:
    """Red the result, blue the source, grey lines where shots begin."""
    return np.vstack([draw_panel(title, record) for title, record in records])


def draw_panel(title: str, record: MouthRecord) -> Picture:
    panel = np.full((HEAD + PANEL, WIDTH, 3), PAPER, np.uint8)
    words = f"{title}: opening in mouth widths, source blue, result red"
    cv2.putText(panel, words, (LEFT, HEAD - 8), FONT, 0.5, INK, 1, cv2.LINE_AA)
    for height in np.arange(0, WIDEST, STEP):
        y = int(row_of(np.array([height]))[0])
        cv2.line(panel, (LEFT, y), (WIDTH - RIGHT, y), FAINT, 1)
        cv2.putText(panel, f"{height:.1f}", (8, y), FONT, 0.4, INK, 1, cv2.LINE_AA)
    x = column_of(record.times)
    for column in x[record.shots][1:].astype(int).tolist():
        cv2.line(panel, (column, HEAD), (column, HEAD + PANEL), SHOT, 1)
    curves = (record.source_openings, SOURCE), (record.openings, RESULT)
    for curve, colour in curves:
        points = np.rint(np.stack([x, row_of(curve)], axis=1)).astype(np.int32)
        cv2.polylines(panel, [points], False, colour, 1, cv2.LINE_AA)
    return panel


def row_of(openings: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(HEAD + (PANEL - 6) * (1 - np.clip(openings / WIDEST, 0, 1)), np.float64)


def column_of(times: NDArray[np.float64]) -> NDArray[np.float64]:
    span = max(float(times.max()), 1e-6) if len(times) else 1.0
    return np.asarray(LEFT + (WIDTH - LEFT - RIGHT) * times / span, np.float64)
