"""The network on a GPU (or, when told so, the CPU), by torch."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from errors import EngineError, OutOfMemoryError
from geometry import Rect
from wav2lip.checkpoint import load_network
from wav2lip.generators.batch import SIDE, Batch, Generator, Patches, only_shown
from wav2lip.generators.settings import EngineSettings
from wav2lip.network import Wav2Lip, fold_norms

Forward = Callable[[NDArray[np.float32], Patches], Patches]


def load(settings: EngineSettings) -> Generator:
    """The checkpoint's network on the device that was asked for."""
    device = device_of(settings.device)
    dtype = dtype_of(device, settings.half)
    network = fold_norms(load_network(settings.weights))
    try:
        network.to(device, dtype)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemoryError(
            "the GPU has no memory left for the network: stop other programs on it,"
            " or choose --device cpu"
        ) from error
    forward = partial(patches_of, network, device, dtype, settings.shown)
    return partial(generate, forward, settings.batch_size)


def device_of(name: str) -> torch.device:
    usable = torch.cuda.is_available()
    if name == "cuda" and not usable:
        raise EngineError(
            "--device cuda: torch finds no CUDA GPU here; install a CUDA build of torch and the"
            " GPU's driver, or choose --device cpu"
        )
    return torch.device("cuda" if usable and name != "cpu" else "cpu")


def dtype_of(device: torch.device, half: bool) -> torch.dtype:
    if not half:
        return torch.float32
    return torch.float16 if device.type == "cuda" else torch.bfloat16


def generate(forward: Forward, limit: int, batches: Iterable[Batch]) -> Iterator[Patches]:
    """In pieces of at most `limit` frames, fewer once the GPU's memory has run out."""
    for batch in batches:
        done: list[Patches] = []
        start = 0
        while start < len(batch):
            part = slice(start, start + limit)
            try:
                done.append(forward(batch.mels[part], batch.faces[part]))
            except torch.cuda.OutOfMemoryError as error:
                limit = halved(min(limit, len(batch) - start), error)
            else:
                start += limit
        yield np.concatenate(done)


def halved(frames: int, error: torch.cuda.OutOfMemoryError) -> int:
    if frames == 1:
        raise OutOfMemoryError(
            "the GPU has no memory left for a single frame: stop other programs on it,"
            " or choose --device cpu"
        ) from error
    torch.cuda.empty_cache()
    return frames // 2


@torch.inference_mode()
def patches_of(
    network: Wav2Lip,
    device: torch.device,
    dtype: torch.dtype,
    shown: Rect,
    mels: NDArray[np.float32],
    faces: Patches,
) -> Patches:
    """Computed whole: on a GPU a part is hardly faster."""
    mel, face = prepare_inputs(mels, faces, device, dtype)
    return only_shown(restore_patches(network(mel, face)), faces, shown)


def prepare_inputs(
    mels: NDArray[np.float32], faces: Patches, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """-> mel (n, 1, 80, 16), face (n, 6, 96, 96) in 0..1: without its lower half, then whole."""
    mel = torch.from_numpy(np.array(mels)).to(device, dtype)[:, None]
    whole = torch.from_numpy(np.array(faces)).to(device).permute(0, 3, 1, 2).to(dtype) / 255
    upper = whole.clone()
    upper[:, :, SIDE // 2 :] = 0
    face = torch.cat((upper, whole), dim=1)
    return mel, face.contiguous(memory_format=torch.channels_last)


def restore_patches(out: Tensor) -> Patches:
    """(n, 3, 96, 96) in 0..1 -> (n, 96, 96, 3) uint8, rounded to the nearest."""
    rounded = (out.float() * 255).round().clamp(0, 255).to(torch.uint8)
    patches: Patches = rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return patches
