"""Signals end a run soon, in one line and with their exit code, whatever it is doing.

Python raises a signal's exception in the main thread once that is back from native code, which may
take seconds: compiling a network, say. So a thread waits beside the run: where a signal has not
ended the run in time, the thread removes the unfinished files and ends the process.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, current_thread, main_thread
from types import FrameType
from typing import Any, Protocol

from base.locks import remove_unfinished
from base.signals import EXIT_CODES, INTERRUPTED, Terminated
from command.starting import end_before_the_run, end_process, write_at_once

GRACE = 0.5  # seconds for the way back through all stages
IMPORTER = "<frozen importlib._bootstrap>"


class FinalMessageLock(Protocol):
    """Whoever acquires it, once and for all, says how the run ended."""

    def acquire(self, blocking: bool = True) -> bool: ...


@contextmanager
def stoppable() -> "Iterator[Stop]":
    """The first signal raises here and later ones are ignored; in the main thread alone.

    The Stop that is yielded tells whether a signal came: on its way through C++ the exception may
    come back as another error, and amid an import or a destructor it cannot be raised at all.
    """
    stop = Stop()
    if current_thread() is main_thread():
        stop.install()
    try:
        yield stop
        stop.check()
    except Exception:
        stop.check()
        raise
    finally:
        stop.restore()


@contextmanager
def end_in_time(last_events: Mapping[int, bytes] | None = None) -> Iterator[FinalMessageLock]:
    """End the process where a signal has not ended this block in time; in the main thread alone.

    `last_events` are written to standard output then, by exit code.
    """
    final_message = Lock()
    if current_thread() is not main_thread():
        yield final_message
        return
    signals, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    ended = Event()
    arguments = signals, ended, final_message, last_events or {}
    watch = Thread(target=_watch, args=arguments, name="signals", daemon=True)
    try:
        watch.start()
    except RuntimeError:  # too few processes are allowed: the run will meet and report that
        os.close(signals)
        os.close(wakeup)
        yield final_message
        return
    before = signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    try:
        yield final_message
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(wakeup)
        watch.join()
        os.close(signals)


@dataclass
class Stop:
    """The signal handlers of a run.

    Amid an import nothing is raised, since libraries in C++ may abort there: `check` does it later.
    """

    error: BaseException | None = None  # what the first signal raises
    handlers_before: dict[int, Any] = field(default_factory=dict)
    hook_before: Any = None  # the process's sys.unraisablehook

    def install(self) -> None:
        self.hook_before, sys.unraisablehook = sys.unraisablehook, self._unraisable
        numbers = [n for n in EXIT_CODES if signal.getsignal(n) is not signal.SIG_IGN]
        self.handlers_before = {number: signal.signal(number, self._handle) for number in numbers}

    def check(self) -> None:
        """Raise what a signal was to raise, if one came."""
        if self.error is not None:
            raise self.error from None

    def ignore_from_now(self) -> None:
        """Signals from here on change nothing; one that came before is raised."""
        for number in self.handlers_before:
            signal.signal(number, _ignore)
        self.check()

    def restore(self) -> None:
        for number, handler in self.handlers_before.items():
            # a program is at its end then: a signal comes too late
            at_end = handler is end_before_the_run
            signal.signal(number, signal.SIG_IGN if at_end else handler)
        if self.hook_before is not None:
            sys.unraisablehook = self.hook_before

    def _handle(self, number: int, frame: FrameType | None) -> None:
        for every in self.handlers_before:
            signal.signal(every, _ignore)  # the clean-up on the way out must not be interrupted
        interrupted = EXIT_CODES[signal.Signals(number)] == INTERRUPTED
        self.error = KeyboardInterrupt() if interrupted else Terminated()
        if not _is_importing(frame):
            raise self.error

    def _unraisable(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Python lets nothing out of a destructor and would print it; `check` raises it later."""
        if self.error is None or unraisable.exc_value is not self.error:
            self.hook_before(unraisable)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Not SIG_IGN: of a signal that arrived beside another one Python would say it was lost."""


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename != IMPORTER:
        frame = frame.f_back
    return frame is not None


def _watch(
    signals: int, ended: Event, final_message: FinalMessageLock, last_events: Mapping[int, bytes]
) -> None:
    while number := os.read(signals, 1):
        if number[0] in EXIT_CODES and not ended.wait(GRACE):
            remove_unfinished()
            code = EXIT_CODES[signal.Signals(number[0])]
            if final_message.acquire(blocking=False):
                write_at_once(sys.stdout, last_events.get(code, b""))
                end_process(number[0])
            ended.wait(GRACE)  # the run is saying it
            os._exit(code)
