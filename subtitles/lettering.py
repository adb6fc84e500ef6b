"""Fonts: which of them has the letters of a text. One ships with us; others are looked for."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from unicodedata import bidirectional, category

from PIL import ImageFont, features

from base.errors import EngineError, InputError

SHIPPED = Path(__file__).parent / "fonts" / "DejaVuSansCondensed-Bold.ttf"
FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"),
    *("~/.fonts", "~/.local/share/fonts", "~/Library/Fonts", "C:/Windows/Fonts"),
)
ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}
MOST_FONTS = 2000  # that are looked at
# Among fonts with the letters, those are taken first whose names have more of these.
GOOD, BAD = (
    ("sans", "cjk", "gothic", "bold"),
    ("mono", "serif", "italic", "oblique", "thin", "light"),
)
TRIED_SIZE = 24  # pixels, at which a letter is looked for
NO_LETTER = "\U0010ffff"  # has none in any font
RIGHT_TO_LEFT = {"R", "AL"}
NEEDED = ("L", "N")  # categories without which a text is not that text; others may be left out

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Fonts:
    """What the lines of some subtitles are drawn with."""

    path_of: Callable[[str], Path]  # by the line's text

    def font(self, text: str, size: int) -> Font:
        """For this line, at a height of so many pixels."""
        return opened(self.path_of(text), size)


def fonts_for(
    texts: Iterable[str], named: Path | None = None, folders: tuple[str, ...] = FOLDERS
) -> Fonts:
    """Fonts with every letter of the lines; EngineError where there is none on this machine."""
    texts = tuple(texts)
    _check_direction("".join(texts))
    if named is not None:
        _check_font(named)
    first = (SHIPPED,) if named is None else (named, SHIPPED)
    chosen = {text: _path_for(text, first, folders) for text in dict.fromkeys(texts)}
    return Fonts(chosen.__getitem__)


def drawable(text: str, path: Path) -> str:
    """The text without the signs that the font lacks."""
    return " ".join("".join(c for c in text if not _is_missing(c, path)).split())


@lru_cache(maxsize=64)
def opened(path: Path, size: int) -> Font:
    return ImageFont.truetype(str(path), size)


def _path_for(text: str, first: tuple[Path, ...], folders: tuple[str, ...]) -> Path:
    for path in _candidates(first, folders):
        if not lacking(text, path):
            return path
    letters = "".join(sorted(lacking(text, first[0])))[:20]
    raise EngineError(
        f"--burn_subtitles: no font here has the letters {letters!r}: name one with --subtitle_font"
    )


def _candidates(first: tuple[Path, ...], folders: tuple[str, ...]) -> Iterator[Path]:
    """Those of the machine are looked for only where the first lack letters."""
    yield from first
    yield from _ranked(folders)


def lacking(text: str, path: Path) -> set[str]:
    """The letters and digits that the font lacks."""
    return {c for c in set(text) if category(c).startswith(NEEDED) and _is_missing(c, path)}


@lru_cache(maxsize=65536)
def _is_missing(char: str, path: Path) -> bool:
    if char.isspace() or category(char) in ("Cf", "Mn", "Me"):
        return False
    try:
        font = opened(path, TRIED_SIZE)
        shapes = [font.getmask(text) for text in (char, NO_LETTER)]
    except (OSError, ValueError):  # no font after all
        return True
    return shapes[0].size == shapes[1].size and bytes(shapes[0]) == bytes(shapes[1])


def _check_font(path: Path) -> None:
    try:
        opened(path, TRIED_SIZE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--subtitle_font {path}: cannot be read as a font; give a .ttf or .otf file"
        ) from error


def _check_direction(text: str) -> None:
    """EngineError where what runs from right to left would come out from left to right."""
    turned = any(bidirectional(char) in RIGHT_TO_LEFT for char in text)
    if turned and not features.check_feature("raqm"):
        raise EngineError(
            "--burn_subtitles: text that runs from right to left needs the library fribidi:"
            " install it (libfribidi0), or use --subtitles or --subtitle_track"
        )


@cache
def _ranked(folders: tuple[str, ...]) -> tuple[Path, ...]:
    """The fonts of this machine, the best for subtitles first."""
    paths = [path for folder in folders for path in _fonts_in(Path(folder).expanduser())]
    return tuple(sorted(paths[:MOST_FONTS], key=_rank))


def _fonts_in(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, n) for n in sorted(names) if Path(n).suffix.lower() in ENDINGS)


def _rank(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    return sum(word in name for word in BAD) - sum(word in name for word in GOOD), name
