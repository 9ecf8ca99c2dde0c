"""What the AIs of a long talk answer, and whether each word of it is in the recording."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
from livekit.plugins.faster_whisper import Mode, Recognizer

from agent.floor.judgement import spoken
from bench.corpus import Int16
from tests.support.sound import decode

# About 14 seconds: long enough for two backchannels
ANSWER = (
    "That is a fair question, and I have a clear view on it. Running a model at home changes who holds the keys. "
    "You can read every word it was given, and nobody can switch it off on a whim. The price is patience, since a "
    "small machine thinks slowly."
)


FULL_LEVEL_DB = -4.0  # a duck is -12 dB, and the windows at the ear and in the track are not the same to the syllable


@dataclass(frozen=True, slots=True)
class Passing:
    """A backchannel that a voice went on over.

    Attributes:
        onset, ended: episode seconds.
        heard_db: how much louder the loudest syllables were at the host's ear half a second behind it than before it.
    """

    occasion: str
    onset: float
    ended: float
    heard_db: float


def quieter(passings: Sequence[Passing], recordings: Path) -> Iterator[tuple[Passing, float]]:
    """Those behind which the voice was heard quieter than it is in its track, which has it at full level; and by how
    much, in dB.
    """
    (folder,) = {path.parent for path in recordings.glob("*/events.jsonl")}
    tracks = [decode(folder / f"{who}.webm", 16_000) for who in ("claude", "guest")]

    def level_db(since: float, until: float) -> float:
        loud = [_loudest_rms(track[round(since * 16_000) : round(until * 16_000)]) for track in tracks]
        return 20 * float(np.log10(max(1.0, *loud)))

    for passing in passings:
        before = level_db(passing.onset - 2.0, passing.onset)
        after = level_db(passing.ended + 0.5, passing.ended + 2.2)
        gain_db = passing.heard_db - (after - before)
        if gain_db < FULL_LEVEL_DB:
            yield passing, gain_db


def _loudest_rms(pcm: Int16) -> float:
    """Of its syllables."""
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(np.float64)
    return float(np.percentile(np.sqrt(np.mean(frames**2, axis=1)), 97)) if len(frames) else 1.0


def words_of_answers(recordings: Path) -> tuple[list[tuple[int, int]], list[str]]:
    """Each answer that was heard to its end: (words lost, words too many) in its track, transcribed again."""
    (folder,) = {path.parent for path in recordings.glob("*/events.jsonl")}
    entries = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    tracks = {who: decode(folder / f"{who}.webm", 16_000) for who in ("claude", "guest")}
    begun: dict[str, float] = {}
    faults, shown = [], []
    told = spoken(ANSWER)
    recognizer = Recognizer()
    try:
        for entry in entries:
            if entry["kind"] == "playback.start":
                begun[entry["reply"]] = entry["at"]
            if entry["kind"] != "playback.end" or entry["reply"] not in begun or spoken(entry["heard"]) != told:
                continue
            span = slice(round((begun[entry["reply"]] - 0.2) * 16_000), round((entry["at"] + 0.3) * 16_000))
            pcm = _without_holes(tracks[entry["who"]][span])
            heard = asyncio.run(recognizer.decode(pcm, mode=Mode.RECORD, caller="bench", language="en"))
            found = jiwer.process_words(" ".join(told), " ".join(spoken(heard.text)))
            faults.append((found.deletions, found.insertions))
            if found.deletions + found.insertions > 1:
                shown.append(f"{entry['who']} at {begun[entry['reply']]:.1f} s: {heard.text}")
    finally:
        recognizer.close()
    return faults, shown


def _without_holes(pcm: Int16) -> Int16:
    """Where a voice was held there is silence, which a recogniser takes for an end; at most 0.4 s of it stays."""
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160)
    silent = np.abs(frames.astype(np.int32)).max(axis=1) < 60
    run, kept = 0, []
    for frame, quiet in zip(frames, silent, strict=True):
        run = run + 1 if quiet else 0
        if run <= 40:
            kept.append(frame)
    return np.concatenate(kept) if kept else pcm
