"""The batch command: flags in, exit code out, and everything that a person or a program is told."""

import io
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from base.errors import JobsFailedError, OutputError
from base.locks import replace_file
from base.memory import as_user_error
from base.signals import INTERRUPTED, TERMINATED, Terminated
from batch import journal
from batch.flags import Asked, asked
from batch.foreman import Foreman
from batch.job import Job, Summary, untouched
from batch.journal import PAGE, SUMMARY, History, Journal
from batch.plan import planned
from batch.watch import JsonLines, Table, Watcher, duration
from command.flags import progress_asked
from command.stopping import stoppable
from video.unfinished import sweep_beside
from workers.addresses import shown
from workers.crew import Crew, Wanted
from workers.crews import CREWS
from workers.stamps import stamp, weights_of
from workers.task import BUG, DONE, FAILED, KEPT, LEFT

MOST_NAMED = 3  # failed jobs in the last line


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is one of errors.py, 0 where all jobs are done."""
    words = sys.argv[1:] if argv is None else list(argv)
    watcher = _watcher(progress_asked(words))
    try:
        with stoppable():
            _run(asked(words), watcher)
    except Exception as error:
        ours = as_user_error(error)
        code = _failed(watcher, str(ours), ours.exit_code)
        if code == BUG:
            raise
        return code
    except KeyboardInterrupt:
        return _failed(watcher, "interrupted; started again, it goes on from there", INTERRUPTED)
    except Terminated:
        return _failed(watcher, "terminated; started again, it goes on from there", TERMINATED)
    finally:
        watcher.close()
    return 0


def _run(given: Asked, watcher: Watcher) -> None:
    jobs = planned(given)
    if given.dry_run:
        _show(jobs, journal.read(given.books), watcher)
        return
    with journal.opened(given.books) as book:
        summary = _worked(given, jobs, book, watcher)
        _show_people(given.books, summary, watcher, pictures=True)
    watcher.close()
    watcher.summary(summary)
    _tell_people(summary, watcher)
    failures = [one for one in summary.outcomes if one.status == FAILED]
    if failures:
        names = ", ".join(one.name for one in failures[:MOST_NAMED])
        more = ", ..." if len(failures) > MOST_NAMED else ""
        raise JobsFailedError(
            f"{len(failures)} of {len(jobs)} jobs failed: {names}{more};"
            f" see {given.books / SUMMARY}, mend them and start the batch again"
        )


def _worked(given: Asked, jobs: Sequence[Job], book: Journal, watcher: Watcher) -> Summary:
    """All that is left of the jobs is done; the summary is written also where that is stopped."""
    since = time.monotonic()
    kept = {n: one for n, job in enumerate(jobs) if (one := book.history.kept(n, job))}
    waiting = [number for number in range(len(jobs)) if number not in kept]
    crew = _crew(given, [jobs[number] for number in waiting])
    watcher.planned(jobs, len(kept), crew.seats if crew else 0)
    foreman = Foreman(crew, book, given.rules, watcher) if crew else None
    _sweep(jobs, book.history)
    ended = dict(kept)
    try:
        if foreman is not None and crew is not None:
            with closing(crew):
                for outcome in foreman.outcomes(jobs, waiting):
                    ended[outcome.number] = outcome
    finally:
        summary = Summary(
            jobs=tuple(jobs),
            outcomes=tuple(
                ended.get(n) or untouched(n, job, _tries(n, job, book, foreman))
                for n, job in enumerate(jobs)
            ),
            workers=tuple(foreman.workers.values()) if foreman else (),
            out_dir=given.out_dir,
            seconds=time.monotonic() - since,
        )
        write_summary(given.books / SUMMARY, summary)
        _show_people(
            given.books, summary, watcher, pictures=False
        )  # also where it is stopped: at once
    return summary


def _crew(given: Asked, jobs: Sequence[Job]) -> Crew | None:
    """None where there is nothing to do."""
    if not jobs:
        return None
    gpu = any(
        job.options.device != "cpu"
        and job.options.engine in ("auto", "torch")
        and weights_of(job.options) is not None
        for job in jobs
    )
    crew = "ray" if given.cluster else given.crew
    return CREWS[crew](Wanted(given.workers, len(jobs), gpu, given.cluster))


def _sweep(jobs: Sequence[Job], history: History) -> None:
    """Away with what a batch that was killed has left half made."""
    for job in jobs:
        if history.interrupted(job):
            sweep_beside(job.options.outfile)


def _tries(number: int, job: Job, book: Journal, foreman: Foreman | None) -> int:
    begun = foreman.tries.get(number) if foreman else None
    return book.history.tries(job) if begun is None else begun


def write_summary(path: Path, summary: Summary) -> None:
    """The whole file or the one before."""
    _write(path, json.dumps(summary.plain(), indent=1) + "\n")


def _show_people(folder: Path, summary: Summary, watcher: Watcher, pictures: bool) -> None:
    """The page beside the summary; without it the batch is no worse."""
    from batch.page import page, strips  # its libraries are not needed until the end

    try:
        _write(folder / PAGE, page(summary, strips(summary) if pictures else {}))
    except OutputError as error:
        watcher.say(f"notice: {error}")


def _write(path: Path, text: str) -> None:
    try:
        replace_file(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; free some space"
        ) from error


def _tell_people(summary: Summary, watcher: Watcher) -> None:
    notices = dict.fromkeys(
        notice
        for job, one in zip(summary.jobs, summary.outcomes, strict=True)
        if one.status == DONE
        for notice in (*job.notices, *one.notices)
    )
    for notice in notices:
        watcher.say(notice)
    totals = summary.totals()
    kept = f", {totals[KEPT]} from before" if totals[KEPT] else ""
    left = f", {totals[LEFT]} left" if totals[LEFT] else ""
    watcher.say(
        f"done: {totals[DONE]} of {totals['jobs']} jobs{kept}{left}, {totals['frames']} frames in"
        f" {duration(summary.seconds)} ({totals['frames_per_second']:.0f} a second),"
        f" in {shown(summary.out_dir)}"
    )


def _show(jobs: Sequence[Job], history: History, watcher: Watcher) -> None:
    """The plan, on standard output."""
    rows = [_row(number, job, history) for number, job in enumerate(jobs)]
    if isinstance(watcher, JsonLines):
        for row in rows:
            watcher.job(row)
        return
    for row in rows:
        print(f"{row['state']:<8} {row['outfile']}  {row['face']}  {row['audio']}")
    print(f"{len(rows)} jobs, {sum(row['state'] == KEPT for row in rows)} of them done before")


def _row(number: int, job: Job, history: History) -> dict[str, str]:
    face, audio = job.options.face, job.options.audio
    there = all(stamp(path) is not None for path in (face, audio))
    state = KEPT if history.kept(number, job) else "to do" if there else "missing"
    names = {"face": shown(face), "audio": shown(audio), "outfile": shown(job.options.outfile)}
    return {"name": job.name, "state": state, **names, "origin": job.origin}


def _watcher(progress: str) -> Watcher:
    people: TextIO = sys.stderr or io.StringIO()
    if progress == "json":
        return JsonLines(people, sys.stdout)
    live = progress == "bar" or (progress == "auto" and people.isatty())
    return Table(people) if live else Watcher(people)


def _failed(watcher: Watcher, message: str, exit_code: int) -> int:
    watcher.close()
    watcher.failed(message, exit_code)
    watcher.say(f"error: {message}")
    return exit_code
