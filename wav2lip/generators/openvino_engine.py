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

from base.cache import Cached
from base.cores import usable_cores
from base.errors import EngineError
from base.geometry import Rect
from base.openvino import core, ov
from wav2lip.checkpoint import GET, Kind, kind_of
from wav2lip.generators import network_cache
from wav2lip.generators.batch import WHOLE, Batch, Generator, Patches, laid_into
from wav2lip.generators.network_cache import Kept
from wav2lip.generators.openvino_framing import fixed_size, framed
from wav2lip.generators.openvino_graph import graph_of
from wav2lip.generators.prepared import Prepared
from wav2lip.generators.settings import EngineSettings
from wav2lip.layers import Weights

PIECE = 4  # frames at once: more are hardly faster and hold more memory
MOST_STREAMS = 4  # pieces that are computed side by side, each with its share of the cores


@dataclass(frozen=True)
class Piece:
    """Some frames of a batch, as many as the compiled network takes."""

    mels: NDArray[np.float32]  # (size, 80, 16)
    faces: Patches  # (size, 96, 96, 3)
    frames: int  # the first so many are real, the rest repeat the last
    ends_batch: bool


def prepare(settings: EngineSettings) -> Prepared:
    """The checkpoint's network, to be compiled for this processor."""
    if kind_of(settings.weights) is Kind.ONNX:
        model = read_onnx(settings.weights)
        framed_for(settings, model.clone(), WHOLE)
        return Prepared(partial(compiled_for, settings, model))
    kept, cached = folded_network(settings)
    return Prepared(partial(compiled_from, settings, kept), cached)


def compiled_from(settings: EngineSettings, kept: Kept, shown: Rect) -> Generator:
    generator = compiled_for(settings, graph_of(kept.weights, shown), shown)
    kept.release()
    return generator


def compiled_for(settings: EngineSettings, model: ov.Model, shown: Rect) -> Generator:
    whole = framed_for(settings, model, shown)
    try:
        compiled = core().compile_model(whole, "CPU", hints(settings.half))
    except RuntimeError as error:
        raise EngineError(f"{settings.weights}: OpenVINO cannot run this network; {GET}") from error
    return partial(generate, compiled, whole.input("mels").shape[0], shown)


def framed_for(settings: EngineSettings, model: ov.Model, shown: Rect) -> ov.Model:
    """For as many frames at once as the network takes."""
    size = fixed_size(model) or piece_size(settings.batch_size)
    try:
        return framed(model, size, shown)
    except ValueError as error:
        raise EngineError(f"{settings.weights}: is another network: {error}; {GET}") from error
    except RuntimeError as error:
        raise EngineError(f"{settings.weights}: OpenVINO cannot run this network; {GET}") from error


def generate(
    compiled: ov.CompiledModel, size: int, shown: Rect, batches: Iterable[Batch]
) -> Iterator[Patches]:
    pieces = (piece for batch in batches for piece in cut(batch, size))
    done: list[Patches] = []
    with closing(forward_in_order(compiled, pieces)) as results:
        for piece, part in results:
            done.append(laid_into(piece.faces, part, shown)[: piece.frames])
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
    streams = int(compiled.get_property("NUM_STREAMS"))
    idle = [compiled.create_infer_request() for _ in range(streams + 1)]
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


def hints(half: bool) -> dict[str, str]:
    has_half = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if half and has_half else "f32",
        "NUM_STREAMS": str(min(usable_cores(), MOST_STREAMS)),
    }


def folded_network(settings: EngineSettings) -> tuple[Kept, Cached]:
    """From the cache if it is there; torch is imported only where it is not."""
    if settings.cache is None:
        return Kept(rebuilt(settings.weights)), "off"
    entry = settings.cache / "networks" / network_cache.key_of(settings.weights)
    kept = network_cache.read(entry)
    if kept is not None:
        return kept, "hit"
    made = rebuilt(settings.weights)
    if settings.keep:
        network_cache.write(made, entry)
        kept = network_cache.read(entry)  # mapped from disk: memory is freed
    return kept or Kept(made), "miss"


def rebuilt(checkpoint: Path) -> Weights:
    from wav2lip.checkpoint import load_network
    from wav2lip.network import folded_weights

    return folded_weights(load_network(checkpoint))


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
