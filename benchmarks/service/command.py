"""python -m benchmarks service: its flags and its parts."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.batch.material import make_sounds
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.limits import LimitCheck
from benchmarks.machine import ROOT
from benchmarks.runs.command import COMMAND
from benchmarks.runs.process import run_process
from benchmarks.service.server import Server, started

POST_MS, EVENT_MS, RATIO, START_SECONDS = 15.0, 50.0, 2.5, 0.2
FACE = ROOT / "demo" / "portrait.png"
SECONDS = 3.0  # of the sound
ENV = "/usr/bin/env"


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    with TemporaryDirectory(prefix="lips-") as folder:
        checks = _measure(args, Path(folder))
    for check in checks:
        state = "holds" if check.passed else "DOES NOT HOLD"
        print(f"{check.what}: {check.figure:.2f}, {check.allowed}: {state}")
    if args.out is not None:
        write_results(args.out, {"checks": [asdict(check) for check in checks]})
    return 0 if all(check.passed for check in checks) else 1


def _measure(args: argparse.Namespace, folder: Path) -> list[LimitCheck]:
    turns = 3 if args.quick else args.turns
    (sound,) = make_sounds(folder / "in", 1, SECONDS)
    socket = folder / "socket"  # in a folder that is the user's alone
    words = ("--workers", "1", "--allow_root", str(folder / "in"), "--socket", str(socket))
    with started(folder / "data", *words) as server:
        posted, events = _latencies(server, sound, 5 * turns)
        warm, cold = _turns(server, sound, turns, folder)
        through, alone = _starts(f"unix:{socket}", sound, turns, folder)
    print(f"warm {median(warm):.2f} s, the command {median(cold):.2f} s, {turns} turns")
    print(
        f"the command's start {median(through):.3f} s through a worker, {median(alone):.3f} s alone"
    )
    return [
        LimitCheck("the command's start through a worker, s", median(through), START_SECONDS),
        LimitCheck("POST to 202, ms", 1000 * median(posted), POST_MS),
        LimitCheck("accepted to first event, ms", 1000 * median(events), EVENT_MS),
        LimitCheck("the command's seconds over a warm job's", median(cold) / median(warm), RATIO,
                   at_least=True),
    ]  # fmt: skip


def _latencies(server: Server, sound: Path, turns: int) -> tuple[list[float], list[float]]:
    """Seconds of accepting, and from there to the first event; nothing else runs."""
    posted, events = [], []
    for _ in range(turns):
        job, seconds = server.post("/v1/jobs", _wish(sound))
        posted.append(seconds)
        events.append(server.first_event(job["id"]))
        server.finished(job["id"])
    return posted, events


def _turns(
    server: Server, sound: Path, turns: int, folder: Path
) -> tuple[list[float], list[float]]:
    """Seconds of jobs with a known face, and of the command with an empty cache, in turn."""
    avatar, _ = server.post("/v1/avatars", {"face": "demo:portrait"})
    server.finished(avatar["links"]["job"].rpartition("/")[2])
    warm, cold = [], []
    for turn in range(turns):
        warm.append(_timed(lambda: _do(server, sound, avatar["reference"])))
        files = ("--face", str(FACE), "--audio", str(sound))
        cache = ("--cache_dir", str(folder / f"cache{turn}"))
        out = ("--outfile", str(folder / "cold.mp4"))
        cold.append(run_process([*COMMAND, *files, *cache, *out], "the command").seconds)
    return warm, cold


def _starts(address: str, sound: Path, turns: int, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of the command besides its work, through the server and alone, in turn."""
    words = ("--face", str(FACE), "--audio", str(sound), "--progress", "json")
    files = ("--outfile", str(folder / "start.mp4"), "--cache_dir", str(folder / "starts"))
    command = [*COMMAND, *words, *files]
    through, alone = [], []
    for _ in range(turns):
        through.append(_start([ENV, f"LIPSYNC_SERVER={address}", *command]))
        alone.append(_start([ENV, "-u", "LIPSYNC_SERVER", *command]))
    return through, alone


def _start(command: Sequence[str]) -> float:
    run = run_process(command, "the command")
    done: dict[str, Any] = json.loads(run.lines[-1][1])
    return run.seconds - float(done["seconds"])


def _do(server: Server, sound: Path, face: str) -> None:
    job, _ = server.post("/v1/jobs", {**_wish(sound), "face": face})
    server.finished(job["id"])


def _timed(work: Callable[[], None]) -> float:
    since = time.perf_counter()
    work()
    return time.perf_counter() - since


def _wish(sound: Path) -> dict[str, str]:
    return {"face": "demo:portrait", "audio": sound.name}


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("service", "The address's latency, and a warm worker's gain.")
    parser.add_argument("--turns", type=int, default=7, metavar="N", help="of each; 7")
    return parser
