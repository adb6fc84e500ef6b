"""The routes of uploads and of faces that are prepared ahead."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.options import option_schema
from web.bodies import asset_of, body_of
from web.routing import ERRORS, DeskOf, Owner, body_schema, next_steps
from web.schemas import file_reference, json_object
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
                    "additionalProperties": False,
                }
            },
        },
    }
}
AVATAR = json_object(
    {
        "face": file_reference(),
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "seconds": {"type": "number", "minimum": 0.2, "maximum": 300},
        **option_schema(),
    },
    required=["face"],
)


@router.post(
    "/assets",
    status_code=201,
    tags=["assets"],
    operation_id="upload_asset",
    openapi_extra=RAW,
    responses={201: {"links": next_steps("asset_id", "id", ("get_asset", "delete_asset"))}},
)
async def upload(
    request: Request,
    desk: DeskOf,
    owner: Owner,
    name: Annotated[str, Query(max_length=200)] = "",
) -> AssetView:
    """Keep a file, which jobs may name as often as they like."""
    return asset_view(await asset_of(request, desk, owner, name))


@router.get("/assets/{asset_id}", tags=["assets"], operation_id="get_asset")
def asset(asset_id: str, desk: DeskOf, owner: Owner) -> AssetView:
    return asset_view(desk.assets.get(owner, asset_id))


@router.delete("/assets/{asset_id}", status_code=204, tags=["assets"], operation_id="delete_asset")
def delete_asset(asset_id: str, desk: DeskOf, owner: Owner) -> Response:
    desk.assets.delete(owner, asset_id)
    return Response(status_code=204)


@router.post(
    "/avatars",
    status_code=202,
    tags=["avatars"],
    operation_id="prepare_avatar",
    openapi_extra=body_schema(AVATAR, {"face": "demo:portrait", "name": "portrait"}, ("face",)),
    responses={202: {"links": next_steps("avatar_id", "id", ("get_avatar", "delete_avatar"))}},
)
async def prepare(request: Request, desk: DeskOf, owner: Owner) -> AvatarView:
    """Look at a face ahead, so that a job with it begins at once."""
    body = await body_of(request, desk, owner)
    avatar, _ = await run_in_threadpool(desk.prepare, owner, body)
    return avatar_view(avatar, desk)


@router.get("/avatars", tags=["avatars"], operation_id="list_avatars")
def avatars(desk: DeskOf, owner: Owner) -> AvatarList:
    return AvatarList(avatars=[avatar_view(each, desk) for each in desk.avatars.all(owner)])


@router.get("/avatars/{avatar_id}", tags=["avatars"], operation_id="get_avatar")
def avatar(avatar_id: str, desk: DeskOf, owner: Owner) -> AvatarView:
    return avatar_view(desk.avatars.get(owner, avatar_id), desk)


@router.delete(
    "/avatars/{avatar_id}", status_code=204, tags=["avatars"], operation_id="delete_avatar"
)
def delete_avatar(avatar_id: str, desk: DeskOf, owner: Owner) -> Response:
    desk.avatars.delete(owner, avatar_id)
    return Response(status_code=204)
