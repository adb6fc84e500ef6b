"""Files with tensors: their formats, told by their content, and every tensor by its name.

`way_out` ends the messages of errors: where a good file comes from.
"""

import re
import struct
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from base.errors import EngineError, OutOfMemoryError
from tensors.archive import members_of
from tensors.numbers import Tensor, map_file
from tensors.safetensors import read_safetensors
from tensors.torch_files import read_legacy, read_torchscript, read_zip
from tensors.unpickling import ForeignNameError, UnknownOperationError


class CheckpointFormat(Enum):
    """The file formats that weights come in."""

    TORCH = "torch"  # a zip, since torch 1.6
    LEGACY = "torch before 1.6"  # pickles, followed by the tensors' bytes
    TORCHSCRIPT = "TorchScript"
    SAFETENSORS = "safetensors"
    ONNX = "ONNX"


READERS: dict[CheckpointFormat, Callable[[Path], dict[str, Tensor]]] = {
    CheckpointFormat.TORCH: read_zip,
    CheckpointFormat.LEGACY: read_legacy,
    CheckpointFormat.TORCHSCRIPT: read_torchscript,
    CheckpointFormat.SAFETENSORS: read_safetensors,
}


def detect_format(path: Path, way_out: str) -> CheckpointFormat:
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
    return recognize_header(path, head, size, way_out)


def recognize_header(path: Path, head: bytes, size: int, way_out: str) -> CheckpointFormat:
    """The format of a file of `size` bytes that begins with `head`."""
    if not head:
        raise EngineError(f"{path}: the checkpoint is empty; {way_out} again")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise EngineError(
            f"{path}: is a web page, not a checkpoint: the download saved the page around the"
            " file; open the link in a browser and save the file itself"
        )
    if head.startswith(b"version https://git-lfs"):
        raise EngineError(f"{path}: is a Git LFS pointer, not the file; run git lfs pull")
    if head.startswith(b"PK\x03\x04"):
        return recognize_zip(path, way_out)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**27:
        return CheckpointFormat.SAFETENSORS
    if head[:1] == b"\x80":
        return CheckpointFormat.LEGACY
    if head[:1] == b"\x08":  # the version number that opens the protocol buffer
        return CheckpointFormat.ONNX
    raise EngineError(f"{path}: is no checkpoint ({size} bytes of something else); {way_out}")


def recognize_zip(path: Path, way_out: str) -> CheckpointFormat:
    """The format of a zip archive, by the names of its members."""
    try:
        members = {name.rpartition("/")[2] for name in members_of(map_file(path))}
    except (OSError, ValueError, struct.error) as error:
        raise EngineError(
            f"{path}: the checkpoint is cut off or damaged; {way_out} again"
        ) from error
    if "data.pkl" not in members:
        raise EngineError(f"{path}: is a zip without weights in it; unpack it, or {way_out}")
    return CheckpointFormat.TORCHSCRIPT if "constants.pkl" in members else CheckpointFormat.TORCH


def read_tensors(path: Path, way_out: str) -> dict[str, Tensor]:
    """Every tensor of a file that is not ONNX, by its name in the network."""
    read = READERS[detect_format(path, way_out)]
    try:
        return {name.removeprefix("module."): tensor for name, tensor in read(path).items()}
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: no memory left to read the checkpoint") from error
    except Exception as error:  # a damaged file can make its reader raise nearly any exception
        raise EngineError(f"{path}: {explain_failure(error, way_out)}") from error


def explain_failure(error: Exception, way_out: str) -> str:
    """Why a checkpoint could not be read, and what to do about it."""
    if isinstance(error, ForeignNameError):
        name = re.sub(r"[^\w.]", "?", error.name)
        return f"holds code ({name}) beside weights, which was not run; {way_out}"
    if isinstance(error, UnknownOperationError):
        return f"is damaged or holds more than weights, which was not run; {way_out}"
    return f"the checkpoint is cut off or damaged; {way_out} again"
