"""A batch as one page: what failed and why, what was made and what it looks like, who made it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from base.errors import LipSyncError
from batch.job import Job, Summary, Worker
from batch.watch import duration
from quality.sheet import filled, uri
from video.glimpses import glimpses
from workers.task import DONE, FAILED, KEPT, LEFT, Outcome

TEMPLATE = Path(__file__).with_name("page.html")
ORDER = (FAILED, LEFT, DONE, KEPT)
STRIPS, PICTURES, HIGH, JPEG = 100, 5, 64, 60  # a page of 500 jobs stays below two megabytes
TONES = 6  # colours of stages


@dataclass(frozen=True)
class Strip:
    """What a video looks like, or why that is not shown."""

    pictures: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A stage in the bar of a job."""

    stage: str
    tone: int
    percent: str
    seconds: str


@dataclass(frozen=True)
class Row:
    """A job as the page tells it."""

    one: Outcome
    link: str  # empty: no video
    bar: tuple[Part, ...]
    strip: Strip


@dataclass(frozen=True)
class Hand:
    """A worker as the page tells it."""

    worker: Worker
    memory_mb: float


def page(summary: Summary, strips: Mapping[int, Strip]) -> str:
    """HTML that fetches nothing; `strips` by the job's number."""
    stages = dict.fromkeys(s for one in summary.outcomes for s in one.seconds_by_stage)
    tones = {stage: number % TONES for number, stage in enumerate(stages)}
    rows = [_row(summary, n, tones, strips.get(n, Strip())) for n in _ordered(summary)]
    made = summary.count(DONE, KEPT)
    values: dict[str, object] = {
        "totals": summary.totals(),
        "lasted": duration(summary.seconds),
        "tones": tones,
        "rows": rows,
        "hands": [Hand(worker, _memory(worker, summary)) for worker in summary.workers],
        "without": made - len(strips) if strips else 0,
        "shown": len(strips),
        "high": HIGH,
    }
    return filled(TEMPLATE, values)


def strips(summary: Summary) -> dict[int, Strip]:
    """Of the videos that stand first on the page, STRIPS at most."""
    made = [n for n in _ordered(summary) if summary.outcomes[n].status in (DONE, KEPT)]
    return {n: _strip(summary.jobs[n].options.outfile) for n in made[:STRIPS]}


def _strip(video: Path) -> Strip:
    try:
        return Strip(tuple(uri(seen, JPEG) for seen in glimpses(video, PICTURES, HIGH)))
    except (LipSyncError, OSError, ValueError) as error:
        gone = "the video is no longer there"
        return Strip(note=str(error) if video.exists() else gone)


def _ordered(summary: Summary) -> list[int]:
    """Failed jobs first; otherwise as planned."""
    return sorted(range(len(summary.jobs)), key=lambda n: ORDER.index(summary.outcomes[n].status))


def _row(summary: Summary, number: int, tones: Mapping[str, int], strip: Strip) -> Row:
    one = summary.outcomes[number]
    link = _link(summary.jobs[number], summary.out_dir) if one.status in (DONE, KEPT) else ""
    return Row(one, link, _bar(one, tones), strip)


def _link(job: Job, out_dir: Path) -> str:
    """From the page to the video."""
    return quote(os.fsencode(os.path.relpath(job.options.outfile, out_dir)))


def _bar(one: Outcome, tones: Mapping[str, int]) -> tuple[Part, ...]:
    whole = sum(one.seconds_by_stage.values())
    return tuple(
        Part(stage, tones[stage], f"{100 * seconds / whole:.1f}", f"{seconds:.2f}")
        for stage, seconds in one.seconds_by_stage.items()
        if seconds > 0
    )


def _memory(worker: Worker, summary: Summary) -> float:
    """The most it had after a job."""
    its = (one.memory_mb for one in summary.outcomes if one.worker == worker.worker)
    return max(its, default=0.0)
