"""Clients that are slow, loud or deaf by the hundred, and thousands of requests in a row.

`make abuse REQUESTS=10000`
"""

import os
import socket
import threading
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.jobs import inputs
from tests.web.server import HANGS, OPTIONS, serving
from tests.web.test_trust import png_bomb

__all__ = ["inputs"]
REQUESTS = int(os.environ.get("REQUESTS") or 10_000)
FEW = 500  # requests after which memory is looked at for the first time
MOST_GROWTH = 1.10
CLIENTS = 8
SLOW = 200  # uploads side by side
HOST = "Host: localhost\r\n"
HUGE = 10 << 30  # bytes
WORDS = ("--workers", 1, "--grace", 0, "--max_upload", 50_000_000)


@pytest.fixture
def server(inputs, tmp_path):
    with serving(tmp_path / "data", "--allow_root", inputs, *WORDS) as server:
        yield server


def connect(server):
    return socket.create_connection((server.host, server.port), HANGS)


def status_of(connection):
    """The number of the answer; 0 where the connection was closed without one."""
    with suppress(OSError):
        words = connection.makefile("rb").readline().split()
        return int(words[1]) if len(words) > 1 else 0
    return 0


def upload(server, headers, pieces):
    """The answer's number, and how many bytes were sent until it came."""
    sent = 0
    with closing(connect(server)) as connection:
        with suppress(OSError):
            connection.sendall(f"POST /v1/assets HTTP/1.1\r\n{HOST}{headers}\r\n".encode())
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        return status_of(connection), sent


def slow_uploads(server):
    """Answers to uploads that say a byte and no more."""
    connections = [connect(server) for _ in range(SLOW)]
    head = f"POST /v1/assets HTTP/1.1\r\n{HOST}Content-Length: 99\r\n\r\nx"
    for connection in connections:
        connection.sendall(head.encode())
    meanwhile = render(server)
    answers = Counter(status_of(connection) for connection in connections)
    for connection in connections:
        connection.close()
    return meanwhile, answers


def floods(server):
    """Answers to requests with very many headers, and with a very long one."""
    answers = Counter()
    for headers in (
        "X-Flood: y\r\n" * 90,
        "X-Flood: y\r\n" * 9000,
        f"X-Long: {'y' * 10_000_000}\r\n",
    ):
        for _ in range(20):
            with closing(connect(server)) as connection:
                with suppress(OSError):
                    head = f"GET /health/live HTTP/1.1\r\n{HOST}{headers}\r\n"
                    connection.sendall(head.encode())
                answers[status_of(connection)] += 1
    return answers


def deaf_readers(server, job_id):
    """Connections that ask for events and fragments, and read nothing."""
    connections = []
    for number in range(200):
        path = f"/v1/jobs/{job_id}/{('events', 'stream')[number % 2]}"
        connection = connect(server)
        connection.sendall(f"GET {path} HTTP/1.1\r\n{HOST}\r\n".encode())
        connections.append(connection)
    return connections


def render(server):
    return server.end(server.accept(face="ann.png", audio="one.wav"))["status"]


@pytest.mark.campaign
def test_abuse_is_answered_and_other_jobs_are_unharmed(server):
    meanwhile, slow = slow_uploads(server)
    print(f"{SLOW} slow uploads: {dict(slow)}; a job meanwhile: {meanwhile}")
    assert meanwhile == "succeeded" and slow == {408: SLOW}
    told, sent = upload(server, f"Content-Length: {HUGE}\r\n", ())
    print(f"10 GB announced: {told} after {sent} bytes")
    assert (told, sent) == (413, 0)
    piece = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
    told, sent = upload(server, "Transfer-Encoding: chunked\r\n", (piece for _ in range(10 << 10)))
    print(f"10 GB in pieces: {told} after {sent >> 20} MB")
    assert told == 413 and sent < 200 << 20
    bomb = server.ask("POST", "/v1/assets?name=bomb.png", png_bomb(30_000)).json
    job = server.end(server.accept(face=bomb["reference"], audio="one.wav"))
    print(f"30000x30000 picture of {bomb['bytes']} bytes: {job['error']}")
    assert job["error"]["code"] == "input"
    answers = floods(server)
    print(f"floods of headers: {dict(answers)}")
    assert answers.keys() <= {200, 400, 431, 0} and answers[200] == 20
    streaming = server.accept(face="ann.png", audio="three.wav", stream=True)
    readers = deaf_readers(server, streaming)
    print(f"200 deaf readers; their job: {server.end(streaming)['status']}, {render(server)}")
    assert server.end(streaming)["status"] == "succeeded"
    for reader in readers:
        reader.close()
    assert server.get("/health/ready").status == 200 and render(server) == "succeeded"
    assert not [line for line in server.log() if line["level"] == "error"]


def requests_of(server, job):
    """One of each kind, by method, path and body."""
    base, wish = f"/v1/jobs/{job}", {**OPTIONS, "face": "ann.png", "audio": "one.wav"}
    return [
        *(("GET", path, None) for path in ("/", "/openapi.json", "/metrics", "/v1/jobs?limit=20")),
        *(("GET", base + path, None) for path in ("", "/result", "/report", "/events", "/x")),
        ("POST", "/v1/jobs", {**wish, "crf": "much"}),
        ("POST", "/v1/jobs", wish),  # the job that is there already, by its Idempotency-Key
        ("POST", "/v1/assets?name=a.png", "words"),
    ]


@pytest.mark.campaign
def test_thousands_of_requests_need_no_more_memory(server):
    job = server.post(
        "/v1/jobs", {**OPTIONS, "face": "ann.png", "audio": "one.wav"}, idempotency_key="k"
    )
    server.end(job.json["id"])
    wishes = requests_of(server, job.json["id"])
    numbers, lock, answers = iter(range(REQUESTS)), threading.Lock(), Counter()
    memory = {}

    def client():
        while True:
            with lock:
                number = next(numbers, None)
                if number is None:
                    return
                if number == FEW:
                    memory["few"] = megabytes(server)
            answer = server.ask(*wishes[number % len(wishes)], {"idempotency-key": "k"})
            answers[answer.status] += 1

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    memory["all"] = megabytes(server)
    growth = memory["all"] / memory["few"]
    print(f"{REQUESTS} requests: {dict(answers)}; {memory} MB, {growth:.3f} times")
    assert answers.keys() <= {200, 201, 202, 400, 404, 409}  # 409: twins at the same moment
    assert growth < MOST_GROWTH


def megabytes(server):
    """Of the server's process, as it is now."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
