"""A show that died begins again, and not for ever."""

from __future__ import annotations

import pytest

from agent.plan import JobMetadata
from agent.services.revival import MOST, WITHIN_S, Patience, after_death


def test_a_show_that_dies_again_and_again_is_not_begun_for_ever() -> None:
    patience = Patience()
    assert all(patience.lasts("attic", at) for at in range(MOST))
    assert not patience.lasts("attic", MOST)
    assert patience.lasts("cellar", MOST), "another room"
    assert patience.lasts("attic", WITHIN_S + 1)


@pytest.mark.parametrize("metadata", ["", '{"title": "On bridges"}'])
def test_the_next_show_knows_what_was_before(metadata: str) -> None:
    assert JobMetadata.model_validate_json(after_death(metadata)).revived
