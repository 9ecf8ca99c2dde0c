"""Small episodes by the real recorder, and their exports judged by others' readers."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from agent.recording import EpisodeRecorder
from agent.recording.audio import RATE_HZ, Int16
from tests.recording.media import ToldTime


@dataclass(frozen=True)
class Voice:
    """Somebody at the table; `pcm` from t = 0 on, None for somebody from whom no sample came."""

    name: str
    pcm: Int16 | None = None
    role: Literal["human", "ai"] = "ai"
    captions: Sequence[tuple[float, float, str]] = ()


async def record(
    root: Path,
    voices: Mapping[str, Voice],
    *,
    seconds: float,
    title: str = "Pilot",
    events: Sequence[tuple[float, str, dict[str, Any]]] = (),
) -> Path:
    """A sealed folder."""
    clock = ToldTime()
    recorder = await EpisodeRecorder.open(root, "pilot", clock=clock, title=title, about={})
    for who, voice in voices.items():
        track = recorder.track(who, name=voice.name, role=voice.role)
        if voice.pcm is not None:
            for first in range(0, len(voice.pcm), 480):
                track.write(first / RATE_HZ, voice.pcm[first : first + 480])
        for start, end, text in voice.captions:
            recorder.caption(who, start, end, text)
    for at, kind, fields in events:
        recorder.event(at, kind, **fields)
    clock.time_s = seconds
    sealed = await recorder.seal(reason="the host ended the show")
    assert sealed.problems == ()
    return sealed.folder


def syllables(seconds: float, *, hz: float, level: float, seed: int) -> Int16:
    """A buzzing voice in syllables, its peaks far above its mean, as a microphone brings it."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    buzz = sum(np.cos(2 * np.pi * hz * n * time_s) / n for n in range(1, 25))
    noise = np.random.default_rng(seed).standard_normal(len(time_s))
    gate = np.clip(np.sin(2 * np.pi * 3.1 * time_s + seed), 0, None)
    sound = (buzz + 0.2 * noise) * gate
    pcm: Int16 = (sound / np.abs(sound).max() * level * 32767).astype(np.int16)
    return pcm


def read_wav(path: Path) -> npt.NDArray[np.float64]:
    """(samples, channels), -1 to 1. Python's own reader knows no 24 bits before 3.12."""
    content = path.read_bytes()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WAVE")
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    chunks, at = {}, 12
    while at < len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        chunks[content[at : at + 4]] = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    _, channels, rate_hz, _, block_bytes, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    assert rate_hz == RATE_HZ
    assert block_bytes == channels * bits // 8
    data = np.frombuffer(chunks[b"data"], np.uint8).reshape(-1, bits // 8)
    padded = np.zeros((len(data), 4), np.uint8)
    padded[:, 4 - bits // 8 :] = data
    return (padded.view("<i4")[:, 0] / 2**31).reshape(-1, channels)


def shift(sound: npt.NDArray[np.float64], pattern: npt.NDArray[np.float64], at: int, *, within: int = 400) -> int:
    """How many samples late `pattern`, written at sample `at`, is found in `sound`."""
    part = sound[at - within : at + within + len(pattern)]
    return int(np.argmax(np.correlate(part, pattern, mode="valid"))) - within


def ebur128(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, as the ffmpeg of the system measures them."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed; install it to measure the mix with it")
    command = [
        "ffmpeg",
        "-hide_banner",
        "-nostats",
        "-i",
        str(path),
        "-vn",
        "-af",
        "ebur128=peak=true:framelog=verbose",
    ]
    ran = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True)
    summary = ran.stderr[ran.stderr.rindex("Summary:") :]
    lufs, peak = re.search(r"I:\s+(\S+) LUFS", summary), re.search(r"Peak:\s+(\S+) dBFS", summary)
    assert lufs is not None
    assert peak is not None
    return float(lufs[1]), float(peak[1])


def ffprobe(path: Path) -> Any:
    """Container, streams and chapters, as the ffprobe of the system sees them."""
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed; install ffmpeg to check the files with it")
    show = ["-show_format", "-show_streams", "-show_chapters"]
    ran = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *show, str(path)], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return json.loads(ran.stdout)
