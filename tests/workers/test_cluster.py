"""What workers on a ray cluster get; tests/batch/test_cluster.py starts one."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from base.errors import EngineError
from options.options import NO_PAGE
from tests.jobs import quick_options
from workers.cluster import Allocation, allocate, cluster_for, with_absolute_paths
from workers.crew import CrewRequest
from workers.task import Task


@pytest.mark.parametrize(
    ("request_", "resources", "expected"),
    [
        (CrewRequest(None, 9, gpu=False), {"CPU": 8.0, "memory": 64e9}, Allocation(8, 1, 1, 0.0)),
        (CrewRequest(None, 9, gpu=False), {"CPU": 8.0, "memory": 3.5e9}, Allocation(3, 2, 1, 0.0)),
        (CrewRequest(None, 9, gpu=True), {"CPU": 8.0, "GPU": 2.0}, Allocation(2, 4, 1, 1.0)),
        (CrewRequest(None, 9, gpu=True), {"CPU": 8.0}, Allocation(8, 1, 1, 0.0)),
        (CrewRequest(None, 9, gpu=False), {"CPU": 8.0, "GPU": 2.0}, Allocation(8, 1, 1, 0.0)),
        (CrewRequest(3, 9, gpu=True), {"CPU": 2.0, "GPU": 2.0}, Allocation(3, 1, 0, 0.5)),
        (CrewRequest(3, 2, gpu=False), {}, Allocation(2, 1, 0, 0.0)),
    ],
)
def test_workers_and_their_shares_of_a_cluster(request_, resources, expected):
    assert allocate(request_, resources) == expected


def test_paths_mean_the_same_in_every_folder(inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    names = {"face": "ann.png", "audio": "s3://b/one.wav", "outfile": "o.mp4", "quality": "-"}
    paths = {name: Path(text) for name, text in names.items()}
    options = with_absolute_paths(Task(0, "o", quick_options(**paths))).options
    assert (options.face, options.outfile) == (inputs / "ann.png", inputs / "o.mp4")
    assert (options.audio, options.quality) == (paths["audio"], NO_PAGE)


def test_weights_found_in_the_working_folder_are_those_of_the_actors(inputs, tmp_path, monkeypatch):
    monkeypatch.delenv("MODEL_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "checkpoints" / "wav2lip.pth"
    weights.parent.mkdir()
    weights.write_bytes(b"\x80 some weights")
    files = {"face": inputs / "ann.png", "audio": inputs / "one.wav"}
    options = quick_options(**files, engine="auto")
    assert with_absolute_paths(Task(0, "o", options)).options.checkpoint_path == weights
    puppet = with_absolute_paths(Task(0, "o", quick_options(**files))).options
    assert puppet.checkpoint_path is None


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_error_says_what_to_install():
    with pytest.raises(EngineError, match=r"pip install -r requirements-cluster\.txt"):
        cluster_for(CrewRequest(None, 1, gpu=False))
