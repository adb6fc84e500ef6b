"""What a batch shows while it runs: failures alone, a live table, or JSON lines."""

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TextIO

from base.text import one_line
from base.version import __version__
from batch.job import Job, Summary
from command.display import make_blocking, write_event
from workers.task import DONE, FAILED, Outcome, Progress, Ready, Task

DRAW_SECONDS = 0.1  # between two drawings of the table
CLEAR = "\x1b[J"  # the terminal's code that empties the screen from here on


class Watcher:
    """Shows failures, and nothing while all goes well."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def planned(self, jobs: Sequence[Job], kept: int, seats: int) -> None: ...
    def ready(self, ready: Ready) -> None: ...
    def started(self, task: Task, seat: int) -> None: ...
    def progress(self, progress: Progress) -> None: ...

    def ended(self, outcome: Outcome, again: bool) -> None:
        if outcome.status == FAILED:
            self.say(failure(outcome, again))

    def summary(self, summary: Summary) -> None: ...
    def failed(self, message: str, exit_code: int) -> None: ...
    def close(self) -> None: ...

    def say(self, words: str) -> None:
        """Write one line for people."""
        with suppress(OSError, ValueError):  # the stream is closed or has lost its reader
            self._stream.write(one_line(words) + "\n")
            self._stream.flush()


class Table(Watcher):
    """The counts and what each worker does, drawn over itself again and again."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._jobs, self._kept = 0, 0
        self._begun = time.monotonic()
        self._drawn, self._last = 0, 0.0  # lines on the screen, and when they were drawn
        self._running: dict[int, tuple[str, str, int]] = {}  # by seat: name, state, frames
        self._counts = {DONE: 0, FAILED: 0}
        self._frames = 0

    def planned(self, jobs: Sequence[Job], kept: int, seats: int) -> None:
        self._jobs, self._kept = len(jobs), kept
        self._draw(at_once=True)

    def started(self, task: Task, seat: int) -> None:
        self._running[seat] = task.name, "begins", 0
        self._draw(at_once=True)

    def progress(self, progress: Progress) -> None:
        if progress.seat in self._running:
            name = self._running[progress.seat][0]
            state = f"{progress.stage} {progress.done} of {progress.of}"
            frames = progress.done if progress.stage == "frames" else 0
            self._running[progress.seat] = name, state, frames
            self._draw()

    def ended(self, outcome: Outcome, again: bool) -> None:
        self._running.pop(outcome.seat, None)
        if not again:
            self._counts[outcome.status] += 1
            self._frames += outcome.frames
        super().ended(outcome, again)
        self._draw(at_once=True)

    def say(self, words: str) -> None:
        self.close()
        super().say(words)

    def close(self) -> None:
        """Remove the table; what is written next stands in its place."""
        if self._drawn:
            self._write(f"\x1b[{self._drawn}F{CLEAR}")
            self._drawn = 0

    def _draw(self, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._last >= DRAW_SECONDS:
            self._last = time.monotonic()
            width = shutil.get_terminal_size().columns - 1
            lines = [one_line(line)[:width] for line in self._lines()]
            up = f"\x1b[{self._drawn}F" if self._drawn else ""
            self._write(up + CLEAR + "".join(f"{line}\n" for line in lines))
            self._drawn = len(lines)

    def _lines(self) -> list[str]:
        seconds = time.monotonic() - self._begun
        ended = sum(self._counts.values())
        left = self._jobs - self._kept - ended - len(self._running)
        head = f"{self._counts[DONE]} done, {self._counts[FAILED]} failed"
        head += f", {len(self._running)} running, {left} left"
        head += f", {self._kept} from before" if self._kept else ""
        frames = self._frames + sum(frames for _, _, frames in self._running.values())
        head += f"; {frames / max(seconds, 1e-9):.1f} frames a second"
        head += f", {duration(time_left(seconds, ended, left, len(self._running)))} to go"
        rows = sorted(self._running.items())
        return [head, *(f"  {seat + 1:>3}  {name}  {state}" for seat, (name, state, _) in rows)]

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


class JsonLines(Watcher):
    """One JSON object a line on another stream, for programs; failures for people, too."""

    def __init__(self, stream: TextIO, events: TextIO) -> None:
        super().__init__(stream)
        self._events = events
        make_blocking(events)
        self._names: Mapping[int, str] = {}

    def planned(self, jobs: Sequence[Job], kept: int, seats: int) -> None:
        self._names = {number: job.name for number, job in enumerate(jobs)}
        self._event("plan", version=__version__, jobs=len(jobs), kept=kept, workers=seats)

    def ready(self, ready: Ready) -> None:
        self._event("worker", **asdict(ready))

    def started(self, task: Task, seat: int) -> None:
        self._event("started", name=task.name, number=task.number, tries=task.tries, seat=seat)

    def progress(self, progress: Progress) -> None:
        self._event("progress", name=self._names[progress.number], **asdict(progress))

    def ended(self, outcome: Outcome, again: bool) -> None:
        self._event("ended", again=again, **outcome.as_json())
        super().ended(outcome, again)

    def summary(self, summary: Summary) -> None:
        self._event("done", **summary.totals())

    def failed(self, message: str, exit_code: int) -> None:
        self._event("error", message=message, exit_code=exit_code)

    def job(self, facts: Mapping[str, Any]) -> None:
        self._event("job", **facts)

    def _event(self, event: str, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        write_event(self._events, event, **facts)


def failure(outcome: Outcome, again: bool) -> str:
    """The line that tells of a failed try."""
    tries = f", try {outcome.tries}" if outcome.tries > 1 else ""
    end = "; it is tried again" if again else ""
    return f"failed ({outcome.exit_code}{tries}): {outcome.name}: {outcome.error}{end}"


def time_left(seconds: float, ended: int, left: int, running: int) -> float | None:
    """Seconds to go if jobs take as long as before; None before one has ended.

    What runs is taken to be half done.
    """
    return None if ended == 0 else seconds / ended * (left + running / 2)


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
