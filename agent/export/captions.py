"""Captions and the transcript, from the speakers' own caption files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.export.chapters import Chapter
from agent.export.episode import Episode, Speaker
from agent.export.text import clock, markdown, precise, subrip
from agent.recording.audio import RATE_HZ
from agent.recording.cues import HEADER, Cue, merge, parse_vtt, to_vtt
from agent.recording.log_kinds import PlaybackInterrupted

_PARAGRAPH_PAUSE_S = 4.0  # a speaker who goes on after a longer one begins a paragraph
INTERRUPTED = "… *[interrupted]*"


def read_cues(episode: Episode) -> tuple[dict[str, list[Cue]], list[str]]:
    """Each speaker's cues, in order, and what could not be read."""
    found: dict[str, list[Cue]] = {}
    problems = []
    for speaker in episode.speakers:
        try:
            content = speaker.captions.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            problems.append(
                f"{speaker.captions.name} cannot be read ({error.strerror}): {speaker.name} has no captions"
            )
            continue
        if not content.startswith("WEBVTT"):
            problems.append(f"{speaker.captions.name} is no WebVTT: {speaker.name} has no captions")
            continue
        cues = [replace(cue, voice=speaker.name) for cue in parse_vtt(content)]
        found[speaker.who] = sorted(cues, key=lambda cue: cue.start)
    return found, problems


def webvtt(cues: dict[str, list[Cue]]) -> str:
    """All speakers in one file."""
    return HEADER + "".join(map(to_vtt, merge(cues.values())))


def srt(cues: dict[str, list[Cue]]) -> str:
    """All speakers in one file, each cue with its speaker's name before it."""
    blocks = []
    for number, cue in enumerate(merge(cues.values()), 1):
        times = f"{precise(cue.start, point=',')} --> {precise(cue.end, point=',')}"
        blocks.append(f"{number}\n{times}\n{subrip(f'{cue.voice}: {cue.text}')}\n\n")
    return "".join(blocks)


@dataclass(slots=True)
class _Paragraph:
    speaker: Speaker
    start: float
    end: float
    words: list[str]
    interrupted: bool = False


def transcript(episode: Episode, cues: dict[str, list[Cue]], chapters: Sequence[Chapter]) -> str:
    """Markdown: who, when and what; where an AI was interrupted, that is said. Only what was heard is in it."""
    speakers = ", ".join(markdown(one.name) + (" (AI)" if one.is_ai else "") for one in episode.speakers)
    facts = [one for one in (episode.date, clock(episode.samples / RATE_HZ), speakers) if one]
    lines = [f"# {markdown(episode.title)}", " · ".join(facts)]
    headings = list(chapters)
    for paragraph in _paragraphs(episode, cues):
        while headings and headings[0].start <= paragraph.start:
            lines.append(f"## {markdown(headings.pop(0).title)}")
        text = markdown(" ".join(paragraph.words))
        cut = f" {INTERRUPTED}" if paragraph.interrupted else ""
        lines.append(f"**{markdown(paragraph.speaker.name)}** ({clock(paragraph.start)}): {text}{cut}")
    lines += [f"## {markdown(one.title)}" for one in headings]
    return "\n\n".join(lines) + "\n"


def _paragraphs(episode: Episode, cues: dict[str, list[Cue]]) -> list[_Paragraph]:
    cut = _interrupted(episode, cues)
    speakers = {one.who: one for one in episode.speakers}
    ordered = sorted(
        ((cue.start, who, index) for who, listed in cues.items() for index, cue in enumerate(listed)),
    )
    paragraphs: list[_Paragraph] = []
    for _, who, index in ordered:
        cue = cues[who][index]
        last = paragraphs[-1] if paragraphs else None
        if (
            last is None
            or last.interrupted
            or last.speaker.who != who
            or cue.start - last.end > _PARAGRAPH_PAUSE_S
            or _chapter_between(episode, last.start, cue.start)
        ):
            last = _Paragraph(speakers[who], cue.start, cue.end, [])
            paragraphs.append(last)
        last.words.append(cue.text)
        last.end = cue.end
        last.interrupted = (who, index) in cut
    return paragraphs


def _chapter_between(episode: Episode, start: float, end: float) -> bool:
    return any(one.kind == "chapter" and start < one.at <= end for one in episode.happenings)


def _interrupted(episode: Episode, cues: dict[str, list[Cue]]) -> set[tuple[str, int]]:
    """The cues that an AI was cut in: (who, index). Nothing was cut where nothing had been heard."""
    found = set()
    for one in episode.happenings:
        if isinstance(one, PlaybackInterrupted) and one.heard:
            before = [index for index, cue in enumerate(cues.get(one.who, ())) if cue.start <= one.at]
            if before:
                found.add((one.who, before[-1]))
    return found
