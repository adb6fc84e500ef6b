"""API keys: the file holds their hashes alone."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from base.errors import InputError, OutputError, UsageError

LINE = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9a-f]{64})(?::(-?\d{1,3}))?")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOCAL = "local"  # the owner of jobs where no key is needed


@dataclass(frozen=True)
class Keys:
    """Names and hashes; keys are random and long, so a plain SHA-256 cannot be guessed back."""

    entries: Sequence[tuple[str, str]] = ()
    ranks: Mapping[str, int] = field(
        default_factory=dict
    )  # by name; jobs of higher ones start first

    def owner_of(self, key: str) -> str | None:
        """The key's name; takes equally long whichever key it is."""
        digest, owner = digest_of(key), None
        for name, known in self.entries:
            if hmac.compare_digest(digest, known):
                owner = name
        return owner


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def read_keys(path: Path) -> Keys:
    """InputError for a file that cannot be read or holds none; its lines are NAME:SHA256[:RANK]."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a list of keys; make one: --new_key") from (
            error
        )
    entries, ranks = [], {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise InputError(
                f"{path} line {number}: expected NAME:SHA256[:RANK]; make one: --new_key"
            )
        entries.append((match[1], match[2]))
        ranks[match[1]] = int(match[3] or 0)
    if not entries:
        raise InputError(f"{path}: holds no key; make one: --new_key NAME")
    return Keys(tuple(entries), ranks)


def add_key(path: Path, name: str) -> str:
    """Add a new key to the file, which only its owner may read; return the key."""
    if not NAME.fullmatch(name):
        raise UsageError(f"--new_key {name[:64]}: letters, digits, - and _ were expected")
    key = f"lsk_{secrets.token_urlsafe(32)}"
    try:
        path.touch(mode=0o600)
        with path.open("a") as file:
            file.write(f"{name}:{digest_of(key)}\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return key
