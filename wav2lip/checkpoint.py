"""Find, check and load the network's weights. Nothing that a checkpoint holds is ever run."""

import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from base.errors import EngineError, OutOfMemoryError

if TYPE_CHECKING:  # torch takes more than a second to import: only what reads weights pays it
    from torch import Tensor

    from wav2lip.network import Wav2Lip

FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
# As the original's authors name them; the one trained with a discriminator is sharper.
NAMES = ("wav2lip_gan", "wav2lip", "Wav2Lip-SD-GAN", "Wav2Lip-SD-NOGAN")
ENDINGS = (".pth", ".pt", ".safetensors", ".onnx")
GET = "get wav2lip_gan.pth or wav2lip.pth"


class Kind(Enum):
    TORCH = "torch"  # a zip, since torch 1.6
    LEGACY = "torch before 1.6"  # pickles, then numbers
    TORCHSCRIPT = "TorchScript"
    SAFETENSORS = "safetensors"
    ONNX = "ONNX"


def find(named: Path | None) -> Path | None:
    """The checkpoint named, or the first of the known names in FOLDER, or none."""
    places = (FOLDER / f"{name}{ending}" for name in NAMES for ending in ENDINGS)
    found = named or next((place for place in places if place.exists()), None)
    if found is not None:
        kind_of(found)
    return found


def kind_of(path: Path) -> Kind:
    """By what the file holds, whatever its name."""
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
    return recognised(path, head, size)


def recognised(path: Path, head: bytes, size: int) -> Kind:
    if not head:
        raise EngineError(f"{path}: the checkpoint is empty; {GET} again")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise EngineError(
            f"{path}: is a web page, not a checkpoint: the download saved the page around the"
            " file; open the link in a browser and save the file itself"
        )
    if head.startswith(b"version https://git-lfs"):
        raise EngineError(f"{path}: is a Git LFS pointer, not the file; run git lfs pull")
    if head.startswith(b"PK\x03\x04"):
        return zip_kind(path)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**27:
        return Kind.SAFETENSORS
    if head[:1] == b"\x80":
        return Kind.LEGACY
    if head[:1] == b"\x08":  # the version number that opens the protocol buffer
        return Kind.ONNX
    raise EngineError(f"{path}: is no checkpoint ({size} bytes of something else); {GET}")


def zip_kind(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise EngineError(f"{path}: the checkpoint is cut off or damaged; {GET} again") from error
    if "data.pkl" not in members:
        raise EngineError(f"{path}: is a zip without weights in it; unpack it, or {GET}")
    return Kind.TORCHSCRIPT if "constants.pkl" in members else Kind.TORCH


def load_network(path: Path) -> "Wav2Lip":
    """The network with the checkpoint's weights in float32, ready to infer."""
    import torch

    from wav2lip.network import Wav2Lip

    weights = read_weights(path)
    with torch.device("meta"):  # no memory, no random numbers: every tensor is replaced
        network = Wav2Lip()
    network.load_state_dict(fitted(path, weights, network.state_dict()), assign=True)
    return network.eval().requires_grad_(False)


def read_weights(path: Path) -> "dict[str, Tensor]":
    """Every tensor of the checkpoint's state dict, by its name in the network."""
    kind = kind_of(path)
    try:
        return state_dict(READERS[kind](path))
    except EngineError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: no memory left to read the checkpoint") from error
    except Exception as error:  # what a damaged file makes its reader raise has no end
        raise EngineError(f"{path}: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    code = re.search(r"GLOBAL ([\w.]+)", str(error))
    if code:
        return f"holds code ({code[1]}) beside weights, which was not run; {GET}"
    if isinstance(error, pickle.UnpicklingError):
        return f"is damaged or holds more than weights, which was not run; {GET}"
    return f"the checkpoint is cut off or damaged; {GET} again"


def read_torch(path: Path) -> object:
    return torch_load(path, mapped=True)


def read_legacy(path: Path) -> object:
    return torch_load(path, mapped=False)


def torch_load(path: Path, mapped: bool) -> object:
    import torch

    inert: list[Any] = [(Inert, name) for name in HARMLESS]
    with warnings.catch_warnings(), torch.serialization.safe_globals(inert):
        warnings.simplefilter("ignore")  # of pickle protocols: what cannot be read raises
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


class Inert:
    """What becomes of numpy's numbers in an optimizer's state: nothing, since nobody asks."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


HARMLESS = (
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
    raise EngineError(
        f"{path}: holds an ONNX network, which only OpenVINO runs: choose --engine openvino,"
        " or give a .pth checkpoint"
    )


READERS: dict[Kind, Callable[[Path], object]] = {
    Kind.TORCH: read_torch,
    Kind.LEGACY: read_legacy,
    Kind.TORCHSCRIPT: read_torchscript,
    Kind.SAFETENSORS: read_safetensors,
    Kind.ONNX: refuse_onnx,
}


def state_dict(loaded: object) -> "dict[str, Tensor]":
    """The tensors under the network's own names, out of what training wraps around them."""
    from torch import Tensor

    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping):
        return {}
    return {
        str(name).removeprefix("module."): value
        for name, value in loaded.items()
        if isinstance(value, Tensor)
    }


def fitted(
    path: Path, weights: "Mapping[str, Tensor]", wanted: "Mapping[str, Tensor]"
) -> "dict[str, Tensor]":
    """`weights` with the types of `wanted`, if they are this network's and whole."""
    needed = [name for name in wanted if not name.endswith("num_batches_tracked")]
    missing = [name for name in needed if name not in weights]
    foreign = [name for name in weights if name not in wanted]
    if missing:
        raise EngineError(
            f"{path}: weights of another network: {len(missing)} of Wav2Lip's {len(needed)}"
            f" tensors are missing, {missing[0]} the first; {GET}"
        )
    if foreign:
        raise EngineError(
            f"{path}: weights of another network: {foreign[0]} and {len(foreign) - 1} more"
            f" tensors are not Wav2Lip's; {GET}"
        )
    for name in needed:
        check_tensor(path, name, weights[name], wanted[name])
    counts = {name: wanted[name].new_zeros((), device="cpu") for name in wanted}
    return counts | {name: weights[name].to(wanted[name].dtype) for name in needed}


def check_tensor(path: Path, name: str, weight: "Tensor", wanted: "Tensor") -> None:
    if weight.shape != wanted.shape or not weight.is_floating_point():
        raise EngineError(
            f"{path}: weights of another network: {name} is {described(weight)}"
            f" where Wav2Lip has {described(wanted)}; {GET}"
        )
    if not weight.isfinite().all() or (name.endswith("running_var") and (weight < 0).any()):
        raise EngineError(f"{path}: {name} holds what is no number: the file is damaged; {GET}")


def described(tensor: "Tensor") -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    return f"{kind} {'x'.join(map(str, tensor.shape)) or 'number'}"
