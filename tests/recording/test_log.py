"""events.jsonl: typed, and nothing is lost that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from agent.recording import log, log_kinds

SAMPLES: dict[str, dict[str, object]] = {
    "session.start": {"title": "T", "slug": "t", "started_at": "2026-01-01T00:00:00+00:00"},
    "session.end": {"reason": "over"},
    "participant.joined": {"who": "anna", "name": "Anna", "role": "human"},
    "participant.left": {"who": "anna"},
    "vad.start": {"who": "anna", "utterance": "u1"},
    "vad.end": {"who": "anna", "utterance": "u1", "speech_s": 0.8},
    "stt.interim": {"who": "anna", "utterance": "u1", "text": "so"},
    "stt.final": {"who": "anna", "utterance": "u1", "text": "so what", "latency_s": 0.3},
    "stt.record": {"who": "anna", "utterance": "u1", "text": "So, what?", "start": 1.0, "end": 2.0},
    "llm.start": {"who": "claude", "reply": "r1", "model": "m"},
    "llm.first_token": {"who": "claude", "reply": "r1", "latency_s": 0.2},
    "llm.end": {"who": "claude", "reply": "r1", "prompt_tokens": 10, "completion_tokens": 5},
    "llm.cancelled": {"who": "claude", "reply": "r1"},
    "tts.start": {"who": "claude", "reply": "r1", "text": "Well,"},
    "tts.first_audio": {"who": "claude", "reply": "r1", "latency_s": 0.1},
    "tts.end": {"who": "claude", "reply": "r1", "audio_s": 0.6},
    "playback.start": {"who": "claude", "reply": "r1"},
    "playback.held": {"who": "claude", "reply": "r1"},
    "playback.resumed": {"who": "claude", "reply": "r1"},
    "playback.end": {"who": "claude", "reply": "r1", "heard": "Well,"},
    "playback.interrupted": {"who": "claude", "reply": "r1", "heard": "We"},
    "floor.rules": {"rules": {"a": 1}},
    "floor.event": {"event": {"type": "Tick", "at": 1.0}},
    "floor.action": {"action": {"type": "Duck"}},
    "thinking": {"who": "claude", "until": None},
    "cue": {"who": "claude", "text": "steelman"},
    "chapter": {"text": "two"},
    "error": {"service": "tts", "message": "no voice"},
    "service.missed": {"who": "guest", "service": "Groq m", "problem": "key", "message": "Groq refused the key"},
    "service.out": {"service": "Groq", "problem": "key", "message": "Groq refused the key", "retry_s": 60.0},
    "service.back": {"service": "Groq", "out_s": 61.5},
    "recording.notice": {"who": "anna"},
    "recording.track": {"who": "anna", "name": "Anna", "role": "human", "file": "anna.webm"},
    "recording.trouble": {"severity": "error", "text": "disk full"},
    "recording.sync": {"who": "anna", "report": {"drift_ppm": 1.0}},
    "recording.egress": {"who": "anna", "status": "active", "track_id": "TR_a", "egress_id": "EG_a", "reason": ""},
    "recording.salvaged": {"text": "killed"},
}


def kinds() -> set[str]:
    union = get_args(log_kinds.LogEntry)[0]
    return {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(union)}


def test_every_kind_has_a_sample_here() -> None:
    assert kinds() - set(SAMPLES) == {"unknown"}


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_an_event_is_written_and_read_back(tmp_path: Path, kind: str) -> None:
    entry = log.entry(12.34567, kind, SAMPLES[kind])
    assert entry.kind == kind
    line = log.to_line(entry)
    fields = json.loads(line)
    assert fields == {"v": 1, "at": 12.3457, "kind": kind, **SAMPLES[kind]}
    (tmp_path / "e.jsonl").write_bytes(line)
    assert list(log.read_log(tmp_path / "e.jsonl")) == [entry]


def test_fields_that_nobody_foresaw_are_kept() -> None:
    line = log.to_line(log.entry(1.0, "tts.end", {**SAMPLES["tts.end"], "service": "piper"}))
    assert json.loads(line)["service"] == "piper"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("no.such.kind", {"x": 1}),
        ("vad.start", {"who": "anna"}),
        ("vad.end", {"who": "anna", "utterance": "u", "speech_s": float("nan")}),
        ("cue", {"who": object()}),
        ("floor.event", {"event": {"x": float("inf")}}),
    ],
)
def test_what_does_not_fit_is_kept_as_unknown_and_says_why(kind: str, fields: dict[str, object]) -> None:
    entry = log.entry(1.0, kind, fields)
    assert isinstance(entry, log_kinds.Unknown)
    assert entry.of == kind
    assert entry.problem
    json.loads(log.to_line(entry), parse_constant=pytest.fail)


def test_a_time_that_is_none_does_not_stop_the_log() -> None:
    assert json.loads(log.to_line(log.entry(float("nan"), "session.end", {"reason": ""})))["kind"] == "unknown"


def test_a_torn_last_line_is_left_out_and_a_broken_one_within_is_not(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    line = log.to_line(log.entry(1.0, "session.end", {"reason": "x"}))
    path.write_bytes(line + line[:20])
    assert len(list(log.read_log(path))) == 1
    path.write_bytes(line[:20] + b"\n" + line)
    with pytest.raises(ValidationError):
        list(log.read_log(path))


def test_the_published_schema_is_up_to_date() -> None:
    published = json.loads(log.SCHEMA_FILE.read_text(encoding="utf-8"))
    assert published == log.schema(), "run: python -c 'from agent.recording import log; log.write_schema()'"
