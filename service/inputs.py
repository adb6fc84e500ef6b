"""What a client names as a file: an asset, an avatar, the demo's, an address, or a path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.assets import Assets
from service.avatars import Avatars
from service.errors import BadRequest, Forbidden, NotFound
from service.fetching import Fetcher

DEMO = Path(__file__).parent.parent / "demo"
DEMO_FILES = {"demo:portrait": DEMO / "portrait.png", "demo:speech": DEMO / "speech.m4a"}
FETCHED = re.compile(r"https?://", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
MOST_LETTERS = 4096
NOT_ALLOWED = "there is no such file below an allowed folder (--allow_root)"


@dataclass(frozen=True)
class Input:
    """A file on this machine, and how the client knows it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Inputs:
    """Finds the file that a client means; nothing outside of what it may read."""

    assets: Assets
    avatars: Avatars
    roots: Sequence[Path]  # resolved folders below which paths are allowed
    fetcher: Fetcher | None = None  # of what is named by address

    def find(self, owner: str, reference: object) -> Input:
        """BadRequest, NotFound or Forbidden, none of which tells what else exists.

        What an address leads to becomes an asset of the owner's.
        """
        if not isinstance(reference, str) or not 0 < len(reference) <= MOST_LETTERS:
            raise BadRequest("a file is named by asset:ID, avatar:ID, a path, or an address")
        kind, _, rest = reference.partition(":")
        if kind == "asset":
            asset = self.assets.get(owner, rest)
            return Input(asset.path, asset.name)
        if kind == "avatar":
            avatar = self.avatars.get(owner, rest)
            return Input(Path(avatar.path), avatar.name)
        if reference in DEMO_FILES:
            return Input(DEMO_FILES[reference], reference)
        if self.fetcher is not None and FETCHED.match(reference):
            asset = self.fetcher.fetch(owner, reference)
            return Input(asset.path, asset.name)
        if SCHEME.match(reference):
            raise Forbidden("addresses are not read here: upload the file to /v1/assets")
        return self._below_a_root(reference)

    def _below_a_root(self, reference: str) -> Input:
        """The real file, whatever links lead to it."""
        if "\0" in reference or not self.roots:
            raise NotFound(NOT_ALLOWED)
        for root in self.roots:
            try:
                path = (root / reference).resolve(strict=True)
                if path.is_relative_to(root) and path.is_file():
                    return Input(path, path.name)
            except (OSError, ValueError, RuntimeError):
                continue
        raise NotFound(NOT_ALLOWED)

    def list_below_roots(self, suffixes: frozenset[str], most: int) -> list[Path]:
        """Relative names of files that may be named by path, sorted."""
        found = [
            path.relative_to(root)
            for root in self.roots
            for path in sorted(root.rglob("*"))[: most * 10]
            if path.suffix.lower() in suffixes and path.is_file() and not path.is_symlink()
        ]
        return found[:most]
