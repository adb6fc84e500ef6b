"""The CUDA engine with stand-ins for torch's streams and graphs, so that it runs on the CPU.

What needs a GPU is in test_generators.py.
"""

import gc
import weakref
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch

from base.errors import EngineError, OutOfMemoryError
from base.generator import Batch
from wav2lip.generators.cuda_engine import CudaEngine
from wav2lip.generators.cuda_graph import RecordedGraph, capture, cudnn_benchmark
from wav2lip.generators.cuda_memory import (
    ALLOCATION_FAILED,
    cuda_memory_guard,
    is_gpu_out_of_memory,
)
from wav2lip.generators.in_flight import generate

CPU = torch.device("cpu")
FINITE = torch.tensor(True)


class Stream:
    def __init__(self, device):
        self.device = device

    def wait_stream(self, stream):
        pass


class Event:
    def __init__(self, blocking):
        pass

    def record(self):
        pass

    def synchronize(self):
        pass


class Cuda:
    """What the stand-ins noticed."""

    def __init__(self):
        self.recording = False
        self.on_empty_cache = lambda: None


@pytest.fixture
def cuda(monkeypatch):
    """Everything of torch.cuda that the engine uses, on the CPU. A replay computes nothing."""
    cuda, empty = Cuda(), torch.empty

    @contextmanager
    def graph(graph, stream, capture_error_mode):
        cuda.recording = True
        try:
            yield
        finally:
            cuda.recording = False

    class CUDAGraph:
        def replay(self):
            pass

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", CUDAGraph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: cuda.on_empty_cache())
    monkeypatch.setattr(torch, "empty", lambda *size, pin_memory, **rest: empty(*size, **rest))
    return cuda


def engine_of(compute, limit=4):
    return CudaEngine(compute, CPU, limit, "overflow: run without --fp16")


def batch_of(frames, level=7):
    faces = np.full((frames, 96, 96, 3), level, np.uint8)
    mels, landmarks = np.zeros((frames, 80, 16), np.float32), np.zeros((frames, 5, 2), np.float32)
    return Batch(mels, faces, landmarks)


def copy_faces(mels, faces):
    return faces.clone(), FINITE


def accelerator_error(number):
    error = torch.AcceleratorError("CUDA error: out of memory")
    error.error_code = number
    return error


MEMORY_ERRORS = {
    "torch": lambda: torch.cuda.OutOfMemoryError("CUDA out of memory"),
    "CUDA": lambda: accelerator_error(ALLOCATION_FAILED),
    "cuDNN 8": lambda: RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cuDNN 9": lambda: RuntimeError("CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    "cuBLAS": lambda: RuntimeError(
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
    ),
}
OTHER_ERRORS = {
    "invalid value": lambda: accelerator_error(1),
    "illegal address": lambda: accelerator_error(700),
    "without a number": lambda: accelerator_error(None),
    "shapes": lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    "cuDNN": lambda: RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    "a file's name": lambda: RuntimeError("/tmp/out of memory.pth"),
}


@pytest.mark.parametrize("make", MEMORY_ERRORS.values(), ids=MEMORY_ERRORS)
def test_every_error_for_too_little_gpu_memory_becomes_ours(make):
    with pytest.raises(OutOfMemoryError, match="--device cpu"), cuda_memory_guard("a test"):
        raise make()


@pytest.mark.parametrize("make", OTHER_ERRORS.values(), ids=OTHER_ERRORS)
def test_other_errors_stay_what_they_are(make):
    error = make()
    with pytest.raises(RuntimeError) as caught, cuda_memory_guard("a test"):
        raise error
    assert caught.value is error


def test_too_little_memory_is_found_behind_the_failed_end_of_a_recording():
    def recording(error):
        try:
            try:
                raise error
            finally:
                raise accelerator_error(901)  # the recording is no longer valid
        except RuntimeError as last:
            return last

    assert is_gpu_out_of_memory(recording(torch.cuda.OutOfMemoryError("CUDA out of memory")))
    assert not is_gpu_out_of_memory(recording(RuntimeError("not permitted while recorded")))


