"""The command through a warm worker is the command, to the letter."""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import pytest

from tests.jobs import QUICK, ROOT
from tests.slow import rest_slow, slow
from tests.web.server import HANGS, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets that tell who calls")
PROGRAM = [sys.executable, str(ROOT / "inference_fast.py")]
NUMBERS = re.compile(r"\d+(\.\d+)?(?= s\b| a second|\s*[kMG]?B)")
TIMES = ("seconds", "seconds_by_stage", "peak_memory_mb", "free_bytes", "caches")


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def warm(place):
    """A server with one worker, which has loaded all of it."""
    with serving(place / "data", "--workers", 1, "--socket", place / "s", "--grace", 0) as server:
        server.socket = place / "s"
        server.environment = {**os.environ, "LIPSYNC_SERVER": f"unix:{place / 's'}"}
        start(server, ["--version"], Path.cwd()).communicate(timeout=HANGS)
        yield server


def start(server, words, folder, program=PROGRAM, **more):
    usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    usual["env"] = None if server is None else server.environment
    return subprocess.Popen([*program, *map(str, words)], cwd=folder, **{**usual, **more})


def run(server, words, folder, **more):
    """Exit code and both streams."""
    with start(server, words, folder, **more) as process:
        out, error = process.communicate(timeout=HANGS)
    return process.returncode, out.decode(), error.decode()


def commands(server):
    """How many the server's workers were given."""
    figures = server.get("/metrics").body.decode()
    return float(re.search(r"^lipsync_commands_total (\S+)$", figures, re.MULTILINE)[1])


def without_times(text):
    """The lines with the same numbers in every run."""
    lines = text.splitlines()
    if lines and lines[0].startswith("{"):
        events = map(json.loads, lines)
        return [{k: v for k, v in event.items() if k not in TIMES} for event in events]
    return [NUMBERS.sub("N", line) for line in lines]


def job(inputs, sound="two.wav"):
    face = ["--face", os.path.relpath(inputs / "ann.png", Path.cwd()), "--audio", inputs / sound]
    return [*face, *QUICK, "--outfile", "made.mp4"]


CASES = {
    "version": (["--version"], 0),
    "check": (["--demo", "--check"], 0),
    "flag": (["--crf", "high"], 2),
    "place": ([*QUICK, "--demo", "--outfile", "none/none/made.avi\n/made.txt"], 6),
    "help": (["--help"], 0),
    "models": (["--models"], 0),
    "event": (["--face", "none.png", "--audio", "none.wav", "--progress", "json"], 3),
}


@pytest.mark.parametrize("name", rest_slow(CASES, 4))
def test_lines_and_exit_codes_are_the_command_s_own(warm, tmp_path, name):
    words, code = CASES[name]
    before = commands(warm)
    through_server = run(warm, words, tmp_path)
    assert commands(warm) == before + 1
    alone = run(None, words, tmp_path)
    assert through_server[0] == alone[0] == code, alone
    assert without_times(through_server[1]) == without_times(alone[1])
    assert without_times(through_server[2]) == without_times(alone[2])


def test_videos_reports_and_events_are_the_command_s_own(warm, inputs, tmp_path):
    (tmp_path / "ann.png").symlink_to(inputs / "ann.png")
    (tmp_path / "two.wav").symlink_to(inputs / "two.wav")
    words = [*QUICK, "--face", "ann.png", "--audio", "two.wav", "--outfile", "made.mp4"]
    words += ["--progress", "json", "--report", "report.json", "--no_cache"]
    made = []
    for server in (warm, None):
        code, out, error = run(server, words, tmp_path)
        report = json.loads((tmp_path / "report.json").read_bytes())
        assert 0 < report.pop("peak_memory_mb") < 2000
        facts = {name: value for name, value in report.items() if name not in TIMES}
        made.append([code, without_times(out), without_times(error), facts])
        made[-1].append((tmp_path / "made.mp4").read_bytes())
        (tmp_path / "made.mp4").unlink()
    assert made[0] == made[1]
    assert made[0][0] == 0 and made[0][1][-1]["event"] == "done"


