"""The bodies of requests: JSON, or forms with files, which become assets."""

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from service.assets import Asset
from service.desk import Desk
from service.errors import BadRequest, TooLarge

MOST_JSON = 1 << 20  # bytes
MOST_FILES, MOST_FIELDS = 8, 100
MOST_FIELD = 200_000  # bytes


async def body_of(request: Request, desk: Desk, owner: str) -> dict[str, Any]:
    """The request's values by name; an uploaded file's is its reference."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _form(request, desk, owner)
    if kind in ("application/json", ""):
        return _object(await _text(request))
    raise BadRequest("application/json or multipart/form-data was expected")


async def asset_of(request: Request, desk: Desk, owner: str, name: str) -> Asset:
    """The uploaded file: the part `file` of a form, or the body itself."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        values = await _form(request, desk, owner, ("file",))
        reference = str(values.get("file", ""))
        return desk.assets.get(owner, reference.removeprefix("asset:"))
    with desk.assets.upload(owner, name) as upload:
        async for piece in request.stream():
            await run_in_threadpool(upload.write, piece)
    return desk.assets.get(owner, upload.digest_of_asset)


async def _text(request: Request) -> bytes:
    text = b""
    async for piece in request.stream():
        text += piece
        if len(text) > MOST_JSON:
            raise TooLarge(f"at most {MOST_JSON} bytes of JSON are taken")
    return text


def _object(text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(values, dict):
        raise BadRequest("a JSON object was expected")
    return values


def _no_number(name: str) -> float:
    raise ValueError(name)


async def _form(
    request: Request, desk: Desk, owner: str, files: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """The fields, of these names where `files` has some; files are kept as assets."""
    values: dict[str, Any] = {}
    form = request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD)
    async with form as parts:
        for name, part in parts.multi_items():
            if name in values:
                raise BadRequest(f"{name[:40]!r} stands there twice")
            if files is not None and name not in files:
                raise BadRequest(f"{name[:40]!r} was not expected")
            if isinstance(part, UploadFile):
                add = desk.assets.add
                asset = await run_in_threadpool(add, owner, part.filename or "", part.file)
                values[name] = f"asset:{asset.id}"
            else:
                values[name] = _user_data(part) if name == "user_data" else part
    return values


def _user_data(text: str) -> object:
    """As JSON, where it is JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
