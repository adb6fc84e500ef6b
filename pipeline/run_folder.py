"""A folder for the files of one run that no other reads."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from base.errors import OutputError
from base.locks import locked_folder, remove_abandoned


@contextmanager
def run_folder(name: str, unfinished: "re.Pattern[str]") -> Iterator[Path]:
    """A new folder, removed at the end; those of runs that were killed are removed first.

    `unfinished` matches the names of such folders, whose group is their mark.
    """
    place = Path(tempfile.gettempdir())
    remove_abandoned(place, unfinished)
    try:
        stack = locked_folder(place, name)
        folder = stack.__enter__()
    except OSError as error:
        raise OutputError(f"{place}: cannot be written to: set TMPDIR to another folder") from error
    try:
        yield folder
    finally:
        stack.__exit__(None, None, None)
