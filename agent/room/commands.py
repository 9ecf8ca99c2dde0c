"""What the page's buttons ask of the show: LiveKit RPC, method `roundtable.command`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from livekit import rtc
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.room.roles import HOST_COMMANDS, Role

METHOD = "roundtable.command"


class Command(BaseModel):
    """The payload. `target` is a speaker's id where the command has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Literal["stop", "skip", "ask", "go_on", "think", "end_thinking", "end_show", "chapter"]
    target: str | None = None
    text: str | None = None


def check_right(role: Role, command: Command) -> None:
    """
    Raises:
        PermissionError: this command is not for such a participant.
    """
    if role == "audience":
        raise PermissionError("only people at the table give commands; ask the host for a guest's link")
    if role != "host" and command.command in HOST_COMMANDS:
        what = {"end_show": "end the show", "chapter": "mark chapters"}[command.command]
        raise PermissionError(f"only a host can {what}; ask one at the table")


def register(room: rtc.Room, handle: Callable[[str, Command], None]) -> None:
    """Answer the page's commands. `handle(identity, command)` may raise PermissionError or ValueError with a remedy."""

    async def on_call(call: rtc.RpcInvocationData) -> str:
        try:
            command = Command.model_validate_json(call.payload)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"]) or "payload"
            raise rtc.RpcError(1400, f"{where}: {fault['msg']}") from error
        try:
            handle(call.caller_identity, command)
        except PermissionError as error:
            raise rtc.RpcError(1403, str(error)) from error
        except ValueError as error:
            raise rtc.RpcError(1400, str(error)) from error
        return "ok"

    room.local_participant.register_rpc_method(METHOD, on_call)
