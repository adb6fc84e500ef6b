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
        text = cue.text.replace("&", "&amp;") if kind == "vtt" else cue.text
        event = pysubs2.SSAEvent(milliseconds(cue.start), milliseconds(cue.end))
        event.plaintext = text
        file.append(event)
    return file.to_string(kind).encode()


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
