"""Where an attempt of a job works: its folder, its task, and what it leaves on disk."""

import re
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from base.errors import InputError, LipSyncError
from base.locks import remove, synchronise
from options.subtitle_flags import has_words
from service.job import Job
from service.options import options_of
from workers.task import Outcome, Task

RESULT, REPORT, PAGE, SUBTITLES = "result", "report.json", "page.html", "words.srt"
SILENCE, FRAGMENTS = "silence.wav", "stream.mp4"  # are not kept with the result
SOUND_RATE = 16_000
PATH = re.compile(r"(?<![\w.:/])/(?:[^\s:;,'\"()\[\]]*/)?([^\s:;,'\"()\[\]/]*)")


@dataclass(frozen=True)
class Workshop:
    """The folder of all jobs: `jobs/ID/ATTEMPT/` holds what an attempt writes."""

    data: Path
    words: Sequence[str] = ()  # flags of the command, for all jobs; a job's own win

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    def folder(self, job: Job) -> Path:
        """That of the current attempt."""
        return self.jobs / job.id / str(job.attempt)

    def result(self, job: Job) -> Path:
        return self.folder(job) / f"{RESULT}.{job.request.container}"

    def task(self, job: Job) -> Task:
        """What a worker is told; LipSyncError for options that are no longer taken."""
        folder = self.folder(job)
        folder.mkdir(parents=True, exist_ok=True)
        request = job.request
        files: dict[str, Any] = {name: Path(path) for name, path in request.files.items()}
        if request.kind == "avatar":
            files["audio"] = write_silence(folder / SILENCE, float(request.user_data["seconds"]))
        missing = [name for name, path in files.items() if not Path(path).is_file()]
        if missing:
            raise InputError(f"{missing[0]}: the file is gone; upload it again")
        written = {
            "outfile": self.result(job),
            "report": folder / REPORT,
            "quality": folder / PAGE if request.quality else None,
            "stream": folder / FRAGMENTS if request.stream else None,
            "cache_dir": self.data / "cache",
        }
        options = options_of(self.words, request.options, {**files, **written})
        if has_words(options):
            options = replace(options, subtitles=folder / SUBTITLES)
        return Task(job.number, job.id, options, tries=job.failures + 1)

    def seal(self, job: Job) -> None:
        """Bring the result to the disk, so that the queue may say that it is there; OSError."""
        folder = self.folder(job)
        for name in (SILENCE, FRAGMENTS):
            remove(folder / name)
        for path in (*folder.iterdir(), folder, folder.parent, self.jobs):
            synchronise(path)
        for other in folder.parent.iterdir():
            if other != folder:
                remove(other)

    def discard(self, job: Job) -> None:
        """Remove what attempts of the job have written."""
        remove(self.jobs / job.id)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.data).free


def facts_of(outcome: Outcome, job: Job) -> dict[str, Any]:
    """What a client may know of a result."""
    return {
        "frames": outcome.frames,
        "engine": outcome.engine,
        "bytes": outcome.output_bytes,
        "seconds": round(outcome.seconds, 3),
        "seconds_by_stage": {name: round(s, 3) for name, s in outcome.seconds_by_stage.items()},
        "caches": dict(outcome.caches),
        "verdict": outcome.verdict,
        "notices": [without_paths(notice, job) for notice in outcome.notices],
    }


def without_paths(words: str, job: Job | None = None) -> str:
    """The words with the client's names instead of this machine's paths."""
    if job is not None:
        for name, path in job.request.files.items():
            words = words.replace(path, job.request.names.get(name, name))
    return PATH.sub(lambda match: match[1] or "file", words)


def error_words(error: LipSyncError | Outcome, job: Job) -> str:
    """A sentence for the client; of a bug it learns no more than that."""
    if isinstance(error, Outcome) and error.exit_code == LipSyncError.exit_code:
        return "a bug of the service; its log tells more"
    words = error.error if isinstance(error, Outcome) else str(error)
    return without_paths(words, job)


def write_silence(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SOUND_RATE)
        sound.writeframes(bytes(2 * int(seconds * SOUND_RATE)))
    return path
