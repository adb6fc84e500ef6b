"""The phonemes of a sound, heard by the small network of the optional package hama."""

import importlib.util
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audio.load import SAMPLE_RATE, Samples, Sound
from base.errors import EngineError
from base.phonemes import Phoneme

# Seconds: the network's attention grows with the square of a piece's length.
LONGEST_PIECE, SHORTEST_PIECE = 20, 15
BLOCK = SAMPLE_RATE // 100  # samples of which the loudness is taken
LATE = 0.08  # seconds by which the network is late
LONGEST = 0.35  # seconds of a phoneme: it ends where the next begins, be that after a pause
SILENT_DB = -25.0  # against the loudest of the piece: nobody speaks
FAINT = 1e-3  # amplitude: nor here
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
    for first, samples in pieces(sound.samples):
        loud = _loud_blocks(samples)
        for span in model.phoneme_spans(model(samples, SAMPLE_RATE)):
            begin = max(span.start_ms / 1000 - LATE, 0.0)
            times = spoken_part(loud, begin, span.end_ms / 1000 - LATE)
            if times is None or span.phoneme == NOT_HEARD:
                continue
            begin, end = (max(time + first / SAMPLE_RATE, last_end) for time in times)
            phonemes.append(Phoneme(span.phoneme, begin, end))
            last_end = end
    return tuple(phonemes)


def pieces(samples: Samples) -> Iterator[tuple[int, Samples]]:
    """The sound cut where it is quiet; each part with the number of its first sample."""
    first = 0
    while len(samples) - first > LONGEST_PIECE * SAMPLE_RATE:
        search = slice(first + SHORTEST_PIECE * SAMPLE_RATE, first + LONGEST_PIECE * SAMPLE_RATE)
        level = np.convolve(_levels(samples[search]), np.ones(10), "same")
        last = search.start + int(level.argmin()) * BLOCK
        yield first, np.array(samples[first:last])
        first = last
    yield first, np.array(samples[first:])


def _levels(samples: Samples) -> NDArray[np.float64]:
    """The amplitude of every block; what is left over at the end belongs to none."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.asarray(np.sqrt(np.square(blocks, dtype=np.float64).mean(axis=1)))


def _loud_blocks(samples: Samples) -> NDArray[np.bool_]:
    """Where somebody may be speaking, with a margin of 50 ms."""
    levels = _levels(samples)
    if not levels.size:
        return np.zeros(0, np.bool_)
    least = max(float(np.percentile(levels, 98)) * 10 ** (SILENT_DB / 20), FAINT)
    return np.asarray(np.convolve(levels > least, np.ones(11), "same")[: levels.size] > 0)


def spoken_part(loud: NDArray[np.bool_], begin: float, end: float) -> tuple[float, float] | None:
    """The part of a span that is no silence, and no longer than a phoneme is; None without any."""
    rate = SAMPLE_RATE / BLOCK
    end = min(end, begin + LONGEST)
    heard = np.flatnonzero(loud[int(begin * rate) : int(np.ceil(max(end, 0) * rate))])
    if not heard.size:
        return None
    first, last = (int(begin * rate) + heard[[0, -1]] + (0, 1)) / rate
    return max(begin, float(first)), min(end, float(last))
