"""A program's first moments: until it has made anything, a signal ends it in one line.

Imports next to nothing, so that there is hardly a moment before; and nothing large before there is
memory for it.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from select import select

from base.environment import prepare_environment
from base.signals import EXIT_CODES, MESSAGES

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NoReturn, TextIO

IMPORTS = 400 << 20  # bytes of address space; with less, numpy's OpenBLAS waits for ever
SHORT = 7  # as of errors.OutOfMemoryError


def start(program: str = "command.cli", /, **defaults: Any) -> int:  # noqa: ANN401  an option's own
    """The program's `main` with the words of the command line; its exit code."""
    end_at_once()
    prepare_environment()
    from base.memory import can_allocate, is_out_of_memory, reuse_freed_memory

    if not can_allocate(IMPORTS):
        return _short()
    try:
        main: Callable[..., int] = import_module(program).main
    except (MemoryError, ImportError) as error:
        if not is_out_of_memory(error):
            raise
        return _short()
    reuse_freed_memory()
    return main(**defaults)


def _short() -> int:
    from base.memory import OUT_OF_MEMORY_MESSAGE

    tell_at_once(sys.stdout, _event(OUT_OF_MEMORY_MESSAGE, SHORT).encode())
    tell_at_once(sys.stderr, f"error: {OUT_OF_MEMORY_MESSAGE}\n".encode())
    return SHORT


def _event(message: str, exit_code: int) -> str:
    """For `--progress json`, else nothing; json itself might be what was being imported."""
    if not {"json", "--progress=json"} & set(sys.argv):
        return ""
    return f'{{"event": "error", "message": "{message}", "exit_code": {exit_code}}}\n'


def end_at_once() -> None:
    """From here on; the run takes over what becomes of signals."""
    for number in EXIT_CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, left_early)


def left_early(number: int, _frame: FrameType | None = None) -> NoReturn:
    """Before there is anything that tells of events."""
    code = EXIT_CODES[signal.Signals(number)]
    tell_at_once(sys.stdout, _event(MESSAGES[code], code).encode())
    left(number)


def left(number: int) -> NoReturn:
    """One line where it can be written without waiting, and the end."""
    code = EXIT_CODES[signal.Signals(number)]
    tell_at_once(sys.stderr, f"error: {MESSAGES[code]}\n".encode())
    os._exit(code)


def tell_at_once(stream: TextIO | None, line: bytes) -> None:
    """Past all buffers, where that takes no waiting and somebody reads."""
    try:
        if stream is not None and select([], [stream], [], 0)[1]:
            os.write(stream.fileno(), line)
    except (OSError, ValueError):  # contextlib may be what is being imported
        pass
