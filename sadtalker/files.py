"""Which files of a folder are SadTalker's, by their tensors' names and shapes."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from base.errors import EngineError

if TYPE_CHECKING:  # the flags need the sizes alone, at once
    from tensors.headers import Header

SIZES = (256, 512)
NETWORK_TENSORS = (
    "kp_extractor.predictor.down_blocks.down0.conv.weight",
    "face_3drecon.backbone.conv1.weight",
)
MAPPING_TENSOR = "mapping.first.0.weight"
CROP, FULL = 70, 73  # coefficients a frame that a mapping takes
MAPPINGS = {CROP: "mapping_00229-model.pth.tar", FULL: "mapping_00109-model.pth.tar"}
MOST_FILES = 500  # of a folder that are looked into


def network_file(folder: Path, size: int) -> Path:
    """The file of all networks but the mapping; 256 and 512 pixels differ by name alone."""
    named = folder / _network_name(size)
    if named.is_file():
        return named
    of_others = {_network_name(other) for other in SIZES if other != size}
    for path, header in _headers(folder):
        if path.name not in of_others and all(name in header.shapes for name in NETWORK_TENSORS):
            return path
    raise _missing(folder, named.name)


def mapping_file(folder: Path, coefficients: int) -> Path:
    """The file of the mapping that takes 70 or 73 coefficients a frame."""
    named = folder / MAPPINGS[coefficients]
    if named.is_file():
        return named
    for path, header in _headers(folder):
        shape = header.shapes.get(MAPPING_TENSOR, ())
        if len(shape) == 3 and shape[1] == coefficients:
            return path
    raise _missing(folder, named.name)


def _network_name(size: int) -> str:
    return f"SadTalker_V0.0.2_{size}.safetensors"


def _missing(folder: Path, name: str) -> EngineError:
    if not folder.is_dir():
        return EngineError(f"{folder}: no folder with SadTalker's networks; check the name")
    return EngineError(f"{folder}: holds no {name}; --animate sadtalker needs it")


def _headers(folder: Path) -> "Iterator[tuple[Path, Header]]":
    """Of the files that can be read, in order."""
    from tensors.headers import DAMAGED, read_header

    files = sorted(path for path in folder.glob("*") if path.is_file())
    for path in islice(files, MOST_FILES):
        try:
            header = read_header(path)
        except DAMAGED:
            continue
        if header is not None:
            yield path, header
