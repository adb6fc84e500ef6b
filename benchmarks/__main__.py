"""python -m benchmarks SUBCOMMAND: measure, print tables, exit with 1 on a missed limit."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from base.errors import LipSyncError

Command = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Subcommand:
    """What it measures, and how to import its program; only the chosen one is imported."""

    summary: str
    load: Callable[[], Command]


def load_blend() -> Command:
    from benchmarks.blend.command import main

    return main


def load_sync() -> Command:
    from benchmarks.sync.command import main

    return main


def load_speed() -> Command:
    from benchmarks.speed.command import main

    return main


def load_engines() -> Command:
    from benchmarks.engines.command import main

    return main


def load_precision() -> Command:
    from benchmarks.precision.command import main

    return main


def load_budget() -> Command:
    from benchmarks.budget.command import main

    return main


def load_vad() -> Command:
    from benchmarks.vad.command import main

    return main


def load_batch() -> Command:
    from benchmarks.batch.command import main

    return main


def load_quality() -> Command:
    from benchmarks.quality.command import main

    return main


def load_visemes() -> Command:
    from benchmarks.visemes.command import main

    return main


def load_voices() -> Command:
    from benchmarks.voices.command import main

    return main


def load_lips() -> Command:
    from benchmarks.lips.command import main

    return main


def load_living() -> Command:
    from benchmarks.living.command import main

    return main


def load_truth() -> Command:
    from benchmarks.truth.command import main

    return main


def load_enhance() -> Command:
    from benchmarks.enhance.command import main

    return main


def load_gpu() -> Command:
    from benchmarks.gpu.command import main

    return main


def load_networks() -> Command:
    from benchmarks.networks.command import main

    return main


def load_words() -> Command:
    from benchmarks.words.command import main

    return main


def load_service() -> Command:
    from benchmarks.service.command import main

    return main


SUBCOMMANDS: dict[str, Subcommand] = {
    "blend": Subcommand("quality and cost of the blend methods", load_blend),
    "truth": Subcommand("blended mouths against held ones of a talking clip", load_truth),
    "sync": Subcommand("planted lags of the mouth against measured ones", load_sync),
    "speed": Subcommand("the whole command against the floor and the plain way", load_speed),
    "engines": Subcommand("milliseconds a frame and exactness of the engines", load_engines),
    "precision": Subcommand("fp32, bf16 and int8 beside each other", load_precision),
    "budget": Subcommand("the host's commands, each within its seconds", load_budget),
    "vad": Subcommand("finding speech in noise", load_vad),
    "batch": Subcommand("folders of jobs: a loop, kills, a thousand", load_batch),
    "service": Subcommand("the address: latency, and what a warm worker saves", load_service),
    "visemes": Subcommand("lips that meet where they must, by sound and by phonemes", load_visemes),
    "living": Subcommand("a photo that lives: its cost, its blinks, its loop", load_living),
    "voices": Subcommand("when voices speak their words, and what is heard of them", load_voices),
    "quality": Subcommand("whether a result is any good", load_quality),
    "enhance": Subcommand("restored faces: shimmer, and what networks cost", load_enhance),
    "networks": Subcommand("milliseconds a frame of networks that users bring", load_networks),
    "gpu": Subcommand("every check that needs a GPU, in limited time", load_gpu),
    "words": Subcommand("words that are heard, and when, against a known text", load_words),
    "lips": Subcommand("the mouths of finished videos, by looking at them", load_lips),
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 all well, 1 a limit is missed, or the code of a LipSyncError."""
    args = _parser().parse_args(argv)
    try:
        return SUBCOMMANDS[args.subcommand].load()(args.flags)
    except LipSyncError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure. Exit code 0: all well; 1: a limit is missed; 2: wrong usage.",
        epilog="SUBCOMMAND --help lists its flags.",
    )
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    for name, subcommand in SUBCOMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=subcommand.summary, add_help=False, prefix_chars="\0"
        )
        subparser.add_argument("flags", nargs="*")
    return parser


if __name__ == "__main__":
    sys.exit(main())
