"""What is accepted survives: kills, a full queue, and an orderly end."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from service.sqlite_queue import SqliteQueue
from tests.jobs import ROOT
from tests.web.server import OPTIONS, Server, serving

FACE, SOUND, LONG = "ann.png", "one.wav", "minutes.wav"


def workers_of(server):
    """The pids of its child processes, whichever thread started them."""
    files = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(pid) for path in files for pid in path.read_text().split()]


@pytest.mark.slow
def test_what_was_accepted_is_done_after_a_kill_and_no_more_is_accepted_than_fits(
    tmp_path, inputs, long
):
    words = [tmp_path / "data", "--workers", 1, "--allow_root", inputs, "--max_queue", 2]
    server = Server(*words)
    unfinished = server.accept(face=FACE, audio=LONG)
    list(server.events(unfinished, until=lambda event: event[2]["frames_done"] > 0))
    waiting, canceled = (server.accept(face=FACE, audio=SOUND) for _ in range(2))
    full = server.post("/v1/jobs", {**OPTIONS, "face": FACE, "audio": SOUND})
    assert (full.status, full.code) == (429, "queue_full")
    assert int(full.headers["retry-after"]) > 0
    server.post(f"/v1/jobs/{canceled}/cancel")
    server.stop(signal.SIGKILL)
    with serving(*words) as server:
        again = list(server.events(unfinished, until=lambda event: event[2]["frames_done"] > 0))
        assert again[-1][2]["attempts"] == 2
        server.post(f"/v1/jobs/{unfinished}/cancel")
        assert server.end(unfinished)["status"] == "canceled"
        assert server.end(waiting)["status"] == "succeeded"
        assert server.end(canceled)["status"] == "canceled"
        kept = {folder.name for folder in (tmp_path / "data" / "jobs").iterdir()}
        assert kept == {waiting}


@pytest.mark.slow
def test_sigterm_ends_in_order_and_gives_back_what_runs(tmp_path, inputs, long):
    words = [tmp_path / "data", "--workers", 1, "--allow_root", inputs, "--grace", 0]
    server = Server(*words)
    running = server.accept(face=FACE, audio=LONG)
    events = server.events(running)
    while next(events)[2]["frames_done"] == 0:
        pass
    workers = workers_of(server)
    twin = subprocess.run(
        [sys.executable, ROOT / "inference_serve.py", "--data_dir", tmp_path / "data"],
        capture_output=True,
        text=True,
    )
    assert twin.returncode == 6 and "another server" in twin.stderr
    assert len(workers) == 1 and server.stop() == 0
    list(events)  # the stream ends, too
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not [line for line in server.log() if line["level"] == "error"]
    with closing(SqliteQueue(tmp_path / "data" / "queue.db", 9)) as queue:
        job = queue.get(running)
        assert (job.status, job.attempt, job.failures) == ("queued", 1, 0)


def test_without_its_packages_the_program_says_what_is_missing(tmp_path):
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError('fastapi')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['x'];"
    program += "from web.program import serve; sys.exit(serve())"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 5 and "requirements-serve.txt" in ended.stderr
