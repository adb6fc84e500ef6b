"""Medians of the runs, their ratios, and the limits of both."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.limits import LimitCheck
from benchmarks.material.inputs import InputClip
from benchmarks.speed.kinds import COMMAND, FIRST, FLOOR, PLAIN, PUPPET, TimedRun

RATIOS = ((COMMAND, FLOOR), (FIRST, FLOOR), (PUPPET, FLOOR), (PLAIN, COMMAND))
FACES = "faces"  # the stage's name in the command's report


@dataclass(frozen=True)
class Row:
    """The runs of one kind on one clip; its figures are medians over them."""

    clip: str
    kind: str
    runs: tuple[TimedRun, ...]

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError(f"{self.kind} on {self.clip} was never run")

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        return median(run.cpu_seconds for run in self.runs)

    @property
    def peak_mb(self) -> float:
        return median(run.peak_mb for run in self.runs)

    @property
    def first_frame(self) -> float | None:
        times = [run.first_frame for run in self.runs if run.first_frame is not None]
        return median(times) if times else None

    @property
    def stages(self) -> dict[str, float]:
        names = dict.fromkeys(name for run in self.runs for name in run.stages)
        return {name: median(run.stages.get(name, 0.0) for run in self.runs) for name in names}

    @property
    def faces_share(self) -> float:
        """The share of the run's time that finding and following faces takes."""
        return median(run.stages.get(FACES, 0.0) / run.seconds for run in self.runs)

    def as_json(self) -> dict[str, Any]:
        return {
            "clip": self.clip,
            "kind": self.kind,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_mb": self.peak_mb,
            "first_frame": self.first_frame,
            "stages": self.stages,
            "runs": [asdict(run) for run in self.runs],
        }


@dataclass(frozen=True)
class Ratio:
    """The median seconds of `kind` as a multiple of those of `base`."""

    clip: str
    kind: str
    base: str
    times: float


def find_row(rows: Iterable[Row], clip: str, kind: str) -> Row | None:
    return next((row for row in rows if (row.clip, row.kind) == (clip, kind)), None)


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """The ratios of RATIOS of which both kinds were run."""
    result = []
    for clip in dict.fromkeys(row.clip for row in rows):
        for kind, base in RATIOS:
            row, base_row = find_row(rows, clip, kind), find_row(rows, clip, base)
            if row and base_row:
                result.append(Ratio(clip, kind, base, row.seconds / base_row.seconds))
    return result


# (kind, base) -> limit of their ratio, and whether the ratio must be at least so much
RATIO_LIMITS = {
    (COMMAND, FLOOR): (1.8, False),
    (FIRST, FLOOR): (3.0, False),
    (PUPPET, FLOOR): (1.25, False),
    (PLAIN, COMMAND): (6.0, True),
}
LIMITED_CLIP, SHORTEST = "720p", 9.9  # the clip with limits, and its least seconds
HELP_SECONDS = 0.2


def has_limits(clip: InputClip, device: str) -> bool:
    """Only ten seconds of the synthetic 720p clip on a CPU have limits."""
    is_limited_clip = clip.synthetic and clip.name == LIMITED_CLIP
    return is_limited_clip and clip.seconds >= SHORTEST and device != "cuda"


def check_limits(rows: Sequence[Row], help_seconds: float) -> list[LimitCheck]:
    """The limits of these rows, all of one clip."""
    checks = [LimitCheck("--help, seconds", help_seconds, HELP_SECONDS)]
    for ratio in ratios(rows):
        limit, at_least = RATIO_LIMITS[ratio.kind, ratio.base]
        checks.append(LimitCheck(f"{ratio.kind} / {ratio.base}", ratio.times, limit, at_least))
    for row in rows:
        checks += _command_limits(row)
    return checks


def _command_limits(row: Row) -> list[LimitCheck]:
    if row.kind == FIRST:
        return [LimitCheck("faces, share of the first run", row.faces_share, 0.15)]
    if row.kind != COMMAND:
        return []
    start = [] if row.first_frame is None else [LimitCheck("first frame, s", row.first_frame, 0.8)]
    share = LimitCheck("faces, share of the command", row.faces_share, 0.05)
    return [*start, share, LimitCheck("peak memory, MB", row.peak_mb, 600)]
