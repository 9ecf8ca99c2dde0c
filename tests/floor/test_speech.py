"""Who is speaking, as hearing tells it."""

from __future__ import annotations

import pytest

from agent.floor.judgement import Verdict
from agent.floor.rules import Rules
from agent.floor.speech import Speech


@pytest.mark.parametrize("sign", ["interim", "drafted", "guessed"])
def test_whatever_hearing_tells_of_an_utterance_is_a_sign_that_it_is_not_lost(sign: str) -> None:
    """A first reading may come when the voice has gone on: it changes nothing, and hearing is there all the same."""
    rules = Rules()
    speech = Speech(rules)
    speech.started(0.0, "sam", "sam-1", over=False)
    match sign:
        case "interim":
            speech.interim(1.0, "sam", "sam-1", "Right", Verdict.UNDECIDED)
        case "drafted":
            speech.drafted(1.0, "sam", "sam-1", "Right")
        case _:
            speech.guessed(1.0, "sam", "sam-1", "Right", Verdict.UNDECIDED)
    assert not speech.lost(rules.utterance_lost_s + 0.9)
    assert speech.lost(rules.utterance_lost_s + 1.0)
