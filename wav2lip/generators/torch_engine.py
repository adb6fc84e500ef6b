"""The network on a GPU by torch, or on the CPU where --engine torch asks for it."""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from base.errors import EngineError
from base.generator import SIDE, WHOLE_PATCH, Generator, Patches
from base.geometry import Rect
from wav2lip.generators.cuda_engine import CudaEngine
from wav2lip.generators.cuda_graph import Compute, Outputs
from wav2lip.generators.cuda_memory import cuda_memory_guard
from wav2lip.generators.in_flight import generate
from wav2lip.generators.prepared import NetworkGenerator, PreparedEngine, Scene
from wav2lip.generators.settings import EngineSettings
from wav2lip.network import Wav2Lip, fold_norms, load_network

PRECISIONS = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
NO_HALF = "--fp16: this processor does not compute in bf16: fp32 is used"


class CpuEngine:
    """Computes the patches in `begin`."""

    depth = 1

    def __init__(self, compute: Compute, limit: int, overflow_message: str) -> None:
        self.limit = limit
        self._compute = compute
        self._overflow_message = overflow_message

    @torch.inference_mode()
    def begin(self, mels: NDArray[np.float32], faces: Patches) -> Outputs:
        return self._compute(torch.from_numpy(np.array(mels)), torch.from_numpy(np.array(faces)))

    def finish(self, outputs: Outputs) -> Patches:
        patches, finite = outputs
        if not finite:
            raise EngineError(self._overflow_message)
        array: Patches = patches.numpy()
        return array

    def drop(self, outputs: Outputs) -> None:
        pass

    def release(self) -> None:
        pass


def prepare(settings: EngineSettings) -> PreparedEngine:
    """Read the checkpoint for the device that the settings name."""
    device = choose_device(settings.device)
    network = fold_norms(load_network(settings.weights))
    return PreparedEngine(partial(build_generator, network, device, settings))


def build_generator(
    network: Wav2Lip, device: torch.device, settings: EngineSettings, scene: Scene
) -> NetworkGenerator:
    dtype = choose_dtype(device, settings.half)
    with cuda_memory_guard("the network"):
        network.to(device, dtype)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    compute = partial(compute_patches, network, dtype, scene.visible)
    limit, message = settings.batch_size, settings.overflow_message
    made: Generator
    if device.type == "cuda":
        made = partial(generate, CudaEngine(compute, device, limit, message))
    else:
        made = partial(generate, CpuEngine(compute, limit, message))
    notices = (NO_HALF,) if settings.half and dtype is torch.float32 else ()
    return NetworkGenerator(made, PRECISIONS[dtype], notices)


def choose_device(name: str) -> torch.device:
    usable = torch.cuda.is_available()
    if name == "cuda" and not usable:
        raise EngineError(
            "--device cuda: torch finds no CUDA GPU here; install a CUDA build of torch and the"
            " GPU's driver, or choose --device cpu"
        )
    return torch.device("cuda" if usable and name != "cpu" else "cpu")


def choose_dtype(device: torch.device, half: bool) -> torch.dtype:
    if device.type == "cuda":
        return torch.float16 if half else torch.float32
    return torch.bfloat16 if half and computes_in_bf16() else torch.float32


def computes_in_bf16() -> bool:
    """Whether the processor has instructions for it; without them bf16 is slower than fp32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def compute_patches(
    network: Wav2Lip, dtype: torch.dtype, visible: Rect, mels: Tensor, faces: Tensor
) -> Outputs:
    """Compute the whole patches, since on a GPU a part is hardly faster, and keep what is visible.

    The second output tells, without waiting for the GPU, whether the network's output is finite;
    if not, the patches' pixels are undefined.
    """
    out = network(*prepare_inputs(mels, faces, dtype))
    patches = restore_patches(out)
    if visible != WHOLE_PATCH:
        patches = keep_visible(patches, faces, visible)
    return patches, out.isfinite().all()


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


def keep_visible(patches: Tensor, faces: Tensor, visible: Rect) -> Tensor:
    """Return the patches inside the visible rect and the faces around it."""
    rows, columns = visible.slices
    pasted = faces.clone()
    pasted[:, rows, columns] = patches[:, rows, columns]
    return pasted
