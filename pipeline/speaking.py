"""A text in place of a sound: spoken into files before the run, which reads them as any other."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from base.cache import mark_used, new_entry, remove, remove_oldest
from base.errors import InputError
from base.locks import locked_file
from options.options import Options
from pipeline.listening import with_words
from pipeline.preflight import check_places
from pipeline.report import Clock
from pipeline.run_folder import run_folder
from pipeline.settings import Settings, files_settings, settings_of
from speech.voice import VoiceSettings
from speech.voices import VOICES, VoiceName
from video.output_paths import output_errors

if TYPE_CHECKING:  # what speaks is imported only where there is a text
    from speech.narration import Narration
    from speech.text import Script

STDIN = Path("-")
MOST_BYTES = 1 << 20  # of a text, some twenty hours
MARKDOWN = (".md", ".markdown")
FOLDER = "speech"  # of the cache
OWN_LANGUAGES = {"pico": "en", "espeak": "en"}  # of voices that speak others, too
MOST, MOST_KEPT = 256, 1 << 30  # entries, and bytes of all
ROOT = Path(__file__).parent.parent
CODE_FILES = ("speech/*.py", "speech/data/*", "base/phonemes.py")  # their change makes others
RUN_FOLDER = ".lipsync-speech."
UNFINISHED = re.compile(r"\.lipsync-speech\.([0-9a-f]{16})")
NAMES = ("spoken.wav", "spoken.json")


@contextmanager
def settings_with_speech(options: Options, clock: Clock) -> Iterator[Settings]:
    """The settings of a run whose outputs can be written, its text spoken.

    At the end, unless an error is raised, the sound is where --speech_file wants it.
    """
    check_places(files_settings(options))
    with with_speech(options, clock) as spoken, with_words(spoken, clock) as listened:
        settings = settings_of(listened)
        of_the_text = listened.visemes is not options.visemes
        yield replace(settings, mouth=replace(settings.mouth, spoken=of_the_text))


@contextmanager
def with_speech(options: Options, clock: Clock) -> Iterator[Options]:
    """The options with a sound, and the phonemes in it, in place of a text."""
    if options.text is None and options.text_file is None:
        yield options
        return
    with run_folder(RUN_FOLDER, UNFINISHED) as folder:
        with clock.stage("speech"):
            narration = spoken_text(options, folder)
        visemes = options.visemes
        if visemes is None and options.drive_audio is None and not options.recognise_phonemes:
            visemes = narration.track
        yield replace(
            options,
            text=None,
            text_file=None,
            audio=narration.sound,
            visemes=visemes,
            transcript=narration.track,
            language=options.language or OWN_LANGUAGES.get(options.voice),
        )
        if options.speech_file is not None:
            _deliver(narration.sound, options.speech_file)


def spoken_text(options: Options, folder: Path) -> Narration:
    """The text of the options as files in the folder, from the cache where it was spoken before."""
    from speech.narration import narrate

    script, name = script_in(options), VoiceName.parse(options.voice)
    settings = VoiceSettings(
        argument=name.argument,
        language=options.language,
        rate=options.speaking_rate,
        pitch=options.pitch,
        cache=options.cache_folder,
    )
    entry = None
    if options.cache_folder is not None:
        entry = options.cache_folder / FOLDER / _key(script, name, settings)
    narration = None if entry is None else _read(entry, folder)
    if narration is None:
        voice = VOICES[name.name](settings)
        narration = narrate(script, voice, folder, options.max_seconds)
        if entry is not None:
            _keep(entry, narration)
    return narration


def script_in(options: Options) -> Script:
    """What --text or --text_file say; InputError where there is nothing to speak."""
    from speech.text import script_of

    if options.text is not None:
        name, text, markdown = "--text", options.text, False
    else:
        assert options.text_file is not None
        name = f"--text_file {str(options.text_file)!r}"
        text = _text_of(options.text_file, name)
        markdown = options.text_file.suffix.lower() in MARKDOWN
    if len(text) > MOST_BYTES:
        raise _too_long(name)
    script = script_of(text, markdown)
    if script is None:
        raise InputError(f"{name}: there is no word in it to speak; give a sentence")
    return script


def _text_of(path: Path, name: str) -> str:
    try:
        if path == STDIN:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        elif not path.is_file():
            raise InputError(f"{name}: is no file of text; name one, or - for standard input")
        else:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{name}: cannot be read; name another file of text") from error
    if len(content) > MOST_BYTES:
        raise _too_long(name)
    try:
        return content.decode("utf-8-sig")
    except ValueError as error:
        raise InputError(f"{name}: is no text in UTF-8; save it as such") from error


def _too_long(name: str) -> InputError:
    return InputError(f"{name}: is longer than {MOST_BYTES >> 20} MB of text; cut it into parts")


def _key(script: Script, name: VoiceName, settings: VoiceSettings) -> str:
    """Changes with all that the sound depends on, and with the code that makes it."""
    facts = (script, name, _stamp(name), settings.language, settings.rate, settings.pitch)
    digest = blake2b(repr(facts).encode(), digest_size=16)
    for path in sorted(path for pattern in CODE_FILES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp(name: VoiceName) -> tuple[int, int] | None:
    """Changes with the file of a voice, or of a program."""
    words = name.argument.split() if name.is_program else [name.argument]
    path = shutil.which(words[0]) if name.is_program and words else words[0]
    with suppress(OSError, ValueError):
        if path:
            facts = os.stat(path)  # noqa: PTH116
            return facts.st_size, facts.st_mtime_ns
    return None


def _read(entry: Path, folder: Path) -> Narration | None:
    """None where there is none; one that is damaged is removed."""
    import zipfile

    from speech.narration import Narration

    if not entry.exists():
        return None
    try:
        with zipfile.ZipFile(entry) as archive:
            for name in NAMES:
                with archive.open(name) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, NotImplementedError, EOFError):
        remove(entry)
        return None
    mark_used(entry)
    return Narration(folder / NAMES[0], folder / NAMES[1])


def _keep(entry: Path, narration: Narration) -> None:
    """A failure is ignored, since only the next run is slower for it."""
    import zipfile

    with suppress(OSError, ValueError):
        with new_entry(entry) as path, zipfile.ZipFile(path, "w") as archive:
            for name, file in zip(NAMES, (narration.sound, narration.track), strict=True):
                archive.write(file, name)
        remove_oldest(entry.parent, MOST, MOST_KEPT)


def _deliver(sound: Path, target: Path) -> None:
    """The sound as a file of this name, whole or not at all; a device is written into."""
    with output_errors(target, "--speech_file"):
        path = target.resolve()
        if path.exists() and not path.is_file():
            shutil.copyfile(sound, target)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked_file(path.parent, ".whole.", ".part") as partial:
            shutil.copyfile(sound, partial)
            partial.replace(path)
