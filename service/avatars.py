"""Faces that were prepared ahead: a name and the job that prepared it, each a small file."""

import json
import re
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from base.locks import remove, replace_file
from service.errors import NotFound

ID = re.compile("[0-9a-f]{24}")
STILLS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".heic", ".heif", ".avif", ".tif", ".tiff")
STILL_SECONDS = 0.2  # of a still one picture is looked at


@dataclass(frozen=True)
class Avatar:
    """A face that jobs may name as `avatar:ID`."""

    id: str
    name: str
    path: str  # of the face
    job: str  # the id of the one that prepares it


class Avatars:
    """The folder `avatars/OWNER/`."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "avatars"

    def add(self, owner: str, name: str, face: Path, job: str) -> Avatar:
        avatar = Avatar(avatar_id(face), name, str(face), job)
        replace_file(self._file(owner, avatar.id), json.dumps(asdict(avatar)).encode())
        return avatar

    def get(self, owner: str, avatar_id: str) -> Avatar:
        if ID.fullmatch(avatar_id):
            try:
                return Avatar(**json.loads(self._file(owner, avatar_id).read_bytes()))
            except (OSError, ValueError, TypeError):
                pass
        raise NotFound("there is no such avatar")

    def all(self, owner: str) -> list[Avatar]:
        """By name."""
        ids = (path.stem for path in (self._folder / owner).glob("*.json"))
        return sorted((self.get(owner, each) for each in ids), key=lambda a: (a.name, a.id))

    def delete(self, owner: str, avatar_id: str) -> None:
        self.get(owner, avatar_id)
        remove(self._file(owner, avatar_id))

    def faces(self) -> set[str]:
        """The paths of all owners' faces."""
        return {json.loads(path.read_bytes())["path"] for path in self._folder.glob("*/*.json")}

    def _file(self, owner: str, avatar_id: str) -> Path:
        return self._folder / owner / f"{avatar_id}.json"


def avatar_id(face: Path) -> str:
    """The same for the same file."""
    return blake2b(str(face).encode(), digest_size=12).hexdigest()


def seconds_to_prepare(face: Path, seconds: float) -> float:
    """Of sound for which the face is looked at."""
    return STILL_SECONDS if face.suffix.lower() in STILLS else seconds
