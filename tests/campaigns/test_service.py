"""Jobs are posted while server and workers are killed: each ends once, with the right pixels.

`make service JOBS=500 KILLS=20 CLIENTS=50`
"""

import io
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPException
from itertools import product
from pathlib import Path

import av
import pytest

from lipsync import lipsync
from tests.jobs import BOX, inputs
from tests.web.server import OPTIONS, Server

__all__ = ["inputs"]
JOBS = int(os.environ.get("JOBS") or 100)
KILLS = int(os.environ.get("KILLS") or 20)
CLIENTS = int(os.environ.get("CLIENTS") or 10)
MOST_SECONDS = 3600.0
WISHES = tuple(product(("ann.png", "bob.png"), ("one.wav", "two.wav", "three.wav")))


class Site:
    """A server that is started again whenever it was killed."""

    def __init__(self, data, words):
        self.data, self.words, self.lock = data, words, threading.Lock()
        self.server = Server(data, *words)
        self.port = self.server.port

    def restart(self):
        with self.lock:
            self.server.stop(signal.SIGKILL)
            self.server = Server(self.data, *self.words, "--port", self.port)

    def workers(self):
        files = Path(f"/proc/{self.server.process.pid}/task").glob("*/children")
        return [int(pid) for path in files for pid in path.read_text().split()]

    def kill_worker(self, chance):
        with self.lock, suppress(ProcessLookupError, IndexError):
            os.kill(chance.choice(self.workers()), signal.SIGKILL)


def pixels_of(video):
    """A digest of every frame's pixels."""
    digest = sha256()
    with av.open(video) as container:
        for frame in container.decode(video=0):
            digest.update(frame.to_ndarray(format="yuv420p").tobytes())
    return digest.hexdigest()


def persistently(ask):
    """The answer, however often the server is gone meanwhile."""
    until = time.monotonic() + MOST_SECONDS
    while True:
        with suppress(OSError, HTTPException, EOFError, ValueError, KeyError):
            answer = ask()
            if answer.status < 500 and answer.status != 429:
                return answer
        assert time.monotonic() < until, "the server stays away"
        threading.Event().wait(0.1)  # no sleep of the test: the server is being started


@pytest.mark.campaign
def test_every_accepted_job_ends_once_with_the_right_pixels(inputs, tmp_path):
    box = tuple(map(int, BOX[1:]))
    expected = {}
    for face, sound in WISHES:
        out = tmp_path / f"{face}-{sound}.mp4"
        lipsync(inputs / face, inputs / sound, out, engine="puppet", box=box)
        expected[face, sound] = pixels_of(str(out))
    words = ["--workers", 2, "--allow_root", inputs, "--retry", 100, "--max_queue", 10_000]
    site = Site(tmp_path / "data", words)
    accepted, lock = {}, threading.Lock()

    def client(numbers):
        for number in numbers:
            face, sound = WISHES[number % len(WISHES)]
            wish = {**OPTIONS, "face": face, "audio": sound, "user_data": number}
            key = {"idempotency_key": f"job-{number}"}
            answer = persistently(lambda w=wish, k=key: site.server.post("/v1/jobs", w, **k))
            assert answer.status == 202, answer.body
            with lock:
                accepted[answer.json["id"]] = face, sound

    clients = [
        threading.Thread(target=client, args=(range(n, JOBS, CLIENTS),)) for n in range(CLIENTS)
    ]
    for thread in clients:
        thread.start()
    killed = kill(site, accepted, random.Random(17))
    for thread in clients:
        thread.join()
    statuses, attempts = Counter(), Counter()
    for job_id, wish in accepted.items():
        job = ended(site, job_id)
        statuses[job["status"]] += 1
        attempts[job["attempts"]] += 1
        result = persistently(lambda j=job_id: site.server.get(f"/v1/jobs/{j}/result"))
        assert pixels_of(io.BytesIO(result.body)) == expected[wish]
    print(f"{JOBS} jobs, killed {dict(killed)}: {dict(statuses)}, attempts {dict(attempts)}")
    folders = {folder.name for folder in (tmp_path / "data" / "jobs").iterdir()}
    assert site.server.stop() == 0
    assert statuses == {"succeeded": JOBS} and len(accepted) == JOBS
    assert folders == accepted.keys()


def kill(site, accepted, chance):
    """Kill the server or a worker at random moments while jobs are left."""
    killed = Counter()
    for _ in range(KILLS):
        threading.Event().wait(chance.random() * 3)
        if chance.random() < 0.5:
            site.kill_worker(chance)
            killed["worker"] += 1
        else:
            site.restart()
            killed["server"] += 1
    return killed


def ended(site, job_id):
    while True:
        answer = persistently(lambda: site.server.get(f"/v1/jobs/{job_id}?wait=5"))
        if answer.json["status"] not in ("queued", "running"):
            return answer.json
