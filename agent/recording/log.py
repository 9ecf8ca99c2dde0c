"""events.jsonl: one JSON object a line, each of a kind of `log_kinds`; `events.schema.json` says it to others."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent.recording.log_kinds import VERSION, LogEntry, Unknown

EVENTS = "events.jsonl"
SCHEMA_FILE = Path(__file__).with_name("events.schema.json")

logger = logging.getLogger("roundtable.recording")

_ADAPTER: TypeAdapter[LogEntry] = TypeAdapter(LogEntry)


def entry(at: float, kind: str, fields: Mapping[str, object]) -> LogEntry:
    """A line's content; of kind `unknown` when `fields` do not fit `kind`."""
    try:
        return _ADAPTER.validate_python({**fields, "v": VERSION, "at": round(at, 4), "kind": kind})
    except ValidationError as error:
        known = [e for e in error.errors(include_url=False) if e["type"] != "union_tag_invalid"]
        problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in known) or "no such kind"
        logger.warning("event %r does not fit the schema: %s", kind, problem)
        kept = json.loads(json.dumps(dict(fields), default=str), parse_constant=lambda _: None)
        when = at if isinstance(at, (int, float)) and abs(at) < 1e9 else 0.0
        return Unknown(at=round(when, 4), kind="unknown", of=kind, problem=problem, fields=kept)


def to_line(item: LogEntry) -> bytes:
    """One line of the file, with its newline."""
    fields = item.model_dump(mode="json", exclude_none=False, exclude_unset=True)
    ordered = {"v": VERSION, "at": item.at, "kind": item.kind, **fields}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def read_log(path: Path) -> Iterator[LogEntry]:
    """The entries of an events.jsonl, in order; a torn last line (after a crash) is left out.

    Raises:
        ValidationError: a whole line does not fit the schema.
    """
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _ADAPTER.validate_json(line)


def schema() -> dict[str, JsonValue]:
    """The JSON Schema of one line."""
    made = _ADAPTER.json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Roundtable events.jsonl, one line",
        **made,
    }


def write_schema() -> None:
    """Bring `events.schema.json` up to date: `python -c "from agent.recording import log; log.write_schema()"`."""
    SCHEMA_FILE.write_text(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
