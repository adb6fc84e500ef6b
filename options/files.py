"""Files that options name: none may be written over another, or below one."""

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path

from base.errors import UsageError


def check_files(
    read: Mapping[str, Path], written: Mapping[str, Path], cache_dir: Path | None
) -> None:
    """UsageError where a written file, by its flag, is another of them or would need a folder
    that is one."""
    for (flag, path), (other, file) in product(written.items(), {**read, **written}.items()):
        if flag != other and is_same_file(path, file):
            raise UsageError(f"{flag} and {other} are the same file {path}: name another")
    places = written if cache_dir is None else {**written, "--cache_dir": cache_dir}
    for (flag, path), (other, file) in product(places.items(), written.items()):
        if flag != other and lies_below(path, file):
            raise UsageError(f"{flag} {path} lies below {other}, a file: name another")


def check_page(page: Path | None) -> None:
    """UsageError for a page of `--quality` that no browser would open."""
    if page is not None and page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--quality {page}: the page's name ends in .html")


def is_same_file(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):  # one is not there, or is no name: told where it is opened
        return os.path.realpath(one) == os.path.realpath(other) or one.samefile(other)
    return False


def lies_below(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return Path(os.path.realpath(one)).is_relative_to(os.path.realpath(other))
    return False


def default_cache() -> Path | None:
    """None for a user without a home."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (folder if folder.is_absolute() else Path.home() / ".cache") / "wav2lip-fast"
    except RuntimeError:
        return None
