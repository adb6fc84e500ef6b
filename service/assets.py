"""Uploaded files: named by their content, each owner's apart from the others'."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from base.cache import mark_used
from base.locks import locked_file, remove, remove_abandoned, replace_file, synchronise
from batch.sources import FACE_SUFFIXES, SOUND_SUFFIXES
from service.errors import BadRequest, NotFound, StorageFull, TooLarge

ID = re.compile("[0-9a-f]{64}")
UNFINISHED = re.compile(r"\.upload\.([0-9a-f]{16})\.part")
CHECKPOINTS = frozenset((".pth", ".pt", ".safetensors", ".onnx"))
SUFFIXES = FACE_SUFFIXES | SOUND_SUFFIXES | CHECKPOINTS | {".json", ".srt", ".vtt", ".txt"}
MOST_NAME = 200  # characters of a client's name for a file
CHUNK = 1 << 20
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Asset:
    """A file that a client has uploaded."""

    id: str  # SHA-256 of the content
    name: str  # the client's
    bytes: int
    path: Path


class Upload:
    """An asset that is being written: bytes go to a file and into the hash."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, piece: bytes) -> None:
        """TooLarge beyond the limit; StorageFull where the disk has no room."""
        self.bytes += len(piece)
        if self.bytes > self._most:
            raise TooLarge(f"a file of more than {self._most} bytes is not taken")
        with room():
            self._file.write(piece)
        self._digest.update(piece)

    def digest(self) -> str:
        with room():
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._digest.hexdigest()


class Assets:
    """The folder `assets/OWNER/`, with the content and its name as JSON beside it."""

    def __init__(self, data: Path, most_bytes: int) -> None:
        self._folder, self.most_bytes = data / "assets", most_bytes

    def add(self, owner: str, name: str, content: BinaryIO) -> Asset:
        """Keep a copy of the content; BadRequest where it is empty."""
        with self.upload(owner, name) as upload:
            while piece := content.read(CHUNK):
                upload.write(piece)
        return self.get(owner, upload.digest_of_asset)

    @contextmanager
    def upload(self, owner: str, name: str) -> Iterator["NamedUpload"]:
        """An upload whose file becomes an asset at the end of the block."""
        folder = self._folder / owner
        suffix = suffix_of(name)
        with room():
            folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(folder, UNFINISHED)
            with locked_file(folder, ".upload.", ".part") as path:
                with path.open("wb") as file:
                    upload = NamedUpload(file, self.most_bytes)
                    yield upload
                    if not upload.bytes:
                        raise BadRequest("the file is empty")
                    upload.digest_of_asset = upload.digest()
                target = folder / f"{upload.digest_of_asset}{suffix}"
                facts = {"name": name[:MOST_NAME], "bytes": upload.bytes}
                replace_file(target.with_suffix(".name"), json.dumps(facts).encode())
                path.replace(target)
                synchronise(folder)

    def get(self, owner: str, asset_id: str) -> Asset:
        """NotFound also for what another owner has; its time of last use is noted."""
        if ID.fullmatch(asset_id):
            files = [path for path in self.files(owner) if path.stem == asset_id]
            for path in sorted(files, key=_used, reverse=True):
                with suppress(OSError, ValueError):
                    facts = json.loads(path.with_suffix(".name").read_bytes())
                    mark_used(path)
                    return Asset(asset_id, str(facts["name"]), path.stat().st_size, path)
        raise NotFound("there is no such asset: upload it again")

    def delete(self, owner: str, asset_id: str) -> None:
        path = self.get(owner, asset_id).path
        remove(path)
        remove(path.with_suffix(".name"))

    def files(self, owner: str | None = None) -> list[Path]:
        """The files of an owner, or of all."""
        folder = self._folder / (owner or "*")
        return [
            path
            for path in folder.parent.glob(f"{folder.name}/*")
            if ID.fullmatch(path.stem) and path.suffix != ".name"
        ]


class NamedUpload(Upload):
    """An upload that knows, in the end, the asset's id."""

    digest_of_asset = ""


@contextmanager
def room() -> Iterator[None]:
    """StorageFull where the disk has no room."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull("the disk has no room for the file", 60) from error
        raise


def suffix_of(name: str) -> str:
    """By which the content is read; of unknown ones none is kept."""
    suffix = Path(name[-MOST_NAME:].replace("\0", "")).suffix.lower()
    return suffix if suffix in SUFFIXES else ".bin"


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
