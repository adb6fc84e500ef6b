"""Workers on this machine: a process each, a pipe to each, and nobody left when this one ends."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import IO

from base.text import one_line
from video.unfinished import sweep_beside
from workers import machine
from workers.crew import News, Wanted
from workers.task import BUG, KILLED, MEMORY, Outcome, Ready, Task, failed
from workers.worker import Seat

ROOT = Path(__file__).parent.parent
START = (
    "import sys; sys.path[:] = [sys.argv[1], *filter(None, sys.path)];"
    " from workers.worker import serve; serve(int(sys.argv[2]))"
)
GRACE = 10.0  # seconds for a worker to take away what it has half made
LAST_WORDS = 2000  # bytes


@dataclass
class Hand:
    """A worker process."""

    seat: Seat
    process: "subprocess.Popen[bytes]"
    link: Connection
    words: IO[bytes]  # what its libraries say
    since: float
    task: Task | None = None
    last_words: str = ""


class Pool:
    """A crew of processes. One that dies costs the task that it had."""

    def __init__(self, seats: int, threads: int, gpus: Sequence[str] = ()) -> None:
        self.seats = seats
        self._threads, self._gpus = threads, gpus
        self._hands: dict[int, Hand] = {}
        self._started = 0
        self._late: list[News] = []  # of workers that were dead when they were given a task

    def submit(self, task: Task, seat: int) -> None:
        hand = self._hands.get(seat)
        if hand is not None and hand.process.poll() is not None:  # it died while it had no task
            self._retire(hand)
            hand = None
        hand = hand or self._start(seat)
        hand.task = task
        try:
            hand.link.send(task)
        except OSError:
            self._late += self._lost(hand)

    def news(self, seconds: float | None) -> Sequence[News]:
        found, self._late = self._late, []
        links = {hand.link: hand for hand in self._hands.values()}
        for link in wait(list(links), 0 if found else seconds):
            assert isinstance(link, Connection)
            found += self._heard(links[link])
        return found

    def dismiss(self, seat: int) -> None:
        self._hands[seat].process.kill()  # its pipe ends, which is news

    def stop(self) -> None:
        """Whatever they are doing, they end, and take away what they have half made."""
        hands = list(self._hands.values())
        for hand in hands:
            hand.process.terminate()
        until = time.monotonic() + GRACE
        for hand in hands:
            _wait(hand.process, until - time.monotonic())

    def close(self) -> None:
        for hand in self._hands.values():
            hand.link.close()  # tells it to end
        until = time.monotonic() + GRACE
        for hand in self._hands.values():
            _wait(hand.process, until - time.monotonic())
            self._buried(hand)
        self._hands.clear()

    def _start(self, place: int) -> Hand:
        seat = Seat(place, self._started, self._threads)
        self._started += 1
        here, there = Pipe()
        words = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115  closed when buried
        gpu = {"CUDA_VISIBLE_DEVICES": self._gpus[place % len(self._gpus)]} if self._gpus else {}
        process = subprocess.Popen(  # noqa: S603  our own worker
            [sys.executable, "-c", START, str(ROOT), str(there.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            pass_fds=[there.fileno()],
            env={**os.environ, **gpu},
        )
        there.close()
        hand = Hand(seat, process, here, words, time.monotonic())
        self._hands[place] = hand
        here.send(seat)
        return hand

    def _heard(self, hand: Hand) -> Iterator[News]:
        try:
            news = hand.link.recv()
        except (EOFError, OSError):
            yield from self._lost(hand)
            return
        if isinstance(news, Ready):
            news = replace(news, seconds=time.monotonic() - hand.since)
        if isinstance(news, Outcome):
            hand.task = None
            if news.exit_code in (BUG, MEMORY):  # who knows in what state it is
                hand.process.kill()
                self._retire(hand)
        yield news

    def _retire(self, hand: Hand) -> None:
        del self._hands[hand.seat.place]
        hand.link.close()
        _wait(hand.process, GRACE)
        self._buried(hand)

    def _lost(self, hand: Hand) -> Iterator[Outcome]:
        """The worker is gone, or does no longer answer, which is the same."""
        self._retire(hand)
        if hand.task is not None:
            outcome = failed(hand.task, *_end(hand.process.returncode, hand.last_words))
            yield replace(outcome, seat=hand.seat.place, worker=hand.seat.worker)

    def _buried(self, hand: Hand) -> None:
        if hand.task is not None:
            sweep_beside(hand.task.options.outfile)
        hand.last_words = last_words(hand.words)
        hand.words.close()


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Until it has ended; it is made to after so many seconds."""
    try:
        process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end(code: int, words: str) -> tuple[int, str]:
    """Exit code and error of a task whose worker ended by itself."""
    said = f": {words}" if words else ""
    if code < 0:
        hint = "; out of memory? try fewer --workers" if code == -9 else ""
        return KILLED - code, f"its worker was killed by signal {-code}{hint}{said}"
    return KILLED, f"its worker ended with exit code {code}{said}"


def last_words(words: IO[bytes]) -> str:
    """The last line of what a worker's libraries said, if it is known."""
    size = os.fstat(words.fileno()).st_size
    text = os.pread(words.fileno(), LAST_WORDS, max(0, size - LAST_WORDS)).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else ""


def pool_for(asked: Wanted) -> Pool:
    """One worker a GPU, else what fits; the cores are shared out among them."""
    gpus = machine.gpus() if asked.gpu else []
    cores = machine.cores()
    fit = len(gpus) or machine.fitting(asked.jobs, cores, machine.free_memory())
    seats = min(asked.workers or fit, asked.jobs)
    return Pool(seats, max(1, cores // seats), gpus)
