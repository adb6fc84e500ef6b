"""How long results and uploads are kept: by age and by size, the least recently used go first."""

import re
import stat
import threading
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from base.locks import remove
from service.assets import Assets
from service.attempts import Workshop
from service.avatars import Avatars
from service.errors import StorageFull
from service.queue import Queue

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
BYTES = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|kb|mb|gb|tb)", re.IGNORECASE)
SWEEP_SECONDS = 60.0
AT_ONCE = 200  # jobs in a transaction's list
IN_USE_SECONDS = 600.0  # an asset that was named so lately is not removed


@dataclass(frozen=True)
class Keep:
    """What is kept at most."""

    seconds: float = 7 * 86_400
    bytes: float = 20e9


def parse_keep(text: str) -> Keep:
    """Such as `7d,20GB`; what is not said is as by default."""
    values: dict[str, float] = {}
    for part in text.split(","):
        match = PART.fullmatch(part.strip())
        if match is None:
            raise ArgumentTypeError(f"expected such as 7d,20GB, got {text!r}")
        unit = match[2].lower()
        if unit in SECONDS:
            values["seconds"] = float(match[1]) * SECONDS[unit]
        else:
            values["bytes"] = float(match[1]) * BYTES[unit]
    return Keep(**values)


@dataclass(frozen=True)
class Keeper:
    """Removes what is no longer kept."""

    keep: Keep
    queue: Queue
    workshop: Workshop
    assets: Assets
    avatars: Avatars

    def sweep(self) -> None:
        """Remove by age, then by size."""
        now = time.time()
        for job in self.queue.ended_before(now - self.keep.seconds, AT_ONCE):
            self.queue.forget(job)  # first: a job that is known has its files
            self.workshop.discard(job)
        idle = sorted(self._idle_assets(now))
        for used, path in idle:
            if used < now - self.keep.seconds:
                _remove_asset(path)
        self._shrink(now)

    def _shrink(self, now: float) -> None:
        total = sum(map(_size, (self.workshop.jobs, self.workshop.data / "assets")))
        if total <= self.keep.bytes:
            return
        for _, path in sorted(self._idle_assets(now)):
            if total > self.keep.bytes:
                total -= _size(path)
                _remove_asset(path)
        for job in self.queue.ended_before(now, AT_ONCE):
            if total > self.keep.bytes:
                total -= _size(self.workshop.jobs / job.id)
                self.queue.forget(job)
                self.workshop.discard(job)

    def _idle_assets(self, now: float) -> Iterator[tuple[float, Path]]:
        """Those that no avatar and no unfinished job names, with the time of their last use."""
        named = self.avatars.faces() | set(self._named_by_jobs())
        for path in self.assets.files():
            with suppress(OSError):
                used = path.stat().st_mtime
                if str(path) not in named and used < now - IN_USE_SECONDS:
                    yield used, path

    def _named_by_jobs(self) -> Iterator[str]:
        for job in self.queue.unfinished():
            yield from job.request.files.values()

    def run(self, stop: threading.Event) -> None:
        """Sweep again and again, until the event is set."""
        while not stop.wait(SWEEP_SECONDS):
            with suppress(StorageFull, OSError):
                self.sweep()


def _remove_asset(path: Path) -> None:
    remove(path)
    remove(path.with_suffix(".name"))


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(OSError):
            facts = file.lstat()
            total += facts.st_size if stat.S_ISREG(facts.st_mode) else 0
    return total
