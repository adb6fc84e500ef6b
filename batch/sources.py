"""Where jobs come from: a folder of pairs, or patterns of files' names."""

import glob
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from base.errors import InputError, UsageError
from batch.rows import Row
from workers.addresses import address_of

SOUND_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("wav", "mp3", "flac", "m4a", "aac", "ogg", "oga", "opus"),
        *("wma", "aiff", "aif", "amr", "mka", "ac3", "caf"),
    )
)
TEXT_SUFFIXES = frozenset({".txt"})  # a text to be spoken
FACE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *(
            "png",
            "jpg",
            "jpeg",
            "webp",
            "bmp",
            "heic",
            "heif",
            "avif",
            "gif",
            "apng",
            "tif",
            "tiff",
        ),
        *("mp4", "m4v", "mov", "mkv", "avi", "webm", "mpg", "mpeg", "ts", "wmv", "flv", "3gp"),
    )
)


def pairs_in(folder: Path) -> list[Row]:
    """Each face with the sound of the same name, or else the text; UsageError for one alone."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}; name another --pairs") from (
            error
        )
    visible = [path for path in files if not path.name.startswith(".")]
    faces, sounds = (_by_stem(visible, suffixes) for suffixes in (FACE_SUFFIXES, SOUND_SUFFIXES))
    texts = _by_stem(visible, TEXT_SUFFIXES)  # beside a sound it is a transcript
    sounds = {**{stem: path for stem, path in texts.items() if stem in faces}, **sounds}
    unpaired = sorted(faces.keys() ^ sounds.keys())
    if unpaired:
        files_by_stem, missing = (faces, "sound") if unpaired[0] in faces else (sounds, "face")
        path = files_by_stem[unpaired[0]]
        raise UsageError(f"{path}: there is no {missing} of the same name beside it")
    if not faces:
        raise UsageError(f"{folder}: holds no face with a sound of the same name")
    return [_row(faces[stem], sounds[stem]) for stem in sorted(faces)]


def _by_stem(files: Sequence[Path], suffixes: frozenset[str]) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in files:
        if path.suffix.lower() in suffixes:
            if path.stem in paths:
                raise UsageError(f"{path}: {paths[path.stem].name} has the same name; rename one")
            paths[path.stem] = path
    return paths


def matching_files(patterns: Sequence[str], flag: str) -> list[Path]:
    """The files that match any of the patterns, sorted; the name of a file matches that file."""
    return sorted({path for pattern in patterns for path in _matches(pattern, flag)})


def _matches(pattern: str, flag: str) -> Iterator[Path]:
    if Path(pattern).is_file() or address_of(Path(pattern)):
        yield Path(pattern)
        return
    matches = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207  ** and absolute ones
    paths = [path for path in matches if path.is_file()]
    if not paths:
        raise UsageError(f"{flag} {pattern}: no file has such a name")
    yield from paths


def combine(faces: Sequence[Path], sounds: Sequence[Path], zipped: bool) -> list[Row]:
    """Every face with every sound; zipped, the first with the first and so on."""
    if not zipped:
        return [_row(face, sound) for face, sound in product(faces, sounds)]
    if len(faces) != len(sounds):
        raise UsageError(f"--zip needs as many faces as sounds, got {len(faces)} and {len(sounds)}")
    return [_row(face, sound) for face, sound in zip(faces, sounds, strict=True)]


def silent(faces: Sequence[Path]) -> list[Row]:
    """Each face without a sound, for --idle."""
    return [Row(face.name, {"face": face}) for face in faces]


def _row(face: Path, sound: Path) -> Row:
    """The sound may be a text."""
    name = "text_file" if sound.suffix.lower() in TEXT_SUFFIXES else "audio"
    return Row(f"{face.name} with {sound.name}", {"face": face, name: sound})
