"""Jobs over HTTP, with a real server, real workers and the puppet."""

import contextlib
import io
import socket
import threading

import av
import pytest

from tests.web.server import OPTIONS, form

FACE, SOUND, LONG = "ann.png", "one.wav", "minutes.wav"


@pytest.fixture(scope="module")
def done(server):
    """A job that has succeeded and was judged."""
    job_id = server.accept(face=FACE, audio=SOUND, quality=True, user_data={"order": 17})
    job = server.end(job_id)
    assert job["status"] == "succeeded", job
    return job


def test_an_accepted_job_has_an_address(server):
    answer = server.post("/v1/jobs", {**OPTIONS, "face": FACE, "audio": SOUND, "crf": 30})
    assert answer.status == 202
    assert answer.headers["location"] == answer.json["links"]["self"]
    assert answer.json["status"] in ("queued", "running")
    assert answer.json["inputs"] == {"face": FACE, "audio": SOUND}
    assert answer.json["options"] == {**OPTIONS, "crf": 30}
    assert server.end(answer.json["id"])["status"] == "succeeded"


def test_a_result_is_a_video_with_ranges_and_a_tag(server, done):
    assert (done["progress"], done["frames"], done["user_data"]) == (1, 5, {"order": 17})
    path = done["links"]["result"]
    whole = server.get(path)
    assert (whole.status, whole.headers["content-type"]) == (200, "video/mp4")
    with av.open(io.BytesIO(whole.body)) as video:
        assert sum(1 for _ in video.decode(video=0)) == 5
    tag = whole.headers["etag"]
    part = server.get(path, range="bytes=10-19", if_range=tag)
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.body)}"
    beyond = server.get(path, range="bytes=999999999-")
    assert (beyond.status, beyond.code) == (416, "range")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.body)}"
    assert server.get(path, range="bytes=9-1").code == "usage"
    same = server.get(path, if_none_match=tag)
    assert (same.status, same.body) == (304, b"")


def test_the_report_and_the_page_have_no_paths(server, done, inputs):
    report = server.get(done["links"]["report"]).json
    assert report["options"]["face"] == FACE and report["frames"] == 5
    page = server.get(done["links"]["quality"])
    assert "script" not in page.headers["content-security-policy"] and b"<html" in page.body
    for text in (str(report), page.body.decode(), str(done)):
        assert "/tmp" not in text and str(inputs) not in text


def test_events_tell_each_change_and_go_on_where_they_were_left(server):
    job_id = server.accept(face=FACE, audio=SOUND)
    events = list(server.events(job_id))
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers))
    assert events[-1][1] == "succeeded" and events[-1][2]["id"] == job_id
    progress = [job["progress"] for _, _, job in events]
    assert progress == sorted(progress) and progress[-1] == 1
    rest = list(server.events(job_id, last=numbers[-1] - 1))
    assert rest == events[-1:]
    over = server.ask(
        "GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(numbers[-1])}
    )
    assert over.status == 204


def test_a_running_job_is_canceled_and_the_worker_stays(server):
    job_id = server.accept(face=FACE, audio=LONG)
    running = list(server.events(job_id, until=lambda event: event[2]["frames_done"] > 0))
    assert running[-1][1] == "running" and 0 < running[-1][2]["progress"] < 1
    early = server.get(f"/v1/jobs/{job_id}/result")
    assert (early.status, early.code) == (409, "conflict")
    assert server.post(f"/v1/jobs/{job_id}/cancel").status == 202
    job = server.end(job_id)
    assert (job["status"], job["error"], job["attempts"]) == ("canceled", None, 1)
    gone = server.get(f"/v1/jobs/{job_id}/result")
    assert (gone.status, gone.code) == (404, "not_found")
    after = server.end(server.accept(face=FACE, audio=SOUND))
    assert after["result"]["caches"]["engine"] == "resident"


def test_a_waiting_job_knows_its_place_and_can_be_deleted(server):
    first = server.accept(face=FACE, audio=LONG)
    waiting = [server.accept(face=FACE, audio=SOUND) for _ in range(2)]
    list(server.events(first, until=lambda event: event[1] == "running"))
    places = [server.get(f"/v1/jobs/{job_id}").json["position"] for job_id in waiting]
    assert places == [0, 1]
    assert server.ask("DELETE", f"/v1/jobs/{waiting[0]}").status == 204
    assert server.get(f"/v1/jobs/{waiting[0]}").json["status"] == "canceled"
    server.post(f"/v1/jobs/{first}/cancel")
    assert server.end(waiting[1])["status"] == "succeeded"
    assert server.ask("DELETE", f"/v1/jobs/{waiting[1]}").status == 204
    assert server.get(f"/v1/jobs/{waiting[1]}").status == 404


def test_a_failed_job_is_an_answer_with_a_code(server):
    asset = server.ask("POST", "/v1/assets?name=words.png", b"no picture at all").json
    job = server.end(server.accept(face=asset["reference"], audio=SOUND))
    assert (job["status"], job["error"]["code"]) == ("failed", "input")
    assert "words.png" in job["error"]["message"] and "/" not in job["error"]["message"]


