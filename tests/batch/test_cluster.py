"""A batch on a ray cluster of two nodes, both on this machine; without ray, one line."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

from command.cli import main as single
from tests.batch.conftest import PROGRAM
from tests.jobs import QUICK
from tests.media import make_sound

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs requirements-cluster.txt")
CLUSTER = """
import sys
import ray
from ray.cluster_utils import Cluster
node = {"num_cpus": 1, "object_store_memory": 80_000_000}
cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
second = cluster.add_node(**node)
cluster.wait_for_nodes()
print(cluster.address, flush=True)
for line in sys.stdin:
    cluster.remove_node(second, allow_graceful=False)
    print("lost", flush=True)
cluster.shutdown()
"""


@contextmanager
def running_cluster(tmp_path):
    """Its process, which removes the second node on any line of input, and its address."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1"}
    with (tmp_path / "cluster.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            env={**os.environ, **quiet},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            yield process, process.stdout.readline().strip()
            process.stdin.close()


@pytest.fixture
def cluster(tmp_path):
    with running_cluster(tmp_path) as running:
        yield running


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_one_line_says_what_to_install(batch):
    ended = batch("--face", "ann.png", "--audio", "one.wav", "--cluster", "auto")
    assert ended.code == 5
    (line,) = ended.errors
    assert line.startswith("error: --cluster needs the package ray")
    assert line.endswith("python -m pip install -r requirements-cluster.txt")


@needs_ray
def test_where_no_cluster_answers_one_line_says_so(inputs, tmp_path):
    words = ["--face", "ann.png", "--audio", "one.wav", "--cluster", "auto", "--out_dir", tmp_path]
    ran = subprocess.run(
        [*PROGRAM, *QUICK, *map(str, words)],
        cwd=inputs,
        capture_output=True,
        text=True,
        env={**os.environ, "RAY_TMPDIR": str(tmp_path), "RAY_ADDRESS": ""},
    )
    assert ran.returncode == 5
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: --cluster auto: no cluster answers: ")


def parent(pid):
    """The process of the worker's actor."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def read_events(process, callback):
    """All events of the command; `callback` is called with each."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        callback(events[-1])
    return events


def check_as_single(inputs, out, jobs, tmp_path):
    """Every video has the bytes of the single command's."""
    assert sorted(path.name for path in out.glob("*.mp4")) == sorted(
        f"{a}_{b}.mp4" for a, b in jobs
    )
    assert [path.name for path in out.rglob(".*")] == []
    for face, sound in jobs:
        alone = tmp_path / "alone.mp4"
        files = ("--face", inputs / f"{face}.png", "--audio", inputs / f"{sound}.wav")
        assert single([*QUICK, *map(str, files), "--outfile", str(alone)]) == 0
        assert alone.read_bytes() == (out / f"{face}_{sound}.mp4").read_bytes()


@needs_ray
def test_a_lost_worker_is_replaced_and_all_videos_are_the_single_command_s(
    inputs, tmp_path, start, cluster
):
    _, address = cluster
    lost = []

    def lose(event):
        if event["event"] == "worker" and not lost:
            lost.append(event)
            os.kill(parent(event["pid"]), signal.SIGKILL)

    words = ("--faces", "ann.png", "bob.png", "--audios", "*.wav", "--retry", "1")
    with start(*words, "--cluster", address) as process:
        events = read_events(process, lose)
        assert process.wait() == 0
        (failure, last) = process.stderr.read().splitlines()
    assert failure.startswith("failed (128): ") and failure.endswith("; it is tried again")
    assert "its worker was lost with its actor or node" in failure
    assert last.startswith("done: 6 of 6 jobs")
    workers = [event for event in events if event["event"] == "worker"]
    assert sorted(event["worker"] for event in workers) == [0, 1, 2]
    assert sorted(event["seat"] for event in workers) == sorted([0, 1, lost[0]["seat"]])
    check_as_single(
        inputs, tmp_path / "out", list(product(("ann", "bob"), ("one", "two", "three"))), tmp_path
    )


@needs_ray
@pytest.mark.campaign
@pytest.mark.parametrize("loss", ["process", "actor", "node"])
def test_forty_jobs_and_a_loss(loss, inputs, tmp_path, start, cluster):
    keeper, address = cluster
    faces, sounds = [f"face{n}" for n in range(4)], [f"sound{n}" for n in range(10)]
    for n, face in enumerate(faces):
        (inputs / f"{face}.png").write_bytes((inputs / ("ann.png", "bob.png")[n % 2]).read_bytes())
    for n, sound in enumerate(sounds):
        make_sound(inputs / f"{sound}.wav", seconds=0.2 + n / 20)
    ended, pids = [], []

    def lose(event):
        if event["event"] == "worker":
            pids.append(event["pid"])
        if event["event"] == "ended":
            ended.append(event)
            if len(ended) == 10:
                if loss == "node":
                    keeper.stdin.write("\n")
                    keeper.stdin.flush()
                else:
                    pid = pids[0] if loss == "process" else parent(pids[0])
                    os.kill(pid, signal.SIGKILL)

    words = ("--faces", "face*.png", "--audios", "sound*.wav", "--retry", "3", "--workers", "2")
    with start(*words, "--cluster", address) as process:
        read_events(process, lose)
        code, errors = process.wait(), process.stderr.read()
    assert code == 0, errors
    check_as_single(inputs, tmp_path / "out", list(product(faces, sounds)), tmp_path)
