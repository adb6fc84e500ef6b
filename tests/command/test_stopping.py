"""Signals at moments when nobody expects them."""

import json
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from base.signals import Terminated
from command.cli import _stopped
from command.display import Display
from command.starting import end_on_signals
from command.stopping import end_in_time, stoppable
from tests.media import make_sound
from tests.slow import slow

ROOT = Path(__file__).parents[2]
ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
MOSTLY_SLOW_ENDS = [ENDS[0], *(slow(*end) for end in ENDS[1:])]
PATIENCE = 60  # seconds until a hang is one

RUN = """
import hashlib, signal, sys
from contextlib import suppress
from pathlib import Path
from base.locks import locked_file
from command.stopping import end_in_time, stoppable
def ready(): print("ready", flush=True)
def busy(): hashlib.pbkdf2_hmac("sha256", b"", b"", 2**30)  # an hour outside of Python
with end_in_time():
    try:
        with stoppable(), locked_file(Path(sys.argv[1]), ".ours."):
            {0}
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr); sys.exit(130)
    except BaseException:
        print("error: stopped", file=sys.stderr); sys.exit(143)
"""
TELLING = """
import hashlib, sys
from contextlib import suppress
from command import cli
def busy(): hashlib.pbkdf2_hmac("sha256", b"", b"", 2**30)
def deaf(*_):
    with suppress(BaseException): print("ready", flush=True); busy()
    busy()
cli._run = deaf
sys.exit(cli.main(["--progress", "json"]))
"""
BLOCKED = """
import os, sys
from contextlib import suppress
from command.programs import fast
from command.starting import end_on_signals
end_on_signals()
os.set_blocking(1, False)
with suppress(BlockingIOError):
    while True: os.write(1, b" ")
os.set_blocking(1, True)
print("ready", file=sys.stderr, flush=True)
sys.argv = ["inference_fast.py", "--progress=json"]
sys.exit(fast())
"""
FIRST = """
import os, signal, sys
sys.modules.pop("contextlib", None)
def hook(event, arguments):
    if event == "exec" and getattr(arguments[0], "co_filename", "").endswith("contextlib.py"):
        os.kill(os.getpid(), signal.SIGTERM)
sys.addaudithook(hook)
from command.programs import fast
sys.argv = ["inference_fast.py", "--version"]
sys.exit(fast())
"""
DEAF = {
    "it is outside of Python": "ready(); busy()",
    "it goes on all the same": """
            while True:
                with suppress(BaseException):
                    ready(); busy()""",
    "its way out is long": """
            try: ready(); input()
            finally: busy()""",
}


TWICE = """
            try: ready(); input()
            finally: signal.raise_signal(signal.SIGINT); ready()"""

TOUCHY = """
import signal
before = signal.getsignal(signal.SIGINT)
print("ready", flush=True)
try:
    while signal.getsignal(signal.SIGINT) is before: pass  # it was not heard yet
except BaseException as error:
    raise ImportError("initialization failed") from error
print("imported", flush=True)
"""


def ready(*words, **popen):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    run = subprocess.Popen([sys.executable, *words], cwd=ROOT, text=True, **pipes, **popen)
    assert run.stdout.readline() == "ready\n", run.communicate()
    return run


@pytest.mark.parametrize(("number", "code"), MOSTLY_SLOW_ENDS)
@pytest.mark.parametrize("why", DEAF)
def test_who_does_not_hear_is_ended_and_cleaned_up_after(tmp_path, why, number, code):
    run = ready("-c", RUN.format(DEAF[why]), str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    run.send_signal(number)
    _, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, len(errors.splitlines())) == (code, 1), errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "program", ["inference_fast.py", "inference_hd_fast.py", "inference_batch.py"]
)
@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_signal_while_modules_are_imported(tmp_path, program, number, code):
    """Without our handler Python would print a traceback."""
    (tmp_path / "numpy.py").write_text("print('ready', flush=True); import time; time.sleep(3600)")
    run = ready(program, "--help", env={"PYTHONPATH": str(tmp_path)})
    run.send_signal(number)
    _, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, len(errors.splitlines())) == (code, 1), errors
    assert errors.startswith("error: ")


