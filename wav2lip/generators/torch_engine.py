"""The network on a GPU (or, when told so, the CPU), by torch."""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from base.errors import EngineError, OutOfMemoryError
from base.geometry import Rect
from wav2lip.checkpoint import load_network
from wav2lip.generators.batch import SIDE, WHOLE, Generator, Patches
from wav2lip.generators.cuda_engine import CudaEngine
from wav2lip.generators.cuda_graph import Compute, memory_told
from wav2lip.generators.in_flight import generate
from wav2lip.generators.prepared import Prepared
from wav2lip.generators.settings import EngineSettings
from wav2lip.network import Wav2Lip, fold_norms


class CpuEngine:
    """Patches are done as soon as they are begun."""

    depth = 1

    def __init__(self, compute: Compute, limit: int) -> None:
        self.limit = limit
        self._compute = compute

    @torch.inference_mode()
    def begin(self, mels: NDArray[np.float32], faces: Patches) -> Patches:
        own = torch.from_numpy(np.array(mels)), torch.from_numpy(np.array(faces))
        patches: Patches = self._compute(*own).numpy()
        return patches

    def finish(self, begun: Patches) -> Patches:
        return begun

    def drop(self, begun: Patches) -> None:
        pass

    def release(self) -> None:
        pass


def prepare(settings: EngineSettings) -> Prepared:
    """The checkpoint's network, for the device that was asked for."""
    device = device_of(settings.device)
    network = fold_norms(load_network(settings.weights))
    return Prepared(partial(put_on, network, device, settings))


def put_on(
    network: Wav2Lip, device: torch.device, settings: EngineSettings, shown: Rect
) -> Generator:
    dtype = dtype_of(device, settings.half)
    try:
        with memory_told():
            network.to(device, dtype)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemoryError(
            "the GPU has no memory left for the network: stop other programs on it,"
            " or choose --device cpu"
        ) from error
    compute = partial(patches_of, network, dtype, shown)
    if device.type == "cuda":
        return partial(generate, CudaEngine(compute, device, settings.batch_size))
    return partial(generate, CpuEngine(compute, settings.batch_size))


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


def patches_of(
    network: Wav2Lip, dtype: torch.dtype, shown: Rect, mels: Tensor, faces: Tensor
) -> Tensor:
    """(n, 96, 96, 3) uint8. Computed whole: on a GPU a part is hardly faster."""
    patches = restore_patches(network(*prepare_inputs(mels, faces, dtype)))
    return patches if shown == WHOLE else only_shown(patches, faces, shown)


def prepare_inputs(mels: Tensor, faces: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """-> mel (n, 1, 80, 16), face (n, 6, 96, 96) in 0..1: without its lower half, then whole."""
    whole = faces.permute(0, 3, 1, 2).to(dtype) / 255
    upper = whole.clone()
    upper[:, :, SIDE // 2 :] = 0
    face = torch.cat((upper, whole), dim=1)
    return mels.to(dtype)[:, None], face.contiguous(memory_format=torch.channels_last)


def restore_patches(out: Tensor) -> Tensor:
    """(n, 3, 96, 96) in 0..1 -> (n, 96, 96, 3) uint8, rounded to the nearest."""
    rounded = (out.float() * 255).round().clamp(0, 255).to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous()


def only_shown(patches: Tensor, faces: Tensor, shown: Rect) -> Tensor:
    rows, columns = shown.slices
    laid = faces.clone()
    laid[:, rows, columns] = patches[:, rows, columns]
    return laid
