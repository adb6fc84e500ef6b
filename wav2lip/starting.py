"""A program's first moments: until it has made anything, a signal ends it in one line.

Imports next to nothing, so that there is hardly a moment before.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143
CODES = {
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: TERMINATED,
    signal.SIGHUP: TERMINATED,  # the terminal was closed
}
WORDS = {
    INTERRUPTED: "interrupted, no unfinished file is left",
    TERMINATED: "terminated, no unfinished file is left",
}


def end_at_once() -> None:
    """From here on; the run takes over what becomes of signals."""
    for number in CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, left)


def left(number: int, _frame: FrameType | None = None) -> NoReturn:
    """One line where it can be written without waiting, and the end."""
    from select import select

    code = CODES[signal.Signals(number)]
    if sys.stderr is not None and select([], [2], [], 0)[1]:
        os.write(2, f"error: {WORDS[code]}\n".encode())
    os._exit(code)