@pytest.mark.parametrize("words", [["--progress=json"], ["--progress", "json"]])
def test_a_program_that_reads_events_is_told_of_an_early_end(tmp_path, words):
    (tmp_path / "json").mkdir()  # not even that can be imported
    (tmp_path / "json/__init__.py").write_text("print('ready', flush=True)\nwhile True: pass")
    run = ready("inference_fast.py", *words, env={"PYTHONPATH": str(tmp_path)})
    run.send_signal(signal.SIGTERM)
    told, errors = run.communicate(timeout=PATIENCE)
    event = json.loads(told)
    assert (run.returncode, event["event"], event["exit_code"]) == (143, "error", 143)
    assert errors == f"error: {event['message']}\n"


@pytest.mark.parametrize(("number", "code"), MOSTLY_SLOW_ENDS)
def test_a_program_that_reads_events_is_told_of_the_forced_end(number, code):
    run = ready("-c", TELLING)
    run.send_signal(number)
    told, errors = run.communicate(timeout=PATIENCE)
    [event] = [json.loads(line) for line in told.splitlines()]
    assert (run.returncode, event["event"], event["exit_code"]) == (code, "error", code)
    assert errors == f"error: {event['message']}\n"


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_no_import_is_broken_off(tmp_path, number, code):
    """OpenVINO's turned the exception into another error, or aborted the process."""
    (tmp_path / "touchy.py").write_text(TOUCHY)
    out = tmp_path / "out"
    out.mkdir()
    path = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    run = ready("-c", RUN.format("import touchy; input()"), str(out), env=path)
    run.send_signal(number)
    told, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, told, len(errors.splitlines())) == (code, "imported\n", 1), errors
    assert errors.startswith("error: ")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_stop_that_comes_back_as_another_error_is_a_stop(tmp_path, number, code):
    way = """
            try: ready(); input()
            except BaseException as error: raise RuntimeError("C++ says so") from error"""
    run = ready("-c", RUN.format(way), str(tmp_path))
    run.send_signal(number)
    _, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, errors) == (code, "error: stopped\n")


