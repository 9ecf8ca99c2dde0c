"""What the host is told of providers that are out, and what the event log keeps of it."""

from __future__ import annotations

from collections.abc import Callable

from agent.notices import Notice
from agent.providers.breaker import Breakers, Change
from agent.providers.chain import Chain, Missed
from agent.providers.failure import Kind

JSON = str | int | float | bool | None


class Outages:
    """A show's: its breakers, and who at the table depends on which.

    Args:
        now: the show's clock, seconds.
        tell: takes a notice once when an outage begins, and once when it is over.
        log: takes lines for events.jsonl: `log(kind, **fields)`.
    """

    def __init__(self, *, now: Callable[[], float], tell: Callable[[Notice], None], log: Callable[..., None]) -> None:
        self._now = now
        self._tell = tell
        self._log = log
        self._chains: dict[str, Chain] = {}
        self._too_long: set[str] = set()
        self.breakers = Breakers(now=now, on_change=self._changed)

    def watch(self, name: str, chain: Chain) -> None:
        """The AI called `name` thinks by `chain`."""
        self._chains[name] = chain

    def missed(self, who: str, missed: Missed) -> None:
        """A request of the speaker `who` came to nothing."""
        self._log(
            "service.missed",
            who=who,
            service=missed.service,
            problem=missed.kind,
            message=missed.text,
            waited_s=missed.waited_s,
            said_chars=missed.said_chars,
            words=missed.words,
        )
        if missed.kind == Kind.TOO_LONG and missed.service not in self._too_long:
            self._too_long.add(missed.service)
            text = f"{missed.text}. For it, the oldest part of the talk is left out."
            self._tell(Notice(severity="warning", service=missed.service, text=text))

    def have_told(self, reason: str) -> bool:
        """Whether the host knows all that `reason` says."""
        return self.breakers.have_told(reason)

    def _changed(self, change: Change) -> None:
        outage, service = change.outage, change.service
        if change.what == "back":
            self._log("service.back", service=service, out_s=round(self._now() - outage.since, 3))
            self._tell(Notice(severity="info", service=service, text=f"{service} answers again."))
            return
        retry_s = round(change.retry_s, 1)
        self._log("service.out", service=service, problem=outage.kind, message=outage.text, retry_s=retry_s)
        able = [name for name, chain in self._chains.items() if chain.next.admits]
        hit = [name for name, chain in self._chains.items() if _uses(chain, change)]
        text = " ".join([f"{outage.text}.", *(self._instead(name, able) for name in hit)])
        self._tell(Notice(severity="warning" if able else "error", service=service, text=text))

    def _instead(self, name: str, able: list[str]) -> str:
        if name in able:
            other = str(self._chains[name].next.service)
            return f"{name} goes on with {other.replace('The ', 'the ', 1)}."
        others = " and ".join(able)
        return f"{name} cannot answer until then{f'; {others} can' if others else ''}."


def _uses(chain: Chain, change: Change) -> bool:
    return any(change.breaker in (mind.account, mind.own) for mind in chain.minds)