def test_the_hd_program_keeps_its_own_default(warm, inputs, tmp_path):
    program = [sys.executable, str(ROOT / "inference_hd_fast.py")]
    words = ["--face", inputs / "ann.png", "--audio", inputs / "one.wav", "--check"]
    code, out, error = run(warm, [*words, "--progress", "json"], tmp_path, program=program)
    assert code == 0, error
    assert json.loads(out.splitlines()[0])["options"]["blend_method"] == "hd"


def test_umask_standard_input_and_environment_are_the_client_s(warm, inputs, tmp_path):
    words = ["--face", inputs / "ann.png", *QUICK, "--text_file", "-", "--outfile", "spoken.mp4"]
    words += ["--speech_file", "spoken.wav"]
    warm.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    before = commands(warm)
    with start(warm, words, tmp_path, stdin=subprocess.PIPE, umask=0o077) as process:
        _, error = process.communicate(b"Hello.", timeout=HANGS)
    del warm.environment["XDG_CACHE_HOME"]
    assert (process.returncode, commands(warm)) == (0, before + 1), error
    assert stat.S_IMODE((tmp_path / "spoken.mp4").stat().st_mode) == 0o600
    assert (tmp_path / "cache").is_dir()


def test_a_terminal_shows_progress(warm, inputs, tmp_path):
    before = commands(warm)
    words = [*QUICK, "--face", inputs / "ann.png", "--audio", inputs / "three.wav"]
    bars = []
    for server in (warm, None):
        reader, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        with start(server, [*words, "--outfile", "made.mp4"], tmp_path, stderr=terminal) as process:
            os.close(terminal)
            shown = b"".join(iter(lambda source=reader: read_terminal(source), b"")).decode()
            assert process.wait(HANGS) == 0
        os.close(reader)
        bars.append(set(re.findall(r"\r(\w+): +\d+%", shown)))
        assert re.search(r"\rdone: made.mp4, 10 frames[^\r]*\r\n$", shown)
    assert commands(warm) == before + 1
    assert "frames" in bars[0] & bars[1]


def read_terminal(reader):
    try:
        return os.read(reader, 4096)
    except OSError:  # the other side is closed
        return b""


def begun(server, inputs, long, folder):
    """A run of minutes that makes frames, and of which a hidden file lies in the folder."""
    words = ["--face", inputs / "ann.png", "--audio", long, *QUICK]
    process = start(server, [*words, "--outfile", "made.mp4", "--progress", "json"], folder)
    for line in process.stdout:
        if json.loads(line)["event"] == "frame":
            return process
    raise AssertionError(process.communicate())