def test_nobody_needs_to_read_for_a_forced_end(tmp_path):
    """A pipe whose reader is gone let the run go on for ever."""
    run = ready("-c", RUN.format(DEAF["it goes on all the same"]), str(tmp_path))
    run.stdout.close()
    run.stderr.close()
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=PATIENCE) == 143
    run.stdin.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_an_error_that_nobody_reads_can_be_interrupted(number, code):
    """Its event waits for room in the pipe."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", BLOCKED], cwd=ROOT, text=True, **pipes) as run:
        assert run.stderr.readline() == "ready\n"
        run.send_signal(number)
        assert run.wait(timeout=PATIENCE) == code


def test_a_second_ctrl_c_does_not_stop_the_cleaning_up(tmp_path):
    run = ready("-c", RUN.format(TWICE), str(tmp_path))
    run.send_signal(signal.SIGINT)
    assert run.stdout.readline() == "ready\n"
    _, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, len(errors.splitlines())) == (130, 1), errors
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def own_signals():
    before = {number: signal.getsignal(number) for number, _ in ENDS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_program_at_its_end_is_not_stopped_any_more(own_signals):
    end_on_signals()
    with stoppable():
        pass
    assert {signal.getsignal(number) for number, _ in ENDS} == {signal.SIG_IGN}


def test_a_caller_has_its_own_signals_back(own_signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    before = [signal.getsignal(number) for number, _ in ENDS]
    with pytest.raises(KeyboardInterrupt), stoppable():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as nohup asked for
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number, _ in ENDS] == before


def test_two_signals_at_once_are_one_stop(own_signals, capfd):
    """Of the second Python said that it was lost, with a traceback."""
    both = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, both)
    with pytest.raises(KeyboardInterrupt), stoppable():
        for number in both:
            signal.raise_signal(number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
        pytest.fail("nothing was raised")
    assert capfd.readouterr().err == ""


def test_a_stop_that_nobody_looked_at_is_a_stop(own_signals, tmp_path, monkeypatch):
    """The last that was done was an import."""
    (tmp_path / "ends_here.py").write_text("import signal; signal.raise_signal(signal.SIGTERM)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Terminated), stoppable():
        import_module("ends_here")


class Late:
    def __init__(self, what):
        self.what = what

    def __del__(self):
        self.what()


def test_a_stop_amid_a_destructor_is_a_stop(own_signals, capfd):
    """Python lets no exception out of it, and would print a traceback."""
    with pytest.raises(Terminated), stoppable() as stop:
        Late(lambda: signal.raise_signal(signal.SIGTERM))
        stop.check()
        pytest.fail("nothing was raised")
    assert capfd.readouterr().err == ""


def test_a_stop_amid_a_destructor_ends_a_run_in_time(tmp_path):
    late = """
            class Late:
                def __del__(self): ready(); busy()
            Late()
            input()"""
    run = ready("-c", RUN.format(late), str(tmp_path))
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, len(errors.splitlines())) == (143, 1), errors
    assert list(tmp_path.iterdir()) == []


def test_other_errors_amid_a_destructor_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: told.append(what.exc_type))
    with stoppable():
        Late(lambda: 1 / 0)
    Late(lambda: [][1])
    assert told == [ZeroDivisionError, IndexError]


def test_what_comes_behind_the_last_word_comes_too_late(own_signals, tmp_path, monkeypatch):
    with stoppable() as stop:
        stop.ignore_from_now()
        signal.raise_signal(signal.SIGTERM)
    (tmp_path / "ends_now.py").write_text("import signal; signal.raise_signal(signal.SIGTERM)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Terminated), stoppable() as stop:
        import_module("ends_now")
        stop.ignore_from_now()
        pytest.fail("what came before was not raised")


LATE = """
import os, signal, sys
from command import cli, display
write_event = display.write_event
def telling(stream, event, /, **facts):
    write_event(stream, event, **facts)
    if event in ("done", "check", "error"): os.kill(os.getpid(), signal.SIGTERM)
display.write_event = telling
sys.exit(cli.main())
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        slow(["--check"], 0),
        ([], 0),
        slow(["--report", "/dev/full"], 6),
        (["--crf=99"], 2),
    ],
)
def test_the_last_event_comes_once(tmp_path, words, code):
    sound = make_sound(tmp_path / "s.wav", seconds=0.1)
    files = ["--face", "demo/portrait.png", "--audio", sound, "--outfile", tmp_path / "r.mp4"]
    line = [sys.executable, "-c", LATE, *files, "--progress=json", *words]
    run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    events = [json.loads(told)["event"] for told in run.stdout.splitlines()]
    assert run.returncode == code and events[-1] in ("done", "check", "error"), run.stderr
    assert len({"done", "check", "error"} & set(events)) == 1
    assert events.count(events[-1]) == 1


def test_a_signal_while_the_first_module_is_imported():
    """What tells of it must not need what is being imported."""
    run = subprocess.run([sys.executable, "-c", FIRST], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, len(run.stderr.splitlines())) == (143, 1), run.stderr


def test_what_is_being_said_is_not_said_again(capsys):
    """The way back and the thread beside it may be ready in the same moment."""
    with end_in_time() as final_message:
        assert _stopped(Display(), 130, final_message) == 130
        assert _stopped(Display(), 130, final_message) == 130
    assert capsys.readouterr().err.count("error: interrupted") == 1
