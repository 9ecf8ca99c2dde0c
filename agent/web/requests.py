"""Bodies of API calls, read and checked alike."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agent.web.guard import Refusal

ROOM_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"

Body = TypeVar("Body", bound=BaseModel)


def one_line(value: object) -> object:
    """Text with single spaces and no line breaks; anything else as it is."""
    return " ".join(value.split()) if isinstance(value, str) else value


async def read_json(request: web.Request, kind: type[Body]) -> Body:
    """
    Raises:
        Refusal: 415 or 400, with the field that is wrong.
    """
    if request.content_type != "application/json":
        raise Refusal(415, "the request is not JSON", fix="send Content-Type: application/json")
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the request"
        if where == "name":
            raise Refusal(400, "the name is missing or too long", fix="give a name of 1 to 60 characters") from error
        raise Refusal(400, f"{where}: {fault['msg']}", fix="correct it and try again") from error
