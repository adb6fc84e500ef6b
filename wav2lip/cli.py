"""The command: flags in, exit code out, and everything that a person or a program is told."""

import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import LipSyncError, OutOfMemoryError
from faces.detectors import DETECTORS, Detector, DetectorSettings
from geometry import Rect
from wav2lip import __version__
from wav2lip.checkpoint import find
from wav2lip.flags import parsed, progress_asked
from wav2lip.generators import NETWORKS, PREPARERS, EngineSettings, choose
from wav2lip.generators.batch import Generator
from wav2lip.generators.prepared import Engine, Loading, Prepared
from wav2lip.memory import TOO_LITTLE, is_short, reuse_freed_memory
from wav2lip.options import Options, demonstration
from wav2lip.report import Clock, Report, Step, write_report
from wav2lip.starting import INTERRUPTED, TERMINATED, WORDS
from wav2lip.stopping import Terminated, in_time, stoppable
from wav2lip.streams import keep_own_lines

if TYPE_CHECKING:
    from wav2lip.pipeline import Stages

CPU_BATCH = 8  # frames in flight: more cost memory and gain no speed
GATED_BATCH = 4  # on a CPU: in pauses frames wait for a batch, and what is left of one is lost
GPU_BATCH = 128
# Address space after the weights are read; OpenVINO ends the process where it gets too little.
MEMORY = {"openvino": 512 << 20, "torch": 512 << 20, "puppet": 320 << 20}
DEMO = Path(__file__).parent.parent / "demo"
WITHOUT_WEIGHTS = "no checkpoint given or found: the built-in puppet moves the mouth"

Load = Callable[[str, str, EngineSettings], Loading]  # the engine's name, and what was asked
Detect = Callable[[str, DetectorSettings], Detector]


class Display:
    """Shows a run while it lasts; this one shows nothing."""

    def start(self, options: Options) -> None: ...
    def step(self, step: Step) -> None: ...
    def checked(self, facts: dict[str, Any]) -> None: ...
    def done(self, report: Report) -> None: ...
    def failed(self, message: str, exit_code: int) -> None: ...
    def close(self) -> None: ...


