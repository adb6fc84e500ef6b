"""How memory is reused, and how a run ends that has too little of it, or too few processes.

Limits hold for a whole process, so most of these start one.
"""

import errno
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av.error
import cv2
import numpy as np
import pytest

from base import memory
from base.errors import EngineError, InputError, JobsFailedError, OutputError
from base.memory import is_out_of_memory
from tests.media import make_sound
from tests.slow import slow

ROOT = Path(__file__).parents[2]
# The number of a user that there is not, another one in every process: whatever else runs for such
# a user counts towards the limit of its processes.
NOBODY = 61_184 + os.getpid() % 4096
HANGS = 600  # seconds after which a run does not end any more
CORES = 2  # of a run under a limit: encoders start threads for each core they may use

FAULTS = """
import resource, threading
import numpy as np
from base.memory import reuse_freed_memory
reuse_freed_memory()
def work():
    for _ in range(200):
        np.ones(2**18, np.float64)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
work()
print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_pictures_are_not_mapped_anew():
    """400 pictures of 512 pages each."""
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 400 * 512 / 20


def on_few_cores():
    """In a child, before it becomes the program."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def chained(*errors):
    for behind, error in itertools.pairwise(errors):
        error.__cause__ = behind
    return errors[-1]


GENERIC = av.error.ExternalError(-542398533, "Generic error in an external library", "r.mp4")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        RuntimeError("Exception from src/inference: std::bad_alloc"),
        RuntimeError("can't start new thread"),
        ImportError("libx.so: failed to map segment from shared object"),
        chained(MemoryError(), ValueError("x"), EngineError("a.pth: the checkpoint is damaged")),
    ],
)
def test_too_little_memory_is_known_by_its_signs(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        GENERIC,
        RuntimeError("shapes differ"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),  # a lock is taken
        FileNotFoundError(errno.ENOENT, "No such file or directory", "out of memory.mp4"),
        av.error.FileNotFoundError(errno.ENOENT, "No such file", "bad_alloc.mp4"),
        InputError("out of memory.mp4: no such file or directory"),
        JobsFailedError("1 of 2 jobs failed: not enough memory.mp4"),
        chained(ValueError("x"), EngineError("a.pth: the checkpoint is damaged")),
    ],
)
def test_other_errors_are_not_of_memory(error):
    """Not even those without a reason, while there is memory."""
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(("number", "short"), [(-4, True), (-215, False)])
def test_opencv_has_a_number_for_it(number, short):
    error = cv2.error("in function 'allocate'")
    error.code = number
    assert is_out_of_memory(error) == short


def test_an_error_without_a_reason_is_believed_to_be_of_memory_where_it_is_short(monkeypatch):
    error = chained(GENERIC, OutputError("r.mp4: the encoder does not start"))
    monkeypatch.setattr(memory, "SCARCE", 1 << 60)
    assert is_out_of_memory(error) and not is_out_of_memory(
        OSError(errno.ENOSPC, "No space left on device")
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited")
@pytest.mark.parametrize(
    ("megabytes", "codes"),
    [(300, {7}), slow(450, {7}), slow(650, {7}), slow(2000, {0})],
)
def test_whatever_the_memory_a_run_ends_with_7_or_0(tmp_path, megabytes, codes):
    """In one line, and nothing is left. OpenBLAS waited for ever, and x264 gave no reason."""
    words = ["--demo", "--audio", str(make_sound(tmp_path / "s.wav", 0.2)), "--engine", "puppet"]
    words += ["--no_cache", "--encoder=libx264", "--outfile", str(tmp_path / "out" / "r.mp4")]
    most = megabytes << 20

    def limited():
        on_few_cores()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    ended = subprocess.run(
        [sys.executable, str(ROOT / "inference_fast.py"), *words],
        capture_output=True,
        text=True,
        timeout=HANGS,
        preexec_fn=limited,
    )
    assert ended.returncode in codes, ended.stderr
    if ended.returncode == 7:
        assert len(ended.stderr.splitlines()) == 1 and "out of memory" in ended.stderr
        assert not list(tmp_path.glob("out/*"))


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited")
@pytest.mark.parametrize("closed", ["", ">&-", "2>&-", ">&- 2>&-"])
def test_too_little_memory_is_its_code_whoever_listens(closed):
    line = f'ulimit -v 300000; exec "$0" inference_fast.py --demo --progress json {closed}'
    ended = subprocess.run(["bash", "-c", line, sys.executable], cwd=ROOT, capture_output=True)
    assert ended.returncode == 7 and b"Traceback" not in ended.stderr


@pytest.fixture
def as_another():
    """Starts the demo as a user who has no other processes, but may read what we may."""
    may = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override"]
    other = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *may]
    if not shutil.which("setpriv") or subprocess.run([*other, "true"]).returncode != 0:
        pytest.skip("only root may be another")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        words = ["--audio", make_sound(Path(folder, "s.wav"), 0.2), "--outfile", f"{folder}/r.mp4"]
        words += ["--demo", "--no_cache", "--engine=puppet", "--encoder=libx264"]
        words += ["--progress=json"]
        line = [*other, sys.executable, "inference_fast.py", *words]

        def run(most):
            limited = ["bash", "-c", f'ulimit -u {most}; exec "$0" "$@"', *line]
            return subprocess.run(
                limited, cwd=ROOT, capture_output=True, text=True, preexec_fn=on_few_cores
            )

        yield run


@pytest.mark.parametrize(
    ("most", "code"),
    [
        (1, 7),
        *(slow(most, 7) for most in (4, 8, 12)),
        slow(100, 0),
    ],
)
def test_whatever_the_processes_a_run_ends_with_7_or_0(as_another, most, code):
    ended = as_another(most)
    assert ended.returncode == code, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    if code:
        assert ended.stderr.splitlines()[-1] == f"error: {last['message']}"
        assert "processes" in last["message"] and "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere getrusage is all there is")
def test_the_peak_is_not_that_of_whoever_started_the_run():
    mine = np.ones(300 << 20, np.uint8)
    words = [sys.executable, "-c", "from base.memory import *; print(peak_memory_mb())"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0 < float(run.stdout) < mine.nbytes >> 20
