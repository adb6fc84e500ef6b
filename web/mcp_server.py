"""The Model Context Protocol by its official SDK: over HTTP at /mcp, and over standard streams."""

import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, ResourceLink, TextContent
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request

from base.version import __version__
from service.desk import Desk
from service.dispatcher import WarmUp
from service.errors import ServiceError
from service.job import Job
from service.keys import LOCAL
from web.tools import USUAL_WAIT, Caller, Report, ToolResult, Tools, answer_line, file_location
from web.views import JobView

Wait = Annotated[float, Field(ge=0, le=600, description="most seconds until the answer")]
JobId = Annotated[str, Field(description="as render_avatar has told it")]
Face = Annotated[
    str, Field(description="a path below --allow_root, asset:ID, avatar:ID, or demo:portrait")
]
JobResult = Annotated[CallToolResult, JobView]
AnyContext = Context[Any, Any]
INSTRUCTIONS = (
    "Make a face speak: render_avatar takes a picture or video and a sound, and answers with a"
    " video whose lips match. A job that takes longer goes on: ask get_job."
)


def mcp_server(desk: Desk) -> MCPServer[Any]:
    """A server whose tools work at the desk."""
    server: MCPServer[Any] = MCPServer("lipsync", version=__version__, instructions=INSTRUCTIONS)
    tools = Tools(desk)
    _add_render(server, tools)
    _add_others(server, tools)
    return server


def http_application(server: MCPServer[Any]) -> Starlette:
    """Its route /mcp; names and pages of other sites were refused before."""
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return server.streamable_http_app(stateless_http=True, transport_security=security)


def _add_render(server: MCPServer[Any], tools: Tools) -> None:
    @server.tool()
    async def render_avatar(  # noqa: PLR0913  the tool's own parameters
        ctx: AnyContext,
        avatar_path: Face,
        audio_path: Annotated[str | None, Field(description="likewise, a sound")] = None,
        text: Annotated[str | None, Field(description="spoken instead of a sound")] = None,
        quality_mode: Annotated[str, Field(description="real_time, high_quality, auto")] = "auto",
        options: Annotated[
            dict[str, Any] | None, Field(description="flags of the command by name")
        ] = None,
        wait_seconds: Wait = USUAL_WAIT,
    ) -> JobResult:
        """Make a face speak; answers when the video is there, or says how far it is."""
        given = {"avatar_path": avatar_path, "audio_path": audio_path, "text": text}
        more = {"quality_mode": quality_mode, "options": options, "wait_seconds": wait_seconds}
        try:
            return _call_result(
                await tools.render_avatar(_caller(ctx, tools.desk), {**given, **more})
            )
        except ServiceError as error:
            raise ToolError(f"{error.code}: {error}") from error


def _add_others(server: MCPServer[Any], tools: Tools) -> None:
    @server.tool()
    async def get_job(ctx: AnyContext, job_id: JobId, wait_seconds: Wait = 0) -> JobResult:
        """How far a job is, and where its video lies."""
        given = {"job_id": job_id, "wait_seconds": wait_seconds}
        try:
            return _call_result(await tools.get_job(_caller(ctx, tools.desk), given))
        except ServiceError as error:
            raise ToolError(f"{error.code}: {error}") from error

    @server.tool()
    async def cancel_job(ctx: AnyContext, job_id: JobId) -> JobResult:
        """Stop a job."""
        try:
            return _call_result(
                await tools.cancel_job(_caller(ctx, tools.desk), {"job_id": job_id})
            )
        except ServiceError as error:
            raise ToolError(f"{error.code}: {error}") from error

    @server.tool()
    def list_avatars(ctx: AnyContext) -> list[dict[str, Any]]:
        """Faces that are prepared ahead."""
        return tools.list_avatars(_caller(ctx, tools.desk))


def _caller(ctx: AnyContext, desk: Desk) -> Caller:
    """Over HTTP the request's key; over standard streams whoever started the server."""
    request = ctx.request_context.request
    if not isinstance(request, Request):
        return Caller(LOCAL, file_location(desk), _reporter(ctx))
    base = str(request.base_url).rstrip("/")

    def location(job: Job) -> str:
        return f"{base}/v1/jobs/{job.id}/result"

    return Caller(request.state.owner, location, _reporter(ctx))


def _reporter(ctx: AnyContext) -> Report:
    async def report(progress: float, stage: str) -> None:
        await ctx.report_progress(progress, 1.0, stage or None)

    return report


def _call_result(result: ToolResult) -> CallToolResult:
    """The job as text and as an object, and the video as a link."""
    view = result.view.model_dump(mode="json")
    content: list[Any] = [TextContent(text=json.dumps(view))]
    if result.video is not None:
        content.append(
            ResourceLink(uri=result.video, name=f"{result.view.id}.mp4", mime_type="video/mp4")
        )
    return CallToolResult(content=content, structured_content=view)


async def serve_streams(desk: Desk, warm_up: WarmUp | None) -> None:
    """Serve the protocol on standard input and output until the input ends."""
    desk.bell.open()
    desk.dispatcher.start(warm_up)
    wire = _Wire(Tools(desk), Caller(LOCAL, file_location(desk)))
    low = mcp_server(desk)._lowlevel_server
    stream = cast("anyio.AsyncFile[str]", wire)
    async with stdio_server(stream, stream) as (incoming, outgoing):
        await low.run(incoming, outgoing, low.create_initialization_options())
    desk.bell.close()


class _Wire:
    """Both streams, in lines; those of the one-line form are answered here.

    What else would be written to standard output goes to standard error.
    """

    def __init__(self, tools: Tools, caller: Caller) -> None:
        self._tools, self._caller, self._lock = tools, caller, anyio.Lock()
        self._input = anyio.wrap_file(os.fdopen(os.dup(0), encoding="utf-8", errors="replace"))
        self._output = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), 1)

    async def __aiter__(self) -> AsyncIterator[str]:
        async with anyio.create_task_group() as group:
            async for line in self._input:
                if '"tool"' in line and '"jsonrpc"' not in line:
                    group.start_soon(self._answer, line)
                elif line.strip():
                    yield line

    async def _answer(self, line: str) -> None:
        answer = await answer_line(self._tools, self._caller, line)
        words = answer or {"error": {"code": "usage", "message": "no JSON"}}
        await self.write(json.dumps(words) + "\n")

    async def write(self, text: str) -> None:
        async with self._lock:
            await anyio.to_thread.run_sync(self._write, text)

    async def flush(self) -> None:
        """`write` has done it."""

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()
