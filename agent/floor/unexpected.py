from __future__ import annotations


class UnexpectedEvent(Exception):
    """An event came in a state where it should not. The floor is as it was before it.

    Tests let it rise. A running show reports it and goes on: hearing or speaking broke its promise, and the table is
    worth more than the reproach.
    """

    def __init__(self, event: object, state: object) -> None:
        super().__init__(f"{event} while {state}: see the events before it in events.jsonl")
        self.event = event
        self.state = state
