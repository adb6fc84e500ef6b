"""The routes of jobs."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool

from service.attempts import PAGE, REPORT, SUBTITLES
from service.bell import wait_for
from service.desk import Desk
from service.errors import Conflict, NotFound
from service.job import SUCCEEDED, Job
from service.options import FILES, option_schema
from service.reports import client_report
from subtitles.files import as_webvtt
from web.bodies import body_of
from web.files import File
from web.growing import growing
from web.routing import ERRORS, DeskOf, Owner, body_schema, next_steps
from web.schemas import file_reference, json_object
from web.views import ErrorView, JobPage, JobView, Status, job_view

MOST_WAIT = 60.0  # seconds for ?wait=
PING_SECONDS = 15.0  # between signs of life in a stream of events
MOST_PER_PAGE = 100
TEXTS = {"srt": "application/x-subrip", "vtt": "text/vtt"}
MEDIA = {"mp4": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=ERRORS)


def job_of(job_id: str, desk: DeskOf, owner: Owner) -> Job:
    return desk.job(owner, job_id)


JobOf = Annotated[Job, Depends(job_of)]


def job_schema() -> dict[str, Any]:
    """JSON Schema of the body of POST /v1/jobs."""
    inputs = {name: file_reference() for name in FILES}
    own: dict[str, Any] = {
        "avatar": {"type": "string", "description": "the id of one, in place of a face"},
        "quality": {"type": "boolean", "description": "judge the result, and make a page of it"},
        "stream": {"type": "boolean", "description": "let /stream play while frames are made"},
        "container": {"enum": ["mp4", "mov", "mkv", "webm"]},
        "priority": {"type": "integer", "minimum": -100, "maximum": 100},
        "job_seconds": {"type": "number", "minimum": 0.001},
        "webhook_url": {"type": "string", "description": "is told of the end"},
        "user_data": {"description": "comes back with the job"},
    }
    return json_object({**inputs, **own, **option_schema()})


EXAMPLE = {"face": "demo:portrait", "audio": "demo:speech", "user_data": {"order": 17}}


STEPS = (
    *("get_job", "follow_job", "cancel_job", "delete_job", "get_result", "play_job"),
    *("get_report", "get_quality", "get_subtitles"),
)


@router.post(
    "",
    status_code=202,
    operation_id="accept_job",
    openapi_extra=body_schema(job_schema(), EXAMPLE),
    responses={202: {"links": next_steps("job_id", "id", STEPS)}},
)
async def accept(
    request: Request,
    response: Response,
    desk: DeskOf,
    owner: Owner,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> JobView:
    """Accept a job; it is on disk when the answer comes."""
    with desk.accepting(owner, idempotency_key):
        body = await body_of(request, desk, owner)
        job, replayed = await run_in_threadpool(desk.accept, owner, body, idempotency_key)
    response.headers["location"] = f"/v1/jobs/{job.id}"
    if replayed:
        response.headers["idempotency-replayed"] = "true"
    return job_view(job, desk)


@router.get("", operation_id="list_jobs")
def page(
    desk: DeskOf,
    owner: Owner,
    status: Status | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PER_PAGE)] = 20,
) -> JobPage:
    """The key's own jobs, the newest first."""
    jobs = desk.queue.page(owner, status, before, limit)
    more = f"&status={status}" if status else ""
    address = f"/v1/jobs?before={jobs[-1].number}&limit={limit}{more}" if jobs else None
    return JobPage(
        jobs=[job_view(job, desk) for job in jobs], next=address if len(jobs) == limit else None
    )


@router.get("/{job_id}", operation_id="get_job")
async def one(
    job: JobOf, desk: DeskOf, wait: Annotated[float, Query(ge=0, le=MOST_WAIT)] = 0
) -> JobView:
    """The job; with `wait`, as soon as it has ended, but after so many seconds at the latest."""
    until = time.monotonic() + wait
    with desk.bell.listening(job.id) as changed:
        while not job.has_ended and (left := until - time.monotonic()) > 0:
            if desk.bell.closed:
                break
            await wait_for(changed, left)
            job = await run_in_threadpool(desk.job, job.owner, job.id)
    return job_view(job, desk)


