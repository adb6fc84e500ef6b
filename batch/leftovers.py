"""Unfinished videos of processes that were killed."""

import os
import re
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\.(?P<stem>.*)\.(?P<pid>\d+)-[0-9a-f]{8}\.part", re.DOTALL)


def sweep(outfile: Path, pid: int | None = None) -> None:
    """Remove what process `pid`, or any that is no more, has left of the video."""
    with suppress(OSError):
        for path in outfile.parent.iterdir():
            found = PARTIAL.fullmatch(path.name.removesuffix(outfile.suffix))
            if found and outfile.name.startswith(found["stem"]) and _ended(int(found["pid"]), pid):
                path.unlink(missing_ok=True)


def _ended(maker: int, pid: int | None) -> bool:
    return maker == pid or (pid is None and not _alive(maker))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
