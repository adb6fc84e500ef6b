"""What a voice is asked for, and what it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from base.errors import UsageError
from speech.speech import Speech

SLOWEST, FASTEST = 0.5, 2.0  # times a voice's usual rate
LOWEST, HIGHEST = 0.5, 2.0  # times its usual pitch
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class VoiceSettings:
    """How a text is to be spoken."""

    argument: str = ""  # of the voice: a model's file, or a program and its words
    language: str | None = None  # such as "de" or "en-GB"; none: the voice's own
    rate: float = 1.0  # times the voice's usual one
    pitch: float = 1.0
    cache: Path | None = None  # a folder for what is compiled

    def __post_init__(self) -> None:
        if not SLOWEST <= self.rate <= FASTEST or not LOWEST <= self.pitch <= HIGHEST:
            raise ValueError(f"rate {self.rate}, pitch {self.pitch}")
        if self.language is not None and not LANGUAGE.fullmatch(self.language):
            raise UsageError(f"--language {self.language[:20]!r}: give one such as de or en-GB")


class Voice(Protocol):
    """Speaks one sentence; its words are those of the text between spaces."""

    def __call__(self, text: str, /) -> Speech: ...


def choose_language(wanted: str | None, known: Sequence[str], voice: str) -> str:
    """The known language that is meant; the first one where none is wanted. UsageError."""
    if wanted is None:
        return known[0]
    normal = wanted.replace("_", "-").lower()
    for language in known:
        if normal in (language.lower(), language.lower().split("-")[0]):
            return language
    names = ", ".join(known[:12]) + ("" if len(known) <= 12 else ", ...")
    raise UsageError(f"--language {wanted}: the voice {voice} speaks {names}")
