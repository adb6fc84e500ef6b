"""Wakes whoever waits in the event loop for a job to change."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Bell:
    """Rung from any thread; heard in one event loop."""

    def __init__(self) -> None:
        self.closed = False  # the server ends: nobody is to wait any longer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    def open(self) -> None:
        """Be heard in the running event loop."""
        self._loop = asyncio.get_running_loop()

    def ring(self, job_id: str) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._wake, job_id)

    def close(self) -> None:
        """Wake all; to be called in the event loop or from a signal's handler."""
        self.closed = True
        for events in list(self._waiting.values()):
            for event in events:
                event.set()

    @contextmanager
    def listening(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set with each change of the job."""
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def _wake(self, job_id: str) -> None:
        for event in self._waiting.get(job_id, ()):
            event.set()


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event was set in time; it is cleared."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except (asyncio.TimeoutError, TimeoutError):  # two classes until Python 3.11
        return False
    event.clear()
    return True
