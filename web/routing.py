"""What all routes share."""

from typing import Annotated, Any

from fastapi import Depends, Request

from service.desk import Desk
from web.views import ErrorView

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorView}
    for status in (400, 401, 403, 404, 408, 409, 413, 421, 422, 429, 500, 503, 507)
}


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def owner_of(request: Request) -> str:
    """The name of the request's key; the guard has checked it."""
    owner: str = request.state.owner
    return owner


DeskOf = Annotated[Desk, Depends(desk_of)]
Owner = Annotated[str, Depends(owner_of)]


def body_schema(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """The description of a body that a route reads by itself."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "example": example},
                "multipart/form-data": {"schema": schema},
            },
        }
    }
