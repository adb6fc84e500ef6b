"""The whole command: the single command's pixels, also after errors, kills and changes."""

import json
import os
import random
import select
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from base.locks import unique_mark
from batch.journal import JOURNAL, OWN_FILES
from batch.journal import open_journal as opened_journal
from command.cli import main as single
from tests.batch.conftest import PROGRAM
from tests.jobs import BOX, QUICK
from tests.media import make_sound
from tests.readback import planes_of
from tests.slow import slow
from workers.crews import CREWS

FACES, SOUNDS = ("ann", "bob"), ("one", "three", "two")
NAMES = [f"{face}_{sound}.mp4" for face in FACES for sound in SOUNDS]
ALL = ("--faces", "*.png", "--audios", "*.wav")


@pytest.fixture(scope="session")
def expected(inputs, tmp_path_factory):
    """The pixels of the single command's videos of every face with every sound."""
    folder = tmp_path_factory.mktemp("single")
    for face in FACES:
        for sound in SOUNDS:
            files = ("--face", inputs / f"{face}.png", "--audio", inputs / f"{sound}.wav")
            words = [*QUICK, *files, "--outfile", folder / f"{face}_{sound}.mp4"]
            assert single(list(map(str, words))) == 0
    return {name: planes_of(folder / name) for name in NAMES}


def assert_same(out, expected, names=NAMES):
    for name in names:
        video = planes_of(out / name)
        assert len(video) == len(expected[name])
        for frames in zip(video, expected[name], strict=True):
            for plane, expected_plane in zip(*frames, strict=True):
                np.testing.assert_array_equal(plane, expected_plane)


def lines(out):
    return [json.loads(line) for line in (out / JOURNAL).read_text().splitlines()]


def starts(out):
    return [line["name"] for line in lines(out) if line["event"] == "start"]


def test_the_same_pixels_as_the_single_command_and_everything_once(batch, expected):
    """Each worker stays with its avatar, and loads its engine once."""
    ended = batch(*ALL, "--workers", 2)
    assert ended.code == 0, ended.errors
    assert ended.files == NAMES and ended.hidden == []
    assert_same(ended.out, expected)
    assert set(ended.column("status").values()) == {"done"}
    assert set(ended.column("tries").values()) == {1}
    workers = ended.summary["workers"]
    assert sum(worker["jobs"] for worker in workers) == 6
    loaded = [caches["engine"] for caches in ended.column("caches").values()]
    assert loaded.count("loaded") == len(workers) <= 2
    assert len([line for line in ended.errors if line.startswith("done: 6 of 6")]) == 1
    again = batch(*ALL)
    assert again.code == 0 and set(again.column("status").values()) == {"kept"}
    assert again.summary["workers"] == [] and len(starts(again.out)) == 6


@pytest.mark.slow
def test_the_same_pixels_by_the_network_on_a_share_of_the_cores(batch, checkpoint, tmp_path):
    """Workers compute on fewer threads, with an engine that an earlier job has used."""
    words = (*BOX, "--checkpoint_path", checkpoint, "--fp16", "--cache_dir", tmp_path / "cache")
    names = ["ann_one.mp4", "ann_two.mp4"]
    for name in names:
        sound = f"{name[4:-4]}.wav"
        files = ("--face", "ann.png", "--audio", sound, "--outfile", tmp_path / name)
        assert single(list(map(str, (*words, *files)))) == 0
    sounds = ("--audios", "one.wav", "two.wav", "--workers", 1)
    with_share = batch("--face", "ann.png", *sounds, quick=tuple(map(str, words)))
    assert with_share.code == 0, with_share.errors
    assert_same(with_share.out, {name: planes_of(tmp_path / name) for name in names}, names)
    engines = [caches["engine"] for caches in with_share.column("caches").values()]
    assert engines == ["loaded", "resident"]


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ended_all(handles, seconds=60):
    """Waits until the processes are no more."""
    for handle in handles:
        assert select.select([handle], [], [], seconds)[0], "a worker runs on"
        os.close(handle)


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="waits for processes that are not its own"
)
def test_killed_at_any_moment_it_goes_on_where_it_was(start, expected, tmp_path):
    """The command is killed twice: no worker runs on, nothing is done twice or left out."""
    dice, out = random.Random(7), tmp_path / "out"
    moments = [dice.choice(["worker", "progress", "started", "ended"]) for _ in range(2)]
    for event in moments:
        with start(*ALL, "--workers", 2) as run:
            for line in run.stdout:
                if json.loads(line)["event"] == event:
                    break
            handles = [os.pidfd_open(pid) for pid in children(run.pid)]
            run.kill()
        ended_all(handles)
    done = {line["name"] for line in lines(out) if line["event"] == "end"}
    with start(*ALL, "--workers", 2) as run:
        printed, errors = run.communicate()
    assert run.returncode == 0, errors
    events = [json.loads(line) for line in printed.splitlines()]
    assert {e["name"] for e in events if e["event"] == "started"} == set(NAMES) - done
    assert_same(out, expected)
    assert sorted(p.name for p in out.iterdir()) == sorted([*NAMES, *OWN_FILES])
    ends = [line["name"] for line in lines(out) if line["event"] == "end"]
    assert sorted(ends) == NAMES
    tries = {
        job["name"]: job["tries"] for job in json.loads((out / "summary.json").read_text())["jobs"]
    }
    assert tries == {name: starts(out).count(name) for name in NAMES}


