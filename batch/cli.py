"""The batch command: flags in, exit code out, and all that it prints and writes on the way."""

import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from base.errors import JobsFailedError, OutputError
from base.locks import replace_file
from base.memory import as_user_error
from base.signals import INTERRUPTED, TERMINATED, Terminated
from batch.flags import BatchOptions, parse_batch_options
from batch.foreman import Foreman
from batch.job import KEPT, LEFT, Job, Summary, left_outcome
from batch.journal import PAGE, SUMMARY, History, Journal, open_journal, read_history
from batch.plan import plan_jobs
from batch.watch import JsonLines, Table, Watcher, duration
from command.flags import progress_mode
from command.stopping import stoppable
from video.partial_file import remove_abandoned_beside
from workers.addresses import display_name
from workers.crew import Crew, CrewRequest
from workers.crews import CREWS
from workers.stamps import checkpoint_of, stamp
from workers.task import BUG, DONE, FAILED, Outcome

MOST_NAMED = 3  # failed jobs in the last line
GOES_ON = "started again, it goes on from there"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is one of base.errors, 0 where all jobs are done."""
    words = sys.argv[1:] if argv is None else list(argv)
    watcher = _watcher(progress_mode(words))
    try:
        with stoppable() as stop:
            _run(parse_batch_options(words), watcher, stop.check)
    except Exception as error:
        ours = as_user_error(error)
        code = _report_failure(watcher, str(ours), ours.exit_code)
        if code == BUG:
            raise
        return code
    except KeyboardInterrupt:
        return _report_failure(watcher, f"interrupted; {GOES_ON}", INTERRUPTED)
    except Terminated:
        return _report_failure(watcher, f"terminated; {GOES_ON}", TERMINATED)
    finally:
        watcher.close()
    return 0


def _run(batch: BatchOptions, watcher: Watcher, check_stop: Callable[[], None]) -> None:
    jobs = plan_jobs(batch)
    if batch.dry_run:
        _print_plan(jobs, read_history(batch.state_dir), watcher)
        return
    with open_journal(batch.state_dir) as journal:
        summary = _do_jobs(batch, jobs, journal, watcher, check_stop)
        _write_page(batch.state_dir, summary, watcher, pictures=True)
    watcher.close()
    watcher.summary(summary)
    _say_result(summary, watcher)
    failures = [outcome for outcome in summary.outcomes if outcome.status == FAILED]
    if failures:
        names = ", ".join(outcome.name for outcome in failures[:MOST_NAMED])
        more = ", ..." if len(failures) > MOST_NAMED else ""
        raise JobsFailedError(
            f"{len(failures)} of {len(jobs)} jobs failed: {names}{more};"
            f" see {batch.state_dir / SUMMARY}, mend them and start the batch again"
        )


def _do_jobs(
    batch: BatchOptions,
    jobs: Sequence[Job],
    journal: Journal,
    watcher: Watcher,
    check_stop: Callable[[], None],
) -> Summary:
    """Do what is left of the jobs; the summary is written also where that is stopped."""
    begun = time.monotonic()
    history = journal.history
    kept = {n: earlier for n, job in enumerate(jobs) if (earlier := history.kept_outcome(n, job))}
    waiting = [number for number in range(len(jobs)) if number not in kept]
    crew = _crew(batch, [jobs[number] for number in waiting])
    watcher.planned(jobs, len(kept), crew.seats if crew else 0)
    foreman = Foreman(crew, journal, batch.rules, watcher, check_stop) if crew else None
    _sweep(jobs, history)
    outcomes: dict[int, Outcome] = dict(kept)
    try:
        if foreman is not None and crew is not None:
            with closing(crew):
                for outcome in foreman.outcomes(jobs, waiting):
                    outcomes[outcome.number] = outcome
    finally:
        summary = Summary(
            jobs=tuple(jobs),
            outcomes=tuple(
                outcomes.get(n) or left_outcome(n, job, _tries(n, job, history, foreman))
                for n, job in enumerate(jobs)
            ),
            workers=tuple(foreman.workers.values()) if foreman else (),
            out_dir=batch.out_dir,
            seconds=time.monotonic() - begun,
        )
        write_summary(batch.state_dir / SUMMARY, summary)
        # without pictures it takes no time, where the batch is being stopped
        _write_page(batch.state_dir, summary, watcher, pictures=False)
    return summary


def _crew(batch: BatchOptions, jobs: Sequence[Job]) -> Crew | None:
    """The crew for these jobs; None where there are none."""
    if not jobs:
        return None
    gpu = any(
        job.options.device != "cpu"
        and job.options.engine in ("auto", "torch")
        and checkpoint_of(job.options) is not None
        for job in jobs
    )
    crew = "ray" if batch.cluster else batch.crew
    return CREWS[crew](CrewRequest(batch.workers, len(jobs), gpu, batch.cluster))


def _sweep(jobs: Sequence[Job], history: History) -> None:
    """Remove unfinished files of jobs that were running when an earlier batch was killed."""
    for job in jobs:
        if history.interrupted(job):
            remove_abandoned_beside(job.options.outfile)


def _tries(number: int, job: Job, history: History, foreman: Foreman | None) -> int:
    """How often a job that is left was begun, in this run and before."""
    tries = foreman.tries.get(number) if foreman else None
    return history.tries(job) if tries is None else tries


def write_summary(path: Path, summary: Summary) -> None:
    """Replace the file as a whole."""
    _write(path, json.dumps(summary.as_json(), indent=1) + "\n")


def _write_page(folder: Path, summary: Summary, watcher: Watcher, pictures: bool) -> None:
    """Write the page beside the summary; a page that cannot be written is only a notice."""
    from batch.page import batch_page, strips  # its libraries are not needed until the end

    try:
        _write(folder / PAGE, batch_page(summary, strips(summary) if pictures else {}))
    except OutputError as error:
        watcher.say(f"notice: {error}")


def _write(path: Path, text: str) -> None:
    try:
        replace_file(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; free some space"
        ) from error


def _say_result(summary: Summary, watcher: Watcher) -> None:
    """The notices of the videos made in this run, each once, and the last line."""
    notices = dict.fromkeys(
        notice
        for job, outcome in zip(summary.jobs, summary.outcomes, strict=True)
        if outcome.status == DONE
        for notice in (*job.notices, *outcome.notices)
    )
    for notice in notices:
        watcher.say(notice)
    totals = summary.totals()
    kept = f", {totals[KEPT]} from before" if totals[KEPT] else ""
    left = f", {totals[LEFT]} left" if totals[LEFT] else ""
    watcher.say(
        f"done: {totals[DONE]} of {totals['jobs']} jobs{kept}{left}, {totals['frames']} frames in"
        f" {duration(summary.seconds)} ({totals['frames_per_second']:.0f} a second),"
        f" in {display_name(summary.out_dir)}"
    )


def _print_plan(jobs: Sequence[Job], history: History, watcher: Watcher) -> None:
    """The plan of --dry_run, on standard output."""
    rows = [_plan_row(number, job, history) for number, job in enumerate(jobs)]
    if isinstance(watcher, JsonLines):
        for row in rows:
            watcher.job(row)
        return
    for row in rows:
        print(f"{row['state']:<8} {row['outfile']}  {row['face']}  {row['audio']}")
    print(f"{len(rows)} jobs, {sum(row['state'] == KEPT for row in rows)} of them done before")


def _plan_row(number: int, job: Job, history: History) -> dict[str, str]:
    options = job.options
    complete = all(stamp(path) is not None for path in (options.face, options.audio) if path)
    state = KEPT if history.kept_outcome(number, job) else "to do" if complete else "missing"
    names = ("face", "audio", "outfile")
    files = {name: display_name(getattr(options, name)) for name in names}
    return {"name": job.name, "state": state, **files, "origin": job.origin}


def _watcher(progress: str) -> Watcher:
    """The watcher for a value of --progress."""
    stream: TextIO = sys.stderr or io.StringIO()
    if progress == "json":
        return JsonLines(stream, sys.stdout)
    live = progress == "bar" or (progress == "auto" and stream.isatty())
    return Table(stream) if live else Watcher(stream)


def _report_failure(watcher: Watcher, message: str, exit_code: int) -> int:
    watcher.close()
    watcher.failed(message, exit_code)
    watcher.say(f"error: {message}")
    return exit_code
