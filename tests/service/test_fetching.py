"""Files by address: a real server on this machine, which the tests allow, and nothing else is."""

import datetime
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import pytest

from service.assets import Assets
from service.avatars import Avatars
from service.errors import BadRequest, Forbidden, NotFetched, QueueFull, TooLarge
from service.fetching import AT_ONCE, Fetcher, Target, is_public
from service.inputs import Inputs
from tests.cases import each

MOST = 5000
LOCAL = ip_address("127.0.0.1")


class Host(BaseHTTPRequestHandler):
    """Answers as the path says; `/hold` and `/drip` last until the server is closed."""

    def do_GET(self):
        path = urlsplit(self.path)
        self.server.paths.append(self.path)
        self.server.hosts.append(self.headers["host"])
        getattr(self, path.path.strip("/").replace(".", "_"), self.missing)(path)

    def answer(self, content, status=200, **headers):
        self.send_response(status)
        for name, value in {"content_length": len(content), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(content)

    def face_png(self, path):
        self.answer(b"face")

    def typed(self, path):
        self.answer(b"sound", content_type="audio/mpeg; charset=x")

    def to(self, path):
        self.answer(b"", 302, location=parse_qs(path.query)["at"][0])

    def nowhere(self, path):
        self.answer(b"", 301)

    def large(self, path):
        self.answer(b"", content_length=MOST + 1)

    def endless(self, path):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1000))
        except OSError:  # the reader has had enough
            pass

    def cut(self, path):
        self.answer(b"half", content_length=8)

    def packed(self, path):
        self.answer(b"zip", content_encoding="gzip")

    def empty(self, path):
        self.answer(b"")

    def hold(self, path):
        self.server.held.release()
        self.server.ended.wait()

    def drip(self, path):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.ended.wait(0.01):
                self.wfile.write(b".")
        except OSError:
            pass

    def missing(self, path):
        self.answer(b"secret words", 404)

    def log_message(self, *words):
        """Nothing is printed."""


@contextmanager
def hosting(context=None, address="127.0.0.1", port=0):
    server = ThreadingHTTPServer((address, port), Host)
    server.paths, server.hosts = [], []
    server.held, server.ended = threading.Semaphore(0), threading.Event()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def host():
    with hosting() as server:
        yield server


@pytest.fixture
def assets(tmp_path):
    return Assets(tmp_path, MOST)


