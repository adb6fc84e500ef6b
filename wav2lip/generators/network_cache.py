"""Networks kept between runs: a start from here reads no checkpoint and imports no torch.

An entry is a folder named by its checkpoint's content key, with the weights, their norms folded, in
the order of `folded_shapes`, and a checksum.
"""

import mmap
import zlib
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from math import prod
from pathlib import Path

import numpy as np

from base.cache import mark_used, new_entry, remove, remove_oldest
from wav2lip.layers import Weights, folded_shapes

LAYOUT = "2"  # to be raised when what is stored changes, so that older entries are not taken
KEPT = 3  # entries of 145 MB each
PIECE = 2**20  # bytes
WEIGHTS = "weights.f32"


def key_of(checkpoint: Path) -> str:
    """A name for the file's content, from its ends: both change with any weight of a zip."""
    facts = checkpoint.stat()
    digest = blake2b(f"{LAYOUT} {facts.st_size} {facts.st_mtime_ns} ".encode(), digest_size=16)
    with checkpoint.open("rb") as file:
        digest.update(file.read(PIECE))
        file.seek(max(facts.st_size - PIECE, 0))
        digest.update(file.read())
    return digest.hexdigest()


@dataclass(frozen=True)
class Kept:
    """Weights, in the mapped file of an entry if there is one."""

    weights: Weights
    mapped: mmap.mmap | None = None

    def release(self) -> None:
        """Give their memory back; whoever looks at them again gets it from the file again."""
        if self.mapped is not None and hasattr(self.mapped, "madvise"):
            self.mapped.madvise(mmap.MADV_DONTNEED)


def read(entry: Path) -> Kept | None:
    """The network of a whole entry. A damaged one is thrown away."""
    if not entry.is_dir():
        return None
    try:
        if (entry / "checksum").read_text("ascii") != checksum(entry):
            raise OSError(f"{entry}: not what was written")
        kept = mapped(entry / WEIGHTS)
    except (OSError, ValueError):
        remove(entry)
        return None
    mark_used(entry)
    return kept


def mapped(path: Path) -> Kept:
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # OpenVINO asks for more
    shapes = folded_shapes()
    ends = np.cumsum([prod(shape) for shape in shapes.values()])
    numbers = np.frombuffer(memory, "<f4")
    if numbers.size != ends[-1]:
        raise ValueError(f"{path}: {numbers.size} weights, not {ends[-1]}")
    parts = np.split(numbers, ends[:-1])
    weights = {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts, strict=True)}
    return Kept(weights, memory)


def write(weights: Weights, entry: Path) -> None:
    """Keep the network, if the disk allows it: without an entry only the next start is slower."""
    with suppress(OSError, ValueError):  # a folder whose name no system takes
        with new_entry(entry) as place:
            place.mkdir()
            with (place / WEIGHTS).open("wb") as file:
                for name in folded_shapes():
                    file.write(weights[name].astype("<f4", copy=False).data)
            (place / "checksum").write_text(checksum(place), "ascii")
        remove_oldest(entry.parent, KEPT)


def checksum(entry: Path) -> str:
    total = 0
    with (entry / WEIGHTS).open("rb") as file:
        while piece := file.read(PIECE):
            total = zlib.crc32(piece, total)
    return f"{total:08x}"
