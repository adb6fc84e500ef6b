"""Addresses such as s3://bucket/key in the place of files: fetched, and delivered whole."""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from base.cache import ENTRY, mark_used, new_entry, remove
from base.errors import InputError, OutputError
from base.locks import locked_folder, remove_abandoned, unique_mark
from pipeline.options import Options
from pipeline.stages import default_cache

READ = ("face", "audio", "drive_audio", "checkpoint_path")
WRITTEN = ("outfile", "report")
MOST_BYTES = 4 << 30  # of what is fetched and kept for the next job
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+(.+)")
LOCAL = ("file", "local")
MOVING = (*LOCAL, "sftp", "ssh", "ftp", "smb", "hdfs")  # elsewhere a put is seen when it is whole
VERSIONS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
JOBS = re.compile(r"\.job\.([0-9a-f]{16})")


def address_of(path: Path | None) -> str | None:
    """None for a file's name. pathlib has made one slash of two, here there are two again."""
    found = ADDRESS.fullmatch(str(path))
    if found is None:
        return None
    root = "/" if found[1] in LOCAL else ""
    return f"{found[1]}://{root}{found[2]}"


def shown(path: Path | None) -> str:
    return address_of(path) or str(path)


def facts_of(address: str) -> tuple[int, int]:
    """Size, and a number that changes with the content as far as is told; OSError if not there."""
    try:
        system, name = _system(address)
        facts = system.info(name)
    except Exception as error:
        raise FileNotFoundError(str(error)) from error
    version = next((facts[key] for key in VERSIONS if facts.get(key)), None)
    digest = blake2b(repr(version).encode(), digest_size=8).digest()
    return int(facts.get("size") or 0), int.from_bytes(digest, "big")


@contextmanager
def brought(options: Options) -> Iterator[Options]:
    """With files' names for addresses; what was made is delivered at the end, if all went well."""
    places = {n: a for n in (*READ, *WRITTEN) if (a := address_of(getattr(options, n)))}
    if not places:
        yield options
        return
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(options))
        job = stack.enter_context(locked_folder(folder, ".job."))
        values: dict[str, Any] = {
            name: job / f"{name}-{PurePosixPath(address).name}"
            if name in WRITTEN
            else stack.enter_context(fetched(address, folder))
            for name, address in places.items()
        }
        yield replace(options, **values)
        for name in WRITTEN:
            if name in places:
                deliver(values[name], places[name])


@contextmanager
def fetched(address: str, folder: Path) -> Iterator[Path]:
    """The content in a file of the same name, kept for the next who wants it; InputError."""
    entry, claim = _entry(address, folder)
    try:
        mark_used(entry)
        _make_room(folder)
        yield entry / PurePosixPath(address).name
    finally:
        os.close(claim)


def deliver(file: Path, address: str) -> None:
    """There whole or not at all; OutputError."""
    try:
        system, name = _system(address)
        parent, _, last = name.rpartition("/")
        system.makedirs(parent, exist_ok=True)
        if address.partition(":")[0] not in MOVING:
            system.put_file(str(file), name)
            return
        partial = f"{parent}/.{last}.{unique_mark()}.part"
        try:
            system.put_file(str(file), partial)
            system.mv(partial, name)
        except BaseException:
            with suppress(Exception):
                system.rm_file(partial)
            raise
    except Exception as error:
        raise OutputError(f"{address}: cannot be written: {_line(error)}; name another") from error


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    cache = None if options.no_cache else options.cache_dir or default_cache()
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    try:
        (cache / "fetched").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{cache}: {error.strerror}; name another --cache_dir") from error
    remove_abandoned(cache / "fetched", JOBS)
    yield cache / "fetched"


def _fetch(address: str, entry: Path) -> None:
    try:
        with new_entry(entry) as place:
            place.mkdir()
            system, name = _system(address)
            system.get_file(name, str(place / PurePosixPath(address).name))
    except Exception as error:
        if not entry.exists():  # another worker may have been faster
            words = f"{address}: cannot be read: {_line(error)}; name another"
            raise InputError(words) from error


def _entry(address: str, folder: Path) -> tuple[Path, int]:
    """What was fetched, and the lock that keeps it."""
    try:
        size, version = facts_of(address)
    except OSError as error:
        raise InputError(f"{address}: cannot be read: {_line(error)}; name another") from error
    name = f"{address} {size} {version}".encode()
    entry = folder / blake2b(name, digest_size=16).hexdigest()
    while True:
        if not entry.exists():
            _fetch(address, entry)
        with suppress(FileNotFoundError):  # another worker has just made room
            return entry, _locked(entry, fcntl.LOCK_SH)


def _locked(entry: Path, how: int) -> int:
    claim = os.open(entry, os.O_RDONLY)
    try:
        fcntl.flock(claim, how)
        if not entry.exists():
            raise FileNotFoundError(entry)
    except OSError:
        os.close(claim)
        raise
    return claim


def _make_room(folder: Path) -> None:
    """Away with what was used longest ago and is used by nobody."""
    entries = [path for path in folder.iterdir() if ENTRY.fullmatch(path.name)]
    total = 0
    for entry in sorted(entries, key=_last_used, reverse=True):
        with suppress(OSError):
            total += sum(file.stat().st_size for file in entry.iterdir())
            if total > MOST_BYTES:
                claim = _locked(entry, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(entry)
                os.close(claim)


def _last_used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def _system(address: str) -> tuple[Any, str]:
    """Of the package fsspec, which knows more kinds with every package beside it."""
    system, name = import_module("fsspec.core").url_to_fs(address)
    return system, name


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
