"""What a person or a program is told of a run; nothing else of wav2lip prints."""

import io
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TextIO

from base.signals import MESSAGES
from base.text import one_line
from base.version import __version__
from pipeline.options import Options
from pipeline.report import Report, Step


class Display:
    """Shows a run while it lasts; this one shows nothing."""

    def start(self, options: Options) -> None: ...
    def step(self, step: Step) -> None: ...
    def checked(self, facts: dict[str, Any]) -> None: ...
    def done(self, report: Report) -> None: ...
    def failed(self, message: str, exit_code: int) -> None: ...
    def close(self) -> None: ...

    def last_lines(self) -> dict[int, bytes]:
        """For standard output, by exit code, where a signal ends the run from outside of it."""
        return {}


class JsonLines(Display):
    """One JSON object a line on standard output."""

    def __init__(self) -> None:
        self._stage = ""
        wait_for_readers(sys.stdout)

    def start(self, options: Options) -> None:
        self._tell("start", version=__version__, options=options.as_json())

    def step(self, step: Step) -> None:
        if step.stage != self._stage:
            self._stage = step.stage
            self._tell("stage", stage=step.stage, of=step.of)
        self._tell("frame", stage=step.stage, done=step.done, of=step.of)

    def checked(self, facts: dict[str, Any]) -> None:
        self._tell("check", **facts)

    def done(self, report: Report) -> None:
        self._tell("done", **asdict(report))

    def failed(self, message: str, exit_code: int) -> None:
        self._tell("error", message=message, exit_code=exit_code)

    def last_lines(self) -> dict[int, bytes]:
        return {
            code: _event("error", message=words, exit_code=code).encode()
            for code, words in MESSAGES.items()
        }

    def _tell(self, event: str, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        tell(sys.stdout, event, **facts)


def wait_for_readers(stream: TextIO | None) -> None:
    """What does not wait loses lines where whoever reads them is slow."""
    with suppress(OSError, ValueError):
        if stream is not None:
            os.set_blocking(stream.fileno(), True)


def tell(program: TextIO | None, event: str, /, **facts: Any) -> None:  # noqa: ANN401
    """One line to whatever reads events."""
    if program is None:  # closed from the start
        return
    try:
        program.write(_event(event, **facts))
        program.flush()
    except OSError:  # nobody reads any more; the video is wanted all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), program.fileno())


def _event(name: str, /, **facts: Any) -> str:  # noqa: ANN401  anything JSON can hold
    return json.dumps({"event": name, **facts}) + "\n"


class Bar(Display):
    """A bar on the terminal for each stage."""

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

    def done(self, report: Report) -> None:
        self.close()

    def failed(self, message: str, exit_code: int) -> None:
        self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def say(words: str) -> None:
    """To people: one line on standard error."""
    with suppress(OSError):  # nobody listens: the exit code still tells
        print(one_line(words), file=sys.stderr or io.StringIO(), flush=True)