@router.get(
    "/{job_id}/events",
    operation_id="follow_job",
    response_class=StreamingResponse,
    responses={200: {"content": {EventSourceResponse.media_type: {}}}, 204: {}},
)
def events(
    job: JobOf, desk: DeskOf, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """The job with each change, until it has ended; goes on behind `Last-Event-ID`."""
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    if job.has_ended and job.revision <= seen:
        return Response(status_code=204)  # tells a browser not to come again
    return EventSourceResponse(_events(job, desk, seen))


async def _events(job: Job, desk: Desk, seen: int) -> AsyncIterator[bytes]:
    with desk.bell.listening(job.id) as changed:
        while True:
            if job.revision > seen:
                seen = job.revision
                view = job_view(job, desk).model_dump_json()
                yield format_sse_event(data_str=view, event=job.status, id=str(seen))
            if job.has_ended or desk.bell.closed:
                return
            if not await wait_for(changed, PING_SECONDS):
                yield format_sse_event(comment="waiting")
            current = await run_in_threadpool(desk.queue.get, job.id)
            if current is None:
                return
            job = current


@router.post("/{job_id}/cancel", status_code=202, operation_id="cancel_job")
def cancel(job: JobOf, desk: DeskOf) -> JobView:
    """Stop the job; one that has ended stays as it is."""
    return job_view(desk.queue.cancel(job.id, job.owner) or job, desk)


@router.delete("/{job_id}", status_code=204, operation_id="delete_job")
def delete(job: JobOf, desk: DeskOf) -> Response:
    """Stop the job, or forget one that has ended, with its files."""
    if job.has_ended:
        desk.queue.forget(job)
        desk.workshop.discard(job)
    else:
        desk.queue.cancel(job.id, job.owner)
    return Response(status_code=204)


@router.get(
    "/{job_id}/result",
    operation_id="get_result",
    response_class=FileResponse,
    responses={
        200: {"content": {media: {} for media in MEDIA.values()}},
        **{206: {}, 304: {}, 416: {"model": ErrorView}},
    },
)
def result(
    job: JobOf, desk: DeskOf, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The video; ranges and ETag as browsers need them."""
    _check_result(job)
    path = desk.workshop.result(job)
    etag = f'"{job.id}-{job.attempt}"'
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers={"etag": etag})
    container = job.request.container
    return File(
        path,
        headers={"etag": etag, "cache-control": "private, max-age=3600"},
        media_type=MEDIA.get(container, "video/webm"),
        filename=f"{job.id}.{container}",
        content_disposition_type="inline",
        stat_result=path.stat(),
    )


@router.get(
    "/{job_id}/stream",
    operation_id="play_job",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA["mp4"]: {}}}},
)
def stream(job: JobOf, desk: DeskOf) -> Response:
    """Fragments of the video as they are made, for a job that was asked to `stream`."""
    if job.has_ended:
        return result(job, desk)
    if not job.request.stream:
        raise NotFound("the job makes no fragments: ask for stream")
    return StreamingResponse(growing(job, desk), media_type=MEDIA["mp4"])


@router.get("/{job_id}/report", operation_id="get_report")
def report(job: JobOf, desk: DeskOf) -> dict[str, Any]:
    """The facts of the run, as `--report` writes them, without paths."""
    _check_result(job)
    return client_report(desk.workshop.folder(job) / REPORT, job)


@router.get(
    "/{job_id}/quality",
    operation_id="get_quality",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}},
)
def quality(job: JobOf, desk: DeskOf) -> Response:
    """The page that `--quality` writes."""
    _check_result(job)
    path = desk.workshop.folder(job) / PAGE
    if not path.is_file():
        raise NotFound("the job was not judged: ask for quality")
    headers = {"content-security-policy": PAGE_POLICY}
    return Response(path.read_bytes(), media_type="text/html; charset=utf-8", headers=headers)


@router.get(
    "/{job_id}/subtitles",
    operation_id="get_subtitles",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in TEXTS.values()}}},
)
def subtitles(job: JobOf, desk: DeskOf, format: Literal["srt", "vtt"] = "srt") -> Response:
    """What is spoken, as SubRip or WebVTT, where the words are known."""
    _check_result(job)
    path = desk.workshop.folder(job) / SUBTITLES
    if not path.is_file():
        raise NotFound("the words are not known: give text, transcript or transcribe")
    text = path.read_bytes()
    media = f"{TEXTS[format]}; charset=utf-8"
    return Response(as_webvtt(text) if format == "vtt" else text, media_type=media)


@router.get(
    "/{job_id}/inputs/{name}",
    operation_id="get_input",
    response_class=FileResponse,
    responses={200: {"content": {"*/*": {}}}},
)
def given(job: JobOf, name: str) -> Response:
    """A file that the job was given, to be seen beside the result."""
    path = Path(job.request.files.get(name, ""))
    if name not in job.request.files or not path.is_file():
        raise NotFound("there is no such input, or its file is gone")
    headers = {"content-security-policy": "default-src 'none'; sandbox"}
    return File(path, headers=headers, content_disposition_type="inline")


def _check_result(job: Job) -> None:
    """Conflict while the job has not ended; NotFound where it left no result."""
    if not job.has_ended:
        raise Conflict(f"the job is {job.status}: wait for it", 1)
    if job.status != SUCCEEDED:
        raise NotFound(f"the job is {job.status}: it has no result")
