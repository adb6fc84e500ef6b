"""The batch command's flags, and the options that they are parsed to."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from base.errors import UsageError
from batch.foreman import Rules
from command.flags import option_parser as single_parser
from command.flags import parse_arguments
from options.flag_values import parse_path
from options.options import OUTFILE, Options
from workers.addresses import address_of
from workers.crews import CREWS

OUT_DIR = Path("results/batch")
TEMPLATE = "{face}_{audio}.mp4"
MOST_WORKERS = 256
DESCRIPTION = "Make many faces speak. Every flag of inference_fast.py is the default for all jobs."


@dataclass(frozen=True)
class BatchOptions:
    """The batch that the user asks for; no file of it has been looked at."""

    defaults: dict[str, Any]  # values of Options, for every job
    rules: Rules
    given: frozenset[str] = frozenset()  # names of the flags that stand on the command line
    pairs: Path | None = None
    faces: tuple[str, ...] = ()
    audios: tuple[str, ...] = ()
    zip: bool = False
    manifest: Path | None = None
    out_dir: Path = OUT_DIR
    template: str = TEMPLATE
    crew: str = "local"
    cluster: str | None = None  # the address of a ray cluster
    workers: int | None = None  # None: as many as fit
    dry_run: bool = False

    @property
    def state_dir(self) -> Path:
        """The folder of journal and summary: `out_dir`, or a local one where that is an address."""
        address = address_of(self.out_dir)
        return OUT_DIR / re.sub(r"\W+", "-", address).strip("-") if address else self.out_dir

    def __post_init__(self) -> None:
        sources = [f"--{name}" for name in ("pairs", "manifest") if getattr(self, name)]
        sources += ["--faces or --audios"] * bool(self.faces or self.audios)
        if len(sources) > 1:
            raise UsageError(f"{' and '.join(sources)}: name one source of jobs")
        if self.defaults["demo"]:
            raise UsageError("--demo is inference_fast.py's: name faces and sounds")
        if self.defaults["check"]:
            raise UsageError("--check is inference_fast.py's: see what would be done by --dry_run")
        if self.defaults["models"]:
            raise UsageError("--models is inference_fast.py's, which lists what all of them find")
        if self.defaults["outfile"] != OUTFILE:
            raise UsageError("--outfile is one job's: give --out_dir and --out_template")
        if self.zip and not (self.faces and self.audios):
            raise UsageError("--zip pairs --faces with --audios: give both")


def parser() -> argparse.ArgumentParser:
    """The single command's parser with the flags of a batch."""
    parser = single_parser()
    parser.description = DESCRIPTION
    _add_job_flags(parser.add_argument_group("jobs"))
    _add_work_flags(parser.add_argument_group("work"))
    return parser


def _add_job_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--pairs", type=parse_path, metavar="DIR", help="every face with the sound of the same name"
    )
    add("--faces", nargs="+", default=[], metavar="GLOB", help="faces, each with every sound")
    add("--audios", nargs="+", default=[], metavar="GLOB", help="sounds, each with every face")
    add("--zip", action="store_true", help="the first face with the first sound, and so on")
    add(
        "--manifest",
        type=parse_path,
        metavar="FILE",
        help="CSV or JSON lines, a column for each flag",
    )
    add(
        "--out_dir",
        type=parse_path,
        default=OUT_DIR,
        metavar="DIR",
        help="videos, journal, summary",
    )
    add("--out_template", default=TEMPLATE, help="names, of {face}, {audio} and {index}")
    add("--dry_run", action="store_true", help="show the plan and do nothing")


def _add_work_flags(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--workers",
        type=parse_workers,
        metavar="N|auto",
        help="processes side by side; auto: what fits",
    )
    add("--crew", default="local", choices=tuple(CREWS), help="where the workers are")
    add("--cluster", metavar="ADDRESS", help="workers on a ray cluster; auto: this machine's")
    add("--retry", type=int, default=0, metavar="N", help="once more after a crash or a timeout")
    add("--timeout", type=float, metavar="SECONDS", help="for one job; its worker is replaced")
    add("--halt_on_error", action="store_true", help="begin no job after one has failed")


def parse_workers(text: str) -> int | None:
    """None for auto."""
    if text == "auto":
        return None
    if not (text.isdecimal() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"expected auto or 1 to {MOST_WORKERS}, got {text!r}")
    return int(text)


def parse_batch_options(argv: Sequence[str] | None) -> BatchOptions:
    """Parse a command line; UsageError where the words alone are wrong."""
    values, given = parse_arguments(parser(), argv)
    defaults = {option.name: values.pop(option.name) for option in fields(Options)}
    rules = Rules(values.pop("retry"), values.pop("timeout"), values.pop("halt_on_error"))
    template = values.pop("out_template")
    return BatchOptions(defaults, rules, frozenset(given), template=template, **values)
