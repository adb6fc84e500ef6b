"""The network on the CPU, by OpenVINO."""

from collections import deque
from collections.abc import Generator as PythonGenerator
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import EngineError
from openvino_core import core, ov
from wav2lip.checkpoint import GET, Kind, kind_of
from wav2lip.generators import network_cache
from wav2lip.generators.batch import Batch, Generator, Patches
from wav2lip.generators.openvino_framing import fixed_size, framed
from wav2lip.generators.settings import EngineSettings

PIECE = 8  # frames at once: more are no faster (8, 16, 32 within 2 %), fewer cost up to 10 %
IN_FLIGHT = 2  # one computes while the caller works on the one before


@dataclass(frozen=True)
class Piece:
    """Some frames of a batch, as many as the compiled network takes."""

    mels: NDArray[np.float32]  # (size, 80, 16)
    faces: Patches  # (size, 96, 96, 3)
    frames: int  # the first so many are real, the rest repeat the last
    ends_batch: bool


def load(settings: EngineSettings) -> Generator:
    """The checkpoint's network compiled for this processor."""
    model = read_network(settings)
    size = fixed_size(model) or piece_size(settings.batch_size)
    try:
        compiled = core().compile_model(framed(model, size), "CPU", precision(settings.half))
    except ValueError as error:
        raise EngineError(f"{settings.weights}: is another network: {error}; {GET}") from error
    except RuntimeError as error:
        raise EngineError(f"{settings.weights}: OpenVINO cannot run this network; {GET}") from error
    return partial(generate, compiled, size)


def generate(compiled: ov.CompiledModel, size: int, batches: Iterable[Batch]) -> Iterator[Patches]:
    pieces = (piece for batch in batches for piece in cut(batch, size))
    done: list[Patches] = []
    with closing(forward_in_order(compiled, pieces)) as results:
        for piece, patches in results:
            done.append(patches[: piece.frames])
            if piece.ends_batch:
                yield np.concatenate(done)
                done = []


def cut(batch: Batch, size: int) -> Iterator[Piece]:
    """The batch in pieces of `size` frames, the last one filled up."""
    for start in range(0, len(batch), size):
        order = np.arange(start, start + size).clip(max=len(batch) - 1)
        frames = min(size, len(batch) - start)
        ends = start + size >= len(batch)
        yield Piece(batch.mels[order], batch.faces[order], frames, ends)


def forward_in_order(
    compiled: ov.CompiledModel, pieces: Iterable[Piece]
) -> PythonGenerator[tuple[Piece, Patches], None, None]:
    """Each piece with its patches, computed while the next ones are being fetched."""
    idle = [compiled.create_infer_request() for _ in range(IN_FLIGHT)]
    running: deque[tuple[ov.InferRequest, Piece]] = deque()
    try:
        for piece in pieces:
            if not idle:
                yield finished(running, idle)
            request = idle.pop()
            request.start_async({"mels": piece.mels, "faces": piece.faces})
            running.append((request, piece))
        while running:
            yield finished(running, idle)
    finally:
        for request, _ in running:
            request.wait()


def finished(
    running: deque[tuple[ov.InferRequest, Piece]], idle: list[ov.InferRequest]
) -> tuple[Piece, Patches]:
    """The oldest piece's patches; its request is free again."""
    request, piece = running.popleft()
    request.wait()
    patches: Patches = request.get_output_tensor().data.copy()
    idle.append(request)
    return piece, patches


def piece_size(batch_size: int) -> int:
    """At most PIECE, and so that a full batch falls into pieces of nearly one size."""
    pieces = -(-batch_size // PIECE)
    return -(-batch_size // pieces)


def precision(half: bool) -> dict[str, str]:
    has_half = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if half and has_half else "f32",
        "PERFORMANCE_HINT": "LATENCY",  # all cores on one piece: results come soon, memory is low
    }


def read_network(settings: EngineSettings) -> ov.Model:
    """From the cache if it is there; torch is imported only where it is not."""
    checkpoint = settings.weights
    if kind_of(checkpoint) is Kind.ONNX:
        return read_onnx(checkpoint)
    if settings.cache is None:
        return rebuild(checkpoint)
    entry = settings.cache / "networks" / network_cache.key_of(checkpoint)
    model = network_cache.read(entry)
    if model is None:
        model = rebuild(checkpoint)
        network_cache.write(model, entry)
        model = network_cache.read(entry) or model  # mapped from disk: memory is freed
    return model


def rebuild(checkpoint: Path) -> ov.Model:
    from wav2lip.checkpoint import load_network
    from wav2lip.generators.openvino_graph import graph_of
    from wav2lip.network import fold_norms

    return graph_of(fold_norms(load_network(checkpoint)))


def read_onnx(path: Path) -> ov.Model:
    try:
        model = core().read_model(path)
    except RuntimeError as error:
        raise EngineError(
            f"{path}: is no ONNX network that OpenVINO reads, or is cut off; get it again"
        ) from error
    check_numbers(path, model)
    return model


def check_numbers(path: Path, model: ov.Model) -> None:
    for node in model.get_ops():
        real = node.get_type_name() == "Constant" and node.get_element_type().is_real()
        if real and not np.isfinite(node.data).all():
            raise EngineError(f"{path}: holds what is no number: the file is damaged; {GET}")
