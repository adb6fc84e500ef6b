"""What other packages add: listed, used, and failing alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from base.errors import EngineError
from base.geometry import Box, Rect
from base.plugins import GROUPS, Plugin, load_plugin, plugin_names, plugins
from blending.methods import BLENDERS, BlendSettings, method_named
from blending.patch import Patch
from blending.plugins import PluginBlend
from faces.detector import DetectorSettings
from options.flag_values import parse_plugin_stages
from pipeline.stages import load_detector
from tests.media import make_sound
from tests.readback import frames_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "plugins" / "sample"
PORTRAIT = ROOT / "demo" / "portrait.png"


def install(package, site):
    """By pip, without a network and without leaving anything in the tree."""
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", site]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *words, package]
    subprocess.run(pip, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": ""})
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The sample package, installed."""
    folder = tmp_path_factory.mktemp("plugins")
    return install(shutil.copytree(SAMPLE, folder / "sample"), folder / "site")


@pytest.fixture
def run(tmp_path):
    """The command in a process of its own, with the packages of a folder."""

    def command(site, *words):
        line = [sys.executable, str(ROOT / "inference_fast.py"), *map(str, words)]
        env = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "400"}
        return subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True)

    return command


def package(site, entry_points, **modules):
    """A package made by hand: entry points, and the source of its modules."""
    metadata = site / "other_thing-2.1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text(entry_points)
    for name, source in modules.items():
        (site / f"{name}.py").write_text(source)
    return site


@pytest.fixture
def with_package(tmp_path, monkeypatch):
    """Packages made by hand, on this process's path."""

    def add(entry_points, **modules):
        monkeypatch.syspath_prepend(str(package(tmp_path / "site", entry_points, **modules)))

    return add


def gray_patch():
    square = np.full((96, 96, 3), 77, np.uint8)
    return Patch.for_box(square, Box(0, 20, 0, 30), Rect(0, 20, 0, 30), square)


def speaking(tmp_path, *words):
    sound = make_sound(tmp_path / "s.wav", seconds=0.3)
    start = ["--face", PORTRAIT, "--audio", sound, "--outfile", tmp_path / "o.mp4", "--fps", "10"]
    return [*start, "--box", "80", "280", "150", "330", "--no_cache", *words]


def test_help_and_models_show_the_sample(site, run):
    told = run(site, "--help").stdout
    assert "hd,lips,halves}" in told and "installed: vignette" in told
    rows = json.loads(run(site, "--models", "--progress", "json").stdout)["models"]
    (blend,) = [row for row in rows if row["what"] == "halves"]
    assert (blend["run_by"], blend["where"]) == ("--blend_method halves", "lipsync_sample 1.0")
    (stage,) = [row for row in rows if row["what"] == "vignette"]
    assert (stage["run_by"], stage["note"]) == ("--plugin_stages vignette", "")
    table = run(site, "--models").stdout
    assert "--blend_method halves" in table and "lipsync.stages" in table


def test_without_the_sample_neither_is_there(run, tmp_path):
    told = run(tmp_path, "--help").stdout
    assert "halves" not in told and "installed: none" in told


