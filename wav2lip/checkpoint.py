"""Find, check and load the network's weights. Code that a checkpoint holds is never run."""

import os
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError, OutOfMemoryError
from tensors.archive import members_of
from tensors.numbers import Tensor, map_file
from tensors.safetensors import read_safetensors
from tensors.torch_files import read_legacy, read_torchscript, read_zip
from tensors.unpickling import ForeignNameError, UnknownOperationError
from wav2lip.layers import Shape, Weights, state_shapes

CLONE_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
# As Wav2Lip's authors name them; the network trained with a discriminator (GAN) is sharper.
FILE_STEMS = ("wav2lip_gan", "wav2lip", "Wav2Lip-SD-GAN", "Wav2Lip-SD-NOGAN")
SUFFIXES = (".pth", ".pt", ".safetensors", ".onnx")
COUNTER = "num_batches_tracked"  # of batches that trained a norm; not needed
HOW_TO_GET = "get wav2lip_gan.pth or wav2lip.pth"


class CheckpointFormat(Enum):
    """The file formats that weights come in."""

    TORCH = "torch"  # a zip, since torch 1.6
    LEGACY = "torch before 1.6"  # pickles, followed by the tensors' bytes
    TORCHSCRIPT = "TorchScript"
    SAFETENSORS = "safetensors"
    ONNX = "ONNX"


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
    try:
        if path.is_dir():
            raise EngineError(f"{path}: is a folder; name the checkpoint file in it")
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise EngineError(f"{path}: not a regular file; save the checkpoint to a file first")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError as error:
        raise EngineError(f"{path}: there is no such checkpoint; check the name") from error
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise EngineError(f"{path}: cannot read the checkpoint: {reason}") from error
    except ValueError as error:  # a null in the name
        raise EngineError(f"{path}: cannot read the checkpoint: {error}") from error
    return recognize_header(path, head, size)


def recognize_header(path: Path, head: bytes, size: int) -> CheckpointFormat:
    """The format of a file of `size` bytes that begins with `head`."""
    if not head:
        raise EngineError(f"{path}: the checkpoint is empty; {HOW_TO_GET} again")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise EngineError(
            f"{path}: is a web page, not a checkpoint: the download saved the page around the"
            " file; open the link in a browser and save the file itself"
        )
    if head.startswith(b"version https://git-lfs"):
        raise EngineError(f"{path}: is a Git LFS pointer, not the file; run git lfs pull")
    if head.startswith(b"PK\x03\x04"):
        return recognize_zip(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**27:
        return CheckpointFormat.SAFETENSORS
    if head[:1] == b"\x80":
        return CheckpointFormat.LEGACY
    if head[:1] == b"\x08":  # the version number that opens the protocol buffer
        return CheckpointFormat.ONNX
    raise EngineError(f"{path}: is no checkpoint ({size} bytes of something else); {HOW_TO_GET}")


def recognize_zip(path: Path) -> CheckpointFormat:
    """The format of a zip archive, by the names of its members."""
    try:
        members = {name.rpartition("/")[2] for name in members_of(map_file(path))}
    except (OSError, ValueError, struct.error) as error:
        raise EngineError(
            f"{path}: the checkpoint is cut off or damaged; {HOW_TO_GET} again"
        ) from error
    if "data.pkl" not in members:
        raise EngineError(f"{path}: is a zip without weights in it; unpack it, or {HOW_TO_GET}")
    return CheckpointFormat.TORCHSCRIPT if "constants.pkl" in members else CheckpointFormat.TORCH


def load_weights(path: Path) -> Weights:
    """The weights of the checkpoint's network in float32, checked; batch norms are not folded."""
    return match_weights(path, read_weights(path))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read every tensor of the checkpoint's state dict, by its name in the network."""
    read = READERS[detect_format(path)]
    try:
        return {name.removeprefix("module."): tensor for name, tensor in read(path).items()}
    except EngineError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: no memory left to read the checkpoint") from error
    except Exception as error:  # a damaged file can make its reader raise nearly any exception
        raise EngineError(f"{path}: {explain_failure(error)}") from error


def explain_failure(error: Exception) -> str:
    """Why a checkpoint could not be read, and what to do about it."""
    if isinstance(error, ForeignNameError):
        name = re.sub(r"[^\w.]", "?", error.name)
        return f"holds code ({name}) beside weights, which was not run; {HOW_TO_GET}"
    if isinstance(error, UnknownOperationError):
        return f"is damaged or holds more than weights, which was not run; {HOW_TO_GET}"
    return f"the checkpoint is cut off or damaged; {HOW_TO_GET} again"


def refuse_onnx(path: Path) -> dict[str, Tensor]:
    """An ONNX file holds a whole network, not weights for ours."""
    raise EngineError(
        f"{path}: holds an ONNX network, which only OpenVINO runs: choose --engine openvino,"
        " or give a .pth checkpoint"
    )


READERS: dict[CheckpointFormat, Callable[[Path], dict[str, Tensor]]] = {
    CheckpointFormat.TORCH: read_zip,
    CheckpointFormat.LEGACY: read_legacy,
    CheckpointFormat.TORCHSCRIPT: read_torchscript,
    CheckpointFormat.SAFETENSORS: read_safetensors,
    CheckpointFormat.ONNX: refuse_onnx,
}


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
