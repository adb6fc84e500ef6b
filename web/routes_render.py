"""The routes of the other avatar service, for its hosts: same fields, same names."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from batch.sources import FACE_SUFFIXES
from service.desk import Desk
from service.errors import BadRequest
from service.job import FAILED, QUEUED, RUNNING, STOPPED, SUCCEEDED, Job, code_of
from service.options import OPEN, option_schema
from wav2lip.generators import GENERATORS
from web.bodies import body_of
from web.routing import ERRORS, DeskOf, Owner, body_schema, next_steps
from web.schemas import file_reference, json_object
from web.views import ErrorFacts, progress_of

router = APIRouter(tags=["render"], responses=ERRORS)
STATES = {
    QUEUED: "queued",
    RUNNING: "processing",
    SUCCEEDED: "finished",
    FAILED: "failed",
    STOPPED: "canceled",
}
NAMES = {
    "avatarPath": "face",
    "avatar": "face",
    "audioPath": "audio",
    "visemeJson": "visemes",
    "qualityMode": "mode",
}
AUTO = "auto"
MOST_LISTED = 200
FILE_NAMES = ("avatarPath", "avatar", "audioPath", "audio", "visemeJson")
RENDER = json_object(
    {
        **{name: file_reference() for name in FILE_NAMES},
        "qualityMode": {"type": "string", "description": "real_time, high_quality, auto"},
        **option_schema(),
    }
)
EXAMPLE = {"avatarPath": "demo:portrait", "audioPath": "demo:speech"}
ACCEPTED: dict[str, Any] = {
    "openapi_extra": body_schema(RENDER, EXAMPLE, FILE_NAMES),
    "responses": {200: {"links": next_steps("job_id", "jobId", ("get_status", "get_job"))}},
}


class RenderView(BaseModel):
    """The answer of POST /render."""

    jobId: str
    output: str = Field(description="the address of the video, once it is finished")
    qualityMode: str
    statusUrl: str


class StatusView(BaseModel):
    """The answer of GET /status/{id}."""

    jobId: str
    state: str
    progress: float
    output: str | None
    error: ErrorFacts | None


@router.post("/render", operation_id="render", **ACCEPTED)
async def render(request: Request, desk: DeskOf, owner: Owner) -> RenderView:
    """Accept a job."""
    return await _accept(request, desk, owner)


@router.post("/render-upload", operation_id="render_upload", **ACCEPTED)
async def render_upload(request: Request, desk: DeskOf, owner: Owner) -> RenderView:
    """Accept a job whose files come along."""
    return await _accept(request, desk, owner)


@router.get("/status/{job_id}", operation_id="get_status")
def status(job_id: str, desk: DeskOf, owner: Owner) -> StatusView:
    """How far a job is."""
    job = desk.job(owner, job_id)
    return StatusView(
        jobId=job.id,
        state=STATES[job.status],
        progress=progress_of(job),
        output=_output(job) if job.status == SUCCEEDED else None,
        error=_error(job),
    )


@router.get("/avatars", operation_id="list_faces")
def avatars(desk: DeskOf, owner: Owner) -> dict[str, list[dict[str, str]]]:
    """Faces that jobs may name."""
    prepared = [
        {"id": each.id, "name": each.name, "path": f"avatar:{each.id}"}
        for each in desk.avatars.all(owner)
    ]
    listed = desk.inputs.list_below_roots(FACE_SUFFIXES, MOST_LISTED)
    files = [{"id": str(path), "name": path.stem, "path": str(path)} for path in listed]
    return {"avatars": [*prepared, *files]}


@router.get("/engines", operation_id="list_engines")
def engines() -> dict[str, list[dict[str, Any]]]:
    """What makes mouths."""
    return {"engines": [{"id": name, "name": name, "available": True} for name in GENERATORS]}


async def _accept(request: Request, desk: Desk, owner: str) -> RenderView:
    body = await body_of(request, desk, owner)
    wish = _with_own_names(body)
    mode = str(wish.get("mode", AUTO))
    if "mode" not in OPEN:
        wish.pop("mode", None)
    job, _ = await run_in_threadpool(desk.accept, owner, wish)
    return RenderView(
        jobId=job.id, output=_output(job), qualityMode=mode, statusUrl=f"/status/{job.id}"
    )


def _with_own_names(body: dict[str, Any]) -> dict[str, Any]:
    """What is given, by flag; BadRequest for two values of one."""
    wish: dict[str, Any] = {}
    for name, value in body.items():
        own = NAMES.get(name, name)
        if value is None:
            continue
        if own in wish:
            raise BadRequest(f"{name[:40]}: {own} is given already")
        wish[own] = value
    return wish


def _output(job: Job) -> str:
    return f"/v1/jobs/{job.id}/result"


def _error(job: Job) -> ErrorFacts | None:
    if job.status != FAILED:
        return None
    return ErrorFacts(code=code_of(job.exit_code), message=job.error)
