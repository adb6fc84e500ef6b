"""A started server, and the few requests that are timed."""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from benchmarks.runs.process import RunError

SERVE = (sys.executable, str(ROOT / "inference_serve.py"), "--port", "0")
ADDRESS = re.compile(r"serving at http://([\d.]+):(\d+)/")
WAIT = 60  # seconds of one request


@dataclass(frozen=True)
class Server:
    """Where it listens."""

    host: str
    port: int

    def post(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """The answer, and the seconds until it had come."""
        text = json.dumps(body)
        return self._timed("POST", path, text, {"content-type": "application/json"})

    def first_event(self, job_id: str) -> float:
        """Seconds until the first event of a job has come."""
        since = time.perf_counter()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WAIT)
        try:
            connection.request("GET", f"/v1/jobs/{job_id}/events")
            answer = connection.getresponse()
            while not answer.readline().startswith(b"data:"):
                pass
            return time.perf_counter() - since
        finally:
            connection.close()

    def finished(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended; RunError where it failed."""
        while True:
            job, _ = self._timed("GET", f"/v1/jobs/{job_id}?wait=30")
            if job["status"] == "succeeded":
                return job
            if job["status"] not in ("queued", "running"):
                raise RunError(f"a job is {job['status']}: {job['error']}")

    def _timed(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Any = None,  # noqa: ANN401
    ) -> tuple[dict[str, Any], float]:
        since = time.perf_counter()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WAIT + 30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise RunError(f"{method} {path}: {answer.status} {text[:200]!r}")
            return json.loads(text), time.perf_counter() - since
        finally:
            connection.close()


@contextmanager
def started(data: Path, *words: str) -> Iterator[Server]:
    """A server with its state in the folder, ended again."""
    data.mkdir(parents=True)
    log = data / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen([*SERVE, "--data_dir", str(data), *words], stderr=file)
    try:
        while not (match := ADDRESS.search(log.read_text())):
            if process.poll() is not None:
                raise RunError(f"the server does not start: {log.read_text()[-300:]}")
            time.sleep(0.02)
        yield Server(match[1], int(match[2]))
    finally:
        process.terminate()
        process.wait(WAIT)
