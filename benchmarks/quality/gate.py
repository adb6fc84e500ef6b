"""Made clips through every blend method, each result judged: what must pass, what must not."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.blend.cases import LEAST_SHIFT, MOST_SHIFT, NOISE, as_generated
from benchmarks.blend.table import markdown
from benchmarks.blend.verdict import PLAIN
from benchmarks.material.clips import STILL, make_clip
from benchmarks.material.sound import make_speech
from benchmarks.material.weights import make_checkpoint
from blending.methods import BLENDERS
from pipeline.options import NO_PAGE, Options
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.stages import stages_of
from quality.verdict import BOUNDS, Bound, Level
from wav2lip.generators.batch import Batch, Generator, Patches

CLIPS = (STILL, "720p")
SECONDS = 4.0
PUPPET, TONED, NETWORK = "puppet", "toned", "network"
SIGNS = np.array([-1, 1, 1], np.float32)
SHOWN = (
    "seam",
    "colour_step",
    "double_mouth",
    "mouth_sharpness",
    "face_sharpness",
    "flicker",
    "jitter",
    "untouched_psnr",
)
# Noise instead of a mouth: what is said of mouths means nothing then
OF_NETWORK = "ends_apart_ms", "untouched_psnr", "untouched_worst", "untouched_ssim"
MARKS: dict[Level, str] = {"pass": "", "look": " ?", "fail": " !", "unknown": ""}
SEEN = "seam", "colour_step"  # what a plain paste of other colours must be blamed for


@dataclass(frozen=True)
class Judged:
    """What the meters say of a run."""

    clip: str
    mouth: str
    method: str
    values: dict[str, float | None]
    levels: dict[str, Level]

    @property
    def wrong(self) -> list[str]:
        """What fails and should not, and what should and does not."""
        failed = [name for name, level in self.levels.items() if level == "fail"]
        if self.method == PLAIN:
            missed = [f"{name} passes" for name in SEEN if name not in failed]
            return [] if self.mouth == PUPPET else missed
        return [name for name in failed if self.mouth != NETWORK or name in OF_NETWORK]


def gate(checkpoint: Path | None, keep: Callable[[dict[str, Any]], None]) -> int:
    """0 where every method keeps every limit and the faults of a plain paste are seen, else 1."""
    runs = list(_all(checkpoint))
    print(table([run for run in runs if run.mouth != NETWORK]))
    wrong = [f"{r.clip}, {r.mouth}, {r.method}: {', '.join(r.wrong)}" for r in runs if r.wrong]
    keep({"passed": not wrong, "runs": [vars(run) for run in runs]})
    print("\n" + ("\n".join(wrong) or f"all {len(runs)} runs are judged as they should be"))
    return 1 if wrong else 0


def table(runs: Sequence[Judged]) -> str:
    """A row for each method: the worst of its figures."""
    bounds = [bound for bound in BOUNDS if bound.meter in SHOWN]
    heads = ["worst of its runs", *(bound.title.lower() for bound in bounds)]
    methods = dict.fromkeys(run.method for run in runs)
    rows = [
        [method, *(_cell(bound, [run for run in runs if run.method == method]) for bound in bounds)]
        for method in methods
    ]
    limits = [f"{bound.passes:g} ({bound.fails:g})" for bound in bounds]
    return markdown(heads, [*rows, ["limit (fails at)", *limits]])


def _cell(bound: Bound, runs: Sequence[Judged]) -> str:
    found = [value for run in runs if (value := run.values[bound.meter]) is not None]
    if not found:
        return "-"
    value = min(found) if bound.high_is_good else max(found)
    return f"{value:.2f}{MARKS[bound.level(value)]}"


def _all(checkpoint: Path | None) -> Iterator[Judged]:
    with TemporaryDirectory() as folder:
        here = Path(folder)
        sound = make_speech(here / "speech.wav", SECONDS)
        weights = checkpoint or make_checkpoint(here / "network.safetensors")
        for clip in CLIPS:
            face = make_clip(clip, here, SECONDS)
            job = Options(face=face, audio=sound, outfile=here / "r.mp4", cache_dir=here / "cache")
            job = replace(job, quality=NO_PAGE, engine="puppet")
            for method in BLENDERS:
                for mouth in (PUPPET, TONED):
                    yield judged(replace(job, blend_method=method), clip, mouth)
        network = replace(job, engine="openvino", checkpoint_path=weights, fp16=True)
        for method in (PLAIN, "ellipse"):
            yield judged(replace(network, blend_method=method), clip, NETWORK)


def judged(options: Options, clip: str, mouth: str) -> Judged:
    """Run, written and looked at as for a user."""
    print(f"{clip}, {mouth}, {options.blend_method}", file=sys.stderr)
    stages = stages_of(options)
    if mouth == TONED:
        load = stages.generator
        stages = replace(stages, generator=lambda shown: toned(load(shown)))
    report = lipsync(options, stages, lambda step: None, Clock())
    figures = report.quality["figures"]
    values = {name: figure["value"] for name, figure in figures.items()}
    levels = {name: figure["level"] for name, figure in figures.items()}
    return Judged(clip, mouth, options.blend_method, values, levels)


def toned(generator: Generator) -> Generator:
    """Mouths as a network leaves them: softer, flatter, of another colour in every frame."""
    rng = np.random.default_rng(7)

    def shaken(patch: Patches) -> Patches:
        shift = SIGNS * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3).astype(np.float32)
        noise = rng.uniform(-NOISE, NOISE, patch.shape).astype(np.float32)
        return as_generated(patch, shift, noise)

    def run(batches: Iterable[Batch]) -> Iterator[Patches]:
        for patches in generator(batches):
            yield np.stack([shaken(patch) for patch in patches])

    return run
