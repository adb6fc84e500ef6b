"""Batches on their way through an engine: their order, how many, and too little memory."""

import gc
import subprocess
import sys
import weakref
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from base.errors import OutOfMemoryError
from base.generator import Batch
from tests.cases import each
from wav2lip.generators.in_flight import generate

ROOT = Path(__file__).parent.parent.parent


class FaceEngine:
    """Returns the faces as patches. `fail(step, frames)` is called at every begin and finish."""

    def __init__(self, depth, limit=128, fail=lambda step, frames: None):
        self.depth, self.limit, self.fail = depth, limit, fail
        self.steps = []  # (name, frames) in the order of time
        self.open = {}
        self.most_open = 0
        self.handles = count()

    def begin(self, mels, faces):
        self.steps.append(("begin", len(faces)))
        self.fail("begin", len(faces))
        handle = next(self.handles)
        self.open[handle] = faces.copy()
        self.most_open = max(self.most_open, len(self.open))
        return handle

    def finish(self, handle):
        faces = self.open.pop(handle)
        self.steps.append(("finish", len(faces)))
        self.fail("finish", len(faces))
        return faces

    def drop(self, handle):
        self.steps.append(("drop", len(self.open.pop(handle))))

    def release(self):
        self.steps.append(("release", 0))

    def sizes(self, step):
        return [frames for name, frames in self.steps if name == step]


def out_of_memory(at, most):
    """Memory runs out at this step for more frames than `most`."""

    def fail(step, frames):
        if step == at and frames > most:
            raise OutOfMemoryError("the GPU is full: choose --device cpu")

    return fail


def batches_of(*sizes):
    """Batches of these sizes; every frame's face differs from all others."""
    ends = np.cumsum(sizes)
    return [
        Batch(
            mels=np.zeros((size, 80, 16), np.float32),
            faces=np.zeros((size, 96, 96, 3), np.uint8)
            + np.arange(end - size, end, dtype=np.uint8).reshape(-1, 1, 1, 1),
            landmarks=np.zeros((size, 5, 2), np.float32),
        )
        for size, end in zip(sizes, ends, strict=True)
    ]


def assert_complete(patches, batches):
    assert len(patches) == len(batches)
    assert all(np.array_equal(p, b.faces) for p, b in zip(patches, batches, strict=True))


SIZES = [(3,), (4, 4, 4, 2), (1, 5, 9, 1), (13, 1)]


@each("depth", [1, 2, 3])
@each("sizes", SIZES)
def test_patches_come_in_order_and_few_are_in_flight(depth, sizes):
    engine = FaceEngine(depth, limit=4)
    batches = batches_of(*sizes)
    assert_complete(list(generate(engine, batches)), batches)
    pieces = sum(-(-size // 4) for size in sizes)
    assert engine.most_open == min(depth, pieces)
    assert not engine.open and max(engine.sizes("begin")) <= 4


def test_one_batch_is_taken_in_advance_and_runs_meanwhile():
    engine = FaceEngine(depth=2)
    fetched = []

    def source():
        for batch in batches_of(2, 3, 4):
            fetched.append(len(batch))
            yield batch

    expected = iter([[2, 3], [2, 3, 4], [2, 3, 4]])
    for patches in generate(engine, source()):
        assert fetched == next(expected)
        assert len(engine.open) == (0 if len(patches) == 4 else 1)
    assert engine.steps[:3] == [("begin", 2), ("begin", 3), ("finish", 2)]


def test_out_of_memory_halves_the_batch():
    engine = FaceEngine(1, fail=out_of_memory("begin", 2))
    batches = batches_of(5, 4)
    assert_complete(list(generate(engine, batches)), batches)
    assert engine.sizes("begin") == [5, 2, 2, 1, 2, 2]


@each("at", ["begin", "finish"])
@each("depth", [1, 2, 3])
@each("most", [1, 2, 3])
@each("sizes", SIZES)
def test_out_of_memory_loses_and_doubles_nothing(at, depth, most, sizes):
    engine = FaceEngine(depth, limit=8, fail=out_of_memory(at, most))
    batches = batches_of(*sizes)
    assert_complete(list(generate(engine, batches)), batches)
    assert not engine.open and engine.most_open <= depth
    assert engine.limit <= most or max(sizes) <= most


def test_out_of_memory_in_flight_takes_the_younger_ones_back():
    engine = FaceEngine(2, fail=out_of_memory("finish", 3))
    batches = batches_of(3, 4, 2)
    assert_complete(list(generate(engine, batches)), batches)
    assert engine.steps == [
        *[("begin", 3), ("begin", 4), ("finish", 3), ("begin", 2), ("finish", 4), ("drop", 2)],
        *[("release", 0), ("begin", 2), ("begin", 2), ("finish", 2), ("begin", 2)],
        *[("finish", 2), ("finish", 2)],
    ]


def test_memory_is_released_before_the_smaller_batch_begins():
    engine = FaceEngine(2, fail=out_of_memory("begin", 2))
    batches = batches_of(2, 4)
    assert_complete(list(generate(engine, batches)), batches)
    failed = engine.steps.index(("begin", 4))
    assert engine.steps[failed + 1 : failed + 3] == [("release", 0), ("begin", 2)]


class Activations:
    """Something that a failed computation holds in a local variable."""


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_the_failed_computation_is_freed_when_memory_is_released(at):
    """Without a garbage collection: else the smaller batch finds no memory either."""
    allocated, alive_at_release = [], []

    def fail(step, frames):
        if step == at and frames > 2:
            activations = Activations()
            allocated.append(weakref.ref(activations))
            raise OutOfMemoryError("the GPU is full")

    class ReleasingEngine(FaceEngine):
        def release(self):
            alive_at_release.extend(reference() for reference in allocated)

    gc.disable()
    try:
        list(generate(ReleasingEngine(2, fail=fail), batches_of(4, 4)))
    finally:
        gc.enable()
    assert alive_at_release and not any(alive_at_release)


def test_the_next_stream_begins_with_what_fits():
    engine = FaceEngine(2, fail=out_of_memory("begin", 2))
    list(generate(engine, batches_of(4)))
    engine.steps.clear()
    list(generate(engine, batches_of(4)))
    assert engine.sizes("begin") == [2, 2]


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_out_of_memory_with_one_frame_reaches_the_user(at):
    engine = FaceEngine(2, fail=out_of_memory(at, 0))
    with pytest.raises(OutOfMemoryError, match="--device cpu"):
        next(generate(engine, batches_of(3, 1)))
    assert not engine.open


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_other_runtime_errors_are_not_taken_for_out_of_memory(at):
    def fail(step, frames):
        if step == at:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    engine = FaceEngine(2, fail=fail)
    with pytest.raises(RuntimeError, match="mat1"):
        next(generate(engine, batches_of(3, 3)))
    assert set(engine.sizes("begin")) == {3} and not engine.open and engine.limit == 128


def test_closing_early_gives_up_what_is_in_flight():
    engine = FaceEngine(2, limit=2)
    patches = generate(engine, iter(batches_of(2, 2, 2, 2)))
    next(patches)
    assert len(engine.open) == 1
    patches.close()
    assert not engine.open and engine.sizes("drop") == [2]


def test_an_error_in_the_source_gives_up_what_is_in_flight():
    def source():
        yield from batches_of(2, 2)
        raise OSError("disk")

    engine = FaceEngine(2)
    with pytest.raises(OSError, match="disk"):
        list(generate(engine, source()))
    assert not engine.open


def test_it_imports_no_torch():
    program = "import sys, wav2lip.generators.in_flight; print('torch' in sys.modules)"
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
