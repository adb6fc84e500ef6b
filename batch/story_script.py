"""A script of scenes, in Markdown: headings, what each scene is made with, and what is said."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from base.errors import InputError, UsageError
from batch.rows import ROW_OPTIONS, row_values
from options.declaring import Role
from options.options import names_with
from speech.text import has_words
from speech.voices import VoiceName
from subtitles.pieces import clean_text

MOST_BYTES, MOST_SCENES = 1 << 20, 1000
HEADING = re.compile(r"##\s+(\S.*)")
SETTING = re.compile(r"[-*]?\s*([A-Za-z][\w-]*)\s*:\s+(\S.*)")
NAME_LENGTH = 80
LONGEST_STILL = 3600  # seconds
# of the whole story, or made for it
NOT_OF_A_SCENE = {
    *names_with(Role.WRITTEN),
    *("text", "text_file", "transcript", "transcribe", "subtitle_track", "burn_subtitles"),
    *("encoder", "preset", "crf"),
}


@dataclass(frozen=True)
class Scene:
    """A part of a story: somebody speaks, or a still or clip is shown as it is."""

    name: str
    origin: str  # file and line, for messages
    values: Mapping[str, Any]  # options, checked
    text: str = ""  # Markdown
    seconds: Fraction | None = None  # of a still, or the most of a clip, that is only shown

    @property
    def speaks(self) -> bool:
        return bool(self.text) or "audio" in self.values


@dataclass
class _Draft:
    """A scene whose lines are being read."""

    name: str
    origin: str

    def __post_init__(self) -> None:
        self.cells: dict[str, str] = {}
        self.lines: list[str] = []
        self.begun = False  # a blank line ends the settings


def read_story(path: Path) -> tuple[Scene, ...]:
    """The scenes of a file; UsageError names the first line that is wrong."""
    drafts = list(_drafts(_text(path), path))
    if not drafts[1:]:
        raise InputError(f"{path}: no scene in it: each begins with a line such as '## Anna'")
    if len(drafts) > MOST_SCENES:
        raise InputError(f"{path}: more than {MOST_SCENES} scenes: cut it into parts")
    for_all, *scenes = drafts
    return tuple(_scene(draft, for_all.cells, path.parent) for draft in scenes)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InputError(f"{path}: is longer than {MOST_BYTES >> 20} MB; cut it into parts")
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InputError(f"{path}: cannot be read: {reason}; name another script") from error


def _drafts(text: str, path: Path) -> Iterator[_Draft]:
    """What stands before the first scene, whose settings are for all, then each scene."""
    draft = _Draft("", str(path))
    for number, line in enumerate(text.splitlines(), 1):
        origin = f"{path.name} line {number}"
        if match := HEADING.fullmatch(line.rstrip()):
            yield draft
            draft = _Draft(clean_text(match[1])[:NAME_LENGTH], origin)
        elif not draft.begun and (setting := SETTING.fullmatch(line.rstrip())):
            _add_setting(draft, setting[1].lower().replace("-", "_"), setting[2], origin)
        elif line.strip() and not line.startswith("# "):
            draft.begun = True
            draft.lines.append(line)
        else:
            draft.begun = draft.begun or bool(draft.cells)
            draft.lines.append("")
    yield draft


def _add_setting(draft: _Draft, name: str, value: str, origin: str) -> None:
    if name != "seconds" and (name not in ROW_OPTIONS or name in NOT_OF_A_SCENE):
        raise UsageError(
            f"{origin}: no scene has a setting {name!r}; text needs an empty line before it"
        )
    if name in draft.cells:
        raise UsageError(f"{origin}: {name} stands there twice")
    draft.cells[name] = value


def _scene(draft: _Draft, for_all: Mapping[str, str], folder: Path) -> Scene:
    cells: dict[str, Any] = {**for_all, **draft.cells}
    seconds = _seconds(cells.pop("seconds", None), draft.origin)
    values = row_values(cells, draft.origin, folder.absolute(), folder)
    if "face" not in values:
        raise UsageError(f"{draft.origin}: the scene {draft.name!r} has no face: add 'face: FILE'")
    if VoiceName.parse(values.get("voice", "pico")).is_program:
        raise UsageError(f"{draft.origin}: a script starts no program: give --voice on the command")
    text = "\n".join(draft.lines).strip()
    if text and not has_words(text):
        raise UsageError(f"{draft.origin}: there is no word to speak in the scene {draft.name!r}")
    if text and "audio" in values:
        raise UsageError(f"{draft.origin}: the scene {draft.name!r} has a text and audio: one only")
    return Scene(draft.name, draft.origin, values, text, seconds)


def _seconds(cell: str | None, origin: str) -> Fraction | None:
    if cell is None:
        return None
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", cell) or not 0 < float(cell) <= LONGEST_STILL:
        raise UsageError(f"{origin}: seconds: a number up to {LONGEST_STILL}, got {cell[:20]!r}")
    return Fraction(cell)