class JsonLines(Display):
    """One JSON object a line on standard output."""

    def __init__(self) -> None:
        self._stage = ""

    def start(self, options: Options) -> None:
        self._tell("start", version=__version__, options=plain(options))

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

    def _tell(self, event: str, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        try:
            print(json.dumps({"event": event, **facts}), flush=True)
        except OSError:  # nobody reads any more; the video is wanted all the same
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def main(argv: Sequence[str] | None = None, **defaults: Any) -> int:  # noqa: ANN401
    """Run the command; `defaults` are the options that this program sets otherwise."""
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None and "--debug" not in words:
        keep_own_lines()
    display = _display(words)
    reuse_freed_memory()
    with in_time():
        try:
            with stoppable():
                return _attempted(words, display, defaults)
        except KeyboardInterrupt:
            return _stopped(display, INTERRUPTED)
        except Terminated:
            return _stopped(display, TERMINATED)
        finally:
            display.close()


def _attempted(words: Sequence[str], display: Display, defaults: dict[str, Any]) -> int:
    try:
        _run(words, display, defaults)
    except Exception as error:  # noqa: BLE001  told, or raised again
        return _failed(_told(error), display, "--debug" in words)
    return 0


def _run(words: Sequence[str], display: Display, defaults: dict[str, Any]) -> None:
    clock = Clock()
    options, notices = parsed(words, **defaults)
    if options.demo:
        options = demonstration(options, DEMO)
    for notice in notices:
        say(notice)
    if options.check:
        return _checked(options, display, clock)
    report = _made(options, display, clock)
    found = report.notices
    report = replace(report, notices=(*notices, *found))
    if options.report is not None:
        write_report(options.report, {"options": plain(options), **asdict(report)})
    display.done(report)
    for notice in found:  # now that no bar is in the way
        say(notice)
    if options.demo:
        say(f"contact sheet: {_contact_sheet(options.outfile)}")
    if report.quality:
        say(report.quality["sentence"])
    say(
        f"done: {report.outfile}, {report.frames} frames in {report.seconds:.1f} s"
        f" ({report.frames_per_second:.0f} a second, {report.engine})"
    )


def _made(options: Options, display: Display, clock: Clock) -> Report:
    """The video; what reads and writes one is imported now, so that --help need not wait for it."""
    from video.writer import check_place
    from wav2lip.pipeline import lipsync

    if options.report is not None:
        check_place(options.report, "--report")
    if options.quality_page is not None:
        check_place(options.quality_page, "--quality")
    display.start(options)
    return lipsync(options, stages_of(options), display.step, clock)


def _checked(options: Options, display: Display, clock: Clock) -> None:
    """What a run would do, as far as it is known before a face is looked for."""
    from video.writer import check_place
    from wav2lip.pipeline import ready
    from wav2lip.preflight import in_words

    if options.report is not None:
        check_place(options.report, "--report")
    display.start(options)
    stages = stages_of(options)
    job, found, network = ready(options, stages, clock)
    width, height = found.size
    needed = f"about {in_words(found.estimated_bytes)}"
    if found.free_bytes is not None:
        needed += f" of {in_words(found.free_bytes)} that are free"
    say(f"face    {options.face}, {width}x{height}, {float(job.source.fps):.5g} a second")
    say(f"sound   {options.audio}, {found.seconds:.2f} s: {found.frames} frames")
    say(f"mouth   {stages.engine}, cache {network}")
    say(f"output  {options.outfile}, {found.encoder}, {needed}")
    facts = {"outfile": str(options.outfile), "engine": stages.engine, **asdict(found)}
    display.checked({**facts, "caches": {"network": network}})
    say("checked: a run could begin; whether there is a face will show")


def _contact_sheet(video: Path) -> Path:
    from wav2lip.contact import contact_sheet

    return contact_sheet(video)


def stages_of(options: Options, load: Load | None = None, detect: Detect | None = None) -> "Stages":
    """The real detector and generator for these options; weights are found, not yet loaded.

    `load` and `detect` are who makes them, where it is not the registries.
    """
    from wav2lip.pipeline import Stages

    checkpoint = None if options.engine == "puppet" else find(options.checkpoint_path)
    engine = choose(options.engine, options.device, checkpoint)
    gated = options.silence_gating and engine in NETWORKS
    most = GPU_BATCH if engine == "torch" else GATED_BATCH if gated else CPU_BATCH
    batch_size = min(options.wav2lip_batch_size, most)
    cache = None if options.no_cache else options.cache_dir or default_cache()
    settings = EngineSettings(
        checkpoint=checkpoint,
        device=options.device,
        half=options.fp16,
        batch_size=batch_size,
        cache=cache,
        strength=options.lip_strength,
        keep=not options.check,
    )
    detector = DetectorSettings(
        batch_size=options.face_det_batch_size,
        device="cuda" if engine == "torch" and options.device != "cpu" else "cpu",
    )
    loading = (load or _loading)(engine, options.engine, settings)
    return Stages(
        engine=engine,
        batch_size=batch_size,
        gated=gated,
        prepare=loading.prepare,
        memory=MEMORY[engine],
        generator=loading.generator,
        detector=lambda: (detect or _detecting)(options.face_detector, detector),
        cache=cache,
    )


def _loading(engine: str, asked: str, settings: EngineSettings) -> Loading:
    alone = engine == "puppet" and asked == "auto"
    return Engine(partial(_announced if alone else PREPARERS[engine], settings))


def _announced(settings: EngineSettings) -> Prepared:
    """The puppet, where nobody asked for it."""

    def made(shown: Rect) -> Generator:
        say(WITHOUT_WEIGHTS)
        return prepared.generator(shown)

    prepared = PREPARERS["puppet"](settings)
    return replace(prepared, generator=made)


def _detecting(name: str, settings: DetectorSettings) -> Detector:
    return DETECTORS[name](settings)


def default_cache() -> Path | None:
    """None for a user without a home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wav2lip-fast"
    except RuntimeError:
        return None


def one_line(words: str) -> str:
    """Names may hold line breaks, and what a terminal obeys."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


def say(words: str) -> None:
    """To people: one line on standard error."""
    with suppress(OSError):  # nobody listens: the exit code still tells
        print(one_line(words), file=sys.stderr or io.StringIO(), flush=True)


def _display(words: Sequence[str]) -> Display:
    """Chosen before the flags are read, so that a wrong flag is shown as asked, too."""
    asked = progress_asked(words)
    if asked == "auto":
        asked = "bar" if sys.stderr is not None and sys.stderr.isatty() else "none"
    return {"json": JsonLines, "bar": Bar}.get(asked, Display)()


def _told(error: Exception) -> LipSyncError:
    """As one of our errors, by what is behind it; a bug is raised again, with its traceback."""
    if isinstance(error, OutOfMemoryError) or not is_short(error):
        if isinstance(error, LipSyncError):
            return error
        raise error
    short = OutOfMemoryError(TOO_LITTLE)
    short.__cause__ = error
    return short


def _failed(error: LipSyncError, display: Display, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    display.failed(one_line(str(error)), error.exit_code)
    say(f"error: {error}")
    return error.exit_code


def _stopped(display: Display, exit_code: int) -> int:
    display.failed(WORDS[exit_code], exit_code)
    say(f"error: {WORDS[exit_code]}")
    return exit_code


def plain(options: Options) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float | str | tuple | None) else str(value)
        for name, value in asdict(options).items()
    }
