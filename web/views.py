"""What clients see: the values of the API, as JSON."""

from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, Field

from service.assets import Asset
from service.attempts import REPORT, SUBTITLES
from service.avatars import Avatar
from service.desk import Desk
from service.job import FAILED, QUEUED, RUNNING, SUCCEEDED, Job, JobProgress, code_of

SHARES = {"faces": (0.0, 0.25), "frames": (0.25, 0.99)}  # of the whole, from and to
Status = Literal["queued", "running", "succeeded", "failed", "canceled"]


class ErrorFacts(BaseModel):
    """What went wrong: a name for programs, a sentence for people."""

    code: str
    message: str


class ErrorView(BaseModel):
    error: ErrorFacts


class JobView(BaseModel):
    """A job."""

    id: str
    kind: Literal["render", "avatar"]
    status: Status
    progress: float = Field(ge=0, le=1)
    stage: str
    frames_done: int
    frames: int
    position: int | None = Field(description="how many jobs wait before this one")
    priority: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    inputs: dict[str, str] = Field(description="the names of the files, by flag")
    options: dict[str, Any]
    user_data: Any
    error: ErrorFacts | None
    result: dict[str, Any] | None = Field(description="facts of the result")
    links: dict[str, str]


class JobPage(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobView]
    next: str | None = Field(description="the address of the next page")


class AssetView(BaseModel):
    """An uploaded file."""

    id: str
    name: str
    bytes: int
    reference: str = Field(description="how a job names it")


class AvatarView(BaseModel):
    """A face that is prepared ahead."""

    id: str
    name: str
    status: str = Field(description="of the job that prepares it; unknown once that is forgotten")
    reference: str = Field(description="how a job names it")
    links: dict[str, str]


class AvatarList(BaseModel):
    avatars: list[AvatarView]


def job_view(job: Job, desk: Desk) -> JobView:
    request, is_avatar = job.request, job.request.kind == "avatar"
    return JobView(
        id=job.id,
        kind="avatar" if is_avatar else "render",
        status=_status(job),
        progress=progress_of(job),
        stage=job.progress.stage if job.status == RUNNING else "",
        frames_done=job.facts.get("frames", job.progress.done),
        frames=job.facts.get("frames", job.progress.of),
        position=desk.queue.position(job) if job.status == QUEUED else None,
        priority=job.priority,
        attempts=job.attempt,
        created_at=_moment(job.created),
        started_at=None if job.started is None else _moment(job.started),
        ended_at=None if job.ended is None else _moment(job.ended),
        inputs=dict(request.names),
        options=dict(request.options),
        user_data=None if is_avatar else request.user_data,
        error=_error(job),
        result=dict(job.facts) if job.status == SUCCEEDED else None,
        links=_links(job, desk),
    )


def asset_view(asset: Asset) -> AssetView:
    return AssetView(id=asset.id, name=asset.name, bytes=asset.bytes, reference=f"asset:{asset.id}")


def avatar_view(avatar: Avatar, desk: Desk) -> AvatarView:
    job = desk.queue.get(avatar.job)
    return AvatarView(
        id=avatar.id,
        name=avatar.name,
        status="unknown" if job is None else job.status,
        reference=f"avatar:{avatar.id}",
        links={"job": f"/v1/jobs/{avatar.job}", "self": f"/v1/avatars/{avatar.id}"},
    )


def error_view(code: str, message: str) -> dict[str, Any]:
    return ErrorView(error=ErrorFacts(code=code, message=message)).model_dump()


def progress_of(job: Job) -> float:
    """From 0 to 1; 1 only for a result."""
    if job.status == SUCCEEDED:
        return 1.0
    return share_done(job.progress)


def share_done(progress: JobProgress) -> float:
    first, last = SHARES.get(progress.stage, (0.0, 0.0))
    part = progress.done / progress.of if progress.of else 0.0
    return round(first + (last - first) * min(1.0, part), 4)


def _error(job: Job) -> ErrorFacts | None:
    if job.status != FAILED:
        return None
    return ErrorFacts(code=code_of(job.exit_code), message=job.error)


def _status(job: Job) -> Status:
    status: Any = job.status
    checked: Status = status
    return checked


def _links(job: Job, desk: Desk) -> dict[str, str]:
    base = f"/v1/jobs/{job.id}"
    links = {"self": base, "events": f"{base}/events", "cancel": f"{base}/cancel"}
    links.update({name: f"{base}/inputs/{name}" for name in job.request.files})
    if job.request.stream:
        links["stream"] = f"{base}/stream"
    if job.status == SUCCEEDED:
        links.update(result=f"{base}/result", report=f"{base}/{REPORT.split('.')[0]}")
        if job.request.quality:
            links["quality"] = f"{base}/quality"
        if (desk.workshop.folder(job) / SUBTITLES).is_file():
            links["subtitles"] = f"{base}/subtitles"
    return links


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
