"""The link for a phone's camera."""

from __future__ import annotations

import io
import sys

import pytest

from agent.web.lan.qr import qr_code, terminal_shows

LINK = "https://192.168.1.20:4000"


def test_a_code_is_square_and_framed_in_white_on_any_terminal() -> None:
    lines = [line.removeprefix("\x1b[38;5;231;48;5;16m").removesuffix("\x1b[0m") for line in qr_code(LINK).splitlines()]
    assert {len(line) for line in lines} == {29}
    assert len(lines) == 15, "two modules a line"
    assert set(lines[0]) == {"\u2588"}
    assert all(line.startswith("\u2588\u2588") for line in lines[:-1])


def test_no_code_goes_into_a_file_or_a_terminal_without_its_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    code = qr_code(LINK)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not terminal_shows(code)
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding="ascii"))
    assert not terminal_shows(code)
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding="utf-8"))
    assert terminal_shows(code)
    monkeypatch.setenv("COLUMNS", "20")
    assert not terminal_shows(code)
