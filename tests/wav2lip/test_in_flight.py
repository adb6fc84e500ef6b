"""Batches on their way through an engine: their order, how many, and what memory can do to them."""

from itertools import count

import numpy as np
import pytest
import torch

from base.errors import OutOfMemoryError
from wav2lip.generators.batch import Batch
from wav2lip.generators.cuda_graph import NO_MEMORY, memory_told, without_memory
from wav2lip.generators.in_flight import generate


class Engine:
    """Gives the faces back. `fails` is asked at every step: ("begin" or "finish", frames)."""

    def __init__(self, depth, limit=128, fails=lambda step, frames: None):
        self.depth, self.limit, self.fails = depth, limit, fails
        self.steps = []  # (name, frames) in the order of time
        self.open = {}
        self.most_open = 0
        self.names = count()

    def begin(self, mels, faces):
        self.steps.append(("begin", len(faces)))
        self.fails("begin", len(faces))
        name = next(self.names)
        self.open[name] = faces.copy()
        self.most_open = max(self.most_open, len(self.open))
        return name

    def finish(self, begun):
        faces = self.open.pop(begun)
        self.steps.append(("finish", len(faces)))
        self.fails("finish", len(faces))
        return faces

    def drop(self, begun):
        self.steps.append(("drop", len(self.open.pop(begun))))

    def release(self):
        self.steps.append(("release", 0))

    def sizes(self, step):
        return [frames for name, frames in self.steps if name == step]


def without_room(at, most):
    """Memory runs out at this step for more frames than `most`."""

    def fails(step, frames):
        if step == at and frames > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    return fails


def batches_of(*sizes):
    """Each frame is told from every other by its face."""
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


def assert_whole(patches, batches):
    assert len(patches) == len(batches)
    assert all(np.array_equal(p, b.faces) for p, b in zip(patches, batches, strict=True))


SIZES = [(3,), (4, 4, 4, 2), (1, 5, 9, 1), (13, 1)]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_patches_come_in_order_and_few_are_in_flight(depth, sizes):
    engine = Engine(depth, limit=4)
    batches = batches_of(*sizes)
    assert_whole(list(generate(engine, batches)), batches)
    pieces = sum(-(-size // 4) for size in sizes)
    assert engine.most_open == min(depth, pieces)
    assert not engine.open and max(engine.sizes("begin")) <= 4


def test_one_batch_is_taken_in_advance_and_runs_meanwhile():
    engine = Engine(depth=2)
    taken = []

    def source():
        for batch in batches_of(2, 3, 4):
            taken.append(len(batch))
            yield batch

    before = iter([[2, 3], [2, 3, 4], [2, 3, 4]])
    for patches in generate(engine, source()):
        assert taken == next(before)
        assert len(engine.open) == (0 if len(patches) == 4 else 1)
    assert engine.steps[:3] == [("begin", 2), ("begin", 3), ("finish", 2)]


def test_out_of_memory_halves_the_batch():
    engine = Engine(1, fails=without_room("begin", 2))
    batches = batches_of(5, 4)
    assert_whole(list(generate(engine, batches)), batches)
    assert engine.sizes("begin") == [5, 2, 2, 1, 2, 2]


@pytest.mark.parametrize("at", ["begin", "finish"])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_out_of_memory_loses_and_doubles_nothing(at, depth, most, sizes):
    engine = Engine(depth, limit=8, fails=without_room(at, most))
    batches = batches_of(*sizes)
    assert_whole(list(generate(engine, batches)), batches)
    assert not engine.open and engine.most_open <= depth
    assert engine.limit <= most or max(sizes) <= most


def test_out_of_memory_in_flight_takes_the_younger_ones_back():
    engine = Engine(2, fails=without_room("finish", 3))
    batches = batches_of(3, 4, 2)
    assert_whole(list(generate(engine, batches)), batches)
    assert engine.steps == [
        *[("begin", 3), ("begin", 4), ("finish", 3), ("begin", 2), ("finish", 4), ("drop", 2)],
        *[("release", 0), ("begin", 2), ("begin", 2), ("finish", 2), ("begin", 2)],
        *[("finish", 2), ("finish", 2)],
    ]


def test_memory_is_released_before_the_smaller_batch_begins():
    engine = Engine(2, fails=without_room("begin", 2))
    batches = batches_of(2, 4)
    assert_whole(list(generate(engine, batches)), batches)
    failed = engine.steps.index(("begin", 4))
    assert engine.steps[failed + 1 : failed + 3] == [("release", 0), ("begin", 2)]


def test_the_next_stream_begins_with_what_fits():
    engine = Engine(2, fails=without_room("begin", 2))
    list(generate(engine, batches_of(4)))
    engine.steps.clear()
    list(generate(engine, batches_of(4)))
    assert engine.sizes("begin") == [2, 2]


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_out_of_memory_with_one_frame_is_ours(at):
    engine = Engine(2, fails=without_room(at, 0))
    with pytest.raises(OutOfMemoryError, match="--device cpu"):
        next(generate(engine, batches_of(3, 1)))
    assert not engine.open


@pytest.mark.parametrize("at", ["begin", "finish"])
def test_other_runtime_errors_are_not_taken_for_out_of_memory_mistake_24(at):
    """(mistake 24: any RuntimeError halves the batch)"""

    def fails(step, frames):
        if step == at:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    engine = Engine(2, fails=fails)
    with pytest.raises(RuntimeError, match="mat1"):
        next(generate(engine, batches_of(3, 3)))
    assert set(engine.sizes("begin")) == {3} and not engine.open and engine.limit == 128


def test_closing_early_gives_up_what_is_in_flight():
    engine = Engine(2, limit=2)
    patches = generate(engine, iter(batches_of(2, 2, 2, 2)))
    next(patches)
    assert len(engine.open) == 1
    patches.close()
    assert not engine.open and engine.sizes("drop") == [2]


def test_an_error_in_the_source_gives_up_what_is_in_flight():
    def source():
        yield from batches_of(2, 2)
        raise OSError("disk")

    engine = Engine(2)
    with pytest.raises(OSError, match="disk"):
        list(generate(engine, source()))
    assert not engine.open


def accelerator_error(number):
    error = torch.AcceleratorError("CUDA error: out of memory")
    error.error_code = number
    return error


def test_cuda_s_own_word_for_no_memory_is_torch_s():
    with pytest.raises(torch.cuda.OutOfMemoryError), memory_told():
        raise accelerator_error(NO_MEMORY)


@pytest.mark.parametrize("number", [1, 700, None])
def test_other_cuda_errors_stay_what_they_are_mistake_24(number):
    """(mistake 24: whatever it says, 700 is an illegal address)"""
    with pytest.raises(torch.AcceleratorError), memory_told():
        raise accelerator_error(number)


def test_no_memory_is_found_behind_the_end_of_a_recording():
    def recording(error):
        try:
            try:
                raise error
            finally:
                raise accelerator_error(901)  # the recording is no longer valid
        except RuntimeError as last:
            return last

    short = torch.cuda.OutOfMemoryError("CUDA out of memory")
    assert without_memory(recording(short)) is short
    assert without_memory(recording(RuntimeError("not permitted while recorded"))) is None
