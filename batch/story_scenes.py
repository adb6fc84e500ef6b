"""The scenes of a story made ready: their texts spoken, their lengths known, their jobs listed."""

import json
import tempfile
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from audio.load import load_sound
from base.errors import InputError
from base.locks import replace_file
from batch.rows import ROW_OPTIONS
from batch.story_script import Scene
from options.options import Options
from pipeline.speaking import spoken_text
from speech.speech import Word
from speech.track import read_words
from video.clip import open_media
from video.shape import Shape
from video.source import open_source
from workers.addresses import address_of

STILL_SECONDS = Fraction(3)  # where the script names none
RATE = Fraction(25)  # of a still
# of the text that is spoken already, or of the whole story
NOT_OF_A_JOB = (
    *("voice", "language", "speaking_rate", "pitch", "speech_file"),
    *("subtitles", "subtitle_track", "burn_subtitles", "report", "quality"),
)
WHOLE = Shape(1, False, (0, -1, 0, -1))


@dataclass(frozen=True)
class Part:
    """A scene and what it is made of."""

    scene: Scene
    picture: Path  # that is shown: the video of the speaker, once it is made
    sound: Path | None  # none: silence
    seconds: Fraction
    track: Path | None = None  # of a text's words and phonemes

    @property
    def words(self) -> tuple[Word, ...]:
        return () if self.track is None else read_words(self.track).words


def parts_of(scenes: Sequence[Scene], defaults: Mapping[str, Any], folder: Path) -> list[Part]:
    """Each scene with its text spoken into the folder; what is there already stays untouched."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _part_of(scene, defaults, folder / f"{number:03}") for number, scene in enumerate(scenes, 1)
    ]


def manifest_rows(parts: Sequence[Part], defaults: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The job of every scene in which somebody speaks, as a line of a batch's table."""
    return [_row(part, defaults) for part in parts if part.scene.speaks]


def write_manifest(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    replace_file(path, "".join(json.dumps(row) + "\n" for row in rows).encode())


def _part_of(scene: Scene, defaults: Mapping[str, Any], base: Path) -> Part:
    if scene.text:
        sound, track = _speak(scene, defaults, base)
        with wave.open(str(sound)) as file:
            seconds = Fraction(file.getnframes(), file.getframerate())
        return Part(scene, base.with_suffix(".mkv"), sound, seconds, track)
    if scene.speaks:
        sound = scene.values["audio"]
        seconds = load_sound(sound, defaults["max_seconds"]).duration
        return Part(scene, base.with_suffix(".mkv"), sound, seconds)
    return _silent_part(scene)


def _speak(scene: Scene, defaults: Mapping[str, Any], base: Path) -> tuple[Path, Path]:
    values = {**defaults, **scene.values, "outfile": base.with_suffix(".mkv")}
    with tempfile.TemporaryDirectory(dir=base.parent, prefix=".speech.") as folder:
        text = Path(folder, "scene.md")
        text.write_text(scene.text, "utf-8")
        narration = spoken_text(Options(**{**values, "text_file": text}), Path(folder))
        files = base.with_suffix(".wav"), base.with_suffix(".json")
        for new, kept in zip((narration.sound, narration.track), files, strict=True):
            if not kept.exists() or kept.read_bytes() != new.read_bytes():
                new.replace(kept)
    return files


def _silent_part(scene: Scene) -> Part:
    """A still for its seconds, or a clip for its own length at most."""
    path: Path = scene.values["face"]
    source = open_source(path, WHOLE, RATE)
    if source.still:
        return Part(scene, path, None, scene.seconds or STILL_SECONDS)
    with open_media(path) as container:
        length = Fraction(container.duration or 0, av.time_base)
    seconds = min(length or STILL_SECONDS, scene.seconds or length or STILL_SECONDS)
    if seconds <= 0:
        raise InputError(f"{scene.origin}: {path} has no length; give seconds")
    return Part(scene, path, path if source.has_sound else None, seconds)


def _row(part: Part, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The scene's options where they are not those of any run."""
    values = {**defaults, **part.scene.values}
    values = {n: v for n, v in values.items() if n in ROW_OPTIONS and v != getattr(Options, n)}
    for name in NOT_OF_A_JOB:
        values.pop(name, None)
    values |= {"audio": part.sound, "outfile": part.picture}
    if part.track is not None:
        if "visemes" not in values and "checkpoint_path" not in values:
            values["visemes"] = part.track
        if defaults["burn_subtitles"]:
            values |= {"transcript": part.track, "burn_subtitles": True}
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: Any) -> Any:  # noqa: ANN401  an option's own type
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Path):
        return str(value if address_of(value) else value.absolute())
    return value if isinstance(value, bool | int | float | str) else str(value)
