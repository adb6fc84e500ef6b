"""The routes of uploads and of faces that are prepared ahead."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.options import option_schema
from web.bodies import asset_of, body_of
from web.routing import ERRORS, DeskOf, Owner, body_schema
from web.views import AssetView, AvatarList, AvatarView, asset_view, avatar_view

router = APIRouter(prefix="/v1", responses=ERRORS)
RAW: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
AVATAR = {
    "type": "object",
    "required": ["face"],
    "properties": {
        "face": {"type": "string"},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "seconds": {"type": "number", "minimum": 0.2, "maximum": 300},
        **option_schema(),
    },
}


@router.post("/assets", status_code=201, tags=["assets"], openapi_extra=RAW)
async def upload(
    request: Request,
    desk: DeskOf,
    owner: Owner,
    name: Annotated[str, Query(max_length=200)] = "",
) -> AssetView:
    """Keep a file, which jobs may name as often as they like."""
    return asset_view(await asset_of(request, desk, owner, name))


@router.get("/assets/{asset_id}", tags=["assets"])
def asset(asset_id: str, desk: DeskOf, owner: Owner) -> AssetView:
    return asset_view(desk.assets.get(owner, asset_id))


@router.delete("/assets/{asset_id}", status_code=204, tags=["assets"])
def delete_asset(asset_id: str, desk: DeskOf, owner: Owner) -> Response:
    desk.assets.delete(owner, asset_id)
    return Response(status_code=204)


@router.post(
    "/avatars",
    status_code=202,
    tags=["avatars"],
    openapi_extra=body_schema(AVATAR, {"face": "demo:portrait", "name": "portrait"}),
)
async def prepare(request: Request, desk: DeskOf, owner: Owner) -> AvatarView:
    """Look at a face ahead, so that a job with it begins at once."""
    body = await body_of(request, desk, owner)
    avatar, _ = await run_in_threadpool(desk.prepare, owner, body)
    return avatar_view(avatar, desk)


@router.get("/avatars", tags=["avatars"])
def avatars(desk: DeskOf, owner: Owner) -> AvatarList:
    return AvatarList(avatars=[avatar_view(each, desk) for each in desk.avatars.all(owner)])


@router.get("/avatars/{avatar_id}", tags=["avatars"])
def avatar(avatar_id: str, desk: DeskOf, owner: Owner) -> AvatarView:
    return avatar_view(desk.avatars.get(owner, avatar_id), desk)


@router.delete("/avatars/{avatar_id}", status_code=204, tags=["avatars"])
def delete_avatar(avatar_id: str, desk: DeskOf, owner: Owner) -> Response:
    desk.avatars.delete(owner, avatar_id)
    return Response(status_code=204)
