"""The command: flags in, exit code out."""

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from base.errors import LipSyncError
from base.geometry import Rect
from base.memory import as_user_error
from base.signals import INTERRUPTED, MESSAGES, TERMINATED, Terminated
from base.text import one_line
from command.display import Bar, Display, JsonLines, say
from command.flags import parsed, progress_asked
from command.stopping import Stop, Word, in_time, stoppable
from command.streams import keep_own_lines
from pipeline.options import Options, with_demo_inputs
from pipeline.report import Clock, Report, write_report
from pipeline.stages import WITHOUT_WEIGHTS, load_engine, stages_of
from wav2lip.generators import EngineSettings
from wav2lip.generators.batch import Generator
from wav2lip.generators.prepared import Loading

DEMO = Path(__file__).parent.parent / "demo"
BUG = LipSyncError.exit_code  # and its traceback
LastWord = Callable[[], None]


def main(argv: Sequence[str] | None = None, **defaults: Any) -> int:  # noqa: ANN401
    """Run the command; `defaults` are the options that this program sets otherwise."""
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None and "--debug" not in words:
        keep_own_lines()
    display = _display(words)
    with in_time(display.last_lines()) as word:
        try:
            with stoppable() as stop:
                return _attempted(words, display, defaults, partial(_last_word, stop, word))
        except KeyboardInterrupt:
            return _stopped(display, INTERRUPTED, word)
        except Terminated:
            return _stopped(display, TERMINATED, word)
        finally:
            display.close()


def _attempted(
    words: Sequence[str], display: Display, defaults: dict[str, Any], last: LastWord
) -> int:
    try:
        _run(words, display, defaults, last)
    except Exception as error:
        last()
        code = _failed(as_user_error(error), display, "--debug" in words)
        if code == BUG:
            raise
        return code
    return 0


def _last_word(stop: Stop, word: Word) -> None:
    """How it ended is about to be told: a signal from here on changes nothing of it."""
    stop.too_late()
    word.acquire(blocking=False)


def _run(words: Sequence[str], display: Display, defaults: dict[str, Any], last: LastWord) -> None:
    clock = Clock()
    options, notices = parsed(words, **defaults)
    if options.demo:
        options = with_demo_inputs(options, DEMO)
    for notice in notices:
        say(notice)
    if options.check:
        return _checked(options, display, clock, last)
    report = _made(options, display, clock)
    found = report.notices
    report = replace(report, notices=(*notices, *found))
    if options.sheet is not None:
        _contact_sheet(options.outfile, options.sheet)
    last()
    if options.report is not None:
        write_report(options.report, {"options": options.as_json(), **asdict(report)})
    display.done(report)
    _tell_people(options, report, found)


def _tell_people(options: Options, report: Report, notices: Sequence[str]) -> None:
    """Now that no bar is in the way."""
    for notice in notices:
        say(notice)
    if options.sheet is not None:
        say(f"contact sheet: {options.sheet}")
    if report.quality:
        say(report.quality["sentence"])
    say(
        f"done: {report.outfile}, {report.frames} frames in {report.seconds:.1f} s"
        f" ({report.frames_per_second:.0f} a second, {report.engine})"
    )


def _made(options: Options, display: Display, clock: Clock) -> Report:
    """The video; what reads and writes one is imported now, so that --help need not wait for it."""
    from pipeline.preflight import check_places
    from pipeline.run import lipsync

    display.start(options)
    check_places(options)
    return lipsync(options, stages_of(options, _announcing), display.step, clock)


class _Announced:
    """The puppet's two steps; that it stands in for a network is said once a face was found."""

    def __init__(self, puppet: Loading) -> None:
        self.prepare, self._puppet = puppet.prepare, puppet

    def generator(self, shown: Rect) -> Generator:
        say(WITHOUT_WEIGHTS)
        return self._puppet.generator(shown)


def _announcing(engine: str, asked: str, settings: EngineSettings) -> Loading:
    loading = load_engine(engine, asked, settings)
    return _Announced(loading) if engine == "puppet" and asked == "auto" else loading


def _checked(options: Options, display: Display, clock: Clock, last: LastWord) -> None:
    """What a run would do, as far as it is known before a face is looked for."""
    from pipeline.preflight import check_places, in_words
    from pipeline.run import ready

    display.start(options)
    check_places(options)
    stages = stages_of(options, _announcing)
    job, found, network = ready(options, stages, clock)
    width, height = found.size
    needed = f"about {in_words(found.estimated_bytes)}"
    if found.free_bytes is not None:
        needed += f" of {in_words(found.free_bytes)} that are free"
    last()
    for notice in job.notices:
        say(notice)
    say(f"face    {options.face}, {width}x{height}, {float(job.source.fps):.5g} a second")
    say(f"sound   {options.audio}, {found.seconds:.2f} s: {found.frames} frames")
    say(f"mouth   {stages.engine}, cache {network}")
    say(f"output  {options.outfile}, {found.encoder}, {needed}")
    facts = {"outfile": str(options.outfile), "engine": stages.engine, **asdict(found)}
    display.checked({**facts, "caches": {"network": network}})
    say("checked: a run could begin; whether there is a face will show")


def _contact_sheet(video: Path, place: Path) -> None:
    from command.contact_sheet import contact_sheet

    contact_sheet(video, place)


def _display(words: Sequence[str]) -> Display:
    """Chosen before the flags are read, so that a wrong flag is shown as asked, too."""
    asked = progress_asked(words)
    if asked == "auto":
        asked = "bar" if sys.stderr is not None and sys.stderr.isatty() else "none"
    return {"json": JsonLines, "bar": Bar}.get(asked, Display)()


def _failed(error: LipSyncError, display: Display, debug: bool) -> int:
    display.failed(one_line(str(error)), error.exit_code)
    if error.exit_code == BUG:
        return BUG
    if debug:
        traceback.print_exception(error)
    say(f"error: {error}")
    return error.exit_code


def _stopped(display: Display, exit_code: int, word: Word) -> int:
    if word.acquire(blocking=False):
        display.failed(MESSAGES[exit_code], exit_code)
        say(f"error: {MESSAGES[exit_code]}")
    return exit_code
