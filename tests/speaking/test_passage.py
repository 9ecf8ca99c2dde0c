"""Words and samples: what is heard, where a voice goes on, what is left."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.speaking.audio import FRAME, RATE_HZ, Int16, Trimmer, samples
from agent.speaking.clauses import Clause
from agent.speaking.passage import SAID_PERHAPS, Clip, Passage
from agent.speaking.word_times import aligned, estimated
from tests.speaking.fakes import hum

TEXTS = ("It costs $5 today,", "and nobody at all knows why.", "Yes.")


def clip(text: str, pcm: Int16 | None = None, **timed: list[tuple[str, float, float]]) -> Clip:
    made = Clip(Clause(text, "sentence" if text.endswith(".") else "comma"))
    made.push(hum(made.spoken) if pcm is None else pcm)
    made.finish(**timed)
    return made


@cache
def template(text: str) -> Clip:
    return clip(text)


def passage(*texts: str) -> Passage:
    made = Passage()
    for text in texts:
        made.add(template(text).copy())
    made.close()
    return made


def spans_of_hum(text: str) -> list[tuple[float, float]]:
    """Where `hum` puts each word, seconds."""
    at, spans = 0.05, []
    for word in text.split():
        spans.append((at, at + 0.06 * len(word) + 0.04))
        at = spans[-1][1] + 0.02
    return spans


def test_words_are_found_by_the_dips_between_them() -> None:
    text = "and nobody at all knows why it should not be so."
    found = estimated(hum(text), text.split())
    for (start, end), (true_start, true_end) in zip(found, spans_of_hum(text), strict=True):
        assert start / RATE_HZ == pytest.approx(true_start, abs=0.12)
        assert end / RATE_HZ == pytest.approx(true_end, abs=0.21)  # the last one has the silence after it


def test_the_engines_own_times_are_used_where_they_spell_the_words() -> None:
    timed = [("It ", 0.1, 0.2), ("co", 0.2, 0.3), ("sts", 0.3, 0.4), (" five,", 0.5, 0.9)]
    assert aligned(timed, ["It", "costs", "five,"], samples(0.1), samples(1)) == [
        (0, samples(0.1)),
        (samples(0.1), samples(0.3)),
        (samples(0.4), samples(0.8)),
    ]
    assert aligned([("Something else", 0, 1)], ["It", "costs"], 0, samples(1)) is None
    assert aligned([], ["It"], 0, samples(1)) is None


def test_a_unit_of_many_spoken_words_is_one_written_word() -> None:
    five = clip("It costs $3.50, really.")
    assert [word.spoken for word in five.words] == ["It", "costs", "three dollars and fifty cents,", "really."]
    assert five.text(3) == "It costs $3.50,"
    assert five.words_heard(five.length) == 4


def test_the_silence_around_a_clause_is_taken_off_and_a_pause_by_its_mark_is_put_on() -> None:
    said, going_on = clip("One two."), clip("One two,")
    voice_s = sum(end - start for start, end in spans_of_hum("One two.")) + 0.02
    assert said.said / RATE_HZ == pytest.approx(voice_s + 0.04, abs=0.02)
    assert (said.length - said.said) / RATE_HZ == pytest.approx(0.22)
    assert (going_on.length - going_on.said) / RATE_HZ == pytest.approx(0.08)
    assert abs(int(said.pcm[0])) < 50 > abs(int(said.pcm[said.said - 1]))


@given(st.lists(st.integers(100, 9000), min_size=1, max_size=10))
@settings(max_examples=25, deadline=None)
def test_trimming_does_not_depend_on_the_chunks(sizes: list[int]) -> None:
    pcm = hum("A few words, no more.")
    whole = Trimmer()
    expected = np.concatenate([whole.push(pcm), whole.end()])
    parts: list[Int16] = []
    trimmer, at = Trimmer(), 0
    while at < len(pcm):
        size = sizes[len(parts) % len(sizes)]
        parts.append(trimmer.push(pcm[at : at + size]))
        at += size
    got = np.concatenate([*parts, trimmer.end()])
    assert abs(len(got) - len(expected)) <= 2 * samples(0.005)  # the grid of 5 ms begins where a chunk does
    assert abs(trimmer.before - whole.before) <= samples(0.005)


@given(st.lists(st.integers(0, 400), max_size=8))
@settings(max_examples=50, deadline=None)
def test_held_anywhere_no_word_is_lost_or_said_twice(holds: list[int]) -> None:
    said = passage(*TEXTS)
    whole = [clip.pcm.copy() for clip in said.clips]
    times = [np.zeros(len(pcm), int) for pcm in whole]
    frames = 0
    while not said.over:
        if frames in holds:
            before = said.place
            heard = said.heard(before)
            said.rewind()
            assert said.heard(said.place) == heard  # what counts as heard is not said again
            assert before.offset - said.place.offset < samples(2)
        place = said.place
        pcm = said.take(FRAME)
        for index in range(place.clip, min(said.place.clip, len(whole) - 1) + 1):
            start = place.offset if index == place.clip else 0
            end = said.place.offset if index == said.place.clip else len(whole[index])
            times[index][start:end] += 1
        assert len(pcm)
        frames += 1
    assert all((count >= 1).all() for count in times)
    assert said.heard(said.place) == " ".join(TEXTS)


def test_a_word_that_was_nearly_over_is_not_said_again() -> None:
    said = clip("Nobody knows.")
    start, end = said._spans[0]
    assert said.boundary_before(start + int((end - start) * (SAID_PERHAPS - 0.1))) == start
    late = start + int((end - start) * (SAID_PERHAPS + 0.1))
    assert said.boundary_before(late) == late
    assert said.words_heard(late) == 1


@given(st.integers(0, 300))
@settings(max_examples=50, deadline=None)
def test_cut_anywhere_what_was_heard_and_what_is_left_are_the_whole(frames: int) -> None:
    said = passage(*TEXTS)
    for _ in range(frames):
        said.take(FRAME)
    heard = said.heard(said.place)
    left = [clip.clause.text for clip in said.rest()]
    assert " ".join([*([heard] if heard else []), *left]) == " ".join(TEXTS)
    again = Passage()
    for part in said.rest():
        again.add(part)
    again.close()
    while not again.over:
        again.take(FRAME)
    assert again.heard(again.place) == " ".join(left)


def test_a_clause_whose_synthesis_broke_off_stands_for_the_words_it_holds() -> None:
    text = "and nobody at all knows why it should not be so."
    broken = Clip(Clause(text, "sentence"))
    broken.push(hum(text)[: samples(1.5)])
    broken.break_off()
    assert text.startswith(broken.clause.text)
    assert 1 <= len(broken.words) < 10
    empty = Clip(Clause(text, "sentence"))
    empty.break_off()
    assert empty.words == ()


def test_played_clips_give_their_memory_back() -> None:
    said = passage(*TEXTS * 5)
    while not said.over:
        said.take(FRAME)
    assert sum(clip.pcm.nbytes for clip in said.clips) == 0
