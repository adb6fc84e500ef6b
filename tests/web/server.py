"""A real server in a process of its own, and a client that is a few lines of http.client."""

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.jobs import BOX, ROOT

ADDRESS = re.compile(r"serving at http://([\d.]+):(\d+)/")
SECRET = "whsec_" + base64.b64encode(b"a secret of some length").decode()
HANGS = 60  # seconds until it has hung
OPTIONS = {"engine": "puppet", "box": [int(word) for word in BOX[1:]]}  # no detector is loaded


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


class Server:
    """A started program; what it writes for people and for the log goes to a file."""

    def __init__(self, data, *words, env=None):
        command = [sys.executable, ROOT / "inference_serve.py", "--port", "0", "--cold"]
        self.data = Path(data)
        self.lines_path = self.data.with_suffix(".log")
        with self.lines_path.open("ab") as lines:
            self.process = subprocess.Popen(
                [*map(str, command), "--data_dir", str(data), *map(str, words)],
                stderr=lines,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
            )
            self._from = lines.tell()
        self.host, self.port = "", 0
        self._await_address()

    def _await_address(self):
        until = time.monotonic() + HANGS
        while not (found := ADDRESS.search(self.stderr)):
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < until, "it does not start"
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
        self.host, self.port = found[1], int(found[2])

    @property
    def stderr(self):
        """What it has written since its start."""
        return self.lines_path.read_bytes()[self._from :].decode()

    def log(self):
        """The lines of JSON that it has written until now."""
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]

    def connection(self, seconds=HANGS):
        return http.client.HTTPConnection(self.host, self.port, timeout=seconds)

    def ask(self, method, path, body=None, headers=None):
        headers = {**(headers or {})}
        if isinstance(body, dict | list):
            body = json.dumps(body)
            headers.setdefault("content-type", "application/json")
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()})

    def post(self, path, body=None, **headers):
        headers = {n.replace("_", "-"): v for n, v in headers.items()}
        return self.ask("POST", path, {} if body is None else body, headers)

    def accept(self, **values):
        """The id of a new job."""
        answer = self.post("/v1/jobs", {**OPTIONS, **values})
        assert answer.status == 202, answer.body
        return answer.json["id"]

    def end(self, job_id, **headers):
        """The job once it has ended."""
        for _ in range(5):
            job = self.get(f"/v1/jobs/{job_id}?wait=30", **headers).json
            if job["status"] in ("succeeded", "failed", "canceled"):
                return job
        raise AssertionError(job)

    def events(self, job_id, last=None, until=None):
        """Every event of the job as (id, name, job), until one of which that holds."""
        connection = self.connection()
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        connection.request("GET", f"/v1/jobs/{job_id}/events", headers=headers)
        answer = connection.getresponse()
        try:
            fields = {}
            for line in answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    event = int(fields["id"]), fields["event"], json.loads(fields["data"])
                    fields = {}
                    yield event
                    if until is not None and until(event):
                        return
        finally:
            answer.close()
            connection.close()

    def stop(self, number=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(HANGS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextmanager
def serving(data, *words, env=None):
    server = Server(data, *words, env=env)
    try:
        yield server
    finally:
        server.stop()


def form(**parts):
    """A multipart body and its type; a file is (name, bytes)."""
    edge = "edge0123456789"
    body = b""
    for name, value in parts.items():
        file = isinstance(value, tuple)
        extra = f'; filename="{value[0]}"' if file else ""
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        body += (value[1] if file else str(value).encode()) + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), {
        "content-type": f"multipart/form-data; boundary={edge}"
    }
