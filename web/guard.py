"""Before every route: who may come in, how much is read, and what is told of it afterwards."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLarge, TooSlow
from service.flags import LOOPBACK, ServeOptions
from service.keys import LOCAL, Keys
from web.views import error_view

OPEN_PATHS = ("/", "/health/live", "/health/ready", "/favicon.ico")
MOST_HEADERS, HEADER_BYTES = 100, 32 << 10  # of a request
CHUNK_SECONDS = 30.0  # in which the next piece of a request comes
BODY_SECONDS = 1800.0  # in which all of it has come
CLIENT_GONE = 499  # in the audit alone: the client went away while it sent
AUDIT = logging.getLogger("lipsync.audit")
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


@dataclass
class Visit:
    """A request, for the audit."""

    method: str
    path: str
    client: str
    owner: str = ""
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def job(self) -> str:
        """The id of the job that it is about, or nothing."""
        parts = self.path.split("/")
        return parts[3][:64] if parts[1:3] == ["v1", "jobs"] and len(parts) > 3 else ""

    def facts(self) -> dict[str, object]:
        return {
            **{"method": self.method, "path": self.path[:200], "status": self.status},
            **{"key": self.owner, "client": self.client, "job": self.job},
            **{"bytes_in": self.bytes_in, "bytes_out": self.bytes_out},
            "seconds": round(time.monotonic() - self.started, 4),
        }


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, options: ServeOptions, keys: Keys | None) -> None:
        self._app, self._options, self._keys = app, options, keys
        self._hosts = {*LOOPBACK, options.host.lower(), *map(str.lower, options.allow_host)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        visit = Visit(scope["method"], scope["path"], (scope.get("client") or ("?",))[0])
        outlet = _Outlet(send, visit)
        try:
            refusal = self._refusal(scope, Headers(scope=scope), visit)
            if refusal is not None:
                await refusal(scope, receive, outlet)
            else:
                inlet = _Inlet(receive, visit, self._options.max_upload)
                await self._app(scope, inlet, outlet)
        except ClientDisconnect:
            visit.status = CLIENT_GONE
        finally:
            AUDIT.info("request", extra={"facts": visit.facts()})

    def _refusal(self, scope: Scope, headers: Headers, visit: Visit) -> JSONResponse | None:
        """The answer where the request is not to be read."""
        if len(headers) > MOST_HEADERS or sum(map(len, headers.values())) > HEADER_BYTES:
            return _refuse(431, TooLarge.code, "there are too many headers")
        host = host_of(headers.get("host", ""))
        if self._options.host in LOOPBACK and host not in self._hosts:
            return _refuse(421, "misdirected", "this server has another name: --allow_host")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != headers.get("host", ""):
            return _refuse(403, "forbidden", "pages of other sites may not use this server")
        owner = self._owner(headers)
        if owner is None and scope["path"] not in OPEN_PATHS:
            answer = _refuse(401, "unauthorized", "an API key is needed: Authorization: Bearer ...")
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        visit.owner = owner or ""
        scope.setdefault("state", {})["owner"] = owner or ""
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._options.max_upload:
            words = f"at most {self._options.max_upload} bytes are taken"
            return _refuse(413, TooLarge.code, words)
        return None

    def _owner(self, headers: Headers) -> str | None:
        """The name of the request's key."""
        if self._keys is None:
            return LOCAL
        kind, _, key = headers.get("authorization", "").partition(" ")
        key = key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        return self._keys.owner_of(key)


def host_of(text: str) -> str:
    """The name without the port."""
    name = text.rpartition("]")[0].lstrip("[") if text.startswith("[") else text.partition(":")[0]
    return name.lower()


def _refuse(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse(error_view(code, message), status, {"connection": "close"})


class _Inlet:
    """The request's pieces, bounded in number of bytes and in time."""

    def __init__(self, receive: Receive, visit: Visit, most: int) -> None:
        self._receive, self._visit, self._most = receive, visit, most
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:  # what comes now is the end of the connection, whenever that is
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._seconds_left())
        except (asyncio.TimeoutError, TimeoutError):  # two classes until Python 3.11
            raise TooSlow("the request came too slowly") from None
        self._visit.bytes_in += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._visit.bytes_in > self._most:
            raise TooLarge(f"at most {self._most} bytes are taken")
        return message

    def _seconds_left(self) -> float:
        spent = time.monotonic() - self._visit.started
        return max(0.0, min(CHUNK_SECONDS, BODY_SECONDS - spent))


class _Outlet:
    """The answer's pieces, with the headers that every answer has."""

    def __init__(self, send: Send, visit: Visit) -> None:
        self._send, self._visit = send, visit

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._visit.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        self._visit.bytes_out += len(message.get("body", b""))
        await self._send(message)


class JsonLines(logging.Formatter):
    """A line of JSON for each record, with the job's id where it has one."""

    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, object] = getattr(record, "facts", {})
        job = getattr(record, "job", None)
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **({"job": job} if job else {}),
            **facts,
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(line)


def log_to(stream: TextIO) -> None:
    """Write the service's records, and uvicorn's errors, as lines of JSON."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in ("lipsync", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "lipsync" else logging.WARNING)
