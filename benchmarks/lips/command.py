"""python -m benchmarks lips: its flags, the runs it measures, its tables and pictures."""

import argparse
import multiprocessing
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from audio.load import SAMPLE_RATE, load_sound
from base.cores import usable_cores
from benchmarks.flags import check_output_flag, subcommand_parser, write_output, write_results
from benchmarks.lips.material import (
    QUICK_SECONDS,
    SECONDS,
    ClipFolder,
    LipsSounds,
    make_runs,
    make_sounds,
    open_folder,
    variant_runs,
)
from benchmarks.lips.plot import draw_openings
from benchmarks.lips.runs import SPEECH, LipsResult, LipsRun, measured
from benchmarks.lips.sheet import contact_sheets, encode_png
from benchmarks.lips.table import figure_tables, summary
from benchmarks.lips.verdict import Judged, drive_of, judge
from benchmarks.machine import ROOT
from benchmarks.material.clips import FPS
from quality.sync import frame_loudness

ALL, FACES, VARIANTS = "all", "faces", "variants"
MOST_PROCESSES = 4  # each runs the command, which takes more than one core


def main(argv: Sequence[str]) -> int:
    """0 where every mouth keeps every limit, 1 where one misses one or a run failed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    clips = open_folder(args.clips, args.audio)
    clips = clips.first_few() if args.quick else clips
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        sounds = make_sounds(clips.audio, folder, QUICK_SECONDS if args.quick else SECONDS)
        runs = plan(clips, sounds, folder, FACES if args.quick else args.part)
        results = list(measure_all(runs, engine_flags(args.checkpoint_path), folder))
        judged = judge_all(results, sounds)
    print(f"{figure_tables(judged)}\n\n{summary(judged)}")
    if args.out is not None:
        write_results(args.out, as_json(args, judged))
        write_pictures(results, args.out)
    return 0 if all(run.passed for run in judged) else 1


def plan(clips: ClipFolder, sounds: LipsSounds, folder: Path, part: str) -> list[LipsRun]:
    """The runs of a part of the measurement."""
    faces = [] if part == VARIANTS else make_runs(clips, sounds)
    variants = [] if part == FACES else variant_runs(clips.stills, sounds, folder)
    return [*faces, *variants]


def engine_flags(checkpoint: Path | None) -> tuple[str, ...]:
    if checkpoint is None:
        return ("--engine", "puppet")
    return ("--checkpoint_path", str(checkpoint.absolute()))


def measure_all(
    runs: Sequence[LipsRun], engine: Sequence[str], folder: Path
) -> Iterator[LipsResult]:
    """The runs in order, several at once, each in a process that looks at its result, too."""
    count = min(usable_cores(), MOST_PROCESSES)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, cv2.setNumThreads, (1,)) as pool:
        work = partial(measured, engine=tuple(engine), folder=folder)
        futures = [pool.submit(work, run) for run in runs]
        for place, (run, future) in enumerate(zip(runs, futures, strict=True)):
            result = outcome(run, future)
            words = f": {result.error}" if result.error else ""
            print(f"{place + 1} of {len(runs)}: {run.title}{words}", file=sys.stderr)
            yield result


def outcome(run: LipsRun, future: "Future[LipsResult]") -> LipsResult:
    """What the process found; the run's error where it died."""
    try:
        return future.result()
    except (BrokenProcessPool, OSError) as error:
        return LipsResult(run, None, error=f"its process ended: {error}")


def judge_all(results: Sequence[LipsResult], sounds: LipsSounds) -> list[Judged]:
    sound = load_sound(sounds.speech)
    loudness = frame_loudness(sound, FPS, int(len(sound.samples) * FPS / SAMPLE_RATE))
    drive = drive_of(results, loudness)
    return [judge(result, drive) for result in results]


def as_json(args: argparse.Namespace, runs: Sequence[Judged]) -> dict[str, Any]:
    checkpoint = args.checkpoint_path
    settings = {"checkpoint_path": checkpoint and checkpoint.name, "quick": args.quick}
    rows = [
        {
            **{key: value for key, value in asdict(run).items() if key != "checks"},
            "missed": [check.what for check in run.checks if not check.passed],
            "passed": run.passed,
        }
        for run in runs
    ]
    return {"passed": all(run.passed for run in runs), "settings": settings, "runs": rows}


def write_pictures(results: Iterable[LipsResult], out: Path) -> None:
    """The sheets of mouths, and the openings of the videos against time, beside the report."""
    speech = [result for result in results if result.run.kind == SPEECH]
    strips = [result.strips for result in speech if result.strips is not None]
    for number, sheet in enumerate(contact_sheets(strips), 1):
        write_output(out.with_name(f"{out.stem}-mouths-{number}.png"), encode_png(sheet))
    curves = [(r.run.face, r.record) for r in speech if r.record is not None and not r.run.still]
    if curves:
        path = out.with_name(f"{out.stem}-openings.png")
        write_output(path, encode_png(draw_openings(curves)))


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("lips", "Look at the mouths of finished videos.")
    add = parser.add_argument
    demo = ROOT / "demo"
    add("--clips", type=Path, default=demo, metavar="FOLDER", help="pictures and videos of faces")
    add("--audio", type=Path, metavar="FILE", help="what they speak, not a sound of the folder")
    add("--checkpoint_path", type=Path, metavar="FILE", help="your weights, not the puppet")
    part_help = "the faces as they are, or pictures in other light, size, tilt; --quick: faces"
    add("--part", choices=(ALL, FACES, VARIANTS), default=ALL, help=part_help)
    return parser
