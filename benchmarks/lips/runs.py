"""Runs of the command whose mouths are measured, each in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from base.errors import LipSyncError
from benchmarks.lips.pairs import lips_pairs
from benchmarks.lips.record import MouthRecord, record_of
from benchmarks.lips.tiles import MouthStrips, MouthTile, keeping_tiles, strips_of
from benchmarks.material.clips import FPS
from benchmarks.runs.command import COMMAND
from benchmarks.runs.process import run_process

SPEECH, SILENCE, STRENGTH_0 = "speech", "silence", "strength 0"
NEEDS = {SPEECH: "all", SILENCE: "rest", STRENGTH_0: "rest"}  # of variants: the place
LOSSLESS = ("--crf", "0", "--preset", "ultrafast")  # so that no figure is the encoder's doing


@dataclass(frozen=True)
class LipsRun:
    """A face that the command lets speak."""

    face: str  # name of the clip
    kind: str  # SPEECH, SILENCE, STRENGTH_0 or a variant of the picture
    path: Path
    audio: Path
    still: bool
    flags: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.face}, {self.kind}"


@dataclass(frozen=True, eq=False)
class LipsResult:
    """A run and what was seen of it, or why there is nothing to see."""

    run: LipsRun
    record: MouthRecord | None
    strips: MouthStrips | None = None
    error: str = ""


def measured(run: LipsRun, engine: Sequence[str], folder: Path) -> LipsResult:
    """Run the command and look at its result; an error of ours is kept as words."""
    outfile = folder / f"{run.title}.mp4"
    try:
        run_process(command_line(run, engine, outfile, folder / "cache"), run.title)
        return look_at(run, outfile)
    except LipSyncError as error:
        return LipsResult(run, None, error=without_folders(str(error), run, outfile))
    finally:
        outfile.unlink(missing_ok=True)


def without_folders(words: str, run: LipsRun, outfile: Path) -> str:
    """An error's words with the names of files alone, as a report may hold them."""
    for path in (run.path, run.audio, outfile):
        words = words.replace(f"{path.parent}/", "")
    return words


def look_at(run: LipsRun, outfile: Path) -> LipsResult:
    """Measure every frame; of speech the tiles for a sheet are kept, too."""
    pairs, tiles = lips_pairs(outfile, run.path, FPS), list[MouthTile]()
    if run.kind == SPEECH:
        pairs = keeping_tiles(pairs, tiles)
    record = record_of(pairs, NEEDS.get(run.kind, "place"))
    if not len(record):
        return LipsResult(run, None, error="no face is seen")
    strips = strips_of(run.face, tiles, record.openings) if tiles else None
    return LipsResult(run, record, strips)


def command_line(run: LipsRun, engine: Sequence[str], outfile: Path, cache: Path) -> list[str]:
    files = ("--face", str(run.path), "--audio", str(run.audio), "--outfile", str(outfile))
    quiet = ("--cache_dir", str(cache), "--progress", "none")
    return [*COMMAND, *files, *engine, *run.flags, *LOSSLESS, *quiet]
