"""What all routes share."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends, Request

from service.desk import Desk
from service.options import FILES
from web.schemas import form_of
from web.views import ErrorView

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorView}
    for status in (400, 401, 403, 404, 408, 409, 413, 421, 422, 429, 431, 500, 503, 507)
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


def body_schema(
    schema: dict[str, Any], example: dict[str, Any], files: Iterable[str] = FILES
) -> dict[str, Any]:
    """The description of a body that a route reads by itself."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "example": example},
                "multipart/form-data": {"schema": form_of(schema, files)},
            },
        }
    }


def next_steps(parameter: str, place: str, operations: Iterable[str]) -> dict[str, Any]:
    """Links of an answer to operations that take its value at the place as the parameter."""
    step = {"parameters": {parameter: f"$response.body#/{place}"}}
    return {name: {"operationId": name, **step} for name in operations}
