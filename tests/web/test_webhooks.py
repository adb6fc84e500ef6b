"""Webhooks: signed, told once, told again where the host did not hear, to allowed hosts alone."""

import json
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from base.errors import InputError
from service.attempts import Workshop
from service.flags import parse_serve_options
from service.job import SUCCEEDED, Draft, Ending, Request
from service.queue import Lease
from service.sqlite_queue import SqliteQueue
from tests.web.server import OPTIONS, SECRET
from web.webhooks import DELAYS, Webhooks, read_secret


class Host:
    """Answers with the codes that it is given, then 200; what it was sent comes in order."""

    def __init__(self, *codes):
        self.codes, self.messages, self.heard = list(codes), [], threading.Condition()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                code = host.codes.pop(0) if host.codes else 200
                self.send_response(code)
                if code == 302:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()
                with host.heard:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    host.messages.append((body, headers))
                    host.heard.notify_all()

            def log_message(self, *_):
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def ended(tmp_path):
    """A function that makes a queue with one ended job that names a webhook."""
    queues = []

    def make(url):
        queue = SqliteQueue(tmp_path / "queue.db", 9)
        queues.append(queue)
        queue.submit(Draft("ann", Request(webhook_url=url)))
        assert queue.untold(time.time(), 9) == []  # it has not ended
        queue.end(queue.take(Lease("server", 60)), Ending(SUCCEEDED, facts={"frames": 5}))
        return queue

    yield make
    for queue in queues:
        queue.close()


def webhooks_for(queue):
    workshop = Workshop(Path("nowhere"))
    desk = type("Desk", (), {"queue": queue, "workshop": workshop})()  # all that webhooks use of it
    return Webhooks(desk, Webhook(SECRET))


def test_a_host_is_told_once_and_can_verify_it(ended):
    with closing(Host()) as host:
        webhooks = webhooks_for(ended(host.url))
        assert webhooks.tell_due(time.time()) == 0
        assert webhooks.tell_due(time.time() + 1e6) == 0
        ((body, headers),) = host.messages
        told = Webhook(SECRET).verify(body, headers)
        assert (told["type"], told["data"]["result"]) == ("job.succeeded", {"frames": 5})
        with pytest.raises(Exception, match="signature"):
            Webhook(SECRET).verify(body.replace(b"succeeded", b"failed"), headers)


def test_a_host_that_did_not_hear_is_told_again_later(ended):
    with closing(Host(500, 302)) as host:
        webhooks, now = webhooks_for(ended(host.url)), time.time()
        assert webhooks.tell_due(now) == 1
        assert webhooks.tell_due(now + DELAYS[0] - 1) == 0 and len(host.messages) == 1
        assert webhooks.tell_due(now + DELAYS[0]) == 1 and len(host.messages) == 2
        assert webhooks.tell_due(now + DELAYS[0] + DELAYS[1]) == 0
        assert len(host.messages) == 3  # the redirect was not followed
        assert len({headers["webhook-id"] for _, headers in host.messages}) == 1


def test_it_is_given_up_in_the_end(ended):
    with closing(Host()) as host:
        url = host.url
    webhooks, moment = webhooks_for(ended(url)), time.time()
    tries = 0
    while webhooks.tell_due(moment):
        tries += 1
        moment += max(DELAYS)
    assert tries == len(DELAYS) + 1


def test_a_host_that_is_gone_hears_no_more(ended):
    with closing(Host(410)) as host:
        webhooks = webhooks_for(ended(host.url))
        assert webhooks.tell_due(time.time()) == 0
        assert webhooks.tell_due(time.time() + 1e6) == 0 and len(host.messages) == 1


def test_the_server_tells_allowed_hosts_alone(keyed):
    ann = keyed.keys["ann"]
    wish = {**OPTIONS, "face": "demo:portrait", "audio": "demo:speech", "crf": 20}
    for url in ("http://evil.example/x", "http://127.0.0.1@evil.example/", "file:///x", "x", 5):
        answer = keyed.post("/v1/jobs", {**wish, "webhook_url": url}, **ann)
        assert answer.status in (400, 403), url
    with closing(Host()) as host:
        job_id = keyed.post("/v1/jobs", {**wish, "webhook_url": host.url}, **ann).json["id"]
        keyed.post(f"/v1/jobs/{job_id}/cancel", **ann)
        with host.heard:
            assert host.heard.wait_for(lambda: host.messages, 60)
        assert json.loads(host.messages[0][0])["data"]["id"] == job_id


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_x"])
def test_a_file_without_a_secret_is_an_error(tmp_path, text):
    (tmp_path / "secret").write_text(text)
    with pytest.raises(InputError):
        read_secret(tmp_path / "secret")
    with pytest.raises(ValueError, match="webhook_secret"):
        parse_serve_options(["--webhook_host", "x"])
