"""The figures of a result as one HTML page that holds its pictures and curves itself."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from quality.comparison import CROP_SIDE
from quality.curves import lag_curve, time_curve
from quality.html import data_uri, render_template
from quality.measurement import Measurement
from quality.opening import SeenBy
from quality.snapshots import Snapshot, evenly_spaced, most_changed
from quality.verdict import VerdictLine, worst_level

TEMPLATE = Path(__file__).with_name("page.html")
STRIP_PICTURES, MOMENTS = 12, 3  # pictures of the mouth in time; moments shown before and after
# Of a crop
MOUTH = slice(CROP_SIDE // 2, CROP_SIDE - CROP_SIDE // 8), slice(CROP_SIDE // 4, CROP_SIDE * 3 // 4)
CHANGE_GAIN = 4  # times as strong as it is, so that a change can be seen
SEEN_BY: dict[SeenBy, str] = {
    "lips": "the mouth seen by its lips",
    "light": "no lips seen: the mouth's opening is guessed from the light between them",
}
HEADLINES = {
    "pass": "As it should be",
    "look": "Have a look",
    "fail": "Something is wrong",
    "unknown": "Nothing could be measured",
}


@dataclass(frozen=True)
class FigureRow:
    """A line of the page's table."""

    title: str
    figure: str
    unit: str
    level: str
    limit: str
    failing: str


@dataclass(frozen=True)
class StripPicture:
    """A picture of the mouth and when it is shown."""

    picture: str
    seconds: str


@dataclass(frozen=True)
class Moment:
    """The source, the result, and where they differ, at one time."""

    seconds: str
    source: str
    result: str
    change: str


def quality_page(measurement: Measurement) -> str:
    """The page as HTML; file names are shown as they are, whatever they contain."""
    lines, snapshots = measurement.verdict_lines, measurement.snapshots
    level = worst_level(lines)
    seconds = float(measurement.frames / measurement.fps)
    sync = measurement.sync
    values: dict[str, object] = {
        "result": measurement.result.name,
        "source": measurement.source.name if measurement.source else "",
        "facts": f"{measurement.frames} frames, {seconds:.1f} s, {SEEN_BY[measurement.seen_by]}",
        "level": level,
        "headline": HEADLINES[level],
        "levels": [line.level for line in lines if line.level != "unknown"],
        "flaws": [line.bound.failing for line in lines if line.level == level != "pass"],
        "rows": list(map(figure_row, lines)),
        "ticks": time_ticks(seconds),
        "mouth": time_curve(measurement.openings),
        "voice": time_curve(measurement.loudness),
        "lag": lag_curve(sync.curve, sync.lag_ms) if sync.curve else None,
        "strip": [
            StripPicture(data_uri(snapshot.result[MOUTH]), time_of(snapshot, measurement))
            for snapshot in evenly_spaced(snapshots, STRIP_PICTURES)
        ],
        "moments": [moment(snapshot, measurement) for snapshot in most_changed(snapshots, MOMENTS)],
    }
    return render_template(TEMPLATE, values)


def figure_row(line: VerdictLine) -> FigureRow:
    bound = line.bound
    figure = "not measured" if line.value is None else f"{line.value:.3g}"
    limit = f"{'at least' if bound.high_is_good else 'at most'} {bound.passes:g}"
    return FigureRow(bound.title, figure, bound.unit, line.level, limit, bound.failing)


def time_ticks(seconds: float) -> list[tuple[str, str]]:
    """About ten round times: the place along the width in percent, and the second."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 30, 60, 300) if seconds / s <= 12), 600)
    return [(f"{100 * t / seconds:.2f}", f"{t:g}") for t in np.arange(0, seconds, step).tolist()]


def moment(snapshot: Snapshot, measurement: Measurement) -> Moment:
    assert snapshot.source is not None  # most_changed leaves out the others
    difference = cv2.absdiff(snapshot.result, snapshot.source).max(axis=2)
    change = 255 - np.minimum(difference.astype(np.int32) * CHANGE_GAIN, 255)
    pictures = snapshot.source, snapshot.result, change.astype(np.uint8)
    return Moment(time_of(snapshot, measurement), *map(data_uri, pictures))


def time_of(snapshot: Snapshot, measurement: Measurement) -> str:
    return f"{float(snapshot.index / measurement.fps):.1f} s"
