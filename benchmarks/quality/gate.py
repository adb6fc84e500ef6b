"""Synthetic clips through every blend method: each result must get the verdict it deserves."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from base.generator import Batch, Generator, Patches
from benchmarks.blend.cases import LEAST_SHIFT, MOST_SHIFT, NOISE, degrade
from benchmarks.blend.verdict import PLAIN
from benchmarks.markdown import markdown_table
from benchmarks.material.clips import STILL, make_clip
from benchmarks.material.sound import make_speech
from benchmarks.material.weights import make_checkpoint
from blending.methods import BLENDERS
from faces.face import FaceTrack
from options.options import NO_PAGE, Options
from pipeline.donors import donors_of
from pipeline.framing import FaceFraming, Framing
from pipeline.mouth_framing import MouthFraming
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.settings import settings_of
from pipeline.stages import Stages, stages_of
from quality.verdict import BOUNDS, Bound, Level
from video.source import Source

CLIPS = (STILL, "720p")
SECONDS = 4.0
PUPPET, TONED, NETWORK = "puppet", "toned", "network"
SIGNS = np.array([-1, 1, 1], np.float32)
TABLE_METERS = (
    "seam",
    "colour_step",
    "double_mouth",
    "mouth_sharpness",
    "face_sharpness",
    "flicker",
    "jitter",
    "untouched_psnr",
)
# With random weights there is noise instead of a mouth, of which only these figures mean anything
NETWORK_METERS = "ends_apart_ms", "untouched_psnr", "untouched_worst", "untouched_ssim"
MARKS: dict[Level, str] = {"pass": "", "look": " ?", "fail": " !", "unknown": ""}
PASTE_FAULTS = "seam", "colour_step"  # meters that a plain paste of other colours must fail


@dataclass(frozen=True)
class JudgedRun:
    """A run's figures and their levels."""

    clip: str
    mouth: str
    method: str
    values: dict[str, float | None]
    levels: dict[str, Level]

    @property
    def row(self) -> str:
        """Its row in the table: the puppet's own frames know no blend method."""
        return self.mouth if self.mouth == PUPPET else self.method

    @property
    def wrong(self) -> list[str]:
        """The meters that fail and should not, and those that should and do not."""
        failed = [name for name, level in self.levels.items() if level == "fail"]
        if self.method == PLAIN:
            missed = [f"{name} passes" for name in PASTE_FAULTS if name not in failed]
            return [] if self.mouth == PUPPET else missed
        return [name for name in failed if self.mouth != NETWORK or name in NETWORK_METERS]


def gate(checkpoint: Path | None, write: Callable[[dict[str, Any]], None]) -> int:
    """0 where every method keeps every limit and a plain paste fails, else 1."""
    runs = list(_runs(checkpoint))
    print(table([run for run in runs if run.mouth != NETWORK]))
    wrong = [f"{r.clip}, {r.mouth}, {r.method}: {', '.join(r.wrong)}" for r in runs if r.wrong]
    write({"passed": not wrong, "runs": [vars(run) for run in runs]})
    print("\n" + ("\n".join(wrong) or f"all {len(runs)} runs are judged as they should be"))
    return 1 if wrong else 0


def table(runs: Sequence[JudgedRun]) -> str:
    """A row for the puppet and for each method, with the worst of their figures."""
    bounds = [bound for bound in BOUNDS if bound.meter in TABLE_METERS]
    heads = ["worst of its runs", *(bound.title.lower() for bound in bounds)]
    rows = [
        [row, *(_cell(bound, [run for run in runs if run.row == row]) for bound in bounds)]
        for row in dict.fromkeys(run.row for run in runs)
    ]
    limits = [f"{bound.passes:g} ({bound.fails:g})" for bound in bounds]
    return markdown_table(heads, [*rows, ["limit (fails at)", *limits]])


def _cell(bound: Bound, runs: Sequence[JudgedRun]) -> str:
    values = [value for run in runs if (value := run.values[bound.meter]) is not None]
    if not values:
        return "-"
    worst = min(values) if bound.high_is_good else max(values)
    return f"{worst:.2f}{MARKS[bound.level(worst)]}"


def _runs(checkpoint: Path | None) -> Iterator[JudgedRun]:
    with TemporaryDirectory() as folder:
        work = Path(folder)
        sound = make_speech(work / "speech.wav", SECONDS)
        weights = checkpoint or make_checkpoint(work / "network.safetensors")
        for clip in CLIPS:
            face = make_clip(clip, work, SECONDS)
            job = Options(face=face, audio=sound, outfile=work / "r.mp4", cache_dir=work / "cache")
            job = replace(job, quality=NO_PAGE, engine="puppet")
            yield judge_run(job, clip, PUPPET)
            for method in BLENDERS:
                yield judge_run(replace(job, blend_method=method), clip, TONED)
        network = replace(job, engine="openvino", checkpoint_path=weights, fp16=True)
        for method in (PLAIN, "ellipse"):
            yield judge_run(replace(network, blend_method=method), clip, NETWORK)


def judge_run(options: Options, clip: str, mouth: str) -> JudgedRun:
    """Run the command's pipeline with --quality and return its verdict."""
    print(f"{clip}, {mouth}, {options.blend_method}", file=sys.stderr)
    settings = settings_of(options)
    stages = stages_of(settings)
    if mouth == TONED:
        stages = like_a_network(stages, settings.blend.uses_texture)
    report = lipsync(settings, stages, lambda step: None, Clock())
    figures = report.quality["figures"]
    values = {name: figure["value"] for name, figure in figures.items()}
    levels = {name: figure["level"] for name, figure in figures.items()}
    return JudgedRun(clip, mouth, options.blend_method, values, levels)


def like_a_network(stages: Stages, with_donors: bool) -> Stages:
    """The puppet in place of a network: its toned patches of whole faces have to be blended in."""

    def framing(track: FaceTrack, source: Source) -> Framing:
        donors = donors_of(source, track) if with_donors else None
        return FaceFraming(donors, MouthFraming.of(track).rest_gap)

    load = stages.generator
    return replace(stages, framing=framing, generator=lambda scene: with_network_tone(load(scene)))


def with_network_tone(generator: Generator) -> Generator:
    """The generator's mouths as a network leaves them: softer, flatter, tinted in every frame."""
    rng = np.random.default_rng(7)

    def degraded(patch: Patches) -> Patches:
        shift = SIGNS * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3).astype(np.float32)
        noise = rng.uniform(-NOISE, NOISE, patch.shape).astype(np.float32)
        return degrade(patch, shift, noise)

    def run(batches: Iterable[Batch]) -> Iterator[Patches]:
        for patches in generator(batches):
            yield np.stack([degraded(patch) for patch in patches])

    return run