class Names:
    """Resolves names as the test says, one answer after the other."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, name, port):
        self.asked.append(name)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def fetcher(assets, names=None, **values):
    """One that may read from this machine; all else is as it always is."""
    names = names or Names(["127.0.0.1"])
    return Fetcher(assets, lambda address: address == LOCAL, names, **values)


def at(host, path, name="host.test"):
    return f"http://{name}:{host.server_port}/{path}"


def left(assets, tmp_path):
    return [path.name for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_becomes_an_asset(host, assets):
    asset = fetcher(assets).fetch("ann", at(host, "face.png?key=secret"))
    assert (asset.path.read_bytes(), asset.name, asset.path.suffix) == (b"face", "face.png", ".png")
    assert assets.get("ann", asset.id) == asset
    assert host.paths == ["/face.png?key=secret"]
    assert host.hosts == [f"host.test:{host.server_port}"]


def test_without_a_suffix_the_kind_tells(host, assets):
    asset = fetcher(assets).fetch("ann", at(host, "typed"))
    assert (asset.name, asset.path.suffix) == ("typed.mp3", ".mp3")


def test_a_job_names_it(host, assets, tmp_path):
    inputs = Inputs(assets, Avatars(tmp_path), [], fetcher(assets))
    assert inputs.find("ann", at(host, "face.png")).path.read_bytes() == b"face"
    with pytest.raises(Forbidden, match="addresses are not read here"):
        inputs.find("ann", "ftp://host.test/face.png")
    with pytest.raises(Forbidden, match="addresses are not read here"):
        Inputs(assets, Avatars(tmp_path), []).find("ann", at(host, "face.png"))


@each(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fc00::1"),
        *("fd00:ec2::254", "ff02::1", "fec0::1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:1::"),
        *("2001:db8::1", "4000::1"),
    ],
)
def test_addresses_that_are_not_public(address, assets):
    assert not is_public(ip_address(address))
    names = Names([address])
    with pytest.raises(Forbidden, match="no other is read"):
        Fetcher(assets, resolve=names).fetch("ann", "http://name.test/x")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::1]", "[::ffff:7f00:1]"],
)
def test_this_machine_is_not_read_under_any_name(host, assets):
    with hosting() as server, pytest.raises(Forbidden):
        Fetcher(assets).fetch("ann", f"http://{host}:{server.server_port}/face.png")
    assert server.paths == []


def test_a_name_without_an_address_is_told_like_one_inside(assets):
    words = set()
    for names in (Names([]), Names(["10.0.0.1"]), Names(["8.8.8.8", "10.0.0.1"])):
        with pytest.raises(Forbidden) as refused:
            Fetcher(assets, resolve=names).fetch("ann", "http://name.test/x")
        words.add(str(refused.value))
    with pytest.raises(Forbidden) as refused:
        Fetcher(assets).fetch("ann", "http://name.invalid/x")
    assert words == {str(refused.value)}


def test_a_name_that_means_another_machine_a_moment_later(host, assets):
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with hosting(address="127.0.0.2", port=host.server_port) as other:
        assert fetcher(assets, names).fetch("ann", at(host, "face.png")).bytes == 4
        assert (len(names.asked), other.paths) == (1, [])
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        with pytest.raises(Forbidden):
            fetcher(assets, names).fetch("ann", at(host, "to?at=/face.png"))
        assert (len(names.asked), other.paths) == (2, [])


def test_redirects_are_followed_three_times(host, assets):
    def chain(count):
        place = "/face.png"
        for _ in range(count):
            place = "/to?at=" + place.replace("%", "%25").replace("?", "%3f").replace("=", "%3d")
        return at(host, place.lstrip("/"))

    asset = fetcher(assets).fetch("ann", chain(3))
    assert (asset.bytes, asset.name) == (4, "to")
    with pytest.raises(NotFetched, match="again and again"):
        fetcher(assets).fetch("ann", chain(4))


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("http://10.0.0.1/x", Forbidden),
        ("http://169.254.169.254/latest/meta-data", Forbidden),
        ("//[::1]/x", Forbidden),
        ("http://host.test:22/", Forbidden),
        ("file:///etc/passwd", NotFetched),
        ("http://ann:word@host.test/", NotFetched),
        ("http://[", NotFetched),
        ("", NotFetched),
    ],
)
def test_redirects_that_lead_elsewhere_are_not(host, assets, place, error, tmp_path):
    def resolve(name, port):
        return ["127.0.0.1"] if name == "host.test" else [name]

    with pytest.raises(error):
        fetcher(assets, resolve).fetch("ann", at(host, f"to?at={place}"))
    assert left(assets, tmp_path) == []


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("large", TooLarge, "5000 bytes"),
        ("endless", TooLarge, "5000 bytes"),
        ("cut", NotFetched, "could not be read"),
        ("packed", NotFetched, "packed"),
        ("empty", BadRequest, "empty"),
        ("missing", NotFetched, "answered 404"),
        ("nowhere", NotFetched, "answered 301"),
    ],
)
def test_what_is_no_file_leaves_nothing(host, assets, tmp_path, path, error, words):
    with pytest.raises(error, match=words) as refused:
        fetcher(assets).fetch("ann", at(host, path))
    assert "secret" not in str(refused.value) and "host.test" not in str(refused.value)
    assert left(assets, tmp_path) == []


@pytest.mark.parametrize("path", ["hold", "drip"])
def test_a_host_that_takes_its_time_is_left(host, assets, tmp_path, path):
    with pytest.raises(NotFetched, match="in time"):
        fetcher(assets, seconds=0.3).fetch("ann", at(host, path))
    assert left(assets, tmp_path) == []


def test_so_many_at_once(host, assets):
    one = fetcher(assets)
    threads = [
        threading.Thread(target=lambda: _ignored(one, at(host, "hold"))) for _ in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
        assert host.held.acquire(timeout=60)
    with pytest.raises(QueueFull) as refused:
        one.fetch("ann", at(host, "face.png"))
    assert refused.value.retry_after
    host.ended.set()
    for thread in threads:
        thread.join()
    assert one.fetch("ann", at(host, "face.png")).bytes == 4


def _ignored(one, address):
    with pytest.raises(NotFetched):
        one.fetch("ann", address)


def test_a_host_that_does_not_answer(assets):
    with hosting() as gone:
        pass
    with pytest.raises(NotFetched, match="does not answer"):
        fetcher(assets).fetch("ann", at(gone, "face.png"))


@each(
    "text",
    [
        *("http://", "http:///x", "https://ann@host.test/", "http://ann:word@host.test/"),
        *(
            "http://host.test:99999/",
            "http://host.test:x/",
            "http://host.test/ x",
            "http://h/\r\nx",
        ),
        *("http://host.test\\@10.0.0.1/", "http://höst.test/", "http://host.test/é", "ftp://h/x"),
        *("http://[::1", "http://[zz]/", "http://" + "h" * 3000),
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(BadRequest):
        Target.parse(text)


def test_ports_of_other_services():
    for port in (21, 22, 25, 443, 1023):
        with pytest.raises(Forbidden):
            Target.parse(f"http://host.test:{port}/")
    assert Target.parse("HTTPS://Host.test/a?b").text == "https://host.test:443/a?b"


@pytest.fixture
def certificate(tmp_path):
    """A file with the key and the certificate of host.test, which vouches for itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "host.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("host.test")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "host.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_encrypted_addresses_are_held_against_the_name(certificate, tmp_path, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    one = fetcher(Assets(tmp_path / "data", MOST))
    with hosting(context) as host:
        address = at(host, "face.png").replace("http:", "https:")
        with pytest.raises(NotFetched):  # nobody vouches for it
            one.fetch("ann", address)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert one.fetch("ann", address).bytes == 4
        with pytest.raises(NotFetched):
            one.fetch("ann", address.replace("host.test", "other.test"))
        with pytest.raises(Forbidden):  # without encryption from there on
            one.fetch("ann", address.replace("face.png", "to?at=http://host.test/"))
