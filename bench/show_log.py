"""What a show wrote into its log, while it goes on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

_FLUSH_S = 1.3  # what was logged may take so long to be written


class Log:
    """The show's events.jsonl, as it grows."""

    def __init__(self, recordings: Path) -> None:
        self._recordings = recordings
        self._read = 0

    async def news(self) -> list[dict[str, Any]]:
        """The entries since the last call, once they are written."""
        await asyncio.sleep(_FLUSH_S)
        return self._news()

    def _news(self) -> list[dict[str, Any]]:
        (path,) = self._recordings.glob("*/events.jsonl")
        text = path.read_text()
        whole = text[: text.rfind("\n") + 1]
        lines, self._read = whole[self._read :].splitlines(), len(whole)
        return [json.loads(line) for line in lines]


def action_of(entry: dict[str, Any]) -> str:
    """What the floor did; empty of other entries."""
    return str(entry["action"]["type"]) if entry["kind"] == "floor.action" else ""


def ends_an_answer(entry: dict[str, Any]) -> bool:
    """An answer came to its own end."""
    event = entry["event"] if entry["kind"] == "floor.event" else {"type": ""}
    return event["type"] == "PlaybackEnded" and not event["interrupted"]


def heard_as(news: list[dict[str, Any]], faults: list[str]) -> list[str]:
    """What was understood, where something was wrong."""
    texts = [entry["text"] for entry in news if entry["kind"] == "stt.final"]
    return [f"heard as {texts}"] if faults else []
