"""The stages of a run: loaded before its work, then put around the mouth."""

from collections.abc import Generator as Stream
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace

from audio.windows import Windows
from base.errors import LipSyncError, UsageError
from base.prefetch import prefetch
from pipeline.report import Clock, StageReport
from pipeline.settings import PictureSettings, StagesSettings
from stages import STAGES, StageEntry
from stages.plugins import load_plugin_stage
from stages.skipping import Skippable, Unchanged
from stages.stage import (
    Described,
    FrameSound,
    Noting,
    OutputFrame,
    Stage,
    StageScene,
    VideoFormat,
)

READ_AHEAD = 4  # frames
QUIETEST, LOUDEST = -4.0, 4.0  # of a mel's numbers


@dataclass(frozen=True)
class Staging:
    """Some stages, one after the other."""

    stages: tuple[tuple[str, Stage], ...] = ()
    reports: tuple[StageReport, ...] = ()  # of those, and of those that were left out

    @property
    def outcomes(self) -> tuple[StageReport, ...]:
        """After the work: what the stages noted, and which of them failed in its middle."""
        stages = dict(self.stages)
        return tuple(_outcome(report, stages.get(report.name)) for report in self.reports)

    @property
    def failures(self) -> tuple[str, ...]:
        """Notices about stages that failed in the middle of the work."""
        failed = [outcome for outcome in self.outcomes if outcome.state == "partly"]
        return tuple(f"the stage {outcome.name} {outcome.reason}" for outcome in failed)

    @property
    def notices(self) -> tuple[str, ...]:
        """About stages that were left out."""
        return without(self.reports)

    def output(self, format: VideoFormat) -> VideoFormat:
        for _, stage in self.stages:
            format = stage.output(format)
        return format

    def frames(
        self, frames: Stream[OutputFrame, None, None], clock: Clock
    ) -> Stream[OutputFrame, None, None]:
        """What the stages make of the frames, each working ahead in a thread of its own."""
        for name, stage in self.stages:
            frames = prefetch(_timed(name, stage, frames, clock), READ_AHEAD)
        return frames


NO_STAGES = Staging()


def _outcome(report: StageReport, stage: Stage | None) -> StageReport:
    """The report of a stage after its work; none: it was left out."""
    if isinstance(stage, Skippable) and stage.failure:
        return replace(report, state="partly", reason=stage.failure)
    done = stage.stage if isinstance(stage, Skippable) else stage
    notes = done.notes if isinstance(done, Noting) else ()
    return replace(report, reason="; ".join(filter(None, (report.reason, *notes))))


def without(reports: Iterable[StageReport]) -> tuple[str, ...]:
    """What the user is told of stages that were left out."""
    left_out = [report for report in reports if report.state == "skipped"]
    return tuple(f"without the stage {report.name}: {report.reason}" for report in left_out)


def open_stages(
    settings: StagesSettings, scene: StageScene, before_mouth: bool, picture: PictureSettings
) -> Staging:
    """Load the wanted stages of this place; what cannot run is an error, or left out."""
    stages: list[tuple[str, Stage]] = []
    reports: list[StageReport] = []
    for name, entry in [*STAGES.items(), *_plugin_entries(settings)]:
        if name not in settings.by_name or entry.before_mouth is not before_mouth:
            continue
        stage, report = _open_stage(name, entry, settings, scene)
        reports.append(report)
        if not isinstance(stage, Unchanged):
            stages.append((name, stage))
        scene = scene.of_format(stage.output(scene.format))
    check_pixels(scene.format, picture)
    return Staging(tuple(stages), tuple(reports))


def _plugin_entries(settings: StagesSettings) -> list[tuple[str, StageEntry]]:
    """The wanted stages of plug-ins, behind ours."""
    return [
        (name, StageEntry(load_plugin_stage)) for name in settings.by_name if name not in STAGES
    ]


def _open_stage(
    name: str, entry: StageEntry, settings: StagesSettings, scene: StageScene
) -> tuple[Stage, StageReport]:
    """The stage; where failures are to be skipped also what stands in for it."""
    own_settings = settings.by_name[name]
    if not settings.skip_failing:
        return _ran(name, entry.load(own_settings, scene))
    instead = Unchanged() if entry.instead is None else entry.instead(own_settings, scene)
    try:
        stage = entry.load(own_settings, scene)
    except LipSyncError as error:
        return instead, StageReport(name, "skipped", str(error))
    if stage.output(scene.format) != instead.output(scene.format):
        return _ran(name, stage)  # nothing can go on where it fails
    _, report = _ran(name, stage)
    return Skippable(stage, instead, scene.format), report


def _ran(name: str, stage: Stage) -> tuple[Stage, StageReport]:
    return stage, StageReport(name, "ran", stage.words if isinstance(stage, Described) else "")


def check_pixels(made: VideoFormat, picture: PictureSettings) -> None:
    """UsageError for a result of more pixels than a picture may have."""
    if 0 < picture.max_pixels < made.width * made.height:
        raise UsageError(
            f"the result would be {made.width}x{made.height}, over --max_pixels"
            f" {picture.max_pixels}: leave --upscale out, or raise the limit"
        )


def sound_of(windows: Windows) -> FrameSound:
    """The sound at every frame, as stages hear it."""
    columns = windows.mel.mean(axis=0)
    loudness = (columns[windows.starts] - QUIETEST) / (LOUDEST - QUIETEST)
    return FrameSound(loudness.clip(0, 1), windows.speaking)


def _timed(
    name: str, stage: Stage, frames: Stream[OutputFrame, None, None], clock: Clock
) -> Stream[OutputFrame, None, None]:
    """The stage's frames; the clock counts its own seconds, without those it waits for frames."""
    with closing(frames):
        yield from clock.each(name, stage(clock.waiting(name, frames)))
