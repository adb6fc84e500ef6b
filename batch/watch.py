"""What is shown of a batch while it lasts: nothing, a live table, or JSON lines."""

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TextIO

from base.text import one_line
from base.version import __version__
from batch.job import Job, Summary
from command.display import tell, wait_for_readers
from workers.task import DONE, FAILED, Outcome, Progress, Ready, Task

EVERY = 0.1  # seconds between two pictures of the table
CLEAR = "\x1b[J"


class Watcher:
    """Shows nothing, and tells people of failures alone."""

    def __init__(self, people: TextIO) -> None:
        self._people = people

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
        """To people: one line."""
        with suppress(OSError, ValueError):  # nobody listens
            self._people.write(one_line(words) + "\n")
            self._people.flush()


class Table(Watcher):
    """The counts and what each worker is at, drawn over itself again and again."""

    def __init__(self, people: TextIO) -> None:
        super().__init__(people)
        self._jobs, self._kept, self._seats = 0, 0, 0
        self._since = time.monotonic()
        self._drawn, self._last = 0, 0.0
        self._running: dict[int, tuple[str, str, int]] = {}  # name, stage, frames
        self._counts = {DONE: 0, FAILED: 0}
        self._frames = 0

    def planned(self, jobs: Sequence[Job], kept: int, seats: int) -> None:
        self._jobs, self._kept, self._seats = len(jobs), kept, seats
        self._draw(at_once=True)

    def started(self, task: Task, seat: int) -> None:
        self._running[seat] = task.name, "begins", 0
        self._draw(at_once=True)

    def progress(self, progress: Progress) -> None:
        if progress.seat in self._running:
            name = self._running[progress.seat][0]
            told = f"{progress.stage} {progress.done} of {progress.of}"
            frames = progress.done if progress.stage == "frames" else 0
            self._running[progress.seat] = name, told, frames
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
        """Take the table away; what is said next stands in its place."""
        if self._drawn:
            self._write(f"\x1b[{self._drawn}F{CLEAR}")
            self._drawn = 0

    def _draw(self, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            width = shutil.get_terminal_size().columns - 1
            lines = [one_line(line)[:width] for line in self._lines()]
            up = f"\x1b[{self._drawn}F" if self._drawn else ""
            self._write(up + CLEAR + "".join(f"{line}\n" for line in lines))
            self._drawn = len(lines)

    def _lines(self) -> list[str]:
        seconds = time.monotonic() - self._since
        ended = sum(self._counts.values())
        left = self._jobs - self._kept - ended - len(self._running)
        head = f"{self._counts[DONE]} done, {self._counts[FAILED]} failed"
        head += f", {len(self._running)} running, {left} left"
        head += f", {self._kept} from before" if self._kept else ""
        frames = self._frames + sum(frames for _, _, frames in self._running.values())
        head += f"; {frames / max(seconds, 1e-9):.1f} frames a second"
        head += f", {duration(time_left(seconds, ended, left, len(self._running)))} to go"
        rows = sorted(self._running.items())
        return [head, *(f"  {seat + 1:>3}  {name}  {told}" for seat, (name, told, _) in rows)]

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._people.write(text)
            self._people.flush()


class JsonLines(Watcher):
    """One JSON object a line for programs; failures for people, too."""

    def __init__(self, people: TextIO, program: TextIO) -> None:
        super().__init__(people)
        self._program = program
        wait_for_readers(program)
        self._names: Mapping[int, str] = {}

    def planned(self, jobs: Sequence[Job], kept: int, seats: int) -> None:
        self._names = {number: job.name for number, job in enumerate(jobs)}
        self._tell("plan", version=__version__, jobs=len(jobs), kept=kept, workers=seats)

    def ready(self, ready: Ready) -> None:
        self._tell("worker", **asdict(ready))

    def started(self, task: Task, seat: int) -> None:
        self._tell("started", name=task.name, number=task.number, tries=task.tries, seat=seat)

    def progress(self, progress: Progress) -> None:
        self._tell("progress", name=self._names[progress.number], **asdict(progress))

    def ended(self, outcome: Outcome, again: bool) -> None:
        self._tell("ended", again=again, **outcome.plain())
        super().ended(outcome, again)

    def summary(self, summary: Summary) -> None:
        self._tell("done", **summary.totals())

    def failed(self, message: str, exit_code: int) -> None:
        self._tell("error", message=message, exit_code=exit_code)

    def job(self, facts: Mapping[str, Any]) -> None:
        self._tell("job", **facts)

    def _tell(self, event: str, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        tell(self._program, event, **facts)


def failure(outcome: Outcome, again: bool) -> str:
    tries = f", try {outcome.tries}" if outcome.tries > 1 else ""
    end = "; it is tried again" if again else ""
    return f"failed ({outcome.exit_code}{tries}): {outcome.name}: {outcome.error}{end}"


def time_left(seconds: float, ended: int, left: int, running: int) -> float | None:
    """Seconds, if those to come take as long as those before; unknown before one has ended."""
    return None if ended == 0 else seconds / ended * (left + running / 2)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
