"""What agents may ask for by name; knows nothing of the protocol that brings it."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from service.bell import wait_for
from service.desk import Desk
from service.errors import BadRequest, ServiceError
from service.job import SUCCEEDED, Job
from service.options import OPEN
from web.views import JobView, avatar_view, job_view

MOST_WAIT = 600.0  # seconds of one call
USUAL_WAIT = 55.0  # shorter than clients usually are patient for
AUTO = "auto"

Report = Callable[[float, str], Awaitable[None]]  # how far it is, and in words
Location = Callable[[Job], str]  # the address of a job's result


@dataclass(frozen=True)
class Caller:
    """Who asks, and how results are named to them."""

    owner: str
    location: Location
    report: Report | None = None  # where the caller wants to hear of progress


@dataclass(frozen=True)
class ToolResult:
    """A job, and the address of its video once it is there."""

    view: JobView
    video: str | None


@dataclass(frozen=True)
class Tools:
    """Each tool is a method; ServiceError where it cannot be done."""

    desk: Desk

    async def render_avatar(self, caller: Caller, given: Mapping[str, Any]) -> ToolResult:
        """Accept a job and wait for its end, but no longer than `wait_seconds`."""
        values = {name: value for name, value in given.items() if value is not None}
        wait = _seconds(values.pop("wait_seconds", USUAL_WAIT))
        body = {"face": values.pop("avatar_path", None), "audio": values.pop("audio_path", None)}
        mode = values.pop("quality_mode", AUTO)
        more = values.pop("options", {})
        if not isinstance(more, dict):
            raise BadRequest("options: an object of flags and values was expected")
        wish = {**more, **values, **({"mode": mode} if "mode" in OPEN else {})}
        job, _ = await run_in_threadpool(self.desk.accept, caller.owner, {**body, **wish})
        return self._result(await self._followed(job, caller.report, wait), caller)

    async def get_job(self, caller: Caller, given: Mapping[str, Any]) -> ToolResult:
        """How far a job is; with `wait_seconds`, as soon as it has ended."""
        job = await run_in_threadpool(self.desk.job, caller.owner, str(given.get("job_id")))
        wait = _seconds(given.get("wait_seconds") or 0)
        return self._result(await self._followed(job, caller.report, wait), caller)

    async def cancel_job(self, caller: Caller, given: Mapping[str, Any]) -> ToolResult:
        job = await run_in_threadpool(self.desk.job, caller.owner, str(given.get("job_id")))
        stopped = await run_in_threadpool(self.desk.queue.cancel, job.id, caller.owner)
        return self._result(stopped or job, caller)

    def list_avatars(self, caller: Caller) -> list[dict[str, Any]]:
        """Faces that are prepared, by name."""
        avatars = self.desk.avatars.all(caller.owner)
        return [avatar_view(each, self.desk).model_dump(exclude={"links"}) for each in avatars]

    async def _followed(self, job: Job, report: Report | None, seconds: float) -> Job:
        """The job once it has ended, or after so many seconds."""
        until = time.monotonic() + seconds
        with self.desk.bell.listening(job.id) as changed:
            while not job.has_ended and (left := until - time.monotonic()) > 0:
                if self.desk.bell.closed:
                    break
                await wait_for(changed, left)
                job = await run_in_threadpool(self.desk.job, job.owner, job.id)
                if report is not None:
                    await report(job_view(job, self.desk).progress, job.progress.stage)
        return job

    def _result(self, job: Job, caller: Caller) -> ToolResult:
        video = caller.location(job) if job.status == SUCCEEDED else None
        return ToolResult(job_view(job, self.desk), video)


async def answer_line(tools: Tools, caller: Caller, line: str) -> dict[str, Any] | None:
    """The answer to `{"tool": ..., "params": {...}}`; None for any other line."""
    try:
        wish = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(wish, dict) or "tool" not in wish or "jsonrpc" in wish:
        return None
    try:
        return {"result": await _done(tools, caller, wish)}
    except ServiceError as error:
        return {"error": {"code": error.code, "message": str(error)}}


async def _done(tools: Tools, caller: Caller, wish: Mapping[str, Any]) -> dict[str, Any]:
    params, name = wish.get("params") or {}, wish["tool"]
    if not isinstance(params, dict):
        raise BadRequest("params: an object was expected")
    if name == "list_avatars":
        return {"avatars": tools.list_avatars(caller)}
    jobs = {"render_avatar": tools.render_avatar, "get_job": tools.get_job}
    jobs["cancel_job"] = tools.cancel_job
    if name not in jobs:
        raise BadRequest(f"tool: one of {', '.join([*jobs, 'list_avatars'])} was expected")
    result = await jobs[name](caller, params)
    return {**result.view.model_dump(mode="json"), "video": result.video}


def file_location(desk: Desk) -> Location:
    """Results as files of this machine, for a caller who runs the server."""
    return lambda job: Path(desk.workshop.result(job)).as_uri()


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_WAIT:
        raise BadRequest(f"wait_seconds: 0 to {MOST_WAIT:g} was expected")
    return float(value)
