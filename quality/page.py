"""The figures of a result as one page, which holds its pictures and curves itself."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from quality.curves import Curve, curve_of, scaled
from quality.measured import Measured
from quality.sheet import filled, uri
from quality.strip import Shot, most_changed, spread
from quality.verdict import Line, worst
from quality.view import SIDE

TEMPLATE = Path(__file__).with_name("page.html")
ACROSS, PAIRS = 12, 3  # pictures in the strip; rows of before, after and what changed
MOUTH = slice(SIDE // 2, SIDE - SIDE // 8), slice(SIDE // 4, SIDE - SIDE // 4)  # of a crop
STRONGER = 4  # times: what changed
WORDS = {
    "pass": "As it should be",
    "look": "Have a look",
    "fail": "Something is wrong",
    "unknown": "Nothing could be measured",
}


@dataclass(frozen=True)
class Told:
    """A line of the table."""

    title: str
    figure: str
    unit: str
    level: str
    limit: str
    failing: str


@dataclass(frozen=True)
class Cell:
    """A picture in the strip and when it is shown."""

    picture: str
    seconds: str


@dataclass(frozen=True)
class Row:
    """One moment: the source, the result, and where they differ."""

    seconds: str
    before: str
    after: str
    change: str


def page(of: Measured) -> str:
    """HTML; names of files are shown as they are, whatever they hold."""
    level = worst(of.lines)
    values: dict[str, object] = {
        "result": of.result.name,
        "source": of.source.name if of.source else "",
        "facts": f"{of.frames} frames, {float(of.frames / of.fps):.1f} s",
        "level": level,
        "words": WORDS[level],
        "levels": [line.level for line in of.lines if line.level != "unknown"],
        "flaws": [line.bound.failing for line in of.lines if line.level == level != "pass"],
        "lines": list(map(told, of.lines)),
        "seconds": ticks(float(of.frames / of.fps)),
        "mouth": scaled(of.openings),
        "voice": scaled(of.loudness),
        "lag": lag_curve(of),
        "strip": [Cell(uri(shot.after[MOUTH]), at(shot, of)) for shot in spread(of.shots, ACROSS)],
        "rows": [row(shot, of) for shot in most_changed(of.shots, PAIRS)],
    }
    return filled(TEMPLATE, values)


def told(line: Line) -> Told:
    bound = line.bound
    way = "at least" if bound.high_is_good else "at most"
    figure = "not measured" if line.value is None else f"{line.value:.3g}"
    limit = f"{way} {bound.passes:g}"
    return Told(bound.title, figure, bound.unit, line.level, limit, bound.failing)


def lag_curve(of: Measured) -> Curve | None:
    """How well mouth and sound agree when one is moved against the other."""
    return curve_of(of.sync.curve, of.sync.lag_ms) if of.sync.curve else None


def ticks(seconds: float) -> list[tuple[str, str]]:
    """Where along the width which second is, in percent: about ten of them."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 30, 60, 300) if seconds / s <= 12), 600)
    return [(f"{100 * t / seconds:.2f}", f"{t:g}") for t in np.arange(0, seconds, step).tolist()]


def row(shot: Shot, of: Measured) -> Row:
    assert shot.before is not None  # most_changed leaves out the others
    apart = cv2.absdiff(shot.after, shot.before).max(axis=2)
    change = 255 - np.minimum(apart.astype(np.int32) * STRONGER, 255)
    pictures = shot.before, shot.after, change.astype(np.uint8)
    return Row(at(shot, of), *map(uri, pictures))


def at(shot: Shot, of: Measured) -> str:
    return f"{float(shot.index / of.fps):.1f} s"
