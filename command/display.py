"""What a person or a program sees of a run; no other module of the single command prints."""

import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from base.signals import MESSAGES
from base.text import one_line
from base.version import __version__
from options.options import Options
from pipeline.report import Report, Step

if TYPE_CHECKING:
    from command.inventory import ModelRow


class Display:
    """Shows a run while it lasts; this base class shows nothing."""

    def start(self, options: Options) -> None: ...
    def step(self, step: Step) -> None: ...
    def checked(self, facts: dict[str, Any]) -> None: ...
    def models(self, rows: "Sequence[ModelRow]") -> None:
        """The table goes to standard output: it was asked for."""
        from command.model_table import table_lines

        for line in table_lines(rows):
            write_line(sys.stdout, line)

    def finished(self, report: Report) -> None: ...
    def failed(self, message: str, exit_code: int) -> None: ...
    def close(self) -> None: ...

    def last_events(self) -> dict[int, bytes]:
        """The event that ends standard output where a signal ends the process, by exit code."""
        return {}


class JsonLines(Display):
    """One JSON object a line on standard output."""

    def __init__(self) -> None:
        self._stage = ""
        make_blocking(sys.stdout)

    def start(self, options: Options) -> None:
        self._write("start", version=__version__, options=options.as_json())

    def step(self, step: Step) -> None:
        if step.stage != self._stage:
            self._stage = step.stage
            self._write("stage", stage=step.stage, of=step.of)
        self._write("frame", stage=step.stage, done=step.done, of=step.of)

    def checked(self, facts: dict[str, Any]) -> None:
        self._write("check", **facts)

    def models(self, rows: "Sequence[ModelRow]") -> None:
        self._write("models", models=[asdict(row) for row in rows])

    def finished(self, report: Report) -> None:
        self._write("done", **asdict(report))

    def failed(self, message: str, exit_code: int) -> None:
        self._write("error", message=message, exit_code=exit_code)

    def last_events(self) -> dict[int, bytes]:
        return {
            code: _event_line("error", message=message, exit_code=code).encode()
            for code, message in MESSAGES.items()
        }

    def _write(self, event: str, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        write_event(sys.stdout, event, **facts)


def make_blocking(stream: TextIO | None) -> None:
    """A stream that does not block would lose lines when its reader is slow."""
    with suppress(OSError, ValueError):
        if stream is not None:
            os.set_blocking(stream.fileno(), True)


def write_event(stream: TextIO | None, event: str, /, **facts: Any) -> None:  # noqa: ANN401
    """One JSON object in one line; a stream without a reader is no error."""
    _write(stream, _event_line(event, **facts))


def write_line(stream: TextIO | None, text: str) -> None:
    """One line of what was asked for; a stream without a reader is no error."""
    _write(stream, f"{one_line(text)}\n")


def _write(stream: TextIO | None, line: str) -> None:
    if stream is None:  # closed from the start
        return
    try:
        stream.write(line)
        stream.flush()
    except OSError:  # its reader is gone; the video is made all the same
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  without pathlib
            os.dup2(nowhere.fileno(), stream.fileno())


def _event_line(name: str, /, **facts: Any) -> str:  # noqa: ANN401  anything JSON can hold
    return json.dumps({"event": name, **facts}) + "\n"


class Bar(Display):
    """A progress bar on the terminal for each stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def step(self, step: Step) -> None:
        if self._bar is None or step.stage != self._stage:
            self.close()
            self._stage = step.stage
            from tqdm import tqdm  # takes as long to import as all of argparse

            self._bar = tqdm(total=step.of, desc=step.stage, unit="frame", leave=False)
        self._bar.total = step.of
        self._bar.update(step.done - self._bar.n)

    def finished(self, report: Report) -> None:
        self.close()

    def failed(self, message: str, exit_code: int) -> None:
        self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def say(text: str) -> None:
    """Write one line for people to standard error."""
    with suppress(OSError):  # nobody reads it: there is still the exit code
        print(one_line(text), file=sys.stderr or io.StringIO(), flush=True)
