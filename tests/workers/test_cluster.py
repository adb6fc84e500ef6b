"""Workers on a ray cluster of two nodes, both on this machine; without ray, one line."""

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
from command.flags import parsed
from tests.batch.conftest import PROGRAM, QUICK
from tests.media import make_sound
from workers.cluster import Share, anywhere, shared_out
from workers.crew import Wanted
from workers.task import Task

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
    """Its process, which loses the second node on every line it is given, and its address."""
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
    with running_cluster(tmp_path) as made:
        yield made


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
    told = subprocess.run(
        [*PROGRAM, *QUICK, *map(str, words)],
        cwd=inputs,
        capture_output=True,
        text=True,
        env={**os.environ, "RAY_TMPDIR": str(tmp_path), "RAY_ADDRESS": ""},
    )
    assert told.returncode == 5
    (line,) = told.stderr.splitlines()
    assert line.startswith("error: --cluster auto: no cluster answers: ")


@pytest.mark.parametrize(
    ("asked", "resources", "share"),
    [
        (Wanted(None, 9, gpu=False), {"CPU": 8.0, "memory": 64e9}, Share(8, 1, 1, 0.0)),
        (Wanted(None, 9, gpu=False), {"CPU": 8.0, "memory": 3.5e9}, Share(3, 2, 1, 0.0)),
        (Wanted(None, 9, gpu=True), {"CPU": 8.0, "GPU": 2.0}, Share(2, 4, 1, 1.0)),
        (Wanted(None, 9, gpu=True), {"CPU": 8.0}, Share(8, 1, 1, 0.0)),
        (Wanted(None, 9, gpu=False), {"CPU": 8.0, "GPU": 2.0}, Share(8, 1, 1, 0.0)),
        (Wanted(3, 9, gpu=True), {"CPU": 2.0, "GPU": 2.0}, Share(3, 1, 0, 0.5)),
        (Wanted(3, 2, gpu=False), {}, Share(2, 1, 0, 0.0)),
    ],
)
def test_how_a_cluster_is_shared_out(asked, resources, share):
    assert shared_out(asked, resources) == share


def test_names_mean_the_same_in_every_folder(inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    files = ("--face", "ann.png", "--audio", "s3://b/one.wav", "--outfile", "o.mp4", "--quality")
    given = parsed([*QUICK, *files])[0]
    options = anywhere(Task(0, "o", given)).options
    assert (options.face, options.outfile) == (inputs / "ann.png", inputs / "o.mp4")
    assert (options.audio, options.quality) == (given.audio, given.quality)


def parent(pid):
    """Of the worker process: the actor's."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def events(process, during):
    """What the command told; `during` is called with everything."""
    told = []
    for line in process.stdout:
        told.append(json.loads(line))
        during(told[-1])
    return told


def check_as_single(made, out, jobs, tmp_path):
    """Every video has the bytes of the single command's."""
    assert sorted(path.name for path in out.glob("*.mp4")) == sorted(
        f"{a}_{b}.mp4" for a, b in jobs
    )
    assert [path.name for path in out.rglob(".*")] == []
    for face, sound in jobs:
        alone = tmp_path / "alone.mp4"
        files = ("--face", made / f"{face}.png", "--audio", made / f"{sound}.wav")
        assert single([*QUICK, *map(str, files), "--outfile", str(alone)]) == 0
        assert alone.read_bytes() == (out / f"{face}_{sound}.mp4").read_bytes()


@needs_ray
def test_a_worker_that_is_lost_is_replaced_and_all_is_as_the_single_command(
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
        told = events(process, lose)
        assert process.wait() == 0
        (failure, last) = process.stderr.read().splitlines()
    assert failure.startswith("failed (128): ") and failure.endswith("; it is tried again")
    assert "its worker was lost with its actor or node" in failure
    assert last.startswith("done: 6 of 6 jobs")
    workers = [event for event in told if event["event"] == "worker"]
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
        events(process, lose)
        code, errors = process.wait(), process.stderr.read()
    assert code == 0, errors
    check_as_single(inputs, tmp_path / "out", list(product(faces, sounds)), tmp_path)
