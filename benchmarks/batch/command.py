"""python -m benchmarks batch: what is asked, what is run, what is told."""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.batch.material import Material, different, make_sounds, make_stills, make_videos
from benchmarks.batch.runs import Setting, killed
from benchmarks.flags import checked_place, keep, parser_for
from benchmarks.material.asked import add_weights, checkpoint_of, count, positive
from benchmarks.runs.cold import RunError, ran
from benchmarks.runs.command import COMMAND
from benchmarks.runs.production import PRODUCTION, USUAL

KILLS, EVENTS = 10, 40  # restarts, and events until the next
SETTLED = 50  # jobs of a worker after which its memory should have settled
GROWTH = 1.1  # most that it may be at the end


@dataclass(frozen=True)
class Result:
    """What one part of the benchmark found."""

    part: str
    passed: bool
    facts: dict[str, Any]


def main(argv: Sequence[str]) -> int:
    """0 where all that was looked at holds, 1 where something does not."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    asked = [name for name in PARTS if getattr(given, name)] or list(PARTS)
    results = [_run(name, given) for name in asked]
    for result in results:
        print(f"{result.part}: {'holds' if result.passed else 'DOES NOT HOLD'}")
        for name, value in result.facts.items():
            print(f"  {name}: {value}")
    if given.out is not None:
        keep(given.out, {"parts": [asdict(result) for result in results]})
    return 0 if all(result.passed for result in results) else 1


def _run(name: str, given: argparse.Namespace) -> Result:
    with TemporaryDirectory(prefix="lips-") as folder:
        return PARTS[name](given, Path(folder))


def loop(given: argparse.Namespace, folder: Path) -> Result:
    """The batch against a shell loop of the command, both with empty caches; the same pixels."""
    faces, sounds = (2, 2) if given.quick else (given.faces, given.sounds)
    material = Material(
        _faces(given, folder / "in", faces),
        make_sounds(folder / "in", sounds, given.seconds),
    )
    flags = _flags(given, folder)
    alone = sum(
        _alone(face, sound, folder / "loop" / name, (*flags, "--cache_dir", str(folder / "one")))
        for face, sound, name in material.jobs()
    )
    cached = (*flags, "--cache_dir", str(folder / "two"))
    setting = Setting(material, cached, given.workers, folder)
    together = ran(setting.words("batch"), "the batch").seconds
    other = different(folder / "loop", setting.out("batch"), setting.names())
    facts = {
        "jobs": len(material),
        "loop_seconds": round(alone, 1),
        "batch_seconds": round(together, 1),
        "ratio": round(alone / together, 2),
        "workers": setting.summary("batch")["workers"],
        "of other pixels": other,
        "engines": _caches(setting, "batch", "engine"),
        "tracks": _caches(setting, "batch", "track"),
    }
    return Result("loop", not other, facts)


def _faces(given: argparse.Namespace, folder: Path, count: int) -> tuple[Path, ...]:
    return make_stills(folder, count) if given.photos else make_videos(folder, count, given.seconds)


def _alone(face: Path, sound: Path, outfile: Path, flags: Sequence[str]) -> float:
    words = ("--face", str(face), "--audio", str(sound), "--outfile", str(outfile))
    return ran([*COMMAND, *flags, *words], "the command").seconds


def kills(given: argparse.Namespace, folder: Path) -> Result:
    """Killed and started again, it makes what one run makes, and nothing twice."""
    faces, sounds = (2, 2) if given.quick else (given.faces, given.sounds)
    material = Material(
        make_stills(folder / "in", faces), make_sounds(folder / "in", sounds, given.seconds)
    )
    cached = (*_flags(given, folder), "--cache_dir", str(folder / "cache"))
    setting = Setting(material, cached, given.workers, folder)
    ran(setting.words("whole"), "the batch")
    dice = random.Random(given.seed)
    most, events = (3, 8) if given.quick else (KILLS, EVENTS)
    happened = sum(killed(setting.words("killed"), dice, events) for _ in range(most))
    ran(setting.words("killed"), "the batch")
    other = different(setting.out("whole"), setting.out("killed"), setting.names())
    left = [path.name for path in setting.out("killed").glob(".*")]
    tries = Counter(job["tries"] for job in setting.summary("killed")["jobs"])
    facts = {"kills": happened, "of other pixels": other, "left over": left, "tries": dict(tries)}
    return Result("kills", happened > 0 and not other and not left, facts)


def thousand(given: argparse.Namespace, folder: Path) -> Result:
    """Many short jobs: a worker's memory after the fiftieth and after the last."""
    total = 120 if given.quick else 1000
    material = Material(make_stills(folder / "in", 10), make_sounds(folder / "in", total // 10, 1))
    cached = (*_flags(given, folder), "--cache_dir", str(folder / "cache"))
    setting = Setting(material, cached, given.workers, folder)
    took = ran(setting.words("many"), "the batch")
    memory: dict[int, list[float]] = {}
    for job in _by_end(setting, "many"):
        memory.setdefault(job["worker"], []).append(job["memory_mb"])
    settled = {worker: mb[min(SETTLED, len(mb)) - 1] for worker, mb in memory.items()}
    last = {worker: mb[-1] for worker, mb in memory.items()}
    grown = max(last[worker] / settled[worker] for worker in memory)
    facts = {
        "jobs": len(material),
        "seconds": round(took.seconds, 1),
        "jobs by worker": {worker: len(mb) for worker, mb in memory.items()},
        "MB after the 50th": settled,
        "MB after the last": last,
        "engines": _caches(setting, "many", "engine"),
    }
    return Result("thousand", grown <= GROWTH, facts)


def _by_end(setting: Setting, name: str) -> list[dict[str, Any]]:
    """The outcomes in the order in which they came."""
    text = (setting.out(name) / "journal.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    ends = [line["outcome"] for line in lines if line["event"] == "end"]
    failures = [one["error"] for one in ends if one["status"] != "done"]
    if failures:
        raise RunError(f"{len(failures)} jobs failed: {failures[0]}")
    return ends


def _caches(setting: Setting, name: str, which: str) -> dict[str, int]:
    jobs = setting.summary(name)["jobs"]
    return dict(Counter(job["caches"].get(which, "unused") for job in jobs))


def _flags(given: argparse.Namespace, folder: Path) -> tuple[str, ...]:
    """The host's usual look, by the network or by the puppet."""
    if given.puppet:
        return (*PRODUCTION, *USUAL.split(), "--engine", "puppet")
    weights = checkpoint_of(given, folder)
    own = ("--checkpoint_path", str(weights), "--device", given.device)
    return (*PRODUCTION, *USUAL.split(), *own)


PARTS: dict[str, Callable[[argparse.Namespace, Path], Result]] = {
    "loop": loop,
    "kills": kills,
    "thousand": thousand,
}


def _parser() -> argparse.ArgumentParser:
    made = parser_for("batch", "Folders of jobs; without --loop, --kills or --thousand all three.")
    add = made.add_argument
    for name, part in PARTS.items():
        add(f"--{name}", action="store_true", help=part.__doc__)
    add("--faces", type=count, default=4, metavar="N", help="faces; 4")
    add("--sounds", type=count, default=10, metavar="N", help="sounds for each; 10")
    add("--seconds", type=positive, default=3.0, metavar="S", help="of each; 3")
    add("--workers", default="auto", help="of the batch; auto")
    add("--photos", action="store_true", help="--loop with photos instead of videos")
    add("--puppet", action="store_true", help="the puppet instead of the network")
    add("--seed", type=int, default=7, help="of the moments of killing; 7")
    add_weights(made)
    return made