@pytest.fixture
def troubled(inputs, tmp_path):
    """Three good jobs, a video that is none, a picture without a face, and one to be killed."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("good1", "good2", "good3", "long"):
        (folder / f"{name}.png").write_bytes((inputs / "ann.png").read_bytes())
        make_sound(folder / f"{name}.wav", seconds=30 if name == "long" else 0.2)
    (folder / "corrupt.mp4").write_text("no video at all\n")
    cv2.imwrite(str(folder / "blank.png"), np.full((120, 160, 3), 90, np.uint8))
    for name in ("corrupt", "blank"):
        make_sound(folder / f"{name}.wav", seconds=0.2)
    return folder


def manifest(folder):
    """The face is searched for in the blank picture alone."""
    names = ("blank", "corrupt", "good1", "good2", "good3", "long")
    box = "38 118 53 108"
    rows = [
        {"face": path.name, "audio": f"{path.stem}.wav", "outfile": f"{path.stem}.mp4"}
        | ({} if path.stem == "blank" else {"box": box})
        for path in sorted(folder.iterdir())
        if path.stem in names and path.suffix != ".wav"
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "jobs.jsonl").write_text(text)
    return folder / "jobs.jsonl"


@pytest.mark.slow
def test_trouble_costs_its_own_jobs_alone_and_the_mended_ones_are_done(start, troubled, tmp_path):
    plan, out = manifest(troubled), tmp_path / "out"
    quick = ("--box", "-1", "-1", "-1", "-1", "--workers", 2)
    pids, killed = {}, 0
    with start("--manifest", plan, *quick, "--retry", 1) as run:
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] == "worker":
                pids[event["seat"]] = event["pid"]
            long = event["event"] == "progress" and event["name"] == "long.mp4"
            if long and event["done"] > 9 and event["seat"] in pids:  # its file has been begun
                os.kill(pids.pop(event["seat"]), signal.SIGKILL)
                killed += 1
        errors = run.stderr.read()
    assert run.returncode == 8, errors
    assert killed == 2 and "3 of 6 jobs failed" in errors.splitlines()[-1]
    jobs = {job["name"]: job for job in json.loads((out / "summary.json").read_text())["jobs"]}
    codes = {name: job["exit_code"] for name, job in jobs.items()}
    goods = {f"good{n}.mp4": 0 for n in (1, 2, 3)}
    assert codes == {**goods, "blank.mp4": 4, "corrupt.mp4": 3, "long.mp4": 137}
    assert jobs["long.mp4"]["tries"] == 2 and jobs["corrupt.mp4"]["tries"] == 1
    assert sorted(p.name for p in out.iterdir()) == sorted([*goods, *OWN_FILES])

    face = (troubled / "good1.png").read_bytes()
    (troubled / "blank.png").write_bytes(face)
    (troubled / "corrupt.mp4").write_bytes(face)
    make_sound(troubled / "long.wav", seconds=0.2)
    before = len(starts(out))
    with start("--manifest", manifest(troubled), *quick) as run:
        _, errors = run.communicate()
    assert run.returncode == 0, errors
    assert sorted(starts(out)[before:]) == ["blank.mp4", "corrupt.mp4", "long.mp4"]


def test_a_job_that_takes_too_long_is_ended_and_leaves_nothing(batch, tmp_path):
    make_sound(tmp_path / "long.wav", seconds=90)
    ended = batch("--face", "ann.png", "--audio", tmp_path / "long.wav", "--timeout", 1)
    assert ended.code == 8 and ended.column("exit_code") == {"ann_long.mp4": 124}
    assert "--timeout 1 s" in ended.column("error")["ann_long.mp4"]
    assert ended.files == [] and ended.hidden == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGINT, 130), slow(signal.SIGTERM, 143)],
)
def test_a_stopped_batch_leaves_no_worker_and_no_half_video(start, tmp_path, number, expected):
    make_sound(tmp_path / "long.wav", seconds=60)
    with start("--face", "ann.png", "--audio", tmp_path / "long.wav") as run:
        for line in run.stdout:
            if json.loads(line)["event"] == "progress":
                break
        handles = [os.pidfd_open(pid) for pid in children(run.pid)]
        run.send_signal(number)
        printed, errors = run.communicate()
    assert run.returncode == expected, errors
    assert len(errors.splitlines()) == 1 and errors.startswith("error: ")
    assert json.loads(printed.splitlines()[-1])["exit_code"] == expected
    ended_all(handles, 0)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(OWN_FILES)
    (job,) = json.loads((tmp_path / "out" / "summary.json").read_text())["jobs"]
    assert (job["status"], job["tries"]) == ("left", 1)


def left_by_a_kill(out, name):
    """The files of a batch that was killed together with its workers."""
    (out / f".{name}.{2**22 + 1}-{unique_mark()}.part.mp4").touch()
    with (out / JOURNAL).open("a") as file:
        file.write(json.dumps({"event": "start", "name": name, "key": "of then"}) + "\n")


@pytest.mark.slow
def test_a_changed_sound_and_a_lost_video_are_done_anew(batch, tmp_path):
    """And every job's report is there, and the table goes when all is said."""
    sound = make_sound(tmp_path / "voice.wav", seconds=0.2)
    words = ("--face", "ann.png", "--audio", sound, "--report", tmp_path / "{face}-{audio}.json")
    assert batch(*words).code == 0
    facts = json.loads((tmp_path / "ann-voice.json").read_text())
    assert facts["frames"] == 5 and facts["options"]["crf"] == 18
    (tmp_path / "out" / "ann_voice.mp4").unlink()
    left_by_a_kill(tmp_path / "out", "ann_voice.mp4")
    ended = batch(*words, "--progress", "bar")
    assert ended.hidden == []
    assert ended.column("status") == {"ann_voice.mp4": "done"}
    assert "1 running" in "\n".join(ended.errors)
    assert ended.errors[-1].startswith("\x1b[1F\x1b[Jdone: 1 of 1 jobs, 5 frames")
    make_sound(sound, seconds=0.4)
    assert batch(*words).column("frames") == {"ann_voice.mp4": 10}


