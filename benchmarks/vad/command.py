"""python -m benchmarks vad: its flags, its table."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio.load import load_sound
from audio.vads import VADS
from base.errors import InputError
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.material.sound import SPEECH
from benchmarks.vad.measure import CLEAR, Row, measure_vads
from benchmarks.vad.mixtures import Speech, prepare_speech
from benchmarks.vad.table import figures

LEVELS, QUICK_LEVELS = (20.0, 10.0, 0.0), (10.0,)  # dB
DEFAULT_VADS = ("energy", "silero")


def main(argv: Sequence[str]) -> int:
    """0 where silero keeps its promise, 1 where it does not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    speech = _load_speech(args.speech)
    levels = QUICK_LEVELS if args.quick else LEVELS
    rows = list(measure_vads(speech, args.vad or DEFAULT_VADS, levels))
    print(figures(rows))
    if args.out is not None:
        write_results(args.out, {"settings": _settings(args, speech), **as_json(rows)})
    return 0 if all(row.passed for row in rows) else 1


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "passed": all(row.passed for row in rows),
        "rows": [
            {
                **{"noise": row.noise, "decibels": row.decibels, "vad": row.vad},
                **asdict(row.score),
                "passed": row.passed,
            }
            for row in rows
        ],
    }


def _load_speech(path: Path) -> Speech:
    """The file as speech with pauses; InputError where nobody speaks, or without a pause."""
    speech = prepare_speech(load_sound(path))
    if speech.truth.all() or not speech.truth.any():
        raise InputError(f"{str(path)!r}: nobody speaks in it; give clean speech")
    return speech


def _settings(args: argparse.Namespace, speech: Speech) -> dict[str, Any]:
    share = float(speech.truth.mean())
    seconds = float(speech.sound.duration)
    return {"speech": args.speech.name, "seconds": seconds, "share_of_speech": share}


def _parser() -> argparse.ArgumentParser:
    summary = "Finding speech in noise; the truth is where the clean speech is loud."
    parser = subcommand_parser("vad", f"{summary} From {CLEAR:.0f} dB on silero must find it.")
    add = parser.add_argument
    add("--speech", type=Path, default=SPEECH, metavar="FILE", help="clean speech; the demo's")
    add("--vad", action="append", choices=tuple(VADS), help="only this one; repeatable")
    return parser
