"""What a batch shows while it runs."""

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from batch.job import KEPT, Job, JobOutcome, Summary
from batch.watch import JsonLines, Table, duration, time_left
from options.options import Options
from workers.task import DONE, Outcome, Progress, Task, failed_outcome

OPTIONS = Options(face=Path("f"), audio=Path("a"))
JOBS = [Job(f"{n}.mp4", "row", OPTIONS, "key") for n in range(4)]


def task(number):
    return Task(number, JOBS[number].name, OPTIONS)


def screen(text):
    """The lines that a terminal shows in the end."""
    rows, row = [""], 0
    for piece in text.replace("\x1b[", "\0").split("\0"):
        command, rest = ("", piece) if piece == text.split("\x1b[")[0] else _split(piece)
        if command.endswith("F"):
            row -= int(command[:-1])
        if command == "J":
            rows = [*rows[:row], ""]
        for part in rest.splitlines(keepends=True):
            rows = [*rows[:row], part.rstrip("\n"), *rows[row + 1 :]]
            if part.endswith("\n"):
                row += 1
                rows += [""] * (row + 1 - len(rows))
    return [line for line in rows if line]


def _split(piece):
    end = next(i for i, letter in enumerate(piece) if letter.isalpha()) + 1
    return piece[:end], piece[end:]


def test_the_table_counts_and_names_what_runs():
    stream = io.StringIO()
    table = Table(stream)
    table.planned(JOBS, 1, 2)
    table.started(task(0), 0)
    table.started(task(1), 1)
    table.ended(replace(failed_outcome(task(0), 3, "torn\nfile"), seat=0), again=False)
    table.progress(Progress(1, 1, "frames", 5, 25))
    table.started(task(2), 0)
    lines = screen(stream.getvalue())
    assert lines[0] == "failed (3): 0.mp4: torn file"
    assert lines[1].startswith("0 done, 1 failed, 2 running, 0 left, 1 from before; ")
    assert [line.split() for line in lines[2:]] == [
        ["1", "2.mp4", "begins"],
        ["2", "1.mp4", "frames", "5", "of", "25"],
    ]
    table.close()
    assert screen(stream.getvalue()) == lines[:1]


def test_a_try_that_is_not_the_last_counts_for_nothing():
    stream = io.StringIO()
    table = Table(stream)
    table.planned(JOBS, 0, 1)
    table.started(task(0), 0)
    table.ended(replace(failed_outcome(task(0), 137, "killed"), seat=0), again=True)
    lines = screen(stream.getvalue())
    assert lines[0].endswith("it is tried again") and lines[1].startswith("0 done, 0 failed, 0 run")


@pytest.mark.parametrize(
    ("done", "left", "running", "expected"),
    [(0, 5, 1, "?"), (10, 20, 0, "0:03:20"), (10, 20, 2, "0:03:30"), (100, 0, 0, "0:00:00")],
)
def test_time_left_is_that_of_the_jobs_before(done, left, running, expected):
    assert duration(time_left(100.0, done, left, running)) == expected


def test_a_summary_has_one_outcome_for_every_job():
    with pytest.raises(ValueError, match="one outcome"):
        Summary(tuple(JOBS), (), (), Path("out"), 1.0)
    rows = tuple(Outcome(n, job.name, DONE, frames=5) for n, job in enumerate(JOBS))
    totals = Summary(tuple(JOBS), rows, (), Path("out"), 2.0).as_json()["totals"]
    assert (totals["done"], totals["frames"], totals["frames_per_second"]) == (4, 20, 10.0)


def test_events_wait_for_their_reader():
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with open(reads), open(writes, "w") as events:  # noqa: PTH123  numbers
        JsonLines(io.StringIO(), events)
        assert os.get_blocking(writes)


def test_an_outcome_survives_its_own_text():
    outcome = Outcome(1, "a.mp4", DONE, frames=3, notices=("a", "b"), caches={"track": "hit"})
    assert Outcome.from_json({**outcome.as_json(), "a field of a later version": 1}) == outcome


def test_only_a_batch_keeps_or_leaves_a_job():
    assert JobOutcome(1, "a.mp4", KEPT).status == KEPT
    with pytest.raises(ValueError, match=r"done, failed$"):
        Outcome(1, "a.mp4", KEPT)
