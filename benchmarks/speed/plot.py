"""Draw the seconds of every stage as bars, every run beside its clip's floor."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from base.errors import UsageError
from base.geometry import Picture
from benchmarks.speed.figures import Row

WIDTH = 1500
LEFT, RIGHT = 130, 110  # pixels for the bars' names, and for their seconds
HEAD, BAR, GAP, FOOT = 44, 24, 8, 30  # pixels of height: a clip's name, bar, gap, and axis
LEGEND = 30  # pixels: height of a line of the legend
PAPER, INK, FAINT, REST = (255, 255, 255), (40, 40, 40), (222, 222, 222), (170, 170, 170)
COLOURS = (  # BGR, also distinct to people who see no red or no green
    *((178, 114, 0), (0, 159, 230), (115, 158, 0), (167, 121, 204), (66, 228, 240)),
    *((0, 94, 213), (233, 180, 86), (96, 60, 40), (160, 200, 160), (120, 120, 240)),
)
NOTE = (
    "black mark: the whole run.  Stages overlap in time, so their sum may pass it."
    "  Grey: in no stage (start; encoding that nothing overlaps)."
)
WAITING = "waiting"  # prefix of the stages that only wait
FONT = cv2.FONT_HERSHEY_SIMPLEX


def check_ending(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: the picture's name ends in .png")


def encode_png(picture: Picture) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()


def draw_plot(rows: Sequence[Row]) -> Picture:
    """A block of bars for every clip, each on its own scale."""
    names = list(dict.fromkeys(name for row in rows for name in _stages(row)))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    clips = dict.fromkeys(row.clip for row in rows)
    blocks = [_block([row for row in rows if row.clip == clip], colours) for clip in clips]
    return np.vstack([*blocks, _legend(colours)])


def _block(rows: Sequence[Row], colours: dict[str, tuple[int, int, int]]) -> Picture:
    height = HEAD + len(rows) * (BAR + GAP) + FOOT
    picture = np.full((height, WIDTH, 3), PAPER, np.uint8)
    scale = (WIDTH - LEFT - RIGHT) / max(_end(row) for row in rows)  # pixels a second
    _write(picture, f"{rows[0].clip}, seconds", (10, 28), 0.6)
    _draw_axis(picture, scale)
    for index, row in enumerate(rows):
        _draw_bar(picture, HEAD + index * (BAR + GAP), row, colours, scale)
    return picture


def _stages(row: Row) -> dict[str, float]:
    """The stages that work; those that wait are left out, since they wait for another stage."""
    return {name: s for name, s in row.stages.items() if not name.startswith(WAITING)}


def _end(row: Row) -> float:
    return max(row.seconds, sum(_stages(row).values()), 1e-9)


def _draw_bar(
    picture: Picture,
    top: int,
    row: Row,
    colours: dict[str, tuple[int, int, int]],
    scale: float,
) -> None:
    stages = [(colours[name], seconds) for name, seconds in _stages(row).items()]
    rest, end = max(row.seconds - sum(_stages(row).values()), 0.0), 0.0
    for colour, seconds in [*stages, (REST, rest)]:
        start, end = end, end + seconds
        _fill(picture, top, (_x(start, scale), _x(end, scale)), colour)
    mark = _x(row.seconds, scale)
    picture[top - 3 : top + BAR + 3, mark - 2 : mark + 1] = 0
    _write(picture, row.kind, (10, top + 17), 0.5)
    _write(picture, f"{row.seconds:.1f} s", (_x(_end(row), scale) + 8, top + 17), 0.5)


def _x(seconds: float, scale: float) -> int:
    return LEFT + round(seconds * scale)


def _fill(picture: Picture, top: int, ends: tuple[int, int], colour: tuple[int, int, int]) -> None:
    picture[top : top + BAR, ends[0] : ends[1]] = colour


def _draw_axis(picture: Picture, scale: float) -> None:
    """Draw lines at round seconds, with their numbers below."""
    bottom = picture.shape[0] - FOOT
    for second in _round_seconds((WIDTH - LEFT - RIGHT) / scale):
        x = _x(second, scale)
        picture[HEAD - 6 : bottom, x] = FAINT
        _write(picture, f"{second:g}", (x - 6, bottom + 16), 0.42)


def _round_seconds(longest: float) -> Iterable[float]:
    """At most eleven round numbers from 0 on."""
    steps = (base * 10.0**power for power in range(-3, 6) for base in (1, 2, 5))
    step = next(step for step in steps if longest / step <= 10)
    return (round(i * step, 6) for i in range(int(longest / step) + 1))


def _legend(colours: dict[str, tuple[int, int, int]]) -> Picture:
    picture = np.full((3 * LEGEND, WIDTH, 3), PAPER, np.uint8)
    x, line = 10, 0
    for name, colour in [*colours.items(), ("in no stage", REST)]:
        width = 40 + cv2.getTextSize(name, FONT, 0.5, 1)[0][0]
        if x + width > WIDTH:
            x, line = 10, line + 1
        top = 6 + line * LEGEND
        picture[top : top + 16, x : x + 16] = colour
        _write(picture, name, (x + 22, top + 13), 0.5)
        x += width
    _write(picture, NOTE, (10, 3 * LEGEND - 10), 0.45)
    return picture


def _write(picture: Picture, text: str, origin: tuple[int, int], size: float) -> None:
    cv2.putText(picture, text, origin, FONT, size, INK, 1, cv2.LINE_AA)