def test_the_sample_s_stage_darkens_the_corners_alone(site, run, tmp_path):
    plain = run(site, *speaking(tmp_path, "--outfile", tmp_path / "plain.mp4"))
    dark = run(site, *speaking(tmp_path, "--plugin_stages", "vignette=0.9", "--report", "r.json"))
    assert (plain.returncode, dark.returncode) == (0, 0), dark.stderr
    one, other = (frames_of(tmp_path / name)[1].astype(int) for name in ("plain.mp4", "o.mp4"))
    height, width = one.shape[:2]
    middle = np.s_[height // 2 - 40 : height // 2 + 40, width // 2 - 40 : width // 2 + 40]
    assert abs(one[middle] - other[middle]).mean() < 2
    assert other[:20, :20].mean() < 0.7 * one[:20, :20].mean()
    (stage,) = json.loads((tmp_path / "r.json").read_text())["stages"]
    assert (stage["name"], stage["state"]) == ("vignette", "ran")


def test_a_stage_that_refuses_its_argument_is_an_error_or_left_out(site, run, tmp_path):
    words = speaking(tmp_path, "--plugin_stages", "vignette=7")
    stopped = run(site, *words)
    assert stopped.returncode == 5 and "lipsync_sample 1.0" in stopped.stderr
    assert not (tmp_path / "o.mp4").exists() and len(stopped.stderr.splitlines()) == 1
    skipped = run(site, *words, "--on_stage_error", "skip")
    assert skipped.returncode == 0 and "without the stage vignette" in skipped.stderr


BROKEN = "[lipsync.blenders]\nbad = no_such_module:blend\n[lipsync.stages]\nbad = broken:stage\n"


def test_a_broken_package_fails_alone(run, tmp_path):
    site = package(tmp_path / "site", BROKEN, broken="raise RuntimeError('of its own')")
    done = run(site, *speaking(tmp_path))
    assert done.returncode == 0 and "other_thing" not in done.stderr
    table = run(site, "--models")
    assert table.returncode == 0
    assert "no_such_module" in table.stdout and "RuntimeError: of its own" in table.stdout
    asked = run(site, *speaking(tmp_path, "--blend_method", "bad"))
    assert asked.returncode == 5 and "other_thing 2.1" in asked.stderr
    assert len(asked.stderr.splitlines()) == 1


def test_a_blend_method_changes_nothing_outside_its_mask(with_package):
    with_package(
        "[lipsync.blenders]\nloud = loud:blend\n",
        loud="""
def blend(patch, face, mask):
    return 255 - face
""",
    )
    method, face = method_named("loud"), np.full((20, 30, 3), 77.4, np.float32)
    mask = np.zeros((20, 30), np.float32)
    mask[5:15, 10:20] = 0.5
    region = method.blend(gray_patch(), face, mask)
    assert (region[mask == 0] == face[mask == 0]).all()
    assert np.abs(region[mask > 0] - (255 - face[mask > 0])).max() < 1
    assert BlendSettings("loud").uses_texture is False


@pytest.mark.parametrize("answer", ["None", "face[:5]", "face.astype(float)", "1 / 0"])
def test_a_blend_method_that_returns_something_else_is_an_error(with_package, answer):
    with_package(
        "[lipsync.blenders]\nodd = odd:blend\n",
        odd=f"""
def blend(patch, face, mask):
    return {answer}
""",
    )
    sys.modules.pop("odd", None)
    face, mask = np.zeros((20, 30, 3), np.float32), np.ones((20, 30), np.float32)
    with pytest.raises(EngineError, match=r"odd of other_thing 2\.1"):
        PluginBlend("odd")(gray_patch(), face, mask)


def test_a_detector_s_faces_are_followed(with_package):
    with_package(
        "[lipsync.detectors]\ncorner = corner:begin\n",
        corner="""
def begin():
    points = [(12, 14), (28, 14), (20, 22), (14, 30), (26, 30)]
    return lambda picture: [((5, 40, 5, 35), points, 0.9)]
""",
    )
    detector = load_detector("corner", DetectorSettings())
    picture = np.zeros((60, 80, 3), np.uint8)
    (face,) = detector.detect(picture)
    assert (face.box.top, face.box.right, face.score) == (5, 35, 0.9)
    assert detector.refine(picture, face) == face
    assert detector.refine(picture, face.scaled(4)) is None


def test_a_generator_makes_the_mouths(tmp_path, run):
    site = package(
        tmp_path / "site",
        "[lipsync.generators]\nblue = blue:begin\n",
        blue="""
def begin(checkpoint, device):
    def generate(mels, faces, landmarks):
        assert mels.shape[1:] == (80, 16) and landmarks.shape[1:] == (5, 2)
        faces[:, 48:] = (255, 0, 0)
        return faces
    return generate
""",
    )
    words = ["--engine", "blue", "--no_color_match", "--blend_method", "original"]
    done = run(site, *speaking(tmp_path, *words, "--report", "r.json"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "r.json").read_text())["engine"] == "blue"
    mouth = frames_of(tmp_path / "o.mp4")[0][220:260, 200:280].reshape(-1, 3).mean(axis=0)
    assert mouth[0] > 150 and mouth[2] < 80


def test_entry_points_of_other_groups_and_strange_names_are_none(with_package):
    with_package(
        "[console_scripts]\nx = a:b\n[lipsync.other]\ny = a:b\n"
        "[lipsync.voices]\nfine = a:b\nno way = a:b\n-dash = a:b\nbare = a\n"
    )
    assert plugin_names("voices") == ("fine",)
    assert plugins("voices") == (Plugin("voices", "fine", "a:b", "other_thing 2.1"),)
    with pytest.raises(ValueError, match="other"):
        plugins("other")


def test_a_plug_in_hides_none_of_ours(with_package):
    with_package("[lipsync.blenders]\nellipse = a:b\n")
    assert method_named("ellipse") is BLENDERS["ellipse"]


def test_what_is_not_installed_is_an_error():
    with pytest.raises(EngineError, match="--models"):
        load_plugin("stages", "nothing")
    assert all(plugin_names(group) == () for group in GROUPS)


def test_stages_are_named_with_their_arguments(with_package):
    with_package("[lipsync.stages]\na = m:a\nb = m:b\n")
    assert parse_plugin_stages("b=0.5:x,a") == (("b", "0.5:x"), ("a", ""))
    for wrong in ("c", "", "a,a", ","):
        with pytest.raises(Exception, match="stage"):
            parse_plugin_stages(wrong)
