"""A batch as one HTML page: failures and their reasons, results and their pictures, workers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from base.errors import LipSyncError
from batch.job import KEPT, LEFT, Job, Summary, WorkerRecord
from batch.watch import duration
from quality.html import data_uri, render_template
from video.thumbnails import thumbnails
from workers.task import DONE, FAILED, Outcome

TEMPLATE = Path(__file__).with_name("page.html")
ORDER = (FAILED, LEFT, DONE, KEPT)
# A page of 500 jobs stays below two megabytes.
STRIPS, PICTURES = 100, 5  # videos with pictures, and pictures of each
HEIGHT, JPEG_QUALITY = 64, 60  # of a picture; pixels
TONES = 6  # colours for stages


@dataclass(frozen=True)
class Strip:
    """Pictures of a video, or a note on why there are none."""

    pictures: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class BarSegment:
    """A stage in the bar of a job's time."""

    stage: str
    tone: int
    percent: str
    seconds: str


@dataclass(frozen=True)
class JobRow:
    """A job on the page."""

    outcome: Outcome
    link: str  # empty: no video
    bar: tuple[BarSegment, ...]
    strip: Strip


@dataclass(frozen=True)
class WorkerRow:
    """A worker on the page."""

    worker: WorkerRecord
    memory_mb: float  # the most that it had after a job


def batch_page(summary: Summary, strips: Mapping[int, Strip]) -> str:
    """HTML that fetches nothing; `strips` are by the job's number."""
    stages = dict.fromkeys(
        stage for outcome in summary.outcomes for stage in outcome.seconds_by_stage
    )
    tones = {stage: number % TONES for number, stage in enumerate(stages)}
    rows = [_job_row(summary, n, tones, strips.get(n, Strip())) for n in _ordered(summary)]
    videos = summary.count(DONE, KEPT)
    values: dict[str, object] = {
        "totals": summary.totals(),
        "lasted": duration(summary.seconds),
        "tones": tones,
        "rows": rows,
        "workers": [WorkerRow(worker, _memory(worker, summary)) for worker in summary.workers],
        "without_strip": videos - len(strips) if strips else 0,
        "with_strip": len(strips),
        "height": HEIGHT,
    }
    return render_template(TEMPLATE, values)


def strips(summary: Summary) -> dict[int, Strip]:
    """Strips of the videos that stand first on the page, by the job's number."""
    videos = [n for n in _ordered(summary) if summary.outcomes[n].status in (DONE, KEPT)]
    return {n: _strip(summary.jobs[n].options.outfile) for n in videos[:STRIPS]}


def _strip(video: Path) -> Strip:
    try:
        pictures = thumbnails(video, PICTURES, HEIGHT)
        return Strip(tuple(data_uri(picture, JPEG_QUALITY) for picture in pictures))
    except (LipSyncError, OSError, ValueError) as error:
        gone = "the video is no longer there"
        return Strip(note=str(error) if video.exists() else gone)


def _ordered(summary: Summary) -> list[int]:
    """The jobs' numbers: failed ones first, otherwise as planned."""
    return sorted(range(len(summary.jobs)), key=lambda n: ORDER.index(summary.outcomes[n].status))


def _job_row(summary: Summary, number: int, tones: Mapping[str, int], strip: Strip) -> JobRow:
    outcome = summary.outcomes[number]
    has_video = outcome.status in (DONE, KEPT)
    link = _link(summary.jobs[number], summary.out_dir) if has_video else ""
    return JobRow(outcome, link, _bar(outcome, tones), strip)


def _link(job: Job, out_dir: Path) -> str:
    """The path from the page to the video."""
    return quote(os.fsencode(os.path.relpath(job.options.outfile, out_dir)))


def _bar(outcome: Outcome, tones: Mapping[str, int]) -> tuple[BarSegment, ...]:
    total = sum(outcome.seconds_by_stage.values())
    return tuple(
        BarSegment(stage, tones[stage], f"{100 * seconds / total:.1f}", f"{seconds:.2f}")
        for stage, seconds in outcome.seconds_by_stage.items()
        if seconds > 0
    )


def _memory(worker: WorkerRecord, summary: Summary) -> float:
    memory = (one.memory_mb for one in summary.outcomes if one.worker == worker.worker)
    return max(memory, default=0.0)
