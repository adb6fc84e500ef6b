"""A program's first moments: until it has made anything, a signal ends it in one line.

Imports next to nothing, so that a signal hardly ever comes before; and nothing large before it is
known that there is memory for it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from select import select

from base.environment import prepare_environment
from base.signals import EXIT_CODES, MESSAGES

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NoReturn, TextIO

IMPORT_BYTES = 400 << 20  # address space; with less, numpy's OpenBLAS waits for ever
COLLECT_AFTER = 5000  # new objects; Python's 700 are there a hundred times in what is imported
OUT_OF_MEMORY = 7  # base.errors.OutOfMemoryError's exit code


def start(import_main: Callable[[], Callable[..., int]], /, **defaults: Any) -> int:  # noqa: ANN401
    """Run the `main` function that `import_main` returns as a program; its exit code.

    `defaults` are options whose default is another one in this program.
    """
    end_on_signals()
    prepare_environment()
    gc.set_threshold(COLLECT_AFTER)
    from base.memory import can_allocate, is_out_of_memory, reuse_freed_memory

    if not can_allocate(IMPORT_BYTES):
        return _out_of_memory()
    try:
        main = import_main()
    except (MemoryError, ImportError) as error:
        if not is_out_of_memory(error):
            raise
        return _out_of_memory()
    reuse_freed_memory()
    return main(**defaults)


def end_on_signals() -> None:
    """A signal ends the process at once, until the run installs its own handlers."""
    for number in EXIT_CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, end_before_the_run)


def end_before_the_run(number: int, _frame: FrameType | None = None) -> NoReturn:
    """The signal handler while there is no display of events yet."""
    code = EXIT_CODES[signal.Signals(number)]
    write_at_once(sys.stdout, _error_event(MESSAGES[code], code).encode())
    end_process(number)


def end_process(number: int) -> NoReturn:
    """Say in one line that the signal ended the run, and exit without any clean-up."""
    code = EXIT_CODES[signal.Signals(number)]
    write_at_once(sys.stderr, f"error: {MESSAGES[code]}\n".encode())
    os._exit(code)


def write_at_once(stream: TextIO | None, line: bytes) -> None:
    """Write past all buffers, unless that would have to wait for a reader."""
    try:
        if stream is not None and select([], [stream], [], 0)[1]:
            os.write(stream.fileno(), line)
    except (OSError, ValueError):  # contextlib.suppress may be what is being imported
        pass


def _out_of_memory() -> int:
    from base.memory import OUT_OF_MEMORY_MESSAGE

    return say_error(OUT_OF_MEMORY_MESSAGE, OUT_OF_MEMORY)


def say_error(message: str, exit_code: int) -> int:
    """Say, where there is no display yet, why the program ends; return the exit code."""
    write_at_once(sys.stdout, _error_event(message, exit_code).encode())
    write_at_once(sys.stderr, f"error: {message}\n".encode())
    return exit_code


def _error_event(message: str, exit_code: int) -> str:
    """For `--progress json`, else nothing; json itself might be what was being imported."""
    if not {"json", "--progress=json"} & set(sys.argv):
        return ""
    text = message.replace("\\", "/").replace('"', "'")
    return f'{{"event": "error", "message": "{text}", "exit_code": {exit_code}}}\n'
