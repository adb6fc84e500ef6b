"""The floor: the same frames decoded and encoded, the sound beside them, and nothing else."""

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
from video.writer import Target, write


def main(argv: Sequence[str] | None = None) -> int:
    """By the command's own rooms, with its encoder, preset and quality."""
    given = _parser().parse_args(argv)
    clock = Clock()
    reuse_freed_memory()
    with clock.stage("inputs"):
        source = open_source(given.face, Shape(), given.fps)
    target = Target(given.outfile, source.fps, source.width, source.height, given.audio)
    decoded = clock.each("decoding", source.looped(given.frames, "repeat"))
    with closing(decoded) as frames, clock.stage("encoding"):
        write((frame for _, frame in frames), target)
    clock.stages["encoding"] -= clock.stages["decoding"]  # which happened inside of it
    write_report(given.report, {"seconds_by_stage": clock.stages})
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks.speed.floor", description=__doc__)
    for name in ("face", "audio", "outfile", "report"):
        made.add_argument(f"--{name}", type=Path, required=True)
    made.add_argument("--frames", type=int, required=True)
    made.add_argument("--fps", type=Fraction, default=Fraction(25))
    return made


if __name__ == "__main__":
    sys.exit(main())
