"""Diff2Lip as an engine of the pipeline: what it gets, how it is found, what is said of it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError, UsageError  # noqa: E402
from base.geometry import Box, Landmarks  # noqa: E402
from command.cli import main  # noqa: E402
from faces.face import Face, FaceTrack  # noqa: E402
from options.options import Options  # noqa: E402
from options.weights import find_diff2lip  # noqa: E402
from pipeline.job import open_job  # noqa: E402
from pipeline.report import Clock  # noqa: E402
from pipeline.run import lipsync  # noqa: E402
from pipeline.settings import settings_of  # noqa: E402
from pipeline.stages import DIFF2LIP_LICENCE, stages_of  # noqa: E402
from pipeline.tracking import _averaged  # noqa: E402
from tests.diff2lip.simple import simple_painter  # noqa: E402
from tests.media import make_sound, make_video  # noqa: E402
from tests.readback import frames_of  # noqa: E402
from tests.slow import rest_slow  # noqa: E402
from wav2lip.generators import PREPARERS  # noqa: E402
from wav2lip.generators.diff2lip_engine import PainterEngine  # noqa: E402
from wav2lip.generators.in_flight import generate  # noqa: E402
from wav2lip.generators.prepared import LazyEngine, NetworkGenerator, PreparedEngine  # noqa: E402

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
BOX = Box(20.0, 84.0, 40.0, 96.0)
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


class Seer:
    """Finds the same face in every picture."""

    def detect(self, picture):
        return [FACE]

    def refine(self, picture, face):
        return FACE


@pytest.fixture
def weights_file(tmp_path):
    """As Diff2Lip's by its tensors' names, without most of them."""
    path = tmp_path / "models" / "any_name.pt"
    path.parent.mkdir()
    tensors = {
        "input_blocks.0.0.weight": torch.zeros(128, 9, 3, 3),
        "audio_encoder_to_style.3.weight": torch.zeros(512, 128, 1, 1),
    }
    torch.save(tensors, path)
    return path


@pytest.fixture
def job(tmp_path, weights_file):
    return Options(
        face=make_video(tmp_path / "face.mkv", frames=30, size=(160, 120), codec="ffv1"),
        audio=make_sound(tmp_path / "sound.wav", seconds=0.4),
        outfile=tmp_path / "out" / "result.mkv",
        encoder="ffv1",
        engine="diff2lip",
        checkpoint_path=weights_file,
    )


def run(options, tell=lambda step: None, painted=None):
    """With a painter whose faces are inverted; `painted` gets what it is given."""

    def engine(name, word, settings):
        painter = simple_painter(None if painted is None else painted.append, settings.steps)
        made = partial(generate, PainterEngine(painter, settings.batch_size))
        generator = NetworkGenerator(made, "fp32", (), painter.steps)
        return LazyEngine(lambda: PreparedEngine(lambda scene: generator))

    stages = stages_of(settings_of(options), engine, lambda name, settings: Seer())
    return lipsync(settings_of(options), replace(stages, lips=None), tell, Clock())


def test_a_video_gets_painted_mouths(job):
    painted = []
    report = run(replace(job, diffusion_steps=2), painted=painted)
    assert (report.frames, report.frames_generated, report.size) == (10, 10, (160, 120))
    assert (report.engine, report.precision, report.diffusion_steps) == ("diff2lip", "fp32", 2)
    assert report.notices[0] == DIFF2LIP_LICENCE
    assert {noisy.shape for noisy in painted} == {(1, 3, 128, 128)}  # on a CPU frame by frame
    before, after = frames_of(job.face)[:10], frames_of(job.outfile)
    for old, new in zip(before, after, strict=True):
        changed = np.argwhere((old != new).any(2))
        (top, left), (bottom, right) = changed.min(0), changed.max(0)
        assert BOX.top + BOX.height / 3 < top and bottom < BOX.bottom
        assert BOX.left < left and right < BOX.right


@pytest.mark.parametrize(
    "method", rest_slow(["original", "ellipse", "multiscale", "edge_aware", "guided"], 2)
)
def test_every_blend_method_takes_its_patches(job, method):
    run(replace(job, diffusion_steps=1, blend_method=method))
    assert len(frames_of(job.outfile)) == 10


@pytest.mark.parametrize("method", ["hd", "lips"])
def test_so_do_those_that_add_texture(job, method):
    run(replace(job, diffusion_steps=1, blend_method=method, sharpen_mouth=True))
    assert len(frames_of(job.outfile)) == 10


def test_the_same_bytes_twice(job):
    files = []
    job = replace(job, outfile=job.outfile.with_suffix(".mp4"), encoder="auto", diffusion_steps=1)
    for _ in range(2):
        run(job)
        files.append(job.outfile.read_bytes())
    assert files[0] == files[1]


def test_who_hears_of_progress_ends_it_between_two_steps(job):
    painted = []

    def tell(step):
        if len(painted) >= 7:
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run(replace(job, diffusion_steps=25), tell, painted)
    assert len(painted) == 7 and not job.outfile.exists()
    assert list(job.outfile.parent.iterdir()) == []


def test_pauses_are_made_of_few_mouths(job, tmp_path):
    quiet = replace(
        job, audio=make_sound(tmp_path / "quiet.wav", samples=np.zeros((1, 6400), np.float32))
    )
    report = run(replace(quiet, silence_gating=True, static=True, diffusion_steps=1))
    assert report.frames_generated == 2 and report.frames_interpolated == 8


def test_it_hears_earlier_and_sees_the_face_without_pads(job):
    given = settings_of(job)
    assert given.face.pads == (0, 0, 0, 0)
    assert settings_of(replace(job, pads=(1, 2, 3, 4))).face.pads == (1, 2, 3, 4)
    assert (
        settings_of(replace(job, engine="puppet", checkpoint_path=None)).face.pads == Options.pads
    )
    assert open_job(given).windows.starts[:6].tolist() == [0, 0, 3, 6, 9, 12]
    other = settings_of(replace(job, engine="auto"))
    assert open_job(other).windows.starts[:6].tolist() == [0, 3, 6, 9, 12, 16]


def test_boxes_are_averaged_within_shots():
    boxes = [Box(0.0, 10.0, left, left + 10) for left in (0.0, 1, 2, 3, 4, 5, 50, 51, 52)]
    faces = [Face(box, Landmarks.fixed(box), 1.0) for box in boxes]
    track = _averaged(FaceTrack.of([*faces, None, faces[0]]), [0, 6])
    lefts = [face and face.box.left for face in track]
    assert lefts[:2] == [2.0, 3.0] and lefts[6] == 51.0 and lefts[9:] == [None, 0.0]
    assert [face.landmarks for face in track if face] == [
        face.landmarks for face in [*faces, faces[0]]
    ]


def test_weights_are_found_by_flag_variable_and_folder(weights_file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find_diff2lip(weights_file) == weights_file
    with pytest.raises(EngineError, match=r"DIFF2LIP_CKPT_DIR, or put them into .*checkpoints"):
        find_diff2lip(None)
    for variable, value in (
        ("DIFF2LIP_CKPT_DIR", weights_file),
        ("DIFF2LIP_CKPT_DIR", weights_file.parent),
        ("MODEL_ROOT", weights_file.parent),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, str(value))
            assert find_diff2lip(None) == weights_file
    weights_file.parent.rename(tmp_path / "checkpoints")
    assert find_diff2lip(None) == tmp_path / "checkpoints" / weights_file.name


def test_a_variable_that_names_another_network_is_told(tmp_path, monkeypatch):
    path = tmp_path / "other.pt"
    torch.save({"weight": torch.zeros(300)}, path)
    monkeypatch.setenv("DIFF2LIP_CKPT_DIR", str(path))
    with pytest.raises(EngineError, match="DIFF2LIP_CKPT_DIR names it"):
        find_diff2lip(None)


def test_what_changes_nothing_is_said(job):
    def notices(**changed):
        options = replace(job, **changed)
        stages = stages_of(settings_of(options))
        return [*options.ineffective_flags, *stages.notices]

    assert notices(seed=3, diffusion_steps=7) == [DIFF2LIP_LICENCE]
    assert any("--int8 changes nothing" in words for words in notices(int8=True))
    assert any("--visemes changes nothing" in words for words in notices(visemes=Path("a.json")))
    options = replace(job, engine="puppet", checkpoint_path=None, diffusion_steps=7, seed=3)
    assert [words.split()[0] for words in options.ineffective_flags] == [
        "--diffusion_steps",
        "--seed",
    ]


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_no_such_number_of_steps(job, steps):
    with pytest.raises(UsageError, match="--diffusion_steps must be 1 to 1000"):
        replace(job, diffusion_steps=steps)


def test_another_file_ends_the_run_before_the_work(tmp_path, weights_file, capsys):
    sound = make_sound(tmp_path / "s.wav", seconds=0.2)
    words = ["--face", PORTRAIT, "--audio", sound, "--outfile", tmp_path / "out.mp4"]
    words += ["--engine", "diff2lip", "--checkpoint_path", weights_file]
    assert main(list(map(str, words))) == 5
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {weights_file}: is no Diff2Lip, or another version of it")
    assert not (tmp_path / "out.mp4").exists()


def test_it_is_an_engine_by_its_name():
    assert "diff2lip" in PREPARERS
