"""From runs to figures: medians, and how often one fits into another."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.limits import Line
from benchmarks.material.asked import Clip
from benchmarks.speed.kinds import COMMAND, FIRST, FLOOR, PLAIN, PUPPET, Once

RATIOS = ((COMMAND, FLOOR), (FIRST, FLOOR), (PUPPET, FLOOR), (PLAIN, COMMAND))
FACES = "faces"  # the stage's name in the command's report


@dataclass(frozen=True)
class Row:
    """Everything that one kind of run took on one clip; the figures are medians."""

    clip: str
    kind: str
    runs: tuple[Once, ...]

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
        known = [run.first_frame for run in self.runs if run.first_frame is not None]
        return median(known) if known else None

    @property
    def stages(self) -> dict[str, float]:
        names = dict.fromkeys(name for run in self.runs for name in run.stages)
        return {name: median(run.stages.get(name, 0.0) for run in self.runs) for name in names}

    @property
    def faces_share(self) -> float:
        """Of the run's time, spent on finding and following faces."""
        return median(run.stages.get(FACES, 0.0) / run.seconds for run in self.runs)

    def plain(self) -> dict[str, Any]:
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
    """How many times `base` takes what `kind` takes: of the medians."""

    clip: str
    kind: str
    base: str
    times: float


def row_of(rows: Iterable[Row], clip: str, kind: str) -> Row | None:
    return next((row for row in rows if (row.clip, row.kind) == (clip, kind)), None)


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """Those whose two sides were run."""
    found = []
    for clip in dict.fromkeys(row.clip for row in rows):
        for kind, base in RATIOS:
            one, other = row_of(rows, clip, kind), row_of(rows, clip, base)
            if one and other:
                found.append(Ratio(clip, kind, base, one.seconds / other.seconds))
    return found


# times that one kind of run takes another's: (kind, base) -> limit, and whether at least so much
PROMISED = {
    (COMMAND, FLOOR): (1.8, False),
    (FIRST, FLOOR): (3.0, False),
    (PUPPET, FLOOR): (1.25, False),
    (PLAIN, COMMAND): (6.0, True),
}
PROMISED_FOR, SHORTEST = "720p", 9.9  # the clip, and how many seconds it has at least
HELP = 0.2  # seconds


def promised_for(clip: Clip, device: str) -> bool:
    """Promises are about ten seconds of 720p on a CPU, and the made clip."""
    return clip.made and clip.name == PROMISED_FOR and clip.seconds >= SHORTEST and device != "cuda"


def verdict(rows: Sequence[Row], help_seconds: float) -> list[Line]:
    """What is promised of these rows, all of one clip."""
    lines = [Line("--help, seconds", help_seconds, HELP)]
    for ratio in ratios(rows):
        limit, at_least = PROMISED[ratio.kind, ratio.base]
        lines.append(Line(f"{ratio.kind} / {ratio.base}", ratio.times, limit, at_least))
    for row in rows:
        lines += _of_command(row)
    return lines


def _of_command(row: Row) -> list[Line]:
    if row.kind == FIRST:
        return [Line("faces, share of the first run", row.faces_share, 0.15)]
    if row.kind != COMMAND:
        return []
    start = [] if row.first_frame is None else [Line("first frame, s", row.first_frame, 0.8)]
    share = Line("faces, share of the command", row.faces_share, 0.05)
    return [*start, share, Line("peak memory, MB", row.peak_mb, 600)]
