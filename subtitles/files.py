"""Subtitles as files that players, editors and sites read."""

from collections.abc import Iterable
from pathlib import Path

import pysubs2

from subtitles.cues import Cue
from subtitles.endings import FORMATS


def file_content(cues: Iterable[Cue], path: Path) -> bytes:
    """What a file of this name holds."""
    kind = FORMATS[path.suffix.lower()]
    file = pysubs2.SSAFile()
    for cue in cues:
        event = pysubs2.SSAEvent(milliseconds(cue.start), milliseconds(cue.end))
        event.plaintext = _escaped(cue.text) if kind == "vtt" else cue.text
        file.append(event)
    return file.to_string(kind).encode()


def as_webvtt(subrip: bytes) -> bytes:
    """A SubRip file that file_content made, as WebVTT."""
    file = pysubs2.SSAFile.from_string(subrip.decode(), "srt")
    for event in file:
        event.plaintext = _escaped(event.plaintext)
    return file.to_string("vtt").encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;")


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