def test_two_at_once_are_refused(batch, tmp_path):
    with opened_journal(tmp_path / "out"):
        ended_code = batch_code(batch)
    assert ended_code == 2


def batch_code(batch):
    ended = batch("--face", "ann.png", "--audio", "one.wav")
    assert "another batch is at work" in ended.errors[-1]
    return ended.code


def test_halted_it_leaves_the_rest(batch, tmp_path):
    words = ("--faces", "*.png", "--audios", "*.wav", "--halt_on_error", "--workers", 1)
    ended = batch(*words, "--crop", 0, 999, 0, 10)
    assert ended.code == 8
    states = list(ended.column("status").values())
    assert states == ["failed"] + ["left"] * 5 and len(starts(ended.out)) == 1


def test_a_dry_run_shows_the_plan_and_does_nothing(batch, tmp_path):
    ended = batch(*ALL, "--dry_run")
    assert ended.code == 0 and not (tmp_path / "out").exists()
    assert len(ended.printed) == 7 and "ann_one.mp4" in ended.printed[0]
    rows = [json.loads(line) for line in batch(*ALL, "--dry_run", "--progress", "json").printed]
    assert [row["name"] for row in rows] == NAMES
    assert {row["state"] for row in rows} == {"to do"}
    gone = batch("--face", "ann.png", "--audio", "gone.wav", "--dry_run").printed
    assert gone[0].startswith("missing")


def test_a_bad_row_stops_everything_before_it_begins(batch, tmp_path):
    table = tmp_path / "jobs.csv"
    table.write_text("face,audio,crf\nann.png,one.wav,20\nann.png,one.wav,99\n")
    ended = batch("--manifest", table)
    assert ended.code == 2 and not (tmp_path / "out").exists()
    assert len(ended.errors) == 1 and "jobs.csv line 3: --crf" in ended.errors[0]


def test_a_bug_keeps_its_traceback_and_is_an_event(batch, monkeypatch, capsys):
    def broken(request):
        raise ZeroDivisionError("the test")

    monkeypatch.setitem(CREWS, "local", broken)
    with pytest.raises(ZeroDivisionError):
        batch("--faces", "ann.png", "--audios", "one.wav", "--progress", "json")
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"event": "error", "message": "ZeroDivisionError: the test", "exit_code": 1}


@pytest.mark.slow
def test_standard_error_may_be_closed(inputs, tmp_path):
    """A closed standard error changes neither the result nor the exit code."""
    words = [*QUICK, "--face", "ann.png", "--audio", "one.wav", "--out_dir", str(tmp_path / "out")]
    line = ["bash", "-c", 'exec "$0" "$@" 2>&-', *PROGRAM, *words]
    assert subprocess.run(line, cwd=inputs).returncode == 0
    assert (tmp_path / "out" / "ann_one.mp4").exists()


def test_a_report_that_will_have_no_place_costs_its_job_no_work(batch, inputs):
    ended = batch("--face", "ann.png", "--audio", "one.wav", "--report", "ann.png/r.json")
    assert ended.code == 8 and not ended.files
    assert "ann.png: is a file, not a folder" in ended.column("error")["ann_one.mp4"]


def test_a_batch_without_memory_says_so(batch, monkeypatch):
    def no_memory(request):
        raise MemoryError

    monkeypatch.setitem(CREWS, "local", no_memory)
    ended = batch("--faces", "ann.png", "--audios", "one.wav")
    assert ended.code == 7 and ended.errors[0].startswith("error: out of memory")
    assert len(ended.errors) == 1 and not ended.files
