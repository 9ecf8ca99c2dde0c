"""How long each part took, over a whole episode: a summary of the event log for session.yml."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from agent.recording.log_kinds import LogEntry


def summary(entries: Iterable[LogEntry]) -> dict[str, dict[str, float | int]]:
    """Per kind of event that tells its latency: how many, the median and the 95th percentile, in seconds."""
    seen: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        latency_s = getattr(entry, "latency_s", None)
        if isinstance(latency_s, float | int):
            seen[entry.kind].append(float(latency_s))
    return {kind: _figures(sorted(values)) for kind, values in sorted(seen.items())}


def _figures(ordered: list[float]) -> dict[str, float | int]:
    return {
        "count": len(ordered),
        "p50_s": round(ordered[len(ordered) // 2], 3),
        "p95_s": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
    }