def workers_of(server):
    pid = server.process.pid
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def is_clean(folder):
    return not list(folder.iterdir())


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *map(slow, (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_signals_end_the_work_and_not_the_worker(warm, inputs, long, tmp_path, number):
    workers = workers_of(warm)
    ends = []
    for server in (warm, None):
        process = begun(server, inputs, long, tmp_path)
        process.send_signal(number)
        out, error = process.communicate(timeout=HANGS)
        ends.append((process.returncode, error, json.loads(out.splitlines()[-1])))
        assert is_clean(tmp_path)
    assert ends[0] == ends[1]
    assert ends[0][0] in (130, 143) and workers_of(warm) == workers
    assert run(warm, job(inputs), ROOT)[0] == 0
    (ROOT / "made.mp4").unlink()


def test_a_signal_that_is_ignored_changes_nothing(warm, inputs, tmp_path):
    with start(
        warm,
        [*job(inputs, "three.wav")[2:], "--face", inputs / "ann.png", "--progress", "json"],
        tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        _, error = process.communicate(timeout=HANGS)
    assert process.returncode == 0, error


def test_nothing_of_a_command_stays_open(warm, inputs, tmp_path):
    (worker,) = workers_of(warm)
    folder, counts = Path(f"/proc/{worker}/fd"), []
    for _ in range(3):
        for words in (["--version"], ["--crf", "high"], [*job(inputs)[:-1], tmp_path / "made.mp4"]):
            run(warm, words, ROOT)
        until_free(warm)
        counts.append(len(list(folder.iterdir())))
    assert counts[0] == counts[1] == counts[2]


def test_a_client_that_is_killed_frees_its_worker(warm, inputs, long, tmp_path):
    workers = workers_of(warm)
    process = begun(warm, inputs, long, tmp_path)
    process.kill()
    process.communicate()
    until_free(warm)
    assert is_clean(tmp_path) and workers_of(warm) == workers


def until_free(server):
    """Until a worker takes a command, which one that is busy does not."""
    before = commands(server)
    for _ in range(99):
        assert run(server, ["--version"], Path.cwd())[0] == 0
        if commands(server) > before:
            return
    raise AssertionError("the worker stays busy")


def test_a_worker_that_is_lost_costs_its_command(warm, inputs, long, tmp_path):
    process = begun(warm, inputs, long, tmp_path)
    (worker,) = workers_of(warm)
    os.kill(worker, signal.SIGKILL)
    out, error = process.communicate(timeout=HANGS)
    assert process.returncode == 137
    assert error == b"error: the server's worker was lost amid the work: run the command again\n"
    assert json.loads(out.splitlines()[-1])["exit_code"] == 137
    assert run(warm, ["--version"], tmp_path)[0] == 0


def test_where_all_workers_are_busy_the_command_works_alone(warm, inputs, long, tmp_path):
    files = [
        warm.ask("POST", f"/v1/assets?name={p.name}", p.read_bytes()).json["reference"]
        for p in (inputs / "ann.png", long)
    ]
    busy = warm.accept(face=files[0], audio=files[1])
    next(warm.events(busy, until=lambda event: event[1] == "running"))
    before = commands(warm)
    made = run(warm, ["--version"], tmp_path)
    warm.post(f"/v1/jobs/{busy}/cancel")
    assert warm.end(busy)["status"] == "canceled"
    assert made == run(None, ["--version"], tmp_path)
    assert commands(warm) == before


def test_words_that_name_open_files_are_not_for_a_worker(warm, tmp_path):
    before, words = commands(warm), ["--face", "/dev/fd/3", "--version"]
    assert run(warm, words, tmp_path) == run(None, words, tmp_path)
    assert commands(warm) == before


ADDRESSES = ("unix:none", "unix:gone", "unix:file", "unix:" + 200 * "x")


@pytest.mark.parametrize("address", rest_slow(ADDRESSES, 2))
def test_without_a_server_the_command_works_alone(inputs, tmp_path, address):
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "gone"))
    environment = {**os.environ, "LIPSYNC_SERVER": address}
    with start(None, ["--version"], tmp_path, env=environment) as process:
        made = process.communicate(timeout=HANGS)
    assert (process.returncode, made) == (0, (b"inference_fast.py 0.1.0\n", b""))


def test_an_address_of_another_kind_is_an_error(tmp_path):
    environment = {**os.environ, "LIPSYNC_SERVER": "http://here"}
    with start(None, ["--progress", "json"], tmp_path, env=environment) as process:
        out, error = process.communicate(timeout=HANGS)
    line = "LIPSYNC_SERVER=http://here: such as unix:/path was expected"
    assert (process.returncode, error.decode()) == (2, f"error: {line}\n")
    assert json.loads(out) == {"event": "error", "message": line, "exit_code": 2}


def test_the_client_imports_next_to_nothing():
    code = "import sys, command.client; print(*(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["numpy", "cv2", "argparse", "dataclasses", "pathlib", "typing", "options.options"]
    ran = subprocess.run([sys.executable, "-c", code, *heavy], cwd=ROOT, capture_output=True)
    assert (ran.stdout, ran.stderr) == (b"\n", b"")


@pytest.mark.slow
def test_a_server_that_is_killed_ends_its_commands(inputs, long, place, tmp_path):
    words = ["--workers", 1, "--socket", place / "t"]
    with serving(place / "other", *words) as server:
        server.environment = {**os.environ, "LIPSYNC_SERVER": f"unix:{place / 't'}"}
        process = begun(server, inputs, long, tmp_path)
        server.process.kill()
        _, error = process.communicate(timeout=HANGS)
    assert process.returncode == 143
    assert error == b"error: terminated, no unfinished file is left\n"
    assert is_clean(tmp_path)
    with serving(place / "other", *words) as server:  # in place of the socket that was left
        assert stat.S_IMODE((place / "t").stat().st_mode) == 0o600
        server.environment = {**os.environ, "LIPSYNC_SERVER": f"unix:{place / 't'}"}
        until_free(server)
    assert not (place / "t").exists()
