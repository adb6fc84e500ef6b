"""A cache of folded weights: a start from it reads no checkpoint and imports no torch.

An entry is a folder named by its checkpoint's key. It holds the weights, with the batch norms
folded, in the order of `folded_shapes`, and a checksum.
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

LAYOUT_VERSION = "2"  # raise it when the stored layout changes: older entries are ignored then
MAX_ENTRIES = 3  # entries of 145 MB each
CHUNK = 2**20  # bytes
WEIGHTS_FILE = "weights.f32"


def cache_key(checkpoint: Path) -> str:
    """A name for the file's content, from its size, time, and first and last bytes.

    In a zip the last bytes change with any weight: the directory there holds every checksum.
    """
    facts = checkpoint.stat()
    digest = blake2b(
        f"{LAYOUT_VERSION} {facts.st_size} {facts.st_mtime_ns} ".encode(), digest_size=16
    )
    with checkpoint.open("rb") as file:
        digest.update(file.read(CHUNK))
        file.seek(max(facts.st_size - CHUNK, 0))
        digest.update(file.read())
    return digest.hexdigest()


@dataclass(frozen=True)
class StoredWeights:
    """Folded weights, which lie in the mapped file of a cache entry if there is one."""

    weights: Weights
    mapped: mmap.mmap | None = None

    def release(self) -> None:
        """Give the mapped memory back; a later access reads the file again."""
        if self.mapped is not None and hasattr(self.mapped, "madvise"):
            self.mapped.madvise(mmap.MADV_DONTNEED)


def read(entry: Path) -> StoredWeights | None:
    """Return the entry's weights, or None; a damaged entry is removed."""
    if not entry.is_dir():
        return None
    try:
        if (entry / "checksum").read_text("ascii") != checksum(entry):
            raise OSError(f"{entry}: not what was written")
        stored = map_weights(entry / WEIGHTS_FILE)
    except (OSError, ValueError):
        remove(entry)
        return None
    mark_used(entry)
    return stored


def map_weights(path: Path) -> StoredWeights:
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # OpenVINO asks for more
    shapes = folded_shapes()
    ends = np.cumsum([prod(shape) for shape in shapes.values()])
    values = np.frombuffer(memory, "<f4")
    if values.size != ends[-1]:
        raise ValueError(f"{path}: {values.size} weights, not {ends[-1]}")
    parts = np.split(values, ends[:-1])
    weights = {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts, strict=True)}
    return StoredWeights(weights, memory)


def write(weights: Weights, entry: Path) -> None:
    """Store the weights; a failure is ignored, since only the next start is slower for it."""
    with suppress(OSError, ValueError):  # ValueError: a folder name that no system allows
        with new_entry(entry) as folder:
            folder.mkdir()
            with (folder / WEIGHTS_FILE).open("wb") as file:
                for name in folded_shapes():
                    file.write(weights[name].astype("<f4", copy=False).data)
            (folder / "checksum").write_text(checksum(folder), "ascii")
        remove_oldest(entry.parent, MAX_ENTRIES)


def checksum(entry: Path) -> str:
    total = 0
    with (entry / WEIGHTS_FILE).open("rb") as file:
        while chunk := file.read(CHUNK):
            total = zlib.crc32(chunk, total)
    return f"{total:08x}"
