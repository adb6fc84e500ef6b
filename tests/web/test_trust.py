"""Who may come in, how much is read, and what an answer never tells."""

import json
import re
import socket
import stat
import struct
import zlib
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.cases import each
from tests.web.server import OPTIONS, form

FACE, SOUND = "ann.png", "one.wav"


def raw(server, data):
    """The status line of the answer to these bytes."""
    with closing(socket.create_connection((server.host, server.port), 30)) as connection:
        connection.sendall(data)
        return connection.makefile("rb").readline().decode().strip()


def png_bomb(side):
    """A file of some kilobytes that is a picture of side x side black pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def test_without_a_key_only_health_and_the_page_answer(keyed):
    for path in ("/v1/jobs", "/metrics", "/openapi.json", "/engines", f"/v1/jobs/{keyed.job}"):
        answer = keyed.get(path)
        assert (answer.status, answer.code) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert keyed.get("/v1/jobs", authorization="Bearer lsk_wrong").status == 401
    assert keyed.get("/health/live").status == keyed.get("/").status == 200
    key = keyed.keys["ann"]["authorization"].split()[1]
    assert keyed.get("/v1/jobs", x_api_key=key).status == 200


def test_a_job_is_unseen_by_another_key(keyed):
    base = f"/v1/jobs/{keyed.job}"
    paths = (
        "",
        "/result",
        "/report",
        "/quality",
        "/events",
        "/stream",
        "/subtitles",
        "/inputs/face",
    )
    for path in paths:
        answer = keyed.ask("GET", base + path, headers=keyed.keys["bob"])
        nobody = keyed.ask("GET", f"/v1/jobs/{'0' * 24}{path}", headers=keyed.keys["bob"])
        assert (answer.status, answer.body) == (nobody.status, nobody.body) and answer.status == 404
    assert keyed.ask("POST", base + "/cancel", headers=keyed.keys["bob"]).status == 404
    assert keyed.ask("DELETE", base, headers=keyed.keys["bob"]).status == 404
    assert keyed.ask("GET", "/v1/jobs", headers=keyed.keys["bob"]).json["jobs"] == []
    assert keyed.ask("GET", f"/status/{keyed.job}", headers=keyed.keys["bob"]).status == 404
    assert keyed.ask("GET", base, headers=keyed.keys["ann"]).status == 200


def test_an_asset_is_unusable_by_another_key(keyed, inputs):
    asset = keyed.ask(
        "POST", "/v1/assets?name=a.png", (inputs / FACE).read_bytes(), keyed.keys["ann"]
    ).json
    wish = {**OPTIONS, "face": asset["reference"], "audio": SOUND}
    assert keyed.ask("POST", "/v1/jobs", wish, keyed.keys["bob"]).status == 404
    assert keyed.ask("GET", f"/v1/assets/{asset['id']}", headers=keyed.keys["bob"]).status == 404


def test_the_audit_names_the_key_and_never_shows_it(keyed):
    lines = [line for line in keyed.log() if line["message"] == "request"]
    assert {line["key"] for line in lines} == {"", "ann", "bob"}
    assert any(line["job"] == keyed.job and line["status"] == 404 for line in lines)
    assert {"method", "path", "status", "seconds", "client", "bytes_in"} <= lines[0].keys()
    for headers in keyed.keys.values():
        assert headers["authorization"].split()[1] not in keyed.stderr
    assert stat.S_IMODE(keyed.folder.stat().st_mode) == 0o700


def test_pages_of_other_sites_may_not_use_it(server):
    for origin in ("https://evil.example", "null", f"http://localhost:{server.port}"):
        answer = server.post("/v1/jobs", {"face": FACE, "audio": SOUND}, origin=origin)
        assert (answer.status, answer.code) == (403, "forbidden")
        assert "access-control-allow-origin" not in answer.headers
    own = f"http://{server.host}:{server.port}"
    assert server.get("/v1/jobs", origin=own).status == 200
    assert server.get("/v1/jobs", host="evil.example").status == 421


def test_too_much_is_refused_before_it_is_read(server):
    huge = "POST /v1/assets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\n"
    assert raw(server, huge.encode()).startswith("HTTP/1.1 413")
    large = huge.replace("10000000000", "5000001").replace("HTTP/1.1", "HTTP/1.0")
    assert raw(server, large.encode()).startswith("HTTP/1.1 413")
    big = server.post("/v1/jobs", {"face": FACE, "audio": SOUND, "user_data": "x" * 1_500_000})
    assert (big.status, big.code) == (413, "too_large")
    headers = "GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + "X-Flood: y\r\n" * 9000 + "\r\n"
    assert raw(server, headers.encode()).startswith(("HTTP/1.1 400", "HTTP/1.1 431"))


def test_a_body_in_pieces_is_counted(server):
    head = "POST /v1/assets HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"%x\r\n" % 500_000 + b"x" * 500_000 + b"\r\n"
    with closing(socket.create_connection((server.host, server.port), 30)) as connection:
        connection.sendall(head.encode())
        for _ in range(11):
            connection.sendall(piece)
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 413")


@each(
    ("body", "kind"),
    [
        *(("{", "application/json"), ("[]", "application/json"), ("NaN", "application/json")),
        *(('{"face": NaN}', "application/json"), ("[" * 100_000, "application/json")),
        *(("\xff", "application/json"), ("a=b", "application/x-www-form-urlencoded")),
        *(("", "application/json"), ("x", "multipart/form-data"), ("x", "text/plain")),
        *((json.dumps({"face": "a" * 9000}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "crf": "x/y"}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "outfile": "/tmp/x"}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "priority": 1e9}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "quality": "x"}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "container": "exe"}), "application/json"),),
        *((json.dumps({"face": FACE, "webhook_url": 7}), "application/json"),),
        *((json.dumps({"face": FACE, "audio": SOUND, "job_seconds": -1}), "application/json"),),
        *((json.dumps({"face": FACE}), "application/json"),),
    ],
)  # fmt: skip
def test_wrong_bodies_are_told_in_a_sentence(server, body, kind):
    answer = server.ask("POST", "/v1/jobs", body.encode("latin-1"), {"content-type": kind})
    assert answer.status == 400 and answer.code == "usage", (answer.status, answer.body)
    words = answer.json["error"]["message"]
    assert words and "/tmp" not in words and "Traceback" not in words


@each(
    "name",
    [
        *("../secret.png", "/etc/passwd", "file:///etc/passwd", "a\0b", "ann.png/../../etc/passwd"),
        *("/proc/self/environ", "asset:../../queue.sqlite", "avatar:..", "demo:../README.md"),
        *("http://169.254.169.254/latest/meta-data", "concat:ann.png|ann.png", "data:,x", "~/x"),
    ],
)
def test_no_path_leads_out(server, name):
    for path, body in (
        ("/v1/jobs", {"face": name, "audio": SOUND}),
        ("/v1/avatars", {"face": name}),
    ):
        answer = server.post(path, body)
        assert answer.status in (403, 404) and answer.code in ("forbidden", "not_found")


@pytest.mark.parametrize("name", ["../../../x.png", "/etc/x.png", "a\\..\\x.png", "x.png/", ".."])
def test_an_upload_s_name_is_only_a_name(server, inputs, name):
    body, headers = form(file=(name.replace("\\", "\\\\"), (inputs / FACE).read_bytes()))
    asset = server.ask("POST", "/v1/assets", body, headers)
    assert asset.status == 201 and re.fullmatch("[0-9a-f]{64}", asset.json["id"])
    query = quote(name, safe="")
    again = server.ask("POST", f"/v1/assets?name={query}", (inputs / FACE).read_bytes())
    assert again.json["id"] == asset.json["id"]
    folders = {path.name for path in (server.data / "assets").iterdir()}
    assert folders == {"local"} and not list(server.data.parent.glob("**/x.png"))


def test_a_picture_that_is_a_bomb_is_refused_and_harms_nobody(server):
    asset = server.ask("POST", "/v1/assets?name=bomb.png", png_bomb(30_000)).json
    job = server.end(server.accept(face=asset["reference"], audio=SOUND))
    assert (job["status"], job["error"]["code"]) == ("failed", "input")
    assert "bomb.png" in job["error"]["message"] and job["attempts"] == 1
    assert server.end(server.accept(face=FACE, audio=SOUND))["status"] == "succeeded"


def test_unknown_routes_and_methods_are_json_too(server):
    assert (server.get("/nothing").status, server.get("/nothing").code) == (404, "not_found")
    wrong = server.ask("PUT", "/v1/jobs")
    assert (wrong.code, wrong.headers["allow"]) == ("method_not_allowed", "GET, POST")
    assert server.get("/v1/jobs?limit=0").code == server.get("/v1/jobs?status=x").code == "usage"
    assert server.get("/v1/jobs/%00").status == server.get("/v1/jobs/..%2f..").status == 404


def test_every_answer_has_the_headers_of_a_careful_server(server):
    for path in ("/", "/v1/jobs", "/nothing", "/health/live"):
        headers = server.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_slow_and_deaf_clients_harm_nobody(server):
    job_id = server.accept(face=FACE, audio="minutes.wav")
    connections = []
    for _ in range(50):  # begins to upload, and says no more
        connection = socket.create_connection((server.host, server.port), 30)
        connection.sendall(
            b"POST /v1/assets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nx"
        )
        connections.append(connection)
    for _ in range(50):  # asks for events, and reads none
        connection = socket.create_connection((server.host, server.port), 30)
        connection.sendall(
            f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        connections.append(connection)
    server.post(f"/v1/jobs/{job_id}/cancel")
    assert server.end(server.accept(face=FACE, audio=SOUND))["status"] == "succeeded"
    for connection in connections:
        connection.close()
    while sum(line.get("status") == 499 for line in server.log()) < 50:
        assert server.get("/health/live").status == 200  # which takes its time
    assert not [line for line in server.log() if line["level"] == "error"]
    assert server.get("/health/ready").status == 200


def gets(server):
    return sum(line.get("method") == "GET" for line in server.log())


def test_addresses_are_not_read_unless_they_may_be(server, keyed):
    own = f"http://{keyed.host}:{keyed.port}/"
    off = server.post("/v1/jobs", {"face": own, "audio": SOUND})
    assert (off.status, off.code) == (403, "forbidden")
    words, before = set(), gets(keyed)
    for address in (own, own.replace(keyed.host, "localhost"), "http://169.254.169.254/latest"):
        answer = keyed.post("/v1/jobs", {"face": address, "audio": SOUND}, **keyed.keys["ann"])
        assert (answer.status, answer.code) == (403, "forbidden")
        words.add(answer.json["error"]["message"])
    assert len(words) == 1 and "public" in words.pop()
    assert gets(keyed) == before  # it did not ask itself


def test_what_is_no_address_or_answers_nothing_is_told(keyed):
    ann = keyed.keys["ann"]
    answer = keyed.post("/v1/jobs", {"face": "http://ann@host/x", "audio": SOUND}, **ann)
    assert (answer.status, answer.code) == (400, "usage")
    answer = keyed.post("/v1/avatars", {"face": "http://127.0.0.1/x", "name": "Ann"}, **ann)
    assert (answer.status, answer.code) == (403, "forbidden")
    wish = {"face": "http://127.0.0.1/x", "audio": SOUND, "mouth": 1}
    answer = keyed.post("/v1/jobs", wish, **ann)
    assert (answer.status, answer.code) == (400, "usage")  # before anything is read
