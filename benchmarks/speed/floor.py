"""The floor: decode and encode the same frames, add the sound, and do nothing else."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from base.memory import reuse_freed_memory
from pipeline.report import Clock, write_report
from video.shape import Shape
from video.source import open_source
from video.writer import Target, write_video


def main(argv: Sequence[str] | None = None) -> int:
    """Run the floor with the command's own code, encoder, preset and quality."""
    args = _parser().parse_args(argv)
    clock = Clock()
    reuse_freed_memory()
    with clock.stage("inputs"):
        source = open_source(args.face, Shape(), args.fps)
    target = Target(args.outfile, source.fps, source.width, source.height, args.audio)
    decoded = clock.each("decoding", source.looped(args.frames, "repeat"))
    with closing(decoded) as frames, clock.stage("encoding"):
        write_video((frame for _, frame in frames), target)
    clock.stages["encoding"] -= clock.stages["decoding"]  # which ran inside it
    write_report(args.report, {"seconds_by_stage": clock.stages})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.floor", description=__doc__)
    for name in ("face", "audio", "outfile", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--fps", type=Fraction, default=Fraction(25))
    return parser


if __name__ == "__main__":
    sys.exit(main())
