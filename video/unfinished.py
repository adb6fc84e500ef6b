"""The hidden file beside an output while it is being made."""

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path

from base.locks import locked_file, remove_abandoned

LONGEST_NAME = 100  # bytes of the output's name in that of the unfinished file
NAMES = re.compile(r"\..*\.(?:\d+-)?([0-9a-f]{16})\.part(?:\.\w+)?")


def unfinished(path: Path) -> AbstractContextManager[Path]:
    """A file that is there while it is made, and gone after unless it was renamed."""
    stem = os.fsencode(path.name)[:LONGEST_NAME].decode(errors="ignore")
    return locked_file(path.parent, f".{stem}.{os.getpid()}-", f".part{path.suffix}")


def sweep_beside(path: Path) -> None:
    """Remove what killed runs have left in the output's folder."""
    remove_abandoned(path.parent, NAMES)
