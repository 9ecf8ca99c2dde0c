"""The latencies of an episode, as session.yml tells them."""

from __future__ import annotations

from agent.recording.latencies import summary
from agent.recording.log import entry


def test_each_kind_that_tells_its_latency_is_summed_up() -> None:
    text = {"who": "anna", "utterance": "u", "text": ""}
    texts = [entry(n, "stt.final", {**text, "latency_s": n / 100}) for n in range(100)]
    other = [entry(1.0, "chapter", {"text": "x"}), entry(2.0, "llm.end", {"who": "c", "reply": "r"})]
    assert summary([*texts, *other]) == {"stt.final": {"count": 100, "p50_s": 0.5, "p95_s": 0.95}}


def test_an_episode_without_any_has_none() -> None:
    assert summary([]) == {}
