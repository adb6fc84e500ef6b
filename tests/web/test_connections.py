"""A client that neither asks nor reads is not waited for."""

import asyncio
import socket
import threading
from contextlib import closing, contextmanager, suppress

import pytest
import uvicorn

from web.connections import Connection

HANGS = 60  # seconds until it has hung
MUCH = 64 << 20  # bytes: more than the system keeps for a reader


async def answer(scope, receive, send):
    """Much for /much, a word for any other address."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/much":
        for _ in range(MUCH >> 16):
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
    await send({"type": "http.response.body", "body": b"word"})


@contextmanager
def serving(kind):
    """The address of a server with connections of this kind."""
    config = uvicorn.Config(answer, http=kind, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serve = server.serve([listener])
    thread = threading.Thread(target=asyncio.run, args=(serve,))
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(HANGS)
        listener.close()


class Hurried(Connection):
    head_seconds, deaf_seconds = 0.2, HANGS


def connected(address):
    return closing(socket.create_connection(address, HANGS))


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX-Slow: ",
    ],
)
def test_a_head_that_does_not_come_is_not_waited_for(beginning):
    with serving(Hurried) as address, connected(address) as slow:
        slow.sendall(beginning)
        answers = slow.makefile("rb").read()  # until the server closes
        assert answers.count(b"word") == beginning.count(b"\r\n\r\n")


def test_an_answer_that_is_read_has_all_the_time():
    with serving(Hurried) as address, connected(address) as client:
        client.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").read().endswith(b"4\r\nword\r\n0\r\n\r\n")


def test_an_answer_that_nobody_reads_is_given_up():
    lost = threading.Event()

    class Watched(Connection):
        deaf_seconds = 0.2

        def connection_lost(self, exc):
            super().connection_lost(exc)
            lost.set()

    with serving(Watched) as address, connected(address) as deaf:
        deaf.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lost.wait(HANGS)
        received = 0
        with suppress(ConnectionResetError):
            while piece := deaf.recv(1 << 20):
                received += len(piece)
        assert received < MUCH
