"""Which of the replies that are prepared at once is made audible first.

When nobody is addressed, all personas think, and often finish their first clauses together. One is going to be heard.
Synthesised side by side on one machine, both take longer; and what is synthesised for the others is thrown away, which
costs money where a cloud does it. So the one that was asked first, which has the best claim to the floor, goes first,
and the others give way for as long as its first clause takes, if it is ready for it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

GRACE_S = 0.04  # two models that are as fast as each other are not so to the millisecond
LIMIT_S = 0.3  # longer than a first clause takes: who goes first may be slow, and is not waited for


class Precedence:
    """Of all replies of a show that nobody hears yet, in the order in which they were asked."""

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []

    def join(self) -> Ticket:
        ticket = Ticket(self)
        self._tickets.append(ticket)
        return ticket

    def ahead_of(self, ticket: Ticket) -> list[Ticket]:
        return self._tickets[: self._tickets.index(ticket)] if ticket in self._tickets else []

    def leave(self, ticket: Ticket) -> None:
        if ticket in self._tickets:
            self._tickets.remove(ticket)


class Ticket:
    """One reply's, from when it is asked until it could be heard or is given up."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._left = asyncio.Event()
        self.synthesising = False

    async def turn(self) -> None:
        """Until its first clause may be synthesised."""
        if self._precedence.ahead_of(self):
            await asyncio.sleep(GRACE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LIMIT_S):
                    for other in self._precedence.ahead_of(self):
                        if other.synthesising:
                            await other._left.wait()
        self.synthesising = True

    def leave(self) -> None:
        """It could be heard, or never will be. Idempotent."""
        self._precedence.leave(self)
        self._left.set()
