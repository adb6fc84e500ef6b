"""Find, check and load the network's weights. Code that a checkpoint holds is never run."""

import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from base.errors import EngineError, OutOfMemoryError

if TYPE_CHECKING:  # torch takes more than a second to import: it is imported to read weights only
    from torch import Tensor

    from wav2lip.network import Wav2Lip

CLONE_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
# As Wav2Lip's authors name them; the network trained with a discriminator (GAN) is sharper.
FILE_STEMS = ("wav2lip_gan", "wav2lip", "Wav2Lip-SD-GAN", "Wav2Lip-SD-NOGAN")
SUFFIXES = (".pth", ".pt", ".safetensors", ".onnx")
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
        return zip_format(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**27:
        return CheckpointFormat.SAFETENSORS
    if head[:1] == b"\x80":
        return CheckpointFormat.LEGACY
    if head[:1] == b"\x08":  # the version number that opens the protocol buffer
        return CheckpointFormat.ONNX
    raise EngineError(f"{path}: is no checkpoint ({size} bytes of something else); {HOW_TO_GET}")


def zip_format(path: Path) -> CheckpointFormat:
    """The format of a zip archive, by the names of its members."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise EngineError(
            f"{path}: the checkpoint is cut off or damaged; {HOW_TO_GET} again"
        ) from error
    if "data.pkl" not in members:
        raise EngineError(f"{path}: is a zip without weights in it; unpack it, or {HOW_TO_GET}")
    return CheckpointFormat.TORCHSCRIPT if "constants.pkl" in members else CheckpointFormat.TORCH


def load_network(path: Path) -> "Wav2Lip":
    """Build the network with the checkpoint's weights in float32, ready for inference."""
    import torch

    from wav2lip.network import Wav2Lip

    weights = read_weights(path)
    with torch.device("meta"):  # no memory, no random numbers: every tensor is replaced
        network = Wav2Lip()
    network.load_state_dict(match_weights(path, weights, network.state_dict()), assign=True)
    return network.eval().requires_grad_(False)


def read_weights(path: Path) -> "dict[str, Tensor]":
    """Read every tensor of the checkpoint's state dict, by its name in the network."""
    read = READERS[detect_format(path)]
    try:
        return extract_state_dict(read(path))
    except EngineError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: no memory left to read the checkpoint") from error
    except Exception as error:  # a damaged file can make its reader raise nearly any exception
        raise EngineError(f"{path}: {explain_failure(error)}") from error


def explain_failure(error: Exception) -> str:
    """Why a checkpoint could not be read, and what to do about it."""
    code = re.search(r"GLOBAL ([\w.]+)", str(error))
    if code:
        return f"holds code ({code[1]}) beside weights, which was not run; {HOW_TO_GET}"
    if isinstance(error, pickle.UnpicklingError):
        return f"is damaged or holds more than weights, which was not run; {HOW_TO_GET}"
    return f"the checkpoint is cut off or damaged; {HOW_TO_GET} again"


def read_torch(path: Path) -> object:
    return torch_load(path, mapped=True)


def read_legacy(path: Path) -> object:
    return torch_load(path, mapped=False)


def torch_load(path: Path, mapped: bool) -> object:
    import torch

    ignored: list[Any] = [(IgnoredObject, name) for name in IGNORED_NAMES]
    with warnings.catch_warnings(), torch.serialization.safe_globals(ignored):
        warnings.simplefilter("ignore")  # about pickle protocols; an unreadable file raises anyway
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


class IgnoredObject:
    """Stands for numpy's numbers in an optimizer's state, which are not needed here."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


IGNORED_NAMES = (
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
)


def read_torchscript(path: Path) -> object:
    from wav2lip.torchscript import read_tensors

    return read_tensors(path)


def read_safetensors(path: Path) -> object:
    from safetensors.torch import load_file

    return load_file(path)


def refuse_onnx(path: Path) -> object:
    """An ONNX file holds a whole network, not weights for ours."""
    raise EngineError(
        f"{path}: holds an ONNX network, which only OpenVINO runs: choose --engine openvino,"
        " or give a .pth checkpoint"
    )


READERS: dict[CheckpointFormat, Callable[[Path], object]] = {
    CheckpointFormat.TORCH: read_torch,
    CheckpointFormat.LEGACY: read_legacy,
    CheckpointFormat.TORCHSCRIPT: read_torchscript,
    CheckpointFormat.SAFETENSORS: read_safetensors,
    CheckpointFormat.ONNX: refuse_onnx,
}


def extract_state_dict(content: object) -> "dict[str, Tensor]":
    """The tensors by the network's own names, without the dictionaries and prefixes of training."""
    from torch import Tensor

    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        return {}
    return {
        str(name).removeprefix("module."): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }


def match_weights(
    path: Path, weights: "Mapping[str, Tensor]", expected: "Mapping[str, Tensor]"
) -> "dict[str, Tensor]":
    """Convert `weights` to the types of `expected`; EngineError if a tensor does not fit."""
    required = [name for name in expected if not name.endswith("num_batches_tracked")]
    missing = [name for name in required if name not in weights]
    foreign = [name for name in weights if name not in expected]
    if missing:
        raise EngineError(
            f"{path}: weights of another network: {len(missing)} of Wav2Lip's {len(required)}"
            f" tensors are missing, {missing[0]} the first; {HOW_TO_GET}"
        )
    if foreign:
        raise EngineError(
            f"{path}: weights of another network: {foreign[0]} and {len(foreign) - 1} more"
            f" tensors are not Wav2Lip's; {HOW_TO_GET}"
        )
    for name in required:
        check_tensor(path, name, weights[name], expected[name])
    counters = {name: expected[name].new_zeros((), device="cpu") for name in expected}
    return counters | {name: weights[name].to(expected[name].dtype) for name in required}


def check_tensor(path: Path, name: str, weight: "Tensor", expected: "Tensor") -> None:
    """EngineError if the weight has another shape or type, or numbers that make no sense."""
    if weight.shape != expected.shape or not weight.is_floating_point():
        raise EngineError(
            f"{path}: weights of another network: {name} is {describe_tensor(weight)}"
            f" where Wav2Lip has {describe_tensor(expected)}; {HOW_TO_GET}"
        )
    if not weight.isfinite().all() or (name.endswith("running_var") and (weight < 0).any()):
        raise EngineError(
            f"{path}: {name} holds what is no number: the file is damaged; {HOW_TO_GET}"
        )


def describe_tensor(tensor: "Tensor") -> str:
    """Its type and shape in words, as in "float32 3x32x1x1"."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{dtype} {'x'.join(map(str, tensor.shape)) or 'number'}"
