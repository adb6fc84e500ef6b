"""The application: routes, and what errors become."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from base.version import __version__
from service import errors
from service.background import running
from service.desk import Desk
from service.dispatcher import WarmUp
from web import health, routes_files, routes_jobs, routes_render
from web.mcp_server import http_application, mcp_server
from web.page import page_and_policy
from web.views import error_view
from web.webhooks import PATIENCE, Webhooks, read_secret

STATUS = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.TooSlow: 408,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.KeyReused: 422,
    errors.NotFetched: 422,
    errors.QueueFull: 429,
    errors.NotReady: 503,
    errors.StorageFull: 507,
}
CODES = {404: "not_found", 405: "method_not_allowed"}
ROUTERS = (routes_jobs.router, routes_files.router, routes_render.router, health.router)
KEYS = [  # for the description alone: the guard has checked the key
    Depends(HTTPBearer(auto_error=False)),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False)),
]
DESCRIPTION = "Faces that speak: a picture or video and a sound in, a video with matching lips out."


def application(desk: Desk, warm_up: WarmUp | None = None) -> FastAPI:
    """The routes for a desk; its dispatcher starts and listens with the application."""
    agents, webhooks = mcp_server(desk), webhooks_of(desk)
    protocol = http_application(agents)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        desk.bell.open()
        desk.dispatcher.start(warm_up)
        async with agents.session_manager.run():
            with _webhooks_running(webhooks):
                yield
        desk.bell.close()

    app = FastAPI(
        title="lipsync",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    for router in ROUTERS:
        app.include_router(router, dependencies=[] if desk.keys is None else KEYS)
    app.include_router(health.open_router)
    app.router.routes.extend(protocol.routes)
    _add_page(app)
    app.add_exception_handler(errors.ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)
    return app


def _webhooks_running(webhooks: Webhooks | None) -> AbstractContextManager[None]:
    """Webhooks are told in a thread meanwhile."""
    if webhooks is None:
        return nullcontext()
    return running(webhooks.run, "webhooks", PATIENCE)


def webhooks_of(desk: Desk) -> Webhooks | None:
    """None where the server has no secret to sign with."""
    path = desk.options.webhook_secret
    return None if path is None else Webhooks(desk, read_secret(path))


def _add_page(app: FastAPI) -> None:
    text, policy = page_and_policy()

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(text, headers={"content-security-policy": policy})

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return Response(status_code=204)


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ServiceError)
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status in (408, 413):
        headers["connection"] = "close"
    return JSONResponse(error_view(error.code, str(error)), status, headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"][1:]))[:80]
    return JSONResponse(error_view("usage", f"{name}: {first['msg']}"), 422)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "usage")
    view = error_view(code, str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["allow"] = ", ".join(sorted(_methods_at(request)))
    return JSONResponse(view, error.status_code, headers)


def _methods_at(request: Request) -> set[str]:
    """Those that the request's path takes."""
    inner = (route for router in (*ROUTERS, health.open_router) for route in router.routes)
    return {
        method
        for route in (*request.app.routes, *inner)
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _bug(request: Request, error: Exception) -> Response:
    return JSONResponse(error_view("bug", "a bug of the service; its log tells more"), 500)
