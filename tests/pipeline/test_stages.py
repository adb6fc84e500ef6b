"""Which detector, engine and batch size a run gets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from options.options import Options
from pipeline import stages as stages_module
from pipeline.job import Job
from pipeline.run import GROUP_BYTES, _frames_together
from pipeline.settings import settings_of
from pipeline.stages import GPU_BATCH, Stages, stages_of
from tests.media import make_picture, make_sound
from video.yuv import Frame, new_av_frame

OPTIONS = Options(face=Path("face.png"), audio=Path("sound.wav"), no_cache=True)


class Loading:
    """An engine that is never run."""

    def prepare(self):
        return "off"

    def generator(self, visible):
        raise AssertionError


def stages(**options):
    """The stages of a run, and the settings that its detector is loaded with."""
    settings = []
    made = stages_of(
        settings_of(replace(OPTIONS, **options)),
        lambda engine, word, settings: Loading(),
        lambda name, detector_settings: settings.append(detector_settings),
    )
    made.detector()
    return made, settings[0]


@pytest.fixture
def checkpoint_file(tmp_path):
    """Enough of a checkpoint to be recognised as one."""
    path = tmp_path / "wav2lip.pth"
    path.write_bytes(b"\x80\x02}q\x00.")
    return path


@pytest.mark.parametrize(
    ("usable", "device", "expected"),
    [
        (False, "auto", "cpu"),
        (True, "auto", "cuda"),
        (True, "cuda", "cuda"),
        (True, "cpu", "cpu"),
    ],
)
def test_sfd_runs_on_a_gpu_only_where_there_is_one(
    monkeypatch, checkpoint_file, usable, device, expected
):
    """--engine torch without a GPU runs on the CPU; sfd was loaded for cuda there, and failed."""
    monkeypatch.setattr(stages_module, "cuda_usable", lambda: usable)
    monkeypatch.setattr("faces.sfd.find_sfd_weights", lambda: None)
    options = {"engine": "torch", "checkpoint_path": checkpoint_file, "device": device}
    assert stages(face_detector="sfd", **options)[1].device == expected


def test_no_gpu_is_looked_for_where_the_detector_would_not_use_it(monkeypatch, checkpoint_file):
    """To ask torch takes a second."""

    def looked_for():
        raise AssertionError

    monkeypatch.setattr(stages_module, "cuda_usable", looked_for)
    assert stages(engine="torch", checkpoint_path=checkpoint_file)[1].device == "cpu"


@pytest.mark.parametrize(("wanted", "expected"), [(128, GPU_BATCH), (4, 4)])
def test_batches_on_a_gpu_are_bounded(checkpoint_file, wanted, expected):
    options = {"engine": "torch", "checkpoint_path": checkpoint_file, "wav2lip_batch_size": wanted}
    assert stages(**options)[0].batch_size == expected <= 32


@pytest.mark.parametrize("size", [(64, 64), (7680, 4320)])
def test_frames_that_wait_for_one_batch_are_bounded_in_bytes(size):
    """At 4K three groups of 128 frames took 4.8 GB."""
    width, height = size
    frame = Frame(new_av_frame(width, height, "yuv420p"))
    job = Job(None, None, type("Source", (), {"first": frame}), None, None)
    together = _frames_together(job, Stages("torch", None, None, batch_size=32))
    frame_bytes = sum(plane.nbytes for plane in frame.planes())
    assert together == max(1, min(32, GROUP_BYTES // frame_bytes))
    assert together * frame_bytes <= GROUP_BYTES and (together == 32) == (size == (64, 64))


@pytest.mark.parametrize(
    ("engine", "head", "notice"),
    [
        ("openvino", b"\x80\x02}q\x00.", None),
        ("openvino", b"\x08\x08", "an ONNX network"),
        ("torch", b"\x80\x02}q\x00.", "--engine torch"),
        ("puppet", None, "--engine puppet"),
    ],
)
def test_8_bits_are_for_openvino_and_its_own_graph(tmp_path, engine, head, notice):
    options = {"engine": engine}
    if head is not None:
        options["checkpoint_path"] = tmp_path / "weights"
        options["checkpoint_path"].write_bytes(head)
    made = stages(int8=True, **options)[0]
    assert made.examines == (notice is None)
    expected = [] if notice is None else [f"--int8 changes nothing with {notice}"]
    assert [words.split(",")[0].split(":")[0] for words in made.notices] == expected
    assert not stages(**options)[0].notices and not stages(**options)[0].examines


def test_the_puppet_needs_no_checkpoint(tmp_path):
    options = Options(
        face=make_picture(tmp_path / "face.png", np.zeros((96, 96, 3), np.uint8), ".png"),
        audio=make_sound(tmp_path / "sound.wav", seconds=0.1),
        engine="puppet",
    )
    assert stages_of(settings_of(options)).engine == "puppet"
