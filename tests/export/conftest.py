"""One talk for all tests of the export."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agent.recording.audio import RATE_HZ
from tests.export.episodes import Voice, record, syllables

SECONDS = 3.0
BURST_AT = {"anna": 24_017, "claude": 100_003}  # in no packet's beginning
TITLE = 'AC/DC & "tea" 🫖: <b>hot?</b>'
ANNA, CLAUDE, MUTE = "Anna/Берта 🎙", 'Claude "C" O\'Neil', "=Silent*"
BURST = (np.random.default_rng(7).standard_normal(480) * 9000).clip(-32768, 32767).astype(np.int16)


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna, loud; Claude, 14 dB quieter, cut at 2.5 s; and one who says nothing. Never write to it."""
    root = tmp_path_factory.mktemp("recordings")
    anna = syllables(SECONDS, hz=210, level=0.6, seed=1)
    anna[: RATE_HZ * 2 // 3] = 0
    claude = syllables(SECONDS, hz=120, level=0.12, seed=2)
    claude[BURST_AT["claude"] - 4800 : BURST_AT["claude"] + 4800] = 0
    for who, pcm in (("anna", anna), ("claude", claude)):
        pcm[BURST_AT[who] : BURST_AT[who] + len(BURST)] = BURST
    voices = {
        "anna": Voice(ANNA, anna, "human", [(0.5, 1.0, "Is *this* <i>it</i> --> {\\an8}_really_?")]),
        "claude": Voice(CLAUDE, claude, "ai", [(1.2, 1.9, "It is."), (2.0, 2.5, "But then it")]),
        "mute": Voice(MUTE, None, "human"),
    }
    events = (
        (0.1, "recording.notice", {"who": "anna", "name": ANNA}),
        (0.6, "playback.interrupted", {"who": "claude", "reply": "r0", "heard": ""}),
        (1.5, "chapter", {"by": "anna", "text": '=SUM(1) "quoted",\nnext'}),
        (2.5, "playback.interrupted", {"who": "claude", "reply": "r1", "heard": "It is. But then it"}),
        (2.6, "recording.trouble", {"severity": "error", "text": "the disk is full"}),
    )
    return asyncio.run(record(root, voices, seconds=SECONDS, title=TITLE, events=events))
