"""Signals that end a run: their exit codes, the sentence that is said, the exception they become.

Imports next to nothing: it is read before a program has done anything.
"""

import signal

INTERRUPTED, TERMINATED = 130, 143
EXIT_CODES = {
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: TERMINATED,
    signal.SIGHUP: TERMINATED,  # the terminal was closed
}
MESSAGES = {
    INTERRUPTED: "interrupted, no unfinished file is left",
    TERMINATED: "terminated, no unfinished file is left",
}


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived: everything is undone on the way out, as after Ctrl-C."""
