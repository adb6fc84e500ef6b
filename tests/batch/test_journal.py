"""What a journal remembers, and when a job is done anew in spite of it."""

import os
from copy import copy
from dataclasses import replace

import pytest

from base.errors import OutputError, UsageError
from batch.job import KEPT, Job
from batch.journal import JOURNAL, open_journal, read_history
from batch.key import key_of
from options.declaring import Role
from options.options import Options, names_with
from workers.task import DONE, FAILED, Outcome


@pytest.fixture
def job(tmp_path):
    (tmp_path / "face.png").write_text("face")
    (tmp_path / "sound.wav").write_text("sound")
    options = Options(
        face=tmp_path / "face.png",
        audio=tmp_path / "sound.wav",
        outfile=tmp_path / "out" / "a.mp4",
        engine="puppet",
    )
    return Job("a.mp4", "a row", options, key_of(options))


def ended(job, status=DONE, content="video"):
    job.options.outfile.parent.mkdir(exist_ok=True)
    job.options.outfile.write_text(content)
    code = 0 if status == DONE else 3
    return Outcome(0, job.name, status, code, frames=5, output_bytes=len(content))


@pytest.fixture
def out(job):
    """A folder in whose journal the job is done."""
    with open_journal(job.options.outfile.parent) as journal:
        journal.started(job, 1, 0)
        journal.ended(job, ended(job))
    return job.options.outfile.parent


def again(job):
    return replace(job, key=key_of(job.options))


def test_a_job_that_is_done_is_kept(job, out):
    outcome = read_history(out).kept_outcome(4, again(job))
    assert (outcome.status, outcome.number, outcome.frames) == (KEPT, 4, 5)


def test_a_job_that_failed_is_not(job, out):
    with open_journal(out) as journal:
        journal.started(job, 2, 0)
        journal.ended(job, ended(job, FAILED))
    assert read_history(out).kept_outcome(0, job) is None and read_history(out).tries(job) == 2


def test_a_job_that_was_begun_anew_and_did_not_end_is_not(job, out):
    with open_journal(out) as journal:
        journal.started(job, 2, 0)
    history = read_history(out)
    assert history.kept_outcome(0, job) is None and history.interrupted(job)


@pytest.mark.parametrize("name", ["face.png", "sound.wav"])
def test_a_changed_input_is_another_job(job, out, tmp_path, name):
    (tmp_path / name).write_text("other")
    assert read_history(out).kept_outcome(0, again(job)) is None


def test_an_input_of_another_time_is_another_job(job, out, tmp_path):
    facts = (tmp_path / "face.png").stat()
    os.utime(tmp_path / "face.png", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert read_history(out).kept_outcome(0, again(job)) is None


@pytest.mark.parametrize("content", [None, "", "vide"])
def test_an_output_that_is_gone_or_cut_off_is_no_output(job, out, content):
    job.options.outfile.unlink()
    if content is not None:
        job.options.outfile.write_text(content)
    assert read_history(out).kept_outcome(0, job) is None


CHANGED = {"crf": 30, "engine": "auto", "fp16": True, "pads": (0, 0, 0, 0), "box": (0, 9, 0, 9)}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_option_is_another_job(job, out, name):
    options = replace(job.options, **{name: CHANGED[name]})
    assert (
        read_history(out).kept_outcome(0, replace(job, options=options, key=key_of(options)))
        is None
    )


def test_every_option_is_known_to_matter_or_not(job, tmp_path):
    """A new flag does, unless its role says that the result does not depend on it."""
    (tmp_path / "other").write_text("an input of another name")
    without = {*names_with(Role.RUN), "outfile", "report", "checkpoint_path"}  # it is a puppet's
    without |= {"stream", "speech_file"}  # written beside the video
    for name in Options.__dataclass_fields__:
        options = copy(job.options)
        object.__setattr__(options, name, tmp_path / "other")  # whatever its type, unchecked
        assert (key_of(options) == job.key) == (name in without), name


def test_other_weights_are_another_job(job, tmp_path):
    (tmp_path / "w.pth").write_bytes(b"\x80 some weights")
    options = replace(job.options, engine="auto", checkpoint_path=tmp_path / "w.pth")
    before = key_of(options)
    (tmp_path / "w.pth").write_bytes(b"\x80 other weights")
    assert key_of(options) != before


@pytest.mark.parametrize("kept", [1, 30, -2])
def test_a_torn_last_line_is_no_line(job, out, kept):
    """And what is written after it is one."""
    path = out / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:kept])
    history = read_history(out)
    assert history.interrupted(job) and history.tries(job) == 1
    with open_journal(out) as journal:
        assert journal.history == history
        journal.started(job, 2, 0)
        journal.ended(job, ended(job))
    assert read_history(out).kept_outcome(0, job) is not None and read_history(out).tries(job) == 2


@pytest.mark.parametrize("line", [b"{}", b"[1]", b'"x"', b"\xff", b'{"event": "end", "name": 1}'])
def test_lines_of_another_program_are_passed_over(job, out, line):
    with (out / JOURNAL).open("ab") as file:
        file.write(line + b"\n")
    assert read_history(out).kept_outcome(0, job) is not None


def test_one_batch_at_a_time(job, out):
    with (
        open_journal(out),
        pytest.raises(UsageError, match="another batch"),
        open_journal(out),
    ):
        pass
    with open_journal(out):
        pass


def test_a_journal_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="--out_dir"),
        open_journal(tmp_path / "file" / "out"),
    ):
        pass
