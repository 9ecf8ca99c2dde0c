"""What is measured of a voice is measured once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from livekit.plugins.piper import find_voice
from livekit.plugins.piper.measured import Measured, Notebook
from livekit.plugins.piper.model import Model
from livekit.plugins.piper.tempo import TEMPO_SCALES
from livekit.plugins.piper.voice import Voice
from livekit.plugins.piper.voices import VoiceFiles

FOUND = Measured(gain=1.5, piecewise=True, lengths=tuple(range(50, 50 + len(TEMPO_SCALES))))


@pytest.fixture
def files(tmp_path: Path) -> VoiceFiles:
    model, config = tmp_path / "ann.onnx", tmp_path / "ann.onnx.json"
    model.write_bytes(b"a network")
    config.write_text("{}")
    return VoiceFiles(model, config)


def test_what_was_noted_is_read_by_the_next_process(files: VoiceFiles, tmp_path: Path) -> None:
    assert Notebook(files, tmp_path / "cache").read() is None
    Notebook(files, tmp_path / "cache").write(FOUND)
    assert Notebook(files, tmp_path / "cache").read() == FOUND


def test_a_voice_that_was_replaced_is_measured_anew(files: VoiceFiles, tmp_path: Path) -> None:
    Notebook(files, tmp_path).write(FOUND)
    os.utime(files.model, ns=(1, 1))
    assert Notebook(files, tmp_path).read() is None


def test_so_is_one_whose_description_changed(files: VoiceFiles, tmp_path: Path) -> None:
    Notebook(files, tmp_path).write(FOUND)
    files.config.write_text('{"num_speakers": 2}')
    assert Notebook(files, tmp_path).read() is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"gain": NaN, "piecewise": true, "lengths": []}',
        '{"gain": -1, "piecewise": true, "lengths": []}',
        '{"gain": 1, "piecewise": true, "lengths": [1, 2]}',
        '{"gain": 1, "piecewise": true, "lengths": [0, 0, 0, 0, 0, 0, 0, 0]}',
    ],
)
def test_a_note_that_cannot_be_read_is_none(files: VoiceFiles, tmp_path: Path, content: str) -> None:
    Notebook(files, tmp_path / "cache").write(FOUND)
    (note,) = (tmp_path / "cache").iterdir()
    note.write_text(content)
    assert Notebook(files, tmp_path / "cache").read() is None


def test_without_a_place_for_notes_nothing_is_noted(files: VoiceFiles, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    Notebook(files, tmp_path / "cache").write(FOUND)
    assert Notebook(files, tmp_path / "cache").read() is None


@pytest.mark.real
def test_a_voice_that_is_known_sounds_as_it_did_and_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = find_voice(None)
    first = Voice(files, threads=2, notes=Notebook(files, tmp_path))
    monkeypatch.delattr(Model, "check")
    second = Voice(files, threads=2, notes=Notebook(files, tmp_path))
    assert second._gain == first._gain
    assert second.streams
    assert first.streams
    assert [second._tempo.scale(k) for k in (0.6, 0.88, 1.3)] == [first._tempo.scale(k) for k in (0.6, 0.88, 1.3)]
