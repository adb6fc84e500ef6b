"""The hidden file beside an output while it is being written."""

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path

from base.locks import locked_file, remove_abandoned

MAX_STEM_BYTES = 100  # of the output's name that go into the partial file's name
PARTIAL_NAMES = re.compile(r"\..*\.(?:\d+-)?([0-9a-f]{16})\.part(?:\.\w+)?")


def partial_file(path: Path) -> AbstractContextManager[Path]:
    """A new file beside `path`, removed at the end unless it was renamed."""
    stem = os.fsencode(path.name)[:MAX_STEM_BYTES].decode(errors="ignore")
    return locked_file(path.parent, f".{stem}.{os.getpid()}-", f".part{path.suffix}")


def remove_abandoned_beside(path: Path) -> None:
    """Remove the partial files that killed runs left in the output's folder."""
    remove_abandoned(path.parent, PARTIAL_NAMES)
