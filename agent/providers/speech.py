"""Speech services in words for people: what is wrong with one, and the remedy.

The words are ours: what a provider or its library says may quote the key, and the address may hold one.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.providers.failure import Failure, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechService:
    """A provider of ears or voices.

    Attributes:
        name: for people.
        key: the variable of its key or credentials; None where it needs none.
        base: the variable of its address.
        instead: the setting that does without it.
    """

    name: str
    key: str | None
    base: str
    instead: str

    def explain(self, failure: Failure) -> str:
        """One line: what is wrong, and what to do."""
        return "; ".join(self.diagnose(failure))

    def diagnose(self, failure: Failure) -> tuple[str, str]:
        """What is wrong, and what to do."""
        wrong, remedy = self._diagnose(failure)
        return f"{self.name} {wrong}", f"{remedy}, or set {self.instead}"

    def _diagnose(self, failure: Failure) -> tuple[str, str]:
        status = f" ({failure.status})" if failure.status else ""
        match failure.kind:
            case Kind.KEY if self.key is None:
                return f"refuses us{status}", f"check {self.base}"
            case Kind.KEY:
                return f"refuses the key{status}", f"set {self.key} to a valid one"
            case Kind.CREDIT:
                return f"has no credit left for this account{status}", "top it up"
            case Kind.RATE:
                return f"takes no more requests for now{status}", "wait, raise the account's limit"
            case Kind.BROKEN | Kind.OVERLOADED:
                return f"is in trouble{status}", "wait"
            case Kind.SILENT | Kind.STALLED | Kind.SLOW:
                return "does not answer in time", f"check the network and {self.base}"
            case Kind.EMPTY | Kind.GARBLED:
                return "sends nothing usable", f"check its model, voice and {self.base}"
            case Kind.UNREACHABLE:
                return "cannot be reached", f"check the network and {self.base}"
            case Kind.CUT:
                key = f"{self.key}, " if self.key else ""  # some services hang up when they refuse one
                return "broke the connection off", f"check {key}{self.base} and the network"
            case Kind.MODEL | Kind.ADDRESS | Kind.TOO_LONG | Kind.REQUEST:
                return f"does not take our request{status}", f"check its model, voice, language and {self.base}"
