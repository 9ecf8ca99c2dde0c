"""What crosses the wire, whatever portions it comes in; and requests, checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.plugins.piper import framing
from livekit.plugins.piper.framing import BadFrame, Deframer
from livekit.plugins.piper.request import BadRequest, parse
from livekit.plugins.piper.word_timing import Word

kinds = st.sampled_from([framing.AUDIO, framing.WORDS, framing.FAILED, framing.END])


@given(st.lists(st.tuples(kinds, st.binary(max_size=300)), max_size=10), st.integers(1, 50))
def test_frames_come_out_as_they_went_in(frames: list[tuple[bytes, bytes]], portion: int) -> None:
    wire = b"".join(framing.frame(kind, payload) for kind, payload in frames)
    deframer = Deframer()
    out = [got for i in range(0, len(wire), portion) for got in deframer.push(wire[i : i + portion])]
    assert out == frames


def test_words_keep_their_letters_and_times() -> None:
    words = [Word("naïve", 0.0, 0.25), Word('"你好"', 0.25, 1.5)]
    ((_, payload),) = Deframer().push(framing.words_frame(words))
    assert framing.words_of(payload) == words


@pytest.mark.parametrize("reply", [b"<html><body>", b"HTTP/1.1 200 OK", b"A\xff\xff\xff\xff"])
def test_another_server_s_reply_is_named_as_such(reply: bytes) -> None:
    with pytest.raises(BadFrame, match="Piper server"):
        list(Deframer().push(reply))


def test_a_request_says_only_what_differs_from_the_usual() -> None:
    asked = parse({"text": "Hello."})
    assert (asked.text, asked.voice, asked.format) == ("Hello.", None, "frames")
    assert (asked.style.timbre, asked.style.speed, asked.style.sample_rate_hz) == (1.0, 1.0, 48_000)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ([], "JSON object"),
        ({}, "text"),
        ({"text": 3}, "text"),
        ({"text": "x" * 200_001}, "200000"),
        ({"text": "x", "tmbre": 1}, "tmbre"),
        ({"text": "x", "timbre": 3}, "0.5 and 2"),
        ({"text": "x", "timbre": "1"}, "timbre"),
        ({"text": "x", "timbre": float("nan")}, "timbre"),
        ({"text": "x", "speed": 0}, "speed"),
        ({"text": "x", "speed": True}, "speed"),
        ({"text": "x", "speaker_id": 1.5}, "speaker_id"),
        ({"text": "x", "voice": 1}, "voice"),
        ({"text": "x", "format": "mp3"}, "mp3"),
        ({"text": "x", "sample_rate": 10}, "sample_rate"),
        ({"text": "x", "tail_ms": -1}, "tail_ms"),
        ({"text": "x", "noise_scale": 9}, "noise_scale"),
    ],
)
def test_a_request_that_cannot_be_is_told_which_field_it_is(body: object, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        parse(body)
