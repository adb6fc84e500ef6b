"""python -m benchmarks sync: its flags, the runs it makes and measures, its table."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audio.load import load_sound
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.machine import ROOT
from benchmarks.markdown import markdown_table
from benchmarks.material.sound import SPEECH
from benchmarks.runs.command import COMMAND
from benchmarks.runs.process import run_process
from benchmarks.sync.false_matches import MOST_BELIEVED, Mouth, false_match_rate
from quality.comparison import Comparison, compared_frames
from quality.opening import mouth_openings
from quality.sync import Sync, frame_loudness, measure_sync
from video.shape import Shape
from video.source import open_source

SHIFTS = ("-5", "-4", "-3", "-2", "-1", "0", "1/2", "1", "2", "3", "4", "5")  # frames
QUICK_SHIFTS = ("-4", "0", "3")
TOLERANCE = {True: 0.5, False: 1.0}  # frames that the meter may be off on a still and on a video
STILL_FPS = Fraction(25)


@dataclass(frozen=True)
class Row:
    """One mouth and its measured lag."""

    clip: str
    planted_ms: float | None  # none: a recording, whose lag nobody knows
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
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    with TemporaryDirectory(prefix="lips-") as name:
        planted = list(measure_planted(args, Path(name)))
    recorded = [measure_recording(clip) for clip in args.clip or ()]
    rows = [row for row, _ in (*planted, *recorded)]
    mouths = [mouth for _, mouth in (*planted[:1], *recorded)]
    believed, pairs = false_match_rate(mouths)
    print(figures(rows))
    print(f"\nof {pairs} mouths beside another's sound, {believed:.2%} were believed")
    if args.out is not None:
        write_results(args.out, as_json(rows, believed, pairs))
    return 0 if _passed(rows, believed) else 1


def measure_planted(args: argparse.Namespace, folder: Path) -> Iterator[tuple[Row, Mouth]]:
    """Run the puppet on the face with its mouth shifted by so many frames, and measure each."""
    source = open_source(args.face, Shape(), STILL_FPS)
    for shift in QUICK_SHIFTS if args.quick else SHIFTS:
        delay = Fraction(shift) / source.fps * 1000
        result = folder / "result.mp4"
        files = ("--face", str(args.face), "--audio", str(args.audio), "--outfile", str(result))
        puppet = ("--engine", "puppet", "--audio_offset", f"{float(delay):.4f}")
        quiet = ("--progress", "none", "--cache_dir", str(folder / "cache"))
        run_process([*COMMAND, *files, *puppet, *quiet], "the command")
        sync, mouth = measure_mouth(Comparison(result, args.face, args.audio))
        print(f"{args.face.name}, {shift} frames: {sync.lag_ms} ms", file=sys.stderr)
        allowed = TOLERANCE[source.still] * 1000 / float(source.fps)
        yield _row(args.face.name, float(delay), sync, allowed), mouth


def measure_recording(clip: Path) -> tuple[Row, Mouth]:
    """A recorded speaker with the sound of the recording."""
    sync, mouth = measure_mouth(Comparison(clip))
    return _row(clip.name, None, sync, 0.0), mouth


def measure_mouth(comparison: Comparison) -> tuple[Sync, Mouth]:
    openings = mouth_openings(compared_frames(comparison)).result
    fps = open_source(comparison.result, Shape(), STILL_FPS).fps
    mouth = Mouth(openings, load_sound(comparison.sound), fps)
    loudness = frame_loudness(mouth.sound, fps, len(openings))
    return measure_sync(openings, loudness, fps), mouth


def figures(rows: Sequence[Row]) -> str:
    heads = ["mouth", "planted ms", "measured ms", "correlation", "confidence", ""]
    return markdown_table(heads, [_cells(row) for row in rows])


def as_json(rows: Sequence[Row], believed: float, pairs: int) -> dict[str, Any]:
    lines = [{**asdict(row), "passed": row.passed} for row in rows]
    passed = _passed(rows, believed)
    return {"passed": passed, "believed": believed, "pairs": pairs, "rows": lines}


def _passed(rows: Sequence[Row], believed: float) -> bool:
    return all(row.passed for row in rows) and believed <= MOST_BELIEVED


def _row(clip: str, planted_ms: float | None, sync: Sync, allowed_ms: float) -> Row:
    return Row(clip, planted_ms, sync.lag_ms, sync.strength, sync.confidence, allowed_ms)


def _cells(row: Row) -> list[str]:
    numbers = [f"{v:.0f}" if v is not None else "-" for v in (row.planted_ms, row.lag_ms)]
    verdict = "" if row.planted_ms is None else "found" if row.passed else "missed"
    return [row.clip, *numbers, f"{row.strength:.2f}", f"{row.confidence:.2f}", verdict]


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "sync", "Planted lags against measured ones, and how often chance is believed."
    )
    add = parser.add_argument
    face = ROOT / "demo" / "portrait.png"
    add("--face", type=Path, default=face, metavar="FILE", help="the puppet moves this mouth")
    add("--audio", type=Path, default=SPEECH, metavar="FILE", help="to this sound")
    add("--clip", type=Path, action="append", metavar="FILE", help="a recording; may be repeated")
    return parser
