"""What the options of a text to be spoken must be, before any file is looked at."""

from collections.abc import Mapping
from typing import Any

from base.errors import UsageError
from speech.voice import LANGUAGE
from speech.voices import VoiceName

INPUTS = ("audio", "text", "text_file")  # of which one is spoken


def named_inputs(options: Mapping[str, Any]) -> list[str]:
    """The flags of what is to be spoken; UsageError for more than one."""
    flags = [f"--{name}" for name in INPUTS if options[name] is not None]
    if len(flags) > 1:
        raise UsageError(f"{' and '.join(flags)}: give one of them")
    return flags


def is_silent(options: Mapping[str, Any]) -> bool:
    """Whether nothing is to be spoken; UsageError for more than one thing."""
    return not named_inputs(options)


def check_voice(voice: str, language: str | None) -> None:
    """UsageError for a voice or a language that cannot be."""
    VoiceName.parse(voice)
    if language is not None and not LANGUAGE.fullmatch(language):
        raise UsageError(f"--language {language[:20]!r}: give one such as de or en-GB")
