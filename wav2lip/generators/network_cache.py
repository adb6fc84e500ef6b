"""Networks kept between runs, ready for OpenVINO: a start from here reads no checkpoint.

An entry is a folder named by its checkpoint's content key, with the graph, its weights, and a
checksum of both. It is made beside its place and renamed into it, so it is there whole or not.
"""

import shutil
import tempfile
import zlib
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from openvino_core import core, ov

LAYOUT = "1"  # to be raised when the stored graph changes, so that older entries are not taken
KEPT = 3  # entries of 145 MB each
PIECE = 2**20  # bytes


def key_of(checkpoint: Path) -> str:
    """A name for the file's content, from its ends: both change with any weight of a zip."""
    facts = checkpoint.stat()
    digest = blake2b(f"{LAYOUT} {facts.st_size} {facts.st_mtime_ns} ".encode(), digest_size=16)
    with checkpoint.open("rb") as file:
        digest.update(file.read(PIECE))
        file.seek(max(facts.st_size - PIECE, 0))
        digest.update(file.read())
    return digest.hexdigest()


def read(entry: Path) -> ov.Model | None:
    """The network of a whole entry. A damaged one is thrown away."""
    if not entry.is_dir():
        return None
    try:
        if (entry / "checksum").read_text("ascii") != checksum(entry):
            raise OSError(f"{entry}: not what was written")
        model = core().read_model(entry / "network.xml")
    except (OSError, ValueError, RuntimeError):
        shutil.rmtree(entry, ignore_errors=True)
        return None
    with suppress(OSError):  # a cache that others may only read
        (entry / "checksum").touch()  # the time of its last use
    return model


def write(model: ov.Model, entry: Path) -> None:
    """Keep the network, if the disk allows it: without an entry only the next start is slower."""
    making = None
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".", dir=entry.parent))
        ov.save_model(model, making / "network.xml", compress_to_fp16=False)
        (making / "checksum").write_text(checksum(making), "ascii")
        making.rename(entry)
        remove_oldest(entry.parent)
    except (OSError, RuntimeError):  # OpenVINO says RuntimeError where the disk is full
        if making is not None:
            shutil.rmtree(making, ignore_errors=True)


def checksum(entry: Path) -> str:
    """Of the graph and its weights."""
    sums = []
    for name in ("network.xml", "network.bin"):
        total = 0
        with (entry / name).open("rb") as file:
            while piece := file.read(PIECE):
                total = zlib.crc32(piece, total)
        sums.append(f"{total:08x}")
    return " ".join(sums)


def remove_oldest(folder: Path) -> None:
    """All but the entries used last; what a killed run left half made grows old like the rest."""
    used = {}
    for entry in folder.iterdir():
        with suppress(OSError):
            used[entry] = max(path.stat().st_mtime for path in (entry, *entry.glob("checksum")))
    for entry in sorted(used, key=used.__getitem__, reverse=True)[KEPT:]:
        shutil.rmtree(entry, ignore_errors=True)
