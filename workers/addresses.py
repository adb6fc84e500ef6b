"""Addresses such as s3://bucket/key instead of files: fetched before a run, delivered after it."""

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
from options.declaring import Role
from options.options import Options, files_of

MOST_FETCHED_BYTES = 4 << 30  # kept for later tasks, besides what is in use
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+(.+)")
LOCAL_SCHEMES = ("file", "local")
# Here a file is visible while it is written, and renaming is cheap; elsewhere a put is atomic.
RENAMING_SCHEMES = (*LOCAL_SCHEMES, "sftp", "ssh", "ftp", "smb", "hdfs")
# fsspec's facts of a file by which a change is noticed, in order of preference
VERSION_FACTS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
TASK_FOLDER = re.compile(r"\.job\.([0-9a-f]{16})")


def address_of(path: Path | None) -> str | None:
    """The address that the path stands for, with the second slash that pathlib removed, or None."""
    parts = ADDRESS.fullmatch(str(path))
    if parts is None:
        return None
    root = "/" if parts[1] in LOCAL_SCHEMES else ""
    return f"{parts[1]}://{root}{parts[2]}"


def display_name(path: Path | None) -> str:
    """The address or the path, for people."""
    return address_of(path) or str(path or "")


def size_and_version(address: str) -> tuple[int, int]:
    """Bytes, and a number that changes with the content where the server tells; OSError if gone."""
    try:
        system, name = _file_system(address)
        facts = system.info(name)
    except Exception as error:
        raise FileNotFoundError(str(error)) from error
    version = next((facts[key] for key in VERSION_FACTS if facts.get(key)), None)
    digest = blake2b(repr(version).encode(), digest_size=8).digest()
    return int(facts.get("size") or 0), int.from_bytes(digest, "big")


@contextmanager
def with_local_files(options: Options) -> Iterator[Options]:
    """The options with local files instead of addresses.

    At the end, unless an error is raised, the files that were written are delivered.
    """
    read, written = _addresses(options, Role.READ), _addresses(options, Role.WRITTEN)
    if not read and not written:
        yield options
        return
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(options))
        values: dict[str, Any] = {
            name: stack.enter_context(fetched_file(address, folder))
            for name, address in read.items()
        }
        outputs = stack.enter_context(locked_folder(folder, ".job."))
        files = {name: _file_in(outputs / name, address) for name, address in written.items()}
        values.update(files)
        yield replace(options, **values)
        for name, file in files.items():
            if file.exists():  # a result that cannot be measured has no page
                deliver(file, written[name])


def _addresses(options: Options, role: Role) -> dict[str, str]:
    """The options of this role that are addresses."""
    files = files_of(options, role).items()
    return {name: address for name, path in files if (address := address_of(path))}


def _file_in(folder: Path, address: str) -> Path:
    """A file of the address's name, which the page of --quality shows."""
    folder.mkdir()
    return folder / PurePosixPath(address).name


@contextmanager
def fetched_file(address: str, folder: Path) -> Iterator[Path]:
    """A file with the address's content and name, kept in the folder for later; InputError."""
    entry, lock = _locked_entry(address, folder)
    try:
        mark_used(entry)
        _make_room(folder)
        yield entry / PurePosixPath(address).name
    finally:
        os.close(lock)


def deliver(file: Path, address: str) -> None:
    """Write the file to the address, whole or not at all; OutputError."""
    try:
        system, name = _file_system(address)
        parent, _, last = name.rpartition("/")
        system.makedirs(parent, exist_ok=True)
        if address.partition(":")[0] not in RENAMING_SCHEMES:
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
        words = f"{address}: cannot be written: {_message(error)}; name another"
        raise OutputError(words) from error


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    """The cache's folder of fetched files; without a cache, one that is removed at the end."""
    cache = options.cache_folder
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    try:
        (cache / "fetched").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{cache}: {error.strerror}; name another --cache_dir") from error
    remove_abandoned(cache / "fetched", TASK_FOLDER)
    yield cache / "fetched"


def _fetch(address: str, entry: Path) -> None:
    try:
        with new_entry(entry) as folder:
            folder.mkdir()
            system, name = _file_system(address)
            system.get_file(name, str(folder / PurePosixPath(address).name))
    except Exception as error:
        if not entry.exists():  # another worker may have been faster
            raise _unreadable(address, error) from error


def _locked_entry(address: str, folder: Path) -> tuple[Path, int]:
    """The cache's entry of the address, and a descriptor whose shared lock keeps it there."""
    try:
        size, version = size_and_version(address)
    except OSError as error:
        raise _unreadable(address, error) from error
    name = f"{address} {size} {version}".encode()
    entry = folder / blake2b(name, digest_size=16).hexdigest()
    while True:
        if not entry.exists():
            _fetch(address, entry)
        with suppress(FileNotFoundError):  # another worker has just made room
            return entry, _lock(entry, fcntl.LOCK_SH)


def _lock(entry: Path, kind: int) -> int:
    """The descriptor of an entry that is locked and still there; OSError."""
    descriptor = os.open(entry, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind)
        if not entry.exists():
            raise FileNotFoundError(entry)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _make_room(folder: Path) -> None:
    """Remove the entries that were used longest ago, but none that is in use."""
    entries = [path for path in folder.iterdir() if ENTRY.fullmatch(path.name)]
    total = 0
    for entry in sorted(entries, key=_last_used, reverse=True):
        with suppress(OSError):
            total += sum(file.stat().st_size for file in entry.iterdir())
            if total > MOST_FETCHED_BYTES:
                lock = _lock(entry, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(entry)
                os.close(lock)


def _last_used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def _file_system(address: str) -> tuple[Any, str]:
    """fsspec's file system for the address, and the file's name there."""
    system, name = import_module("fsspec.core").url_to_fs(address)
    return system, name


def _unreadable(address: str, error: Exception) -> InputError:
    return InputError(f"{address}: cannot be read: {_message(error)}; name another")


def _message(error: BaseException) -> str:
    """The error's words in one line."""
    return " ".join(str(error).split()) or type(error).__name__
