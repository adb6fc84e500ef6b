"""Case after case, with all that can be imported and computed before the first."""

import gc
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np

from tests.campaigns.fuzz.cases import KINDS, Case
from tests.campaigns.fuzz.children import Job, Outcome, outcomes

IMPORTED = (
    *("faces.mtcnn", "video.writer", "pipeline.run", "puppet"),
    "wav2lip.generators.openvino_engine",
    "tqdm",
)


def campaign(
    seed: int, names: Sequence[tuple[str, int]], folder: Path
) -> Iterator[tuple[Case, Outcome]]:
    """Each case with its end; its folder stays until whoever looks at it removes it."""
    made: dict[str, Case] = {}

    def jobs() -> Iterator[Job]:
        for kind, number in names:
            case = KINDS[kind](seed, number, folder / f"{kind}-{number}")
            made[case.job.name] = case
            yield case.job

    for module in IMPORTED:
        import_module(module)
    warmed()
    gc.freeze()
    for end in outcomes(jobs()):
        yield made.pop(end.job.name), end


def warmed() -> None:
    """OpenCV's tables of colours are made on their first use, which is half of a tiny run."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    cv2.cvtColor(np.zeros((2, 2, 3), np.float32), cv2.COLOR_BGR2LAB)
    cv2.setNumThreads(threads)
