"""python -m benchmarks gpu: its flags, its steps, its table."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.gpu.steps import GPU, Step, all_steps
from benchmarks.machine import ROOT
from benchmarks.markdown import markdown_table
from wav2lip.generators import cuda_usable

LIMIT = 460.0  # seconds for all steps
LEAST = 20.0  # seconds that a step must have
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Outcome:
    """What became of a step."""

    name: str
    status: str
    seconds: float = 0.0
    reason: str = ""
    results: dict[str, Any] | None = None  # what the step itself wrote

    def __post_init__(self) -> None:
        if self.status not in (PASSED, FAILED, SKIPPED):
            raise ValueError(f"a step passed, failed or was skipped, not {self.status}")


def main(argv: Sequence[str]) -> int:
    """0 where no step failed; steps that need what is not here are skipped by name."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    has_gpu = cuda_usable()
    with TemporaryDirectory(prefix="lips-") as folder:
        steps = all_steps(Path(folder), args.quick)
        outcomes = list(run_steps(steps, {GPU} if has_gpu else set(), args.limit))
    print(figures(outcomes))
    if args.out is not None:
        facts = {"gpu": gpu_name() if has_gpu else None, "limit": args.limit}
        write_results(args.out, {**facts, "steps": [asdict(outcome) for outcome in outcomes]})
    return 1 if any(outcome.status == FAILED for outcome in outcomes) else 0


def run_steps(steps: Sequence[Step], here: set[str], limit: float) -> Iterator[Outcome]:
    """Each step in turn, as long as there is time."""
    ends = time.monotonic() + limit
    for step in steps:
        left = ends - time.monotonic()
        missing = [need for need in step.needs if need not in here]
        if missing:
            outcome = Outcome(step.name, SKIPPED, reason=f"no {' and no '.join(missing)}")
        elif left < LEAST:
            outcome = Outcome(step.name, SKIPPED, reason="no time left")
        else:
            outcome = run_step(step, left)
        print(f"{outcome.name}: {outcome.status} {outcome.reason}".rstrip(), file=sys.stderr)
        yield outcome


def run_step(step: Step, seconds: float) -> Outcome:
    """Run it as a process of its own, which is ended when its time is over."""
    started = time.monotonic()
    try:
        ended = subprocess.run(
            [sys.executable, *step.words],
            cwd=ROOT,
            env=step.environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
        status, said = (PASSED if ended.returncode == 0 else FAILED), ended.stdout + ended.stderr
    except subprocess.TimeoutExpired:
        status, said = FAILED, f"not done after {seconds:.0f} s"
    reason = "" if status == PASSED else (said.strip().splitlines() or ["without a word"])[-1]
    return Outcome(step.name, status, time.monotonic() - started, reason, _results(step))


def _results(step: Step) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        if step.results is not None:
            return dict(json.loads(step.results.read_text()))
    return None


def gpu_name() -> str:
    """As the driver's own program tells it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "unknown"
    query = [program, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    ended = subprocess.run(query, capture_output=True, text=True, errors="replace")
    return ended.stdout.strip() or "unknown"


def figures(outcomes: Sequence[Outcome]) -> str:
    rows = [[one.name, one.status, f"{one.seconds:.0f}", one.reason] for one in outcomes]
    return markdown_table(["step", "", "s", "why"], rows)


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("gpu", "Every check that needs a GPU; each step in its own process.")
    add = parser.add_argument
    add("--limit", type=float, default=LIMIT, metavar="S", help=f"seconds for all; {LIMIT:g}")
    return parser
