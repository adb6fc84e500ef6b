"""Hosts are told of the end of their jobs, signed as Standard Webhooks says."""

import json
import logging
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from base.errors import InputError
from service.desk import Desk
from service.errors import StorageFull
from service.job import Job
from web.views import job_view

DELAYS = (5.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0)  # seconds from one try to the next
LOOK_SECONDS = 1.0  # between two looks for jobs that have ended
PATIENCE = 10.0  # seconds for a host to answer
AT_ONCE = 20
GONE = 410  # the host wants to hear no more
LOG = logging.getLogger("lipsync")


def read_secret(path: Path) -> Webhook:
    """InputError for a file without a secret."""
    try:
        return Webhook(path.read_text("utf-8").strip())
    except (OSError, ValueError, EmptyWebhookSecretError) as error:
        raise InputError(f"{path}: holds no secret such as whsec_ and base64") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A host that was allowed must not lead to another."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401  urllib's own
        return None


@dataclass(frozen=True)
class Webhooks:
    """Tells the hosts; what was not told stays in the queue."""

    desk: Desk
    signer: Webhook

    def run(self, stop: threading.Event) -> None:
        """Tell again and again, until the event is set."""
        while not stop.wait(LOOK_SECONDS):
            with suppress(StorageFull):
                self.tell_due(time.time())

    def tell_due(self, moment: float) -> int:
        """Tell of all that is due by then; how many were told in vain."""
        failures = 0
        for job in self.desk.queue.untold(moment, AT_ONCE):
            told = self._tell(job)
            failures += not told
            over = told or job.tells >= len(DELAYS)
            self.desk.queue.note_told(job, None if over else moment + DELAYS[job.tells])
        return failures

    def _tell(self, job: Job) -> bool:
        """Whether the host has heard it, or wants to hear no more."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        try:
            with opener.open(self._request(job), timeout=PATIENCE):
                return True
        except (OSError, ValueError) as error:
            gone = getattr(error, "code", None) == GONE
            LOG.warning("the webhook was not told: %s", error, extra={"job": job.id})
            return gone

    def _request(self, job: Job) -> urllib.request.Request:
        assert job.request.webhook_url is not None  # those alone are due
        now, number = datetime.now(timezone.utc), f"msg_{job.id}"
        view = job_view(job, self.desk).model_dump(mode="json")
        body = json.dumps({"type": f"job.{job.status}", "timestamp": now.isoformat(), "data": view})
        headers = {
            "content-type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.signer.sign(number, now, body),
        }
        return urllib.request.Request(job.request.webhook_url, body.encode(), headers)  # noqa: S310  checked
