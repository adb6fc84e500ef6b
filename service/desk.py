"""Accepts what clients ask for; knows no HTTP."""

import hashlib
import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from service.assets import Assets
from service.attempts import Workshop
from service.avatars import Avatar, Avatars, seconds_to_prepare
from service.bell import Bell
from service.dispatcher import Dispatcher
from service.errors import BadRequest, Conflict, Forbidden, NotFound, NotReady, StorageFull
from service.flags import ServeOptions
from service.inputs import Input, Inputs
from service.job import MOST_PRIORITY, Draft, Job, Request
from service.keys import Keys
from service.options import FILES, check_together, checked_options
from service.queue import Queue

CONTAINERS = ("mp4", "mov", "mkv", "webm")
OWN_FIELDS = (
    *("priority", "job_seconds", "user_data", "quality", "stream", "container", "avatar"),
    *("webhook_url", "options"),
)
LEAST_ROOM = 64 << 20  # bytes that must be free for a job to be accepted
MOST_USER_DATA = 16_384  # bytes of JSON
MOST_URL = 2000  # letters
URL = re.compile(r"https?://[\w.-]+(:\d{1,5})?(/[!-~]*)?")  # without a user or a password
MOST_KEY = 200  # letters of an Idempotency-Key
PREPARED_SECONDS, MOST_PREPARED = 10.0, 300.0  # of sound, for which an avatar that moves is ready


@dataclass(frozen=True)
class Desk:
    """All that routes need."""

    options: ServeOptions
    queue: Queue
    dispatcher: Dispatcher
    workshop: Workshop
    assets: Assets
    avatars: Avatars
    inputs: Inputs
    keys: Keys | None  # none: no key is needed
    bell: Bell
    _accepting: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(
        self, owner: str, body: Mapping[str, Any], key: str | None = None
    ) -> tuple[Job, bool]:
        """The job of a request, and whether it was accepted before."""
        self._check_room()
        request = self._request(owner, body)
        priority = _number(body, "priority", 0, -MOST_PRIORITY, MOST_PRIORITY, whole=True)
        draft = Draft(owner, request, int(priority), key, _digest(request, priority))
        return self.queue.submit(draft)

    def prepare(self, owner: str, body: Mapping[str, Any]) -> tuple[Avatar, Job]:
        """Accept a job that prepares a face, and keep the avatar."""
        self._check_room()
        own = ("face", "name", "seconds")
        given = {key: value for key, value in body.items() if value is not None and key not in own}
        options = checked_options(given)
        face = self.inputs.find(owner, body.get("face"))
        name = face.name if body.get("name") is None else body["name"]
        if not isinstance(name, str) or not 0 < len(name) <= MOST_KEY:
            raise BadRequest(f"name: 1 to {MOST_KEY} letters")
        seconds = _number(body, "seconds", PREPARED_SECONDS, 0.2, MOST_PREPARED)
        files = {"face": str(face.path)}
        check_together(self.workshop.words, options, {**files, "audio": files["face"] + ".wav"})
        request = Request(
            kind="avatar",
            options=options,
            files=files,
            names={"face": face.name},
            seconds=self.options.max_seconds_per_job,
            user_data={"seconds": seconds_to_prepare(face.path, seconds)},
        )
        job, _ = self.queue.submit(Draft(owner, request))
        return self.avatars.add(owner, name, face.path, job.id), job

    def job(self, owner: str, job_id: str) -> Job:
        """NotFound also for another's."""
        job = self.queue.get(job_id, owner)
        if job is None:
            raise NotFound("there is no such job")
        return job

    @contextmanager
    def accepting(self, owner: str, key: str | None) -> Iterator[None]:
        """Conflict while another request with this Idempotency-Key is being accepted."""
        if key is None:
            yield
            return
        if not 0 < len(key) <= MOST_KEY or not key.isprintable():
            raise BadRequest(f"an Idempotency-Key has 1 to {MOST_KEY} letters")
        with self._lock:
            if (owner, key) in self._accepting:
                raise Conflict("a request with this Idempotency-Key is being accepted", 1)
            self._accepting.add((owner, key))
        try:
            yield
        finally:
            with self._lock:
                self._accepting.discard((owner, key))

    def _request(self, owner: str, body: Mapping[str, Any]) -> Request:
        given = {
            name: value
            for name, value in body.items()
            if value is not None and name not in (*FILES, *OWN_FIELDS)
        }
        options = checked_options(given)
        inputs = self._inputs(owner, body)  # may take long, so behind what is checked at once
        files = {name: str(each.path) for name, each in inputs.items()}
        check_together(self.workshop.words, options, files)
        most = self.options.max_seconds_per_job
        return Request(
            options=options,
            files=files,
            names={name: each.name for name, each in inputs.items()},
            quality=_flag(body, "quality"),
            stream=_flag(body, "stream"),
            container=_one_of(body, "container", CONTAINERS),
            seconds=_number(body, "job_seconds", most, 0.001, most),
            webhook_url=_webhook(body.get("webhook_url"), self.options.webhook_host),
            user_data=_small(body.get("user_data")),
        )

    def _inputs(self, owner: str, body: Mapping[str, Any]) -> dict[str, Input]:
        """The files that the body names, by flag."""
        if body.get("options") is not None:
            raise BadRequest("options is not taken: they stand beside face and audio")
        named = {name: body[name] for name in FILES if body.get(name) is not None}
        if body.get("avatar") is not None:
            if "face" in named:
                raise BadRequest("avatar and face: name one")
            named["face"] = f"avatar:{body['avatar']}"
        return {name: self.inputs.find(owner, value) for name, value in named.items()}

    def _check_room(self) -> None:
        if self.bell.closed:
            raise NotReady("the server is ending: try again soon", 10)
        if self.workshop.free_bytes() < LEAST_ROOM:
            raise StorageFull("the disk has no room for another job", 60)


def _digest(request: Request, priority: float) -> str:
    """The same for the same wish, however its JSON was written."""
    text = json.dumps([json.loads(request.as_json()), priority], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value in (None, False, "false", "0", ""):
        return False
    if value in (True, "true", "1"):
        return True
    raise BadRequest(f"{name}: true or false was expected")


def _one_of(body: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = body.get(name)
    if value is None:
        return choices[0]
    if value not in choices:
        raise BadRequest(f"{name}: choose one of {', '.join(choices)}")
    return str(value)


def _number(
    body: Mapping[str, Any], name: str, usual: float, least: float, most: float, whole: bool = False
) -> float:
    value = body.get(name)
    if value is None:
        return usual
    try:
        number = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError):
        number = float("nan")
    if not least <= number <= most or (whole and number != int(number)):
        raise BadRequest(f"{name}: {least:g} to {most:g} was expected")
    return number


def _webhook(value: object, hosts: Collection[str]) -> str | None:
    """An address of a host that is allowed; Forbidden for any other."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MOST_URL or not URL.fullmatch(value):
        raise BadRequest("webhook_url: an address such as https://host/path was expected")
    if urlsplit(value).hostname not in {host.lower() for host in hosts}:
        raise Forbidden("webhook_url: its host is not among the server's --webhook_host")
    return value


def _small(value: object) -> object:
    if len(json.dumps(value)) > MOST_USER_DATA:
        raise BadRequest(f"user_data: at most {MOST_USER_DATA} bytes of JSON")
    return value
