"""Files that clients name by address: read from public hosts alone, and kept as assets."""

import http.client
import mimetypes
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import PurePosixPath
from threading import BoundedSemaphore, Timer
from urllib.parse import unquote, urljoin, urlsplit

from service.assets import CHUNK, SUFFIXES, Asset, Assets, suffix_of
from service.errors import BadRequest, Forbidden, NotFetched, QueueFull, TooLarge

ADDRESS = re.compile(
    r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?([/?][!-~]*)?", re.IGNORECASE
)
MOST_LETTERS, MOST_REDIRECTS, MOST_TRIED = 2000, 3, 3  # addresses of one host that are tried
REDIRECTS = (301, 302, 303, 307, 308)
AT_ONCE = 4  # each keeps a thread of the server
AGAIN_SECONDS = 5  # told to who meets that limit
FETCH_SECONDS, CONNECT_SECONDS = 60.0, 10.0  # the former for all of it
PORTS = {"http": 80, "https": 443}
LEAST_PORT = 1024  # besides those: lower ones are other services
UNREADABLE = "the address is not of a public host, and no other is read"

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

# In use by clouds for what a machine is told of itself, though they count as public.
NOT_PUBLIC = tuple(map(ip_network, ("168.63.129.16/32", "192.0.0.0/24")))
# Others hold an IPv4 address, or belong to nobody.
UNICAST = ip_network("2000::/3")
TUNNELS = tuple(map(ip_network, ("2002::/16", "2001::/32")))


def is_public(address: IpAddress) -> bool:
    """Whether it is a host's on the internet: not this machine, its network, or a group."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in UNICAST or any(address in net for net in TUNNELS):
            return False
    elif any(address in net for net in NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name; OSError or UnicodeError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Target:
    """A checked address."""

    scheme: str
    host: str
    port: int
    path: str  # with its query

    @classmethod
    def parse(cls, text: str) -> "Target":
        """BadRequest for anything but an address such as https://host/path."""
        if len(text) > MOST_LETTERS or not ADDRESS.fullmatch(text):
            raise BadRequest("an address such as https://host/path was expected")
        try:
            parts = urlsplit(text)
            scheme, host = parts.scheme.lower(), parts.hostname or ""
            port = PORTS[scheme] if parts.port is None else parts.port
        except ValueError:
            raise BadRequest("an address such as https://host/path was expected") from None
        if port != PORTS[scheme] and port < LEAST_PORT:
            raise Forbidden(UNREADABLE)
        query = f"?{parts.query}" if parts.query else ""
        return cls(scheme, host, port, (parts.path or "/") + query)

    @property
    def text(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def name(self) -> str:
        """The file's, without what may be secret."""
        return unquote(PurePosixPath(self.path.partition("?")[0]).name) or self.host


class PinnedConnection(http.client.HTTPConnection):
    """Speaks to one address of a host, whatever its name means a moment later."""

    def __init__(self, target: Target, address: str, until: float) -> None:
        self.default_port = PORTS[target.scheme]
        seconds = max(0.001, min(CONNECT_SECONDS, until - time.monotonic()))
        super().__init__(target.host, target.port, timeout=seconds)
        self._address = address
        self._context = ssl.create_default_context() if target.scheme == "https" else None
        self._open: socket.socket | None = None

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        self._open = self.sock
        if self._context is not None:
            self.sock = self._open = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def abort(self) -> None:
        """End it from another thread, whatever it waits for."""
        with suppress(OSError):
            if self._open is not None:
                self._open.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Fetcher:
    """Reads addresses into assets."""

    assets: Assets
    is_allowed: Callable[[IpAddress], bool] = is_public
    resolve: Resolve = resolved
    seconds: float = FETCH_SECONDS
    _slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def fetch(self, owner: str, text: str) -> Asset:
        """The file as an asset; Forbidden, NotFetched, TooLarge or BadRequest where it is none."""
        if not self._slots.acquire(blocking=False):
            raise QueueFull("too many addresses are being read: try again", AGAIN_SECONDS)
        try:
            return self._follow(owner, Target.parse(text), time.monotonic() + self.seconds)
        finally:
            self._slots.release()

    def _follow(self, owner: str, target: Target, until: float) -> Asset:
        name = target.name
        for _ in range(1 + MOST_REDIRECTS):
            with self._answer(target, until) as answer:
                place = answer.getheader("location")
                if answer.status not in REDIRECTS or place is None:
                    return self._store(owner, name, answer, until)
            target = _redirected(target, place)
        raise NotFetched("the address leads to others again and again")

    @contextmanager
    def _answer(self, target: Target, until: float) -> Iterator[http.client.HTTPResponse]:
        """The host's answer, which ends in time."""
        connection = self._connect(target, until)
        timer = Timer(max(0.0, until - time.monotonic()), connection.abort)
        timer.daemon = True
        timer.start()
        try:
            headers = {"accept-encoding": "identity", "connection": "close"}
            connection.request("GET", target.path, headers=headers)
            with connection.getresponse() as answer:
                yield answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= until
            words = "did not come in time" if late else "could not be read from its host"
            raise NotFetched(f"the file {words}") from error
        finally:
            timer.cancel()
            connection.close()

    def _connect(self, target: Target, until: float) -> PinnedConnection:
        """Connected to an address that was checked; all of the name's must be allowed."""
        for address in self._addresses(target)[:MOST_TRIED]:
            connection = PinnedConnection(target, address, until)
            try:
                connection.connect()
            except (OSError, ValueError):
                connection.close()
            else:
                return connection
        raise NotFetched("the address's host does not answer")

    def _addresses(self, target: Target) -> Sequence[str]:
        """Forbidden also where there are none, so that nothing is told of names in this network."""
        try:
            texts = self.resolve(target.host, target.port)
            addresses = [ip_address(text.partition("%")[0]) for text in texts]
        except (OSError, ValueError):
            raise Forbidden(UNREADABLE) from None
        if not addresses or not all(map(self.is_allowed, addresses)):
            raise Forbidden(UNREADABLE)
        return [str(address) for address in addresses]

    def _store(
        self, owner: str, name: str, answer: http.client.HTTPResponse, until: float
    ) -> Asset:
        if answer.status != http.HTTPStatus.OK:
            raise NotFetched(f"the address's host answered {answer.status}")
        if answer.getheader("content-encoding", "identity") != "identity":
            raise NotFetched("the address's host sent the file packed")
        if (answer.length or 0) > self.assets.most_bytes:
            raise TooLarge(f"a file of more than {self.assets.most_bytes} bytes is not taken")
        length = answer.length
        with self.assets.upload(owner, with_suffix(name, answer)) as upload:
            while piece := answer.read(CHUNK):
                upload.write(piece)
            if time.monotonic() >= until or length not in (None, upload.bytes):
                raise OSError("cut off")
        return self.assets.get(owner, upload.digest_of_asset)


def with_suffix(name: str, answer: http.client.HTTPResponse) -> str:
    """The name; with the suffix of its kind where it has none that is known."""
    kind = answer.getheader("content-type", "").partition(";")[0].strip().lower()
    suffix = mimetypes.guess_extension(kind) or ""
    return name if suffix_of(name) in SUFFIXES or suffix not in SUFFIXES else f"{name}{suffix}"


def _redirected(target: Target, place: str) -> Target:
    """The next address; none that would be read without the first one's encryption."""
    try:
        following = Target.parse(urljoin(target.text, place))
    except (BadRequest, ValueError):
        raise NotFetched("the address leads to what is none") from None
    if target.scheme == "https" != following.scheme:
        raise Forbidden(UNREADABLE)
    return following