def test_uploads_are_named_by_their_content(server, inputs):
    picture = (inputs / FACE).read_bytes()
    body, headers = form(file=("ann's face.png", picture))
    one = server.ask("POST", "/v1/assets", body, headers)
    two = server.ask("POST", "/v1/assets?name=again.png", picture)
    assert one.status == two.status == 201 and one.json["id"] == two.json["id"]
    assert server.get(f"/v1/assets/{one.json['id']}").json["bytes"] == len(picture)
    assert server.end(server.accept(face=two.json["reference"], audio=SOUND))["frames"] == 5
    assert server.ask("DELETE", f"/v1/assets/{one.json['id']}").status == 204
    assert server.get(f"/v1/assets/{one.json['id']}").status == 404
    assert server.ask("POST", "/v1/assets?name=empty.png", b"").code == "usage"
    body, headers = form(file=("a.png", picture), crf=20)
    assert server.ask("POST", "/v1/assets", body, headers).code == "usage"


def test_a_form_brings_files_and_options_together(server, inputs):
    body, headers = form(
        face=("face.png", (inputs / FACE).read_bytes()),
        audio=("sound.wav", (inputs / SOUND).read_bytes()),
        engine="puppet",
        box=" ".join(map(str, OPTIONS["box"])),
        user_data="plain words",
    )
    answer = server.ask("POST", "/v1/jobs", body, headers)
    assert answer.status == 202, answer.body
    assert answer.json["inputs"] == {"face": "face.png", "audio": "sound.wav"}
    job = server.end(answer.json["id"])
    assert (job["status"], job["user_data"]) == ("succeeded", "plain words")


def test_the_same_request_again_is_the_same_job(server):
    wish = {**OPTIONS, "face": FACE, "audio": SOUND}
    first = server.post("/v1/jobs", wish, idempotency_key="once")
    again = server.post("/v1/jobs", wish, idempotency_key="once")
    assert again.json["id"] == first.json["id"] and again.status == 202
    assert again.headers["idempotency-replayed"] == "true"
    other = server.post("/v1/jobs", {**wish, "crf": 30}, idempotency_key="once")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_request_whose_twin_is_still_coming_is_told_so(server, inputs):
    body, headers = form(face=("f.png", (inputs / FACE).read_bytes()), audio=SOUND)
    head = {**headers, "host": "localhost", "content-length": len(body), "idempotency-key": "slow"}
    lines = ["POST /v1/jobs HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    with socket.create_connection((server.host, server.port), 30) as connection:
        connection.sendall("\r\n".join([*lines, "expect: 100-continue", "", ""]).encode())
        answer = connection.makefile("rb")
        assert b" 100 " in answer.readline()  # its body is awaited
        twin = server.post("/v1/jobs", {"face": FACE, "audio": SOUND}, idempotency_key="slow")
        assert (twin.status, twin.code) == (409, "conflict")
        connection.sendall(body)
        answer.readline()  # the end of what was told first
        assert b" 202 " in answer.readline()
        fields = dict(line.decode().split(": ", 1) for line in iter(answer.readline, b"\r\n"))
        answer.close()
    server.end(fields["location"].strip().rpartition("/")[2])


def test_pages_list_jobs_from_new_to_old(server):
    ids = [server.accept(face=FACE, audio=SOUND) for _ in range(3)]
    page = server.get("/v1/jobs?limit=2").json
    assert [job["id"] for job in page["jobs"]] == ids[:0:-1]
    assert server.get(page["next"]).json["jobs"][0]["id"] == ids[0]
    for job_id in ids:
        server.end(job_id)
    ended = server.get("/v1/jobs?status=succeeded&limit=1").json
    assert ended["jobs"][0]["id"] == ids[-1] and "status=succeeded" in ended["next"]


def test_an_avatar_is_prepared_ahead(server):
    words = {"face": FACE, "name": "Ann", **OPTIONS}
    avatar = server.post("/v1/avatars", words)
    assert avatar.status == 202, avatar.body
    assert server.end(avatar.json["links"]["job"].rpartition("/")[2])["kind"] == "avatar"
    named = server.get("/v1/avatars").json["avatars"]
    assert ("Ann", "succeeded") in [(each["name"], each["status"]) for each in named]
    job = server.end(server.accept(avatar=avatar.json["id"], audio=SOUND))
    assert job["inputs"]["face"] == "Ann" and job["result"]["caches"]["track"] == "hit"
    assert server.ask("DELETE", avatar.json["links"]["self"]).status == 204
    assert server.get(avatar.json["links"]["self"]).status == 404


def test_the_other_service_s_hosts_find_what_they_know(server, inputs):
    wish = {"avatarPath": str(inputs / FACE), "audioPath": SOUND, "qualityMode": "real_time"}
    answer = server.post("/render", {**wish, **OPTIONS})
    assert answer.status == 200, answer.body
    view = answer.json
    assert set(view) == {"jobId", "output", "qualityMode", "statusUrl"}
    assert view["qualityMode"] == "real_time"
    server.end(view["jobId"])
    status = server.get(view["statusUrl"])
    assert status.headers["content-type"] == "application/json"
    assert (status.json["state"], status.json["output"]) == ("finished", view["output"])
    assert server.get(view["output"]).headers["content-type"] == "video/mp4"
    twice = server.post("/render", {**wish, "audio": SOUND})
    assert (twice.status, twice.code) == (400, "usage")
    body, headers = form(
        avatar=("f.png", (inputs / FACE).read_bytes()),
        audio=("s.wav", (inputs / SOUND).read_bytes()),
    )
    upload = server.ask("POST", "/render-upload", body, headers)
    assert upload.status == 200, upload.body
    assert server.get("/health/live").json == {"status": "alive"}
    assert server.get("/health/ready").json == {"status": "ready"}
    assert {"ann", "bob"} <= {each["name"] for each in server.get("/avatars").json["avatars"]}
    assert "puppet" in {each["id"] for each in server.get("/engines").json["engines"]}
    server.post(f"/v1/jobs/{upload.json['jobId']}/cancel")
    server.end(upload.json["jobId"])


def test_metrics_count_jobs_and_frames(server, done):
    text = server.get("/metrics").body.decode()
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures['lipsync_jobs{status="succeeded"}']) >= 1
    assert float(figures["lipsync_frames_total"]) >= 5
    assert float(figures['lipsync_worker_memory_megabytes{seat="0"}']) > 10
    assert 'lipsync_stage_seconds_total{stage="mouths"}' in figures


