"""Make a face speak from Python: `from lipsync import lipsync`; see docs/python.md.

Nothing large is imported before it is needed: the installed programs import this module, too.
"""

from __future__ import annotations

from base.errors import (
    EngineError,
    InputError,
    LipSyncError,
    NoFaceError,
    OutOfMemoryError,
    OutputError,
    UsageError,
)
from base.version import __version__

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any

    from pipeline.report import Report, Step

__all__ = [
    "EngineError",
    "InputError",
    "LipSyncError",
    "NoFaceError",
    "OutOfMemoryError",
    "OutputError",
    "Report",
    "Step",
    "UsageError",
    "__version__",
    "lipsync",
]
COMMAND_ONLY = ("check", "debug", "demo", "models")  # options that only the command has


def lipsync(
    face: str | PathLike[str],
    audio: str | PathLike[str] | None,
    outfile: str | PathLike[str],
    *,
    progress: Callable[[Step], None] | None = None,
    **options: Any,  # noqa: ANN401  each has its own type
) -> Report:
    """Write the video of `face` speaking `audio` to `outfile` and return the facts of the run.

    Where `audio` is None a `text` or a `text_file` is spoken, or `idle` says how many seconds a
    photo lives.

    `options` are the command's flags by name, with Python's values; None and False are as without
    the flag. `progress` is called with every step, from threads of the run. What the user can act
    on is raised as a LipSyncError, and no unfinished file is left.
    """
    from base.memory import as_user_error

    words = command_line({"face": face, "audio": audio, "outfile": outfile, **options})
    try:
        return _run(words, progress or _ignore)
    except Exception as error:
        known = as_user_error(error)
        if known is error or type(known) is LipSyncError:  # already ours, or a bug
            raise
        raise known from error


def command_line(options: dict[str, Any]) -> list[str]:
    """Return the options as the words of a command line, so that both are checked alike."""
    from dataclasses import fields

    from options.options import Options

    names = {option.name for option in fields(Options)} - {"progress", *COMMAND_ONLY}
    unknown = sorted(options.keys() - names)
    if unknown:
        raise TypeError(f"lipsync() has no option {', '.join(unknown)}")
    return [word for name, value in options.items() for word in _words(f"--{name}", value)]


def _words(flag: str, value: Any) -> list[str]:  # noqa: ANN401
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, tuple | list):
        return [flag, *map(str, value)]
    return [f"{flag}={value}"]


def _run(words: list[str], tell: Callable[[Step], None]) -> Report:
    from dataclasses import asdict, replace

    from command.flags import parse_options
    from pipeline import run
    from pipeline.report import Clock, write_report
    from pipeline.speaking import settings_with_speech
    from pipeline.stages import WITHOUT_WEIGHTS, stages_of

    clock = Clock()
    options, notices = parse_options(words)
    with settings_with_speech(options, clock) as settings:
        stages = stages_of(settings)
        if stages.engine == "puppet" and options.engine == "auto":
            notices.append(WITHOUT_WEIGHTS)
        report = run.lipsync(settings, stages, tell, clock)
    report = replace(report, notices=(*notices, *report.notices))
    if options.report is not None:
        write_report(options.report, {"options": options.as_json(), **asdict(report)})
    return report


def _ignore(step: Step) -> None:
    """The progress callback of a caller who gave none."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  for Report and Step
    if name not in ("Report", "Step"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline import report

    return getattr(report, name)
