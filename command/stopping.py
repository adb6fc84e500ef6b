"""Signals end a run soon, in one line and with their code, whatever it is doing.

Python raises them in the main thread once that is back from what it does outside of Python, which
may take seconds: compiling a network, say. So a thread waits beside it, and where a run has not
ended in time after a signal, the thread ends the process and removes what was half made.
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
from command.starting import left, left_early, tell_at_once

IN_TIME = 0.5  # seconds for the way back through all stages
SOON, TRIES = 0.01, 100  # seconds until it is tried again to raise amid an import, and how often
IMPORTER = "<frozen importlib._bootstrap>"


class Word(Protocol):
    """Can be taken once."""

    def acquire(self, blocking: bool = True) -> bool: ...


@contextmanager
def stoppable() -> "Iterator[Stop]":
    """The first signal raises here, and later ones are ignored; in the main thread alone.

    Gives what tells whether one came: passed through C++, it may come back as another error.
    """
    stop = Stop()
    if current_thread() is main_thread():
        stop.listen()
    try:
        yield stop
        stop.check()
    except Exception:
        stop.check()
        raise
    finally:
        stop.close()


@contextmanager
def in_time(last_lines: Mapping[int, bytes] | None = None) -> Iterator[Word]:
    """A signal that has not ended this in time ends the process; in the main thread alone.

    `last_lines` are what standard output is told then, by exit code. Whoever takes the word that is
    given says that the run was stopped: it is said once.
    """
    word = Lock()
    if current_thread() is not main_thread():
        yield word
        return
    told, tells = os.pipe()
    os.set_blocking(tells, False)
    ended = Event()
    given = told, ended, word, last_lines or {}
    watch = Thread(target=_watch, args=given, name="signals", daemon=True)
    try:
        watch.start()
    except RuntimeError:  # so few processes are allowed: the work will meet it, too, and say so
        os.close(told)
        os.close(tells)
        yield word
        return
    before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    try:
        yield word
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(tells)
        watch.join()
        os.close(told)


@dataclass
class Stop:
    """Raises in the main thread, but not amid an import: libraries in C++ may abort there.

    And once more where it was raised in vain.
    """

    error: BaseException | None = None
    tries: int = TRIES
    before: dict[int, Any] = field(default_factory=dict)  # whose the signals were
    alarm: Any = None  # what SIGALRM was for, while it is ours
    hook: Any = None  # who was told of errors that Python lets nobody catch

    def listen(self) -> None:
        self.hook, sys.unraisablehook = sys.unraisablehook, self.lost
        asked = [one for one in EXIT_CODES if signal.getsignal(one) is not signal.SIG_IGN]
        self.before = {number: signal.signal(number, self.heard) for number in asked}

    def check(self) -> None:
        """Raises what a signal has raised."""
        if self.error is not None:
            raise self.error from None

    def too_late(self) -> None:
        """What comes from here on is not heard; what came before is raised."""
        for number in self.before:
            signal.signal(number, _nothing)
        self.check()

    def close(self) -> None:
        self.error = None  # for an alarm that is on its way
        if self.alarm is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.alarm)
        for number, handler in self.before.items():
            # a program is at its end: what comes now comes too late
            signal.signal(number, signal.SIG_IGN if handler is left_early else handler)
        if self.hook is not None:
            sys.unraisablehook = self.hook

    def heard(self, number: int, frame: FrameType | None) -> None:
        for every in self.before:
            signal.signal(every, _nothing)  # the way out is not to be left half-way
        interrupted = EXIT_CODES[signal.Signals(number)] == INTERRUPTED
        self.error = KeyboardInterrupt() if interrupted else Terminated()
        self.once_more(number, frame)

    def once_more(self, _number: int, frame: FrameType | None) -> None:
        if not (self.tries and _imports(frame)):
            return self.check()
        self.tries -= 1
        self.try_soon()

    def lost(self, what: "sys.UnraisableHookArgs") -> None:
        """A stop that was raised in a destructor, say, out of which Python lets nothing."""
        if self.error is not None and what.exc_value is self.error:
            self.try_soon()
        else:
            self.hook(what)

    def try_soon(self) -> None:
        if self.alarm is None:
            self.alarm = signal.signal(signal.SIGALRM, self.once_more) or signal.SIG_DFL
        signal.setitimer(signal.ITIMER_REAL, SOON)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Not SIG_IGN: of a signal that came beside another one Python would say that it was lost."""


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported."""
    while frame is not None and frame.f_code.co_filename != IMPORTER:
        frame = frame.f_back
    return frame is not None


def _watch(told: int, ended: Event, word: Word, last_lines: Mapping[int, bytes]) -> None:
    while number := os.read(told, 1):
        if number[0] in EXIT_CODES and not ended.wait(IN_TIME):
            remove_unfinished()
            code = EXIT_CODES[signal.Signals(number[0])]
            if word.acquire(blocking=False):
                tell_at_once(sys.stdout, last_lines.get(code, b""))
                left(number[0])
            ended.wait(IN_TIME)  # it is being said
            os._exit(code)
