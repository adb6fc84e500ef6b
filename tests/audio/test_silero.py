"""Silero's network finds speech."""

from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audio import silero
from audio.energy import BLOCK_SAMPLES
from audio.load import SAMPLE_RATE, Sound, load_sound
from base.errors import EngineError
from base.openvino import core
from tests.slow import rest_slow

ROOT = Path(__file__).parents[2]
DATA = Path(find_spec("silero_vad").submodule_search_locations[0]) / "data"  # of the package
FPS = Fraction(25)


@pytest.fixture(scope="module")
def voice():
    return load_sound(ROOT / "demo" / "speech.m4a").samples


@pytest.fixture(scope="module")
def request_():
    """The inference request of the loaded network."""
    return silero.load_vad().args[0]


def frames_of(samples):
    """Whether each frame of the samples holds speech."""
    sound = Sound(samples.astype(np.float32))
    return silero.load_vad()(sound, 0.0)(FPS, int(sound.duration * FPS), Fraction(0))


def step_by_step(samples):
    """Probabilities by the package's other form of the network, which takes one chunk at a time."""
    path = str(DATA / "silero_vad_openvino_16k.onnx")
    compiled = core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    probabilities = []
    for chunk in np.pad(samples, (0, -len(samples) % 512)).reshape(-1, 512):
        chunk_with_context = np.concatenate([context, chunk])[None].astype(np.float32)
        out = compiled({"input": chunk_with_context, "state": state})
        state, context = out["stateN"].copy(), chunk[-64:]
        probabilities.append(out["output"].item())
    return np.array(probabilities)


@pytest.mark.parametrize("samples", rest_slow([1, 511, 512, 513, 40_000], 3))
def test_all_at_once_equals_step_by_step(request_, voice, samples):
    part = voice[20_000 : 20_000 + samples]
    assert np.allclose(silero.speech_probabilities(request_, part), step_by_step(part), atol=1e-4)


@pytest.mark.parametrize("most", [1, 7, 100])
def test_the_state_is_carried_from_part_to_part(request_, voice, monkeypatch, most):
    part = voice[:60_100]
    whole = silero.speech_probabilities(request_, part)
    monkeypatch.setattr(silero, "CHUNKS_AT_ONCE", most)
    assert np.allclose(silero.speech_probabilities(request_, part), whole, atol=1e-4)
    assert np.ptp(whole) > 0.9


def test_every_block_has_the_level_of_its_chunk():
    levels = np.arange(5, dtype=np.float32)
    blocks = silero.levels_in_blocks(levels, 5 * silero.CHUNK_SAMPLES)
    assert blocks.tolist() == [0, 0, 1, 2, 2, 3, 4, 4]  # 8 blocks of 320 samples
    assert len(silero.levels_in_blocks(levels[:1], 1)) == 1
    assert len(silero.levels_in_blocks(levels[:2], 2 * BLOCK_SAMPLES + 1)) == 3


def test_a_voice_is_speech_and_noise_is_not(voice):
    hiss = np.random.default_rng(2).normal(0, 0.1, 3 * SAMPLE_RATE)
    speech = frames_of(np.concatenate([hiss, voice[: 3 * SAMPLE_RATE], hiss]))
    assert speech[78:145].all()
    assert not speech[:70].any() and not speech[155:].any()


def test_a_loud_tone_is_no_speech(sound):
    assert not frames_of(sound((3, 0.5)).samples).any()


def test_the_network_is_the_package_s():
    assert silero.NETWORK.read_bytes() == (DATA / "silero_vad_16k_sequence.onnx").read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"<!DOCTYPE html>"])
def test_a_damaged_network_is_an_error(monkeypatch, tmp_path, content):
    monkeypatch.setattr(silero, "NETWORK", tmp_path / "silero_vad.onnx")
    if content is not None:
        silero.NETWORK.write_bytes(content)
    with pytest.raises(EngineError, match=r"silero_vad\.onnx: is missing, damaged, or") as caught:
        silero.load_vad()
    assert caught.value.exit_code == 5 and "\n" not in str(caught.value)


def test_another_network_in_its_place_is_an_error(monkeypatch):
    monkeypatch.setattr(silero, "NETWORK", DATA / "silero_vad_openvino_16k.onnx")
    with pytest.raises(EngineError, match="not the network"):
        silero.load_vad()
