"""Where jobs come from: folders of pairs, patterns of names, tables."""

import glob
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from base.errors import InputError, UsageError
from batch.rows import Row
from workers.addresses import address_of

SOUNDS = frozenset(
    f".{ending}"
    for ending in (
        *("wav", "mp3", "flac", "m4a", "aac", "ogg", "oga", "opus"),
        *("wma", "aiff", "aif", "amr", "mka", "ac3", "caf"),
    )
)
FACES = frozenset(
    f".{ending}"
    for ending in (
        *("png", "jpg", "jpeg", "webp", "bmp"),
        *("mp4", "m4v", "mov", "mkv", "avi", "webm", "mpg", "mpeg", "ts", "wmv", "flv", "3gp"),
    )
)


def pairs_in(folder: Path) -> list[Row]:
    """A face and a sound of the same name each; UsageError for one without the other."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}; name another --pairs") from (
            error
        )
    seen = [path for path in files if not path.name.startswith(".")]
    faces, sounds = (_by_stem(seen, endings) for endings in (FACES, SOUNDS))
    alone = sorted(faces.keys() ^ sounds.keys())
    if alone:
        there, missing = (faces, "sound") if alone[0] in faces else (sounds, "face")
        raise UsageError(f"{there[alone[0]]}: there is no {missing} of the same name beside it")
    if not faces:
        raise UsageError(f"{folder}: holds no face with a sound of the same name")
    return [_row(faces[stem], sounds[stem]) for stem in sorted(faces)]


def _by_stem(files: Sequence[Path], endings: frozenset[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        if path.suffix.lower() in endings:
            if path.stem in found:
                raise UsageError(f"{path}: {found[path.stem].name} has the same name; rename one")
            found[path.stem] = path
    return found


def named(patterns: Sequence[str], flag: str) -> list[Path]:
    """The files that the patterns stand for, sorted; a file's own name always stands for itself."""
    return sorted({path for pattern in patterns for path in _matches(pattern, flag)})


def _matches(pattern: str, flag: str) -> Iterator[Path]:
    if Path(pattern).is_file() or address_of(Path(pattern)):
        yield Path(pattern)
        return
    found = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207  ** and absolute ones
    paths = [path for path in found if path.is_file()]
    if not paths:
        raise UsageError(f"{flag} {pattern}: no file has such a name")
    yield from paths


def combined(faces: Sequence[Path], sounds: Sequence[Path], zipped: bool) -> list[Row]:
    """Every face with every sound, or the first with the first and so on."""
    if not zipped:
        return [_row(face, sound) for face, sound in product(faces, sounds)]
    if len(faces) != len(sounds):
        raise UsageError(f"--zip needs as many faces as sounds, got {len(faces)} and {len(sounds)}")
    return [_row(face, sound) for face, sound in zip(faces, sounds, strict=True)]


def _row(face: Path, sound: Path) -> Row:
    return Row(f"{face.name} with {sound.name}", {"face": face, "audio": sound})
