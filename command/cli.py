"""The command: flags in, exit code out."""

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from base.errors import LipSyncError
from base.memory import as_user_error
from base.signals import INTERRUPTED, MESSAGES, TERMINATED, Terminated
from base.text import one_line
from command.display import Bar, Display, JsonLines, say
from command.flags import parse_options, progress_mode
from command.mode_table import mode_facts, mode_lines
from command.stopping import FinalMessageLock, Stop, end_in_time, stoppable
from command.streams import silence_libraries
from options.options import Options, with_demo_inputs
from pipeline.report import Clock, Report, write_report

if TYPE_CHECKING:
    from base.generator import Generator
    from pipeline.job import Job
    from pipeline.preflight import Estimate
    from pipeline.settings import Settings
    from pipeline.stages import Stages
    from wav2lip.generators.prepared import Scene

    MakeStages = Callable[[Settings], Stages]

DEMO = Path(__file__).parent.parent / "demo"
BUG = LipSyncError.exit_code  # and its traceback
BeforeTheEnd = Callable[[], None]


def main(
    argv: Sequence[str] | None = None,
    make_stages: "MakeStages | None" = None,
    **defaults: Any,  # noqa: ANN401
) -> int:
    """Run the command; `defaults` are options whose default is another one in this program.

    `make_stages` may take models that are loaded already.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None and "--debug" not in words:
        silence_libraries()
    display = _display(words)
    with end_in_time(display.last_events()) as final_message:
        try:
            with stoppable() as stop:
                end = partial(_begin_the_end, stop, final_message)
                return _exit_code(Wish(words, defaults, make_stages), display, end)
        except KeyboardInterrupt:
            return _stopped(display, INTERRUPTED, final_message)
        except Terminated:
            return _stopped(display, TERMINATED, final_message)
        finally:
            display.close()


@dataclass(frozen=True)
class Wish:
    """What the command is asked for, before its flags are parsed."""

    words: Sequence[str]
    defaults: dict[str, Any]
    make_stages: "MakeStages | None"

    def stages_of(self, settings: "Settings") -> "Stages":
        """Where the puppet stands in for a network, that is said once a face was found."""
        from pipeline.stages import WITHOUT_WEIGHTS, stages_of

        stages = (self.make_stages or stages_of)(settings)
        if stages.engine != "puppet" or settings.mouth.engine != "auto":
            return stages

        def generator(scene: "Scene") -> "Generator":
            say(WITHOUT_WEIGHTS)
            return stages.generator(scene)

        return replace(stages, generator=generator)


def _begin_the_end(stop: Stop, final_message: FinalMessageLock) -> None:
    """How the run ended is about to be said: a signal from here on changes nothing."""
    stop.ignore_from_now()
    final_message.acquire(blocking=False)


def _exit_code(wish: Wish, display: Display, end: BeforeTheEnd) -> int:
    try:
        _run(wish, display, end)
    except Exception as error:
        end()
        code = _failed(as_user_error(error), display, "--debug" in wish.words)
        if code == BUG:
            raise
        return code
    return 0


def _run(wish: Wish, display: Display, end: BeforeTheEnd) -> None:
    clock = Clock()
    options, notices = parse_options(wish.words, **wish.defaults)
    if options.demo:
        options = with_demo_inputs(options, DEMO)
    for notice in notices:
        say(notice)
    if options.models:
        return _list_models(options, display, end)
    if options.check:
        return _check(wish, options, display, end)
    report = _make_video(wish, options, display, clock)
    later_notices = report.notices
    report = replace(report, notices=(*notices, *later_notices))
    if options.sheet is not None:
        _contact_sheet(options.outfile, options.sheet)
    end()
    if options.report is not None:
        write_report(options.report, {"options": options.as_json(), **asdict(report)})
    display.finished(report)
    _say_done(options, report, later_notices)


def _say_done(options: Options, report: Report, notices: Sequence[str]) -> None:
    """Once no progress bar is in the way."""
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


def _make_video(wish: Wish, options: Options, display: Display, clock: Clock) -> Report:
    """Imports what reads and writes a video only now, so that --help need not wait for it."""
    from pipeline.run import lipsync
    from pipeline.speaking import settings_with_speech

    display.start(options)
    with settings_with_speech(options, clock) as settings:
        return lipsync(settings, wish.stages_of(settings), display.step, clock)


def _check(wish: Wish, options: Options, display: Display, end: BeforeTheEnd) -> None:
    """Say what a run would do, as far as it is known before a face is looked for."""
    from pipeline.run import prepare
    from pipeline.speaking import settings_with_speech

    clock = Clock()
    display.start(options)
    with settings_with_speech(replace(options, speech_file=None), clock) as settings:
        stages = wish.stages_of(settings)
        job, estimate, network = prepare(settings, stages, clock)
    end()
    for notice in job.notices:
        say(notice)
    _say_inputs(options, job, estimate)
    say(f"mouth   {stages.engine}, cache {network}")
    _say_output(options, estimate)
    facts = {"outfile": str(options.outfile), "engine": stages.engine, **asdict(estimate)}
    display.checked({**facts, "caches": {"network": network}, "mode": mode_facts(options)})
    say("checked: a run could begin; whether there is a face will show")


def _say_inputs(options: Options, job: "Job", estimate: "Estimate") -> None:
    width, height = estimate.size
    say(f"face    {options.face}, {width}x{height}, {float(job.source.fps):.5g} a second")
    say(f"sound   {options.sound_name}, {estimate.seconds:.2f} s: {estimate.frames} frames")


def _say_output(options: Options, estimate: "Estimate") -> None:
    from pipeline.preflight import in_words

    needed = f"about {in_words(estimate.estimated_bytes)}"
    if estimate.free_bytes is not None:
        needed += f" of {in_words(estimate.free_bytes)} that are free"
    say(f"output  {options.outfile}, {estimate.encoder}, {needed}")
    for line in mode_lines(options):
        say(line)


def _list_models(options: Options, display: Display, end: BeforeTheEnd) -> None:
    from command.inventory import inventory

    rows = inventory(options)
    end()
    display.models(rows)


def _contact_sheet(video: Path, path: Path) -> None:
    from command.contact_sheet import write_contact_sheet

    write_contact_sheet(video, path)


def _display(words: Sequence[str]) -> Display:
    """Chosen before the flags are parsed: a wrong flag is an event, too."""
    mode = progress_mode(words)
    if mode == "auto":
        mode = "bar" if sys.stderr is not None and sys.stderr.isatty() else "none"
    return {"json": JsonLines, "bar": Bar}.get(mode, Display)()


def _failed(error: LipSyncError, display: Display, debug: bool) -> int:
    display.failed(one_line(str(error)), error.exit_code)
    if error.exit_code == BUG:
        return BUG
    if debug:
        traceback.print_exception(error)
    say(f"error: {error}")
    return error.exit_code


def _stopped(display: Display, exit_code: int, final_message: FinalMessageLock) -> int:
    if final_message.acquire(blocking=False):
        display.failed(MESSAGES[exit_code], exit_code)
        say(f"error: {MESSAGES[exit_code]}")
    return exit_code
