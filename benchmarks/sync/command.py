"""python -m benchmarks sync: what is asked, what is made, what is told."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audio.load import load
from benchmarks.blend.table import markdown
from benchmarks.flags import checked_place, keep, parser_for
from benchmarks.machine import ROOT
from benchmarks.material.sound import SPEECH
from benchmarks.runs.cold import ran
from benchmarks.runs.command import COMMAND
from benchmarks.sync.others import CHANCE, Mouth, wrongly_believed
from quality.opening import openings
from quality.sync import Sync, loudness_of, sync_of
from quality.view import View, sights
from video.shape import Shape
from video.source import open_source

SHIFTS = ("-5", "-4", "-3", "-2", "-1", "0", "1/2", "1", "2", "3", "4", "5")  # frames
FEW = ("-4", "0", "3")
OFF = {True: 0.5, False: 1.0}  # frames that the meter may err on a still and on a video
STILL_FPS = Fraction(25)


@dataclass(frozen=True)
class Row:
    """One mouth and what was measured of it."""

    clip: str
    planted_ms: float | None  # none: a recording, of which nobody knows
    lag_ms: float | None
    strength: float
    confidence: float
    allowed_ms: float

    @property
    def passed(self) -> bool:
        if self.planted_ms is None:
            return True
        near = self.lag_ms is not None and abs(self.lag_ms - self.planted_ms) <= self.allowed_ms
        return near and self.confidence > 0.5


def main(argv: Sequence[str]) -> int:
    """0 where every planted lag is found and chance is hardly ever believed, else 1."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    with TemporaryDirectory(prefix="lips-") as name:
        made = list(planted(given, Path(name)))
    recorded = [recording(clip) for clip in given.clip or ()]
    rows = [row for row, _ in (*made, *recorded)]
    mouths = [mouth for _, mouth in (*made[:1], *recorded)]
    believed, pairs = wrongly_believed(mouths)
    print(figures(rows))
    print(f"\nof {pairs} mouths beside another's sound, {believed:.2%} were believed")
    if given.out is not None:
        keep(given.out, plain(rows, believed, pairs))
    return 0 if all(row.passed for row in rows) and believed <= CHANCE else 1


def planted(given: argparse.Namespace, folder: Path) -> Iterator[tuple[Row, Mouth]]:
    """The puppet on the asked face, its mouth so many frames late."""
    source = open_source(given.face, Shape(), STILL_FPS)
    for shift in FEW if given.quick else SHIFTS:
        late = Fraction(shift) / source.fps * 1000
        result = folder / "result.mp4"
        files = ("--face", str(given.face), "--audio", str(given.audio), "--outfile", str(result))
        way = ("--engine", "puppet", "--audio_offset", f"{float(late):.4f}", "--progress", "none")
        ran([*COMMAND, *files, *way, "--cache_dir", str(folder / "cache")], "the command")
        found, mouth = seen(View(result, given.face, given.audio))
        print(f"{given.face.name}, {shift} frames: {found.lag_ms} ms", file=sys.stderr)
        allowed = OFF[source.still] * 1000 / float(source.fps)
        yield _row(given.face.name, float(late), found, allowed), mouth


def recording(clip: Path) -> tuple[Row, Mouth]:
    """Somebody who speaks, with the sound that was recorded."""
    found, mouth = seen(View(clip))
    return _row(clip.name, None, found, 0.0), mouth


def seen(view: View) -> tuple[Sync, Mouth]:
    opened, fps = openings(sights(view)), open_source(view.result, Shape(), STILL_FPS).fps
    mouth = Mouth(opened, load(view.sound), fps)
    return sync_of(opened, loudness_of(mouth.sound, fps, len(opened)), fps), mouth


def figures(rows: Sequence[Row]) -> str:
    heads = ["mouth", "planted ms", "measured ms", "correlation", "confidence", ""]
    return markdown(heads, [_line(row) for row in rows])


def plain(rows: Sequence[Row], believed: float, pairs: int) -> dict[str, Any]:
    lines = [{**asdict(row), "passed": row.passed} for row in rows]
    passed = all(row.passed for row in rows) and believed <= CHANCE
    return {"passed": passed, "believed": believed, "pairs": pairs, "rows": lines}


def _row(clip: str, planted_ms: float | None, found: Sync, allowed_ms: float) -> Row:
    return Row(clip, planted_ms, found.lag_ms, found.strength, found.confidence, allowed_ms)


def _line(row: Row) -> list[str]:
    numbers = [f"{v:.0f}" if v is not None else "-" for v in (row.planted_ms, row.lag_ms)]
    told = "" if row.planted_ms is None else "found" if row.passed else "missed"
    return [row.clip, *numbers, f"{row.strength:.2f}", f"{row.confidence:.2f}", told]


def _parser() -> argparse.ArgumentParser:
    made = parser_for("sync", "Planted lags against measured ones, and who believes chance.")
    add = made.add_argument
    face = ROOT / "demo" / "portrait.png"
    add("--face", type=Path, default=face, metavar="FILE", help="the puppet moves this mouth")
    add("--audio", type=Path, default=SPEECH, metavar="FILE", help="to this sound")
    add("--clip", type=Path, action="append", metavar="FILE", help="a recording; may be repeated")
    return made