@pytest.mark.parametrize("make", MEMORY_ERRORS.values(), ids=MEMORY_ERRORS)
def test_the_batch_is_halved_whatever_runs_out_of_memory(cuda, make):
    def compute(mels, faces):
        if cuda.recording:
            raise RuntimeError("this driver cannot record")
        if len(faces) > 2:
            raise make()
        return copy_faces(mels, faces)

    engine, batches = engine_of(compute), [batch_of(4, 1), batch_of(3, 2)]
    patches = list(generate(engine, batches))
    assert all(np.array_equal(p, b.faces) for p, b in zip(patches, batches, strict=True))
    assert engine.limit == 2


@pytest.mark.parametrize("while_recording", [False, True])
def test_the_activations_of_a_failed_batch_are_freed_before_the_smaller_one(cuda, while_recording):
    """By reference counts alone: the next batch does not wait for a garbage collection."""
    activations, alive = [], []
    cuda.on_empty_cache = lambda: alive.extend(reference() for reference in activations)

    def compute(mels, faces):
        activation = torch.zeros(len(faces))
        if len(faces) > 2 and cuda.recording == while_recording:
            activations.append(weakref.ref(activation))
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return copy_faces(mels, faces)

    gc.disable()
    try:
        list(generate(engine_of(compute), [batch_of(4), batch_of(4)]))
    finally:
        gc.enable()
    assert alive == [None]


def test_an_unrelated_error_while_recording_leaves_no_activations_either(cuda):
    references = []

    def compute(mels, faces):
        activation = torch.zeros(len(faces))
        references.append(weakref.ref(activation))
        raise RuntimeError("operation not permitted when stream is capturing")

    gc.disable()
    try:
        assert capture(torch.cuda.CUDAGraph(), Stream(CPU), compute, None, torch.zeros(3)) is None
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()
    assert not cuda.recording


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize(
    ("number", "error"), [(ALLOCATION_FAILED, OutOfMemoryError), (700, torch.AcceleratorError)]
)
@pytest.mark.parametrize("call", ["synchronize", "empty_cache"])
def test_errors_while_memory_is_released_are_guarded_too(number, error, call, monkeypatch):
    engine = engine_of(copy_faces)

    def fail(*_):
        raise accelerator_error(number)

    monkeypatch.setattr(torch.cuda, call, fail)
    with pytest.raises(error):
        engine.release()


@pytest.mark.usefixtures("cuda")
def test_an_output_that_is_no_number_is_an_error_once_its_batch_is_finished():
    def compute(mels, faces):
        return faces.clone(), faces.float().log().isfinite().all()  # the logarithm of 0

    patches = generate(engine_of(compute), [batch_of(2, 5), batch_of(2, 0), batch_of(2, 5)])
    assert (next(patches) == 5).all()
    with pytest.raises(EngineError, match="without --fp16"):
        next(patches)


def test_full_batches_are_recorded_from_the_second_on(cuda):
    recorded = []

    def compute(mels, faces):
        if cuda.recording:
            recorded.append(len(faces))
        return copy_faces(mels, faces)

    engine = engine_of(compute)
    list(generate(engine, [batch_of(4), batch_of(4), batch_of(3), batch_of(3)]))
    assert recorded == [4] and isinstance(engine.graphs[4], RecordedGraph)


def test_cudnn_times_its_algorithms_only_for_sizes_that_recur(cuda):
    settings = []

    def compute(mels, faces):
        settings.append((len(faces), cuda.recording, torch.backends.cudnn.benchmark))
        return copy_faces(mels, faces)

    list(generate(engine_of(compute), [batch_of(4), batch_of(4), batch_of(3)]))
    assert settings == [
        *[(4, False, False), (4, False, True), (4, True, True)],
        (3, False, False),
    ]
    assert torch.backends.cudnn.benchmark is False


@pytest.mark.parametrize("own", [False, True])
def test_the_setting_of_the_embedding_program_comes_back(own, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", own)
    with pytest.raises(OSError), cudnn_benchmark():
        assert torch.backends.cudnn.benchmark is True
        raise OSError
    assert torch.backends.cudnn.benchmark is own
