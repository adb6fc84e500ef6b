"""python -m benchmarks vad: what is asked, what is run, what is told."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audio.load import load
from audio.vads import VADS
from base.errors import InputError
from benchmarks.flags import checked_place, keep, parser_for
from benchmarks.material.sound import SPEECH
from benchmarks.vad.measure import CLEAR, Row, rows
from benchmarks.vad.mixtures import Speech, speech_of
from benchmarks.vad.table import figures

LEVELS, QUICK_LEVELS = (20.0, 10.0, 0.0), (10.0,)  # dB
COMPARED = ("energy", "silero")


def main(argv: Sequence[str]) -> int:
    """0 where silero keeps its promise, 1 where it does not."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    speech = _speech(given.speech)
    levels = QUICK_LEVELS if given.quick else LEVELS
    found = list(rows(speech, given.vad or COMPARED, levels))
    print(figures(found))
    if given.out is not None:
        keep(given.out, {"settings": _settings(given, speech), **plain(found)})
    return 0 if all(row.passed for row in found) else 1


def plain(found: Sequence[Row]) -> dict[str, Any]:
    return {
        "passed": all(row.passed for row in found),
        "rows": [
            {
                **{"noise": row.noise, "decibels": row.decibels, "vad": row.vad},
                **asdict(row.score),
                "passed": row.passed,
            }
            for row in found
        ],
    }


def _speech(path: Path) -> Speech:
    speech = speech_of(load(path))
    if speech.truth.all() or not speech.truth.any():
        raise InputError(f"{str(path)!r}: nobody speaks in it; give clean speech")
    return speech


def _settings(given: argparse.Namespace, speech: Speech) -> dict[str, Any]:
    spoken = float(speech.truth.mean())
    seconds = float(speech.sound.duration)
    return {"speech": given.speech.name, "seconds": seconds, "share_of_speech": spoken}


def _parser() -> argparse.ArgumentParser:
    words = "Finding speech in noise; the truth is where the clean speech is loud."
    made = parser_for("vad", f"{words} From {CLEAR:.0f} dB on silero must find it.")
    add = made.add_argument
    add("--speech", type=Path, default=SPEECH, metavar="FILE", help="clean speech; the kept one")
    add("--vad", action="append", choices=tuple(VADS), help="only this one; repeatable")
    return made
