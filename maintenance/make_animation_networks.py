"""Make stages/animate/weights/ anew from mediapipe's wheel, and compare.

    .venv/bin/python -m maintenance.make_animation_networks [--write]

With --write the files are replaced. It needs a network, or pip's own settings.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base.openvino import core, ov
from maintenance.make_lips_network import CLOSE, convert, download
from maintenance.tflite import read_graph
from stages.animate.networks import EYE_SIDE, PERSON_SIDE, WEIGHTS

MODULES = "mediapipe/modules"


@dataclass(frozen=True)
class Source:
    """Where a network comes from, and what of it is kept."""

    name: str
    member: str
    outputs: tuple[str, ...]
    side: int  # pixels of its input


SOURCES = (
    Source(
        "eyes",
        f"{MODULES}/iris_landmark/iris_landmark.tflite",
        ("output_eyes_contours_and_brows", "output_iris"),
        EYE_SIDE,
    ),
    Source(
        "person",
        f"{MODULES}/selfie_segmentation/selfie_segmentation.tflite",
        ("activation_10",),
        PERSON_SIDE,
    ),
)


def largest_difference(source: Source, one: Path, other: Path) -> float:
    """Of all outputs on noise, relative to the values' size."""
    shape = (1, source.side, source.side, 3)
    noise = np.random.default_rng(1).random(shape).astype(np.float32)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    models = [core().compile_model(path, "CPU", settings) for path in (one, other)]
    pairs = [[np.array(model(noise)[name]) for model in models] for name in source.outputs]
    return max(
        float(np.abs(first - second).max() / np.abs(second).max()) for first, second in pairs
    )


def main(words: list[str]) -> int:
    differences = []
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            made, kept = Path(folder, f"{source.name}.xml"), WEIGHTS / f"{source.name}.xml"
            graph = read_graph(download(Path(folder), source.member))
            ov.save_model(convert(graph, source.outputs, source.name), made, compress_to_fp16=True)
            differences.append(largest_difference(source, made, kept))
            print(f"{source.name}: differs by {differences[-1]:.1e} of the values' size at most")
            if "--write" in words:
                for suffix in (".xml", ".bin"):
                    kept.with_suffix(suffix).write_bytes(made.with_suffix(suffix).read_bytes())
    return 0 if max(differences) < CLOSE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
