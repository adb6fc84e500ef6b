"""python -m benchmarks batch: its flags and its three parts."""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.batch.material import (
    Material,
    differing_videos,
    make_sounds,
    make_stills,
    make_videos,
)
from benchmarks.batch.runs import BatchSetup, run_and_kill
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.material.inputs import (
    add_weights,
    checkpoint_path,
    parse_count,
    parse_positive,
)
from benchmarks.runs.command import COMMAND
from benchmarks.runs.process import RunError, run_process
from benchmarks.runs.production import PRODUCTION, USUAL

KILLS, EVENTS = 10, 40  # how often the batch is killed, and after how many events at most
SETTLED = 50  # jobs after which a worker's memory should have settled
MOST_GROWTH = 1.1  # of its memory from then to the end


@dataclass(frozen=True)
class PartResult:
    """The facts of one part of the benchmark, and whether it passed."""

    part: str
    passed: bool
    facts: dict[str, Any]


def main(argv: Sequence[str]) -> int:
    """0 where every chosen part holds, 1 where one does not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    chosen = [name for name in PARTS if getattr(args, name)] or list(PARTS)
    results = [_run_part(name, args) for name in chosen]
    for result in results:
        print(f"{result.part}: {'holds' if result.passed else 'DOES NOT HOLD'}")
        for name, value in result.facts.items():
            print(f"  {name}: {value}")
    if args.out is not None:
        write_results(args.out, {"parts": [asdict(result) for result in results]})
    return 0 if all(result.passed for result in results) else 1


def _run_part(name: str, args: argparse.Namespace) -> PartResult:
    with TemporaryDirectory(prefix="lips-") as folder:
        return PARTS[name](args, Path(folder))


def loop(args: argparse.Namespace, folder: Path) -> PartResult:
    """The batch against a shell loop of the command, both with empty caches; the same pixels."""
    faces, sounds = (2, 2) if args.quick else (args.faces, args.sounds)
    material = Material(
        _faces(args, folder / "in", faces),
        make_sounds(folder / "in", sounds, args.seconds),
    )
    flags = _flags(args, folder)
    loop_seconds = sum(
        _run_alone(
            face, sound, folder / "loop" / name, (*flags, "--cache_dir", str(folder / "one"))
        )
        for face, sound, name in material.jobs()
    )
    cached = (*flags, "--cache_dir", str(folder / "two"))
    setup = BatchSetup(material, cached, args.workers, folder)
    batch_seconds = run_process(setup.command_line("batch"), "the batch").seconds
    differing = differing_videos(folder / "loop", setup.out("batch"), setup.names())
    facts = {
        "jobs": len(material),
        "loop_seconds": round(loop_seconds, 1),
        "batch_seconds": round(batch_seconds, 1),
        "ratio": round(loop_seconds / batch_seconds, 2),
        "workers": setup.summary("batch")["workers"],
        "of other pixels": differing,
        "engines": _cache_uses(setup, "batch", "engine"),
        "tracks": _cache_uses(setup, "batch", "track"),
    }
    return PartResult("loop", not differing, facts)


def _faces(args: argparse.Namespace, folder: Path, count: int) -> tuple[Path, ...]:
    return make_stills(folder, count) if args.photos else make_videos(folder, count, args.seconds)


def _run_alone(face: Path, sound: Path, outfile: Path, flags: Sequence[str]) -> float:
    files = ("--face", str(face), "--audio", str(sound), "--outfile", str(outfile))
    return run_process([*COMMAND, *flags, *files], "the command").seconds


def kills(args: argparse.Namespace, folder: Path) -> PartResult:
    """Killed and started again, it makes what one run makes, and nothing twice."""
    faces, sounds = (2, 2) if args.quick else (args.faces, args.sounds)
    material = Material(
        make_stills(folder / "in", faces), make_sounds(folder / "in", sounds, args.seconds)
    )
    cached = (*_flags(args, folder), "--cache_dir", str(folder / "cache"))
    setup = BatchSetup(material, cached, args.workers, folder)
    run_process(setup.command_line("whole"), "the batch")
    dice = random.Random(args.seed)
    most, events = (3, 8) if args.quick else (KILLS, EVENTS)
    happened = sum(run_and_kill(setup.command_line("killed"), dice, events) for _ in range(most))
    run_process(setup.command_line("killed"), "the batch")
    whole, killed = setup.out("whole"), setup.out("killed")
    differing = differing_videos(whole, killed, setup.names())
    left = [path.name for path in killed.glob(".*")]
    tries = Counter(job["tries"] for job in setup.summary("killed")["jobs"])
    facts = {
        "kills": happened,
        "of other pixels": differing,
        "left over": left,
        "tries": dict(tries),
    }
    return PartResult("kills", happened > 0 and not differing and not left, facts)


def thousand(args: argparse.Namespace, folder: Path) -> PartResult:
    """Many short jobs: a worker's memory after the fiftieth and after the last."""
    total = 120 if args.quick else 1000
    material = Material(make_stills(folder / "in", 10), make_sounds(folder / "in", total // 10, 1))
    cached = (*_flags(args, folder), "--cache_dir", str(folder / "cache"))
    setup = BatchSetup(material, cached, args.workers, folder)
    process = run_process(setup.command_line("many"), "the batch")
    memory: dict[int, list[float]] = {}
    for job in _outcomes_in_order(setup, "many"):
        memory.setdefault(job["worker"], []).append(job["memory_mb"])
    settled = {worker: mb[min(SETTLED, len(mb)) - 1] for worker, mb in memory.items()}
    last = {worker: mb[-1] for worker, mb in memory.items()}
    growth = max(last[worker] / settled[worker] for worker in memory)
    facts = {
        "jobs": len(material),
        "seconds": round(process.seconds, 1),
        "jobs by worker": {worker: len(mb) for worker, mb in memory.items()},
        "MB after the 50th": settled,
        "MB after the last": last,
        "engines": _cache_uses(setup, "many", "engine"),
    }
    return PartResult("thousand", growth <= MOST_GROWTH, facts)


def _outcomes_in_order(setup: BatchSetup, name: str) -> list[dict[str, Any]]:
    """The outcomes in the order in which the jobs ended."""
    text = (setup.out(name) / "journal.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    ends = [line["outcome"] for line in lines if line["event"] == "end"]
    failures = [end["error"] for end in ends if end["status"] != "done"]
    if failures:
        raise RunError(f"{len(failures)} jobs failed: {failures[0]}")
    return ends


def _cache_uses(setup: BatchSetup, name: str, cache: str) -> dict[str, int]:
    jobs = setup.summary(name)["jobs"]
    return dict(Counter(job["caches"].get(cache, "unused") for job in jobs))


def _flags(args: argparse.Namespace, folder: Path) -> tuple[str, ...]:
    """The flags of the host's usual command, with the network or with the puppet."""
    if args.puppet:
        return (*PRODUCTION, *USUAL.split(), "--engine", "puppet")
    weights = checkpoint_path(args, folder)
    network = ("--checkpoint_path", str(weights), "--device", args.device)
    return (*PRODUCTION, *USUAL.split(), *network)


PARTS: dict[str, Callable[[argparse.Namespace, Path], PartResult]] = {
    "loop": loop,
    "kills": kills,
    "thousand": thousand,
}


def _parser() -> argparse.ArgumentParser:
    summary = "Folders of jobs; without --loop, --kills or --thousand all three."
    parser = subcommand_parser("batch", summary)
    add = parser.add_argument
    for name, part in PARTS.items():
        add(f"--{name}", action="store_true", help=part.__doc__)
    add("--faces", type=parse_count, default=4, metavar="N", help="faces; 4")
    add("--sounds", type=parse_count, default=10, metavar="N", help="sounds for each; 10")
    add("--seconds", type=parse_positive, default=3.0, metavar="S", help="of each; 3")
    add("--workers", default="auto", help="of the batch; auto")
    add("--photos", action="store_true", help="--loop with photos instead of videos")
    add("--puppet", action="store_true", help="the puppet instead of the network")
    add("--seed", type=int, default=7, help="of the moments of killing; 7")
    add_weights(parser)
    return parser
