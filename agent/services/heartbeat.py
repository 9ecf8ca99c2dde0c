"""A process whose event loop stands still is ended, and says where it stood."""

from __future__ import annotations

import asyncio
import faulthandler

STILL_S = 20.0
"""Longer than any stall of a machine that goes on. LiveKit's own limit is a minute, of an unrecorded show."""
_BEAT_S = 2.0
_STDERR = 2


async def beat(still_s: float = STILL_S) -> None:
    """Until cancelled. Should the loop stand still for `still_s`, the tracebacks of all threads go to stderr and the
    process exits with 1: from a thread that needs no lock of the interpreter's, so that a deadlock in native code is
    no exception.
    """
    try:
        while True:
            faulthandler.dump_traceback_later(still_s, exit=True, file=_STDERR)
            await asyncio.sleep(_BEAT_S)
    finally:
        faulthandler.cancel_dump_traceback_later()
