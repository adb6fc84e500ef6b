"""The steps of a run on a GPU."""

import os
from dataclasses import dataclass
from pathlib import Path

GPU = "GPU that torch can use"
CUDA_TESTS = ("tests/wav2lip/test_cuda_engine.py", "tests/wav2lip/test_generators.py")
LONG, SHORT = "60", "2"  # seconds of 1080p


@dataclass(frozen=True)
class Step:
    """A program to run, and what it cannot do without."""

    name: str
    words: tuple[str, ...]  # Python's arguments
    needs: tuple[str, ...] = ()
    results: Path | None = None  # a JSON file that it writes

    def environment(self) -> dict[str, str]:
        """Where a GPU is needed no test may skip itself for want of one."""
        return {**os.environ, "REQUIRE_GPU": "1"} if GPU in self.needs else dict(os.environ)


def all_steps(folder: Path, quick: bool = False) -> list[Step]:
    """The steps, the shortest first; their files are written into the folder."""
    seconds = SHORT if quick else LONG
    few = ("--quick",) if quick else ()
    network = ("--only", "1080p", "--seconds", seconds, "--run", "command", "--repeats", "1")
    return [
        _benchmark(
            folder,
            "the command on the CPU",
            ("speed", "--only", "still", "--seconds", "1", "--run", "puppet", "--repeats", "1"),
        ),
        Step(
            "tests on the GPU",
            ("-m", "pytest", "-q", "-p", "no:cacheprovider", *CUDA_TESTS),
            (GPU,),
        ),
        _benchmark(
            folder, "engines on the GPU", ("engines", "--device", "cuda", "--quick"), (GPU,)
        ),
        _benchmark(
            folder, "users' networks on the GPU", ("networks", "--device", "cuda", *few), (GPU,)
        ),
        # --encoder auto is NVENC where that opens, in the floor as in the command
        _benchmark(
            folder,
            f"{seconds} s of 1080p on the GPU",
            ("speed", *network, "--device", "cuda"),
            (GPU,),
        ),
    ]


def _benchmark(
    folder: Path, name: str, words: tuple[str, ...], needs: tuple[str, ...] = ()
) -> Step:
    results = folder / f"{name}.json"
    return Step(name, ("-m", "benchmarks", *words, "--out", str(results)), needs, results)
