"""What a budget does as it is used up: save, then warn, then end the show."""

from __future__ import annotations

from enum import IntEnum

# Eager speculation doubles what minds cost, so it goes while a good part is left; the warning leaves the host of an
# hour's show some nine minutes to come to an end.
SAVE_AT = 0.7
WARN_AT = 0.85


class Stage(IntEnum):
    """How far a budget has been used."""

    FREE = 0
    SAVING = 1  # no replies are prepared on guesses, and no two for one turn
    WARNED = 2
    SPENT = 3


def stage_at(usd: float, budget_usd: float | None) -> Stage:
    """
    Args:
        usd: spent so far.
        budget_usd: None: there is none.
    """
    if budget_usd is None:
        return Stage.FREE
    if usd >= budget_usd:
        return Stage.SPENT
    share = usd / budget_usd
    return Stage.WARNED if share >= WARN_AT else Stage.SAVING if share >= SAVE_AT else Stage.FREE
