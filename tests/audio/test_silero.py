"""The network that finds speech, run without its package's code."""

import shutil
import sys
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audio import silero
from audio.load import SAMPLE_RATE, Sound, load
from audio.silence import BLOCK
from base.errors import EngineError
from base.openvino import core

pytestmark = pytest.mark.skipif(find_spec("silero_vad") is None, reason="no silero-vad here")

ROOT = Path(__file__).parents[2]
FPS = Fraction(25)


@pytest.fixture(scope="module")
def voice():
    return load(ROOT / "demo" / "speech.m4a").samples


@pytest.fixture(scope="module")
def request_():
    """What the loaded network is run by."""
    return silero.load().args[0]


def frames_of(samples):
    sound = Sound(samples.astype(np.float32))
    return silero.load()(sound, 0.0)(FPS, int(sound.duration * FPS), Fraction(0))


def folder_of_the_network():
    return Path(find_spec("silero_vad").submodule_search_locations[0]) / "data"


def step_by_step(samples):
    """The same network as the package has it for one piece at a time."""
    path = str(folder_of_the_network() / "silero_vad_openvino_16k.onnx")
    compiled = core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for piece in np.pad(samples, (0, -len(samples) % 512)).reshape(-1, 512):
        given = np.concatenate([context, piece])[None].astype(np.float32)
        out = compiled({"input": given, "state": state})
        state, context = out["stateN"].copy(), piece[-64:]
        found.append(out["output"].item())
    return np.array(found)


@pytest.mark.parametrize("samples", [1, 511, 512, 513, 40_000])
def test_all_at_once_is_what_step_by_step_is(request_, voice, samples):
    given = voice[20_000 : 20_000 + samples]
    assert np.allclose(silero.probabilities(request_, given), step_by_step(given), atol=1e-4)


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_long_sound_is_heard_in_parts_and_remembered(request_, voice, monkeypatch, most):
    given = voice[:60_100]
    whole = silero.probabilities(request_, given)
    monkeypatch.setattr(silero, "AT_ONCE", most)
    assert np.allclose(silero.probabilities(request_, given), whole, atol=1e-4)
    assert np.ptp(whole) > 0.9


def test_every_block_has_the_level_of_its_piece():
    levels = np.arange(5, dtype=np.float32)
    found = silero.in_blocks(levels, 5 * silero.PIECE)
    assert found.tolist() == [0, 0, 1, 2, 2, 3, 4, 4]  # 8 blocks of 320 samples
    assert len(silero.in_blocks(levels[:1], 1)) == 1
    assert len(silero.in_blocks(levels[:2], 2 * BLOCK + 1)) == 3


def test_a_voice_is_speech_and_noise_is_none(voice):
    hiss = np.random.default_rng(2).normal(0, 0.1, 3 * SAMPLE_RATE)
    found = frames_of(np.concatenate([hiss, voice[: 3 * SAMPLE_RATE], hiss]))
    assert found[78:145].all()
    assert not found[:70].any() and not found[155:].any()


def test_a_loud_tone_is_none(sound):
    assert not frames_of(sound((3, 0.5)).samples).any()


def test_the_package_is_never_run(monkeypatch, tmp_path):
    """It would import torch."""
    package = tmp_path / "silero_vad"
    shutil.copytree(folder_of_the_network(), package / "data")
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert silero.load() and "silero_vad" not in sys.modules


@pytest.mark.parametrize("content", [None, b"", b"<!DOCTYPE html>"])
def test_a_damaged_package_is_told(monkeypatch, tmp_path, content):
    package = tmp_path / "silero_vad"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    if content is not None:
        (package / silero.NETWORK).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match="pip install --no-deps") as caught:
        silero.load()
    assert "\n" not in str(caught.value)


def test_another_network_in_its_place_is_told(monkeypatch, tmp_path):
    package = tmp_path / "silero_vad"
    shutil.copytree(folder_of_the_network(), package / "data")
    shutil.copy(package / "data" / "silero_vad_openvino_16k.onnx", package / silero.NETWORK)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match="not the network"):
        silero.load()


def test_the_version_is_the_pinned_one():
    try:
        installed = version("silero-vad")
    except PackageNotFoundError:
        pytest.skip("its files lie there without their facts")
    pinned = (ROOT / "requirements.txt").read_text().split()
    assert silero.PACKAGE in pinned and silero.PACKAGE.endswith(f"=={installed}")
