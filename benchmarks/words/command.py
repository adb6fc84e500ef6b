"""python -m benchmarks words: its flags, its table."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from audio.load import load_sound
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.material.sound import SPEECH
from benchmarks.words.measure import Row, compare
from speech.transcript import align, read_transcript
from speech.transcription import model_folder, transcribe

TEXT = SPEECH.parent / "speech.txt"
HEADS = ("words", "errors", "starts: median s", "90 %", "worst", "seconds a second of sound")
MOST_LATE = 0.2  # seconds between the start that is heard and the one that is aligned


def main(argv: Sequence[str]) -> int:
    """0 where nine in ten of the words that are heard start within MOST_LATE of the alignment."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    sound = load_sound(args.audio)
    aligned, _ = align(sound.samples, read_transcript(args.transcript))
    since = time.process_time()
    heard, _ = transcribe(sound.samples, model_folder(args.model))
    row = compare(aligned, heard, (time.process_time() - since) / float(sound.duration))
    print(markdown_table(HEADS, [_cells(row)]))
    if args.out is not None:
        write_results(args.out, {"audio": args.audio.name, **asdict(row)})
    return 0 if row.most <= MOST_LATE else 1


def _cells(row: Row) -> tuple[str, ...]:
    times = [f"{seconds:.2f}" for seconds in (row.median, row.most, row.worst, row.cost)]
    return str(row.words), f"{row.errors} ({row.errors / row.words:.0%})", *times


def _parser() -> argparse.ArgumentParser:
    summary = "Words that Whisper hears, and when, against a text aligned by pocketsphinx."
    parser = subcommand_parser("words", summary)
    add = parser.add_argument
    add("--audio", type=Path, default=SPEECH, metavar="FILE", help="speech; the demo's")
    add("--transcript", type=Path, default=TEXT, metavar="FILE", help="what is spoken in it")
    add("--model", type=Path, metavar="DIR", help="a folder of faster-whisper; tiny.en's")
    return parser
