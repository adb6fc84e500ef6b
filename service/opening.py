"""Everything behind the address: opened in order, closed in the reverse order."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from base.errors import OutputError
from batch.foreman import Rules
from command.flags import parse_options
from service.assets import Assets
from service.attempts import SILENCE, Workshop, write_silence
from service.avatars import STILL_SECONDS, Avatars
from service.background import running
from service.bell import Bell
from service.desk import Desk
from service.dispatcher import Dispatcher, WarmUp, remove_orphans
from service.fetching import Fetcher
from service.flags import ServeOptions
from service.inputs import DEMO_FILES, Inputs
from service.keeping import Keeper
from service.keys import read_keys
from service.sqlite_queue import SqliteQueue
from wav2lip.generators import has_cuda_driver
from workers.crew import Crew, CrewRequest
from workers.crews import CREWS
from workers.task import Task

MOST_SEATS = 64  # where nothing else limits the number of workers
STOP_SECONDS = 5.0  # for the keeper to end what it removes


@contextmanager
def open_desk(options: ServeOptions) -> Iterator[Desk]:
    """The desk, whose dispatcher is not started yet; at the end running jobs are given back."""
    data = _data_folder(options.data_dir)
    with _only_server(data):
        bell, listeners = Bell(), Listeners()
        keys = None if options.key_file is None else read_keys(options.key_file)
        ranks = {} if keys is None else keys.ranks
        queue = SqliteQueue(data / "queue.db", options.max_queue, listeners, ranks)
        workshop = Workshop(data, options.words)
        assets, avatars = Assets(data, options.max_upload), Avatars(data)
        holder = secrets.token_hex(8)
        queue.reclaim(holder)
        remove_orphans(workshop, queue)
        dispatcher = Dispatcher(_crew(options), queue, workshop, Rules(retry=options.retry), holder)
        listeners.add(dispatcher.notify, bell.ring)
        roots = [root.resolve() for root in options.allow_root]
        fetcher = Fetcher(assets) if options.allow_urls else None
        inputs = Inputs(assets, avatars, roots, fetcher)
        keeper = Keeper(options.keep, queue, workshop, assets, avatars)
        try:
            with running(keeper.run, "keeper", STOP_SECONDS):
                yield Desk(
                    *(options, queue, dispatcher, workshop, assets, avatars, inputs, keys, bell)
                )
        finally:
            dispatcher.stop(options.grace)
            queue.close()


Listener = Callable[[str], None]


class Listeners:
    """Tells several listeners of a change, in order."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, *listeners: "Listener") -> None:
        self._listeners += listeners

    def __call__(self, job_id: str) -> None:
        for listener in self._listeners:
            listener(job_id)


def warm_up(options: ServeOptions, folder: Path) -> WarmUp:
    """A few frames, for which all that a usual job needs is loaded."""
    words = [
        *options.words,
        f"--face={DEMO_FILES['demo:portrait']}",
        f"--audio={write_silence(folder / SILENCE, STILL_SECONDS)}",
        f"--outfile={folder / 'warm.mp4'}",
        f"--cache_dir={folder.parent / 'cache'}",
    ]
    return WarmUp(Task(-1, "warm-up", parse_options(words)[0]))


def _data_folder(folder: Path) -> Path:
    """Made where it is missing; also the place of temporary files, such as large uploads."""
    data = folder.absolute()
    try:
        (data / "tmp").mkdir(parents=True, exist_ok=True)
        (data / "jobs").mkdir(exist_ok=True)
        data.chmod(0o700)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; name another --data_dir") from error
    tempfile.tempdir = str(data / "tmp")
    return data


@contextmanager
def _only_server(data: Path) -> Iterator[None]:
    """OutputError where another server works in the folder."""
    descriptor = os.open(data / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            words = f"{data}: another server works there; name another --data_dir"
            raise OutputError(words) from error
        yield
    finally:
        os.close(descriptor)


def _crew(options: ServeOptions) -> Crew:
    kind = "ray" if options.cluster else "local"
    jobs = options.workers or MOST_SEATS
    return CREWS[kind](CrewRequest(options.workers, jobs, has_cuda_driver(), options.cluster))
