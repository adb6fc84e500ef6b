"""The phonemes of a sound, heard by the small network of the optional package hama."""

import importlib.util

import numpy as np
from numpy.typing import NDArray

from audio.load import SAMPLE_RATE, Sound
from base.errors import EngineError
from base.loudness import BLOCK, loud_blocks, pieces
from base.phonemes import Phoneme

# Seconds: the network's attention grows with the square of a piece's length.
LONGEST_PIECE, SHORTEST_PIECE = 20, 15
LATE = 0.08  # seconds by which the network is late
LONGEST = 0.35  # seconds of a phoneme: it ends where the next begins, be that after a pause
NOT_HEARD = "<unk>"


def check_recogniser() -> None:
    """EngineError where the package is not installed."""
    if importlib.util.find_spec("hama") is None:
        raise EngineError(
            "--recognise_phonemes needs the package hama: run"
            " python -m pip install -r requirements-phonemes.txt"
        )


def recognise(sound: Sound) -> tuple[Phoneme, ...]:
    """What is spoken, as far as it is heard; English or Korean."""
    check_recogniser()
    from hama.asr import ASRModel  # type: ignore[import-not-found,import-untyped,unused-ignore]

    model, phonemes, last_end = ASRModel(), list[Phoneme](), 0.0
    for first, samples in pieces(sound.samples, SHORTEST_PIECE, LONGEST_PIECE):
        loud = _with_margin(loud_blocks(samples))
        for span in model.phoneme_spans(model(samples, SAMPLE_RATE)):
            begin = max(span.start_ms / 1000 - LATE, 0.0)
            times = spoken_part(loud, begin, span.end_ms / 1000 - LATE)
            if times is None or span.phoneme == NOT_HEARD:
                continue
            begin, end = (max(time + first / SAMPLE_RATE, last_end) for time in times)
            phonemes.append(Phoneme(span.phoneme, begin, end))
            last_end = end
    return tuple(phonemes)


def _with_margin(loud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The blocks, and those up to 50 ms away."""
    return np.asarray(np.convolve(loud, np.ones(11), "same")[: loud.size] > 0)


def spoken_part(loud: NDArray[np.bool_], begin: float, end: float) -> tuple[float, float] | None:
    """The part of a span that is no silence, and no longer than a phoneme is; None without any."""
    rate = SAMPLE_RATE / BLOCK
    end = min(end, begin + LONGEST)
    heard = np.flatnonzero(loud[int(begin * rate) : int(np.ceil(max(end, 0) * rate))])
    if not heard.size:
        return None
    first, last = (int(begin * rate) + heard[[0, -1]] + (0, 1)) / rate
    return max(begin, float(first)), min(end, float(last))
