"""python -m benchmarks visemes: its flags, its table."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from audio.load import Sound, load_sound
from audio.phonemes import read_phonemes
from audio.recognition import recognise
from base.phonemes import Phoneme
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.material.sound import SPEECH
from benchmarks.visemes.measure import Row, measure, poses
from puppet.visemes import Visemes

TRUTH = Path(__file__).parent / "demo.json"  # words aligned with the sound by pocketsphinx
HEADS = ("the mouth follows", "p b m", "f v", "false closures", "jaw", "width", "roughness")


def main(argv: Sequence[str]) -> int:
    """0 where lips that follow the true phonemes meet in every p b m, and nowhere else."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    rows = list(measure_ways(load_sound(args.audio), read_phonemes(args.truth)))
    print(markdown_table(HEADS, [_cells(row) for row in rows]))
    if args.out is not None:
        write_results(args.out, {"audio": args.audio.name, "rows": [asdict(row) for row in rows]})
    followed = rows[-1]
    reached = all(done == count for done, count in (followed.closures, followed.tucks))
    return 0 if reached and not followed.false_closures else 1


def measure_ways(sound: Sound, truth: tuple[Phoneme, ...]) -> Iterator[Row]:
    """The loudness, the phonemes that are heard where the package is installed, and the truth."""
    true_mouth = poses(sound, Visemes(truth))
    yield measure("its sound", poses(sound, None), truth, true_mouth)
    if find_spec("hama") is not None:
        heard = poses(sound, Visemes(recognise(sound)))
        yield measure("phonemes that are heard", heard, truth, true_mouth)
    yield measure("the true phonemes", true_mouth, truth, true_mouth)


def _cells(row: Row) -> tuple[str, ...]:
    shares = [f"{done} of {count}" for done, count in (row.closures, row.tucks)]
    figures = [f"{value:.2f}" for value in (row.jaw, row.width, row.roughness)]
    return row.way, *shares, str(row.false_closures), *figures


def _parser() -> argparse.ArgumentParser:
    summary = (
        "Whether lips meet in p b m and tuck in f v, and how like the true phonemes' they are."
    )
    parser = subcommand_parser("visemes", summary)
    add = parser.add_argument
    add("--audio", type=Path, default=SPEECH, metavar="FILE", help="speech; the demo's")
    add("--truth", type=Path, default=TRUTH, metavar="FILE", help="its phonemes, as --visemes has")
    return parser
