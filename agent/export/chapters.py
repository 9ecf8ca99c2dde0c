"""Chapters: what people at the table have marked, as podcast players and YouTube take them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agent.export.episode import Episode
from agent.export.text import clock, one_line
from agent.recording.audio import RATE_HZ
from agent.recording.log_kinds import Chapter as Mark

_SAME_S = 1.0  # two marks in one second are one chapter, since YouTube knows whole seconds only


@dataclass(frozen=True, slots=True)
class Chapter:
    """From `start` to `end`, seconds on the episode clock."""

    start: float
    end: float
    title: str


def chapters(episode: Episode) -> list[Chapter]:
    """In order, without holes, from 0 to the end; none when nobody has marked one.

    The first begins at 0, as YouTube asks for: what lies before the first mark is called after the episode.
    """
    length_s = episode.samples / RATE_HZ
    starts: list[tuple[float, str]] = []
    marks = [one for one in episode.happenings if isinstance(one, Mark) and one.at < length_s]
    for number, mark in enumerate(marks, 1):
        title = one_line(mark.text) or f"Chapter {number}"
        if starts and mark.at - starts[-1][0] < _SAME_S:
            starts[-1] = (starts[-1][0], title)  # the later words are the better ones
        else:
            starts.append((max(0.0, mark.at), title))
    if not starts:
        return []
    if starts[0][0] < _SAME_S:
        starts[0] = (0.0, starts[0][1])
    else:
        starts.insert(0, (0.0, episode.title))
    ends = [*(start for start, _ in starts[1:]), length_s]
    return [Chapter(start, end, title) for (start, title), end in zip(starts, ends, strict=True)]


def youtube(listed: list[Chapter]) -> str:
    """For a video's description. YouTube shows them from three on, of 10 s each at least."""
    return "".join(f"{clock(one.start)} {one.title}\n" for one in listed)


def podcasting(listed: list[Chapter]) -> str:
    """JSON Chapters 1.2 of the Podcasting 2.0 namespace."""
    entries = [{"startTime": round(one.start, 3), "endTime": round(one.end, 3), "title": one.title} for one in listed]
    return json.dumps({"version": "1.2.0", "chapters": entries}, ensure_ascii=False, indent=1) + "\n"
