"""Speech found by Silero's network, which is kept in `weights/`.

It takes chunks of 512 samples, each preceded by the last 64 of the chunk before, and returns for
each how probable speech is. It is recurrent: the result depends on all chunks before.
"""

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

NETWORK = Path(__file__).parent / "weights" / "silero_vad.onnx"


def load_vad() -> Vad:
    """Compile the network; EngineError if its file is missing or damaged."""
    try:
        compiled = core().compile_model(core().read_model(NETWORK), "CPU", _settings())
        request = compiled.create_infer_request()
        speech_probabilities(request, np.zeros(1, np.float32))
    except (RuntimeError, OSError) as error:
        raise EngineError(
            f"{NETWORK}: is missing, damaged, or not the network that finds speech;"
            " install the program again, or leave out --vad silero"
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


def _settings() -> dict[str, str]:
    """One thread: each chunk needs the state after the one before, and the network is small."""
    return {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}
