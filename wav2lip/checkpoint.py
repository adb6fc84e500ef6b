"""Find, check and load the network's weights. Code that a checkpoint holds is never run."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tensors.files as formats
from base.errors import EngineError
from tensors.files import CheckpointFormat as CheckpointFormat
from tensors.numbers import Tensor
from wav2lip.layers import Shape, Weights, state_shapes

CLONE_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
# As Wav2Lip's authors name them; the network trained with a discriminator (GAN) is sharper.
FILE_STEMS = ("wav2lip_gan", "wav2lip", "Wav2Lip-SD-GAN", "Wav2Lip-SD-NOGAN")
SUFFIXES = (".pth", ".pt", ".safetensors", ".onnx")
COUNTER = "num_batches_tracked"  # of batches that trained a norm; not needed
HOW_TO_GET = "get wav2lip_gan.pth or wav2lip.pth"


def checkpoint_folders() -> tuple[Path, ...]:
    """The folders that are searched, the first one first.

    They are the one named by the environment variable MODEL_ROOT, `checkpoints/` of the working
    directory, and `checkpoints/` of this clone.
    """
    root = os.environ.get("MODEL_ROOT")
    folders = [Path(root)] if root else []
    with suppress(OSError):  # the working directory may have been removed
        folders.append(Path.cwd() / CLONE_FOLDER.name)
    return tuple(dict.fromkeys([*folders, CLONE_FOLDER]))


def find_checkpoint(path: Path | None) -> Path | None:
    """Return `path`, or the first file of a known name in the folders, once its format is known.

    None if there is no such file.
    """
    checkpoint = path or next(filter(_exists, _candidates()), None)
    if checkpoint is not None:
        detect_format(checkpoint)
    return checkpoint


def _candidates() -> Iterator[Path]:
    for folder in checkpoint_folders():
        for stem in FILE_STEMS:
            yield from (folder / f"{stem}{suffix}" for suffix in SUFFIXES)


def _exists(path: Path) -> bool:
    """Whether the file is there; false where its folder may not be looked into."""
    try:
        return path.exists()
    except OSError:
        return False


def detect_format(path: Path) -> CheckpointFormat:
    """Recognize the format by the file's content, whatever its name."""
    return formats.detect_format(path, HOW_TO_GET)


def load_weights(path: Path) -> Weights:
    """The weights of the checkpoint's network in float32, checked; batch norms are not folded."""
    return match_weights(path, read_weights(path))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read every tensor of the checkpoint's state dict, by its name in the network."""
    if detect_format(path) is CheckpointFormat.ONNX:
        raise EngineError(
            f"{path}: holds an ONNX network, which only OpenVINO runs: choose --engine openvino,"
            " or give a .pth checkpoint"
        )
    return formats.read_tensors(path, HOW_TO_GET)


def match_weights(path: Path, weights: Mapping[str, Tensor]) -> Weights:
    """Convert `weights` to float32; EngineError if they are not those of Wav2Lip."""
    expected = state_shapes()
    missing = [name for name in expected if name not in weights]
    foreign = [n for n in weights if n not in expected and not n.endswith(COUNTER)]
    if missing:
        raise EngineError(
            f"{path}: weights of another network: {len(missing)} of Wav2Lip's {len(expected)}"
            f" tensors are missing, {missing[0]} the first; {HOW_TO_GET}"
        )
    if foreign:
        raise EngineError(
            f"{path}: weights of another network: {foreign[0]} and {len(foreign) - 1} more"
            f" tensors are not Wav2Lip's; {HOW_TO_GET}"
        )
    return {name: convert(path, name, weights[name], shape) for name, shape in expected.items()}


def convert(path: Path, name: str, weight: Tensor, shape: Shape) -> NDArray[np.float32]:
    """EngineError if the weight has another shape or type, or numbers that make no sense."""
    if weight.shape != shape or weight.dtype.kind != "f":
        raise EngineError(
            f"{path}: weights of another network: {name} is {weight.dtype} {in_words(weight.shape)}"
            f" where Wav2Lip has float32 {in_words(shape)}; {HOW_TO_GET}"
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        converted = weight.astype(np.float32, copy=False)
    if not np.isfinite(converted).all() or (name.endswith("running_var") and converted.min() < 0):
        raise EngineError(
            f"{path}: {name} holds what is no number: the file is damaged; {HOW_TO_GET}"
        )
    return converted


def in_words(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "number"