def test_many_readers_of_events_see_the_same_end(server):
    job_id = server.accept(face=FACE, audio=SOUND)
    ends = []
    readers = [
        threading.Thread(target=lambda: ends.append(list(server.events(job_id))[-1]))
        for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(ends) == 8 and {name for _, name, _ in ends} == {"succeeded"}


def test_a_stream_plays_while_frames_are_made(server):
    job_id = server.accept(face=FACE, audio=LONG, stream=True)
    connection = server.connection()
    connection.request("GET", f"/v1/jobs/{job_id}/stream")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (200, "video/mp4")
    beginning = b""
    while beginning.count(b"moof") < 2:
        piece = answer.read1(65536)
        assert piece
        beginning += piece
    job = server.get(f"/v1/jobs/{job_id}").json
    assert job["status"] == "running" and job["frames_done"] < 1500
    frames = 0
    ends_amid = contextlib.suppress(av.FFmpegError)
    with av.open(io.BytesIO(beginning)) as video, ends_amid:
        for _ in video.decode(video=0):
            frames += 1
    assert frames >= 5
    server.post(f"/v1/jobs/{job_id}/cancel")
    while answer.read1(1 << 20):
        pass
    connection.close()
    assert server.end(job_id)["status"] == "canceled"
    assert server.get(f"/v1/jobs/{job_id}/stream").status == 404


def test_a_reader_of_a_stream_who_does_not_read_or_goes_holds_up_nobody(server):
    job_id = server.accept(face=FACE, audio=LONG, stream=True)
    request = f"GET /v1/jobs/{job_id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    readers = [socket.create_connection((server.host, server.port), 30) for _ in range(8)]
    for reader in readers:
        reader.sendall(request)
    for reader in readers[4:]:
        assert reader.recv(1)
        reader.close()
    far = list(server.events(job_id, until=lambda event: event[2]["frames_done"] >= 150))[-1]
    assert far[1] == "running" and far[2]["attempts"] == 1
    server.post(f"/v1/jobs/{job_id}/cancel")
    assert server.end(job_id)["status"] == "canceled"
    for reader in readers:
        reader.close()
    assert not [line for line in server.log() if line["level"] == "error"]


def test_a_stream_that_ended_is_the_result_and_one_that_was_not_wanted_is_none(server):
    job = server.end(server.accept(face=FACE, audio=SOUND, stream=True))
    whole = server.get(job["links"]["stream"]).body
    assert whole == server.get(job["links"]["result"]).body
    other = server.accept(face=FACE, audio=LONG)
    assert server.get(f"/v1/jobs/{other}/stream").code == "not_found"
    server.post(f"/v1/jobs/{other}/cancel")


def test_what_was_spoken_can_be_read(server):
    job = server.end(server.accept(face=FACE, text="Salt & pepper. That is all."))
    assert job["status"] == "succeeded", job
    text = server.get(job["links"]["subtitles"])
    assert text.headers["content-type"] == "application/x-subrip; charset=utf-8"
    first = text.body.decode().splitlines()
    assert first[0] == "1" and first[1].startswith("00:00:0") and "Salt & pepper." in first[2]
    web = server.get(f"{job['links']['subtitles']}?format=vtt")
    assert web.headers["content-type"] == "text/vtt; charset=utf-8"
    assert web.body.startswith(b"WEBVTT") and b"Salt &amp; pepper." in web.body
    assert server.get(f"{job['links']['subtitles']}?format=exe").code == "usage"


def test_where_nobody_knows_the_words_there_are_no_subtitles(server, done):
    assert "subtitles" not in done["links"]
    answer = server.get(f"{done['links']['self']}/subtitles")
    assert (answer.status, answer.code) == (404, "not_found")
