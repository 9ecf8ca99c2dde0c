"""Circuit breakers: a service that is out costs one turn, not every turn.

One breaker a service, shared by everybody in a show who uses it. Closed, it lets every request through. A failure that
will last opens it for a time, in which nobody asks; then one request is let through as a trial, and its success closes
it. Each trial that fails doubles the time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

PASSING_IN_A_ROW = 2  # failures that might have passed, and did not
_PASSING_LASTS_S = 15.0
_LONGEST_S = 300.0  # an outage of hours is over for five minutes at most before somebody notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Why a service is not asked.

    Attributes:
        text: in plain words with the remedy, such as "Groq refused the key: check GROQ_API_KEY".
        kind: of the failure, for the log.
        since: when it was noticed, seconds on the show's clock.
    """

    text: str
    kind: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is told once an outage and once at its end.

    Attributes:
        outage: that begins or ends.
        retry_s: until the first trial, seconds; 0 when the service is back.
    """

    what: Literal["out", "back"]
    service: str
    outage: Outage
    retry_s: float = 0.0
    breaker: Breaker


class Attempt:
    """One request that was let through. Whoever made it says what became of it, once; later words are void."""

    def __init__(self, breaker: Breaker, *, trial: bool) -> None:
        self._breaker = breaker
        self._told = False
        self.trial = trial

    def succeeded(self) -> None:
        """The service works."""
        if self._tell():
            self._breaker._succeeded()

    def failed(self, text: str, *, kind: str, lasts_s: float | None) -> None:
        """It does not.

        Args:
            text: why, in plain words with the remedy.
            lasts_s: how long there is no use in asking again, seconds; None for what may pass at once: the breaker
                opens when that happens twice in a row.
        """
        if self._tell():
            self._breaker._failed(text, kind=kind, lasts_s=lasts_s)

    def abandoned(self) -> None:
        """Nothing was learned: the request was cancelled, or failed by its own fault."""
        self._tell()

    def _tell(self) -> bool:
        first, self._told = not self._told, True
        if first and self.trial:
            self._breaker._trial = False
        return first


class Breaker:
    """One service's. Time is handed in by `now`: seconds on any one clock."""

    def __init__(self, service: str, *, now: Callable[[], float], on_change: Callable[[Change], None]) -> None:
        self.service = service
        self._now = now
        self._on_change = on_change
        self._outage: Outage | None = None
        self._retry_at = 0.0
        self._lasts_s = 0.0
        self._in_a_row = 0
        self._trial = False  # one is under way

    @property
    def outage(self) -> Outage | None:
        """The outage that is known, until a request succeeds."""
        return self._outage

    @property
    def admits(self) -> bool:
        """Whether a request would be let through now."""
        return self._outage is None or (not self._trial and self._now() >= self._retry_at)

    @property
    def retry_s(self) -> float:
        """Until a trial would be let through, seconds."""
        return 0.0 if self._outage is None else max(0.0, self._retry_at - self._now())

    def begin(self) -> Attempt | None:
        """Ask to ask; None while the breaker is open."""
        if not self.admits:
            return None
        self._trial = self._outage is not None
        return Attempt(self, trial=self._trial)

    def _succeeded(self) -> None:
        self._in_a_row = 0
        self._lasts_s = 0.0
        outage, self._outage = self._outage, None
        if outage is not None:
            self._on_change(Change(what="back", service=self.service, outage=outage, breaker=self))

    def _failed(self, text: str, *, kind: str, lasts_s: float | None) -> None:
        self._in_a_row += 1
        known = self._outage
        if lasts_s is None:
            if known is None and self._in_a_row < PASSING_IN_A_ROW:
                return
            lasts_s = _PASSING_LASTS_S
        now = self._now()
        if known is not None and now < self._retry_at:
            return  # one that had been let through before the outage was known
        self._lasts_s = lasts_s if known is None else max(lasts_s, min(2 * self._lasts_s, _LONGEST_S))
        self._retry_at = now + self._lasts_s
        self._outage = Outage(text=text, kind=kind, since=now if known is None else known.since)
        if known is None:
            change = Change(what="out", service=self.service, outage=self._outage, retry_s=self._lasts_s, breaker=self)
            self._on_change(change)


class Breakers:
    """A show's, one for each service and account.

    Args:
        now: the show's clock, seconds.
        on_change: told once when an outage begins, and once when it is over.
    """

    def __init__(self, *, now: Callable[[], float], on_change: Callable[[Change], None] = lambda change: None) -> None:
        self._now = now
        self._on_change = on_change
        self._breakers: dict[Hashable, Breaker] = {}

    def get(self, account: Hashable, service: str) -> Breaker:
        """The breaker of an account, the same one whenever it is asked for.

        Args:
            account: what fails together: provider, address and key. Keep the key itself out of it.
            service: how people call it.
        """
        if account not in self._breakers:
            self._breakers[account] = Breaker(service, now=self._now, on_change=self._on_change)
        return self._breakers[account]

    def have_told(self, reason: str) -> bool:
        """Whether `reason` says nothing but what has been told of outages that go on."""
        outages = [breaker.outage for breaker in self._breakers.values() if breaker.outage is not None]
        for outage in outages:
            reason = reason.replace(outage.text, "")
        return bool(outages) and not any(character.isalnum() for character in reason)
