"""Files as answers: ranges and ETag as browsers need them, errors as every route tells them."""

from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from web.views import error_view

UNSATISFIABLE = 416
WORDS = {400: "the Range header is wrong", UNSATISFIABLE: "the file ends before this range"}


class File(FileResponse):
    """A range that cannot be sent is told as JSON, with the file's size."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Message | None = None

        async def with_words(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] in WORDS:
                refusal = message
            elif refusal is None:
                await send(message)

        await super().__call__(scope, receive, with_words)
        if refusal is not None:
            await _error_response(refusal)(scope, receive, send)


def _error_response(refusal: Message) -> JSONResponse:
    status = refusal["status"]
    size = Headers(raw=refusal["headers"]).get("content-range")
    view = error_view("range" if status == UNSATISFIABLE else "usage", WORDS[status])
    return JSONResponse(view, status, None if size is None else {"content-range": size})
