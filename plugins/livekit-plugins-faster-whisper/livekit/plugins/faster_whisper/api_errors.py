"""Our errors as LiveKit's, so that retries, fallbacks and error events of its base classes work."""

from __future__ import annotations

from livekit.agents import APIConnectionError, APIError, APITimeoutError

from .errors import ModelMissing, RecognizerClosed, RecognizerOverloaded


def api_error(error: BaseException) -> APIError:
    """An error, or the first in a group of errors.

    An overloaded recogniser and a timeout are worth another try; a missing model, a closed recogniser and a wrong
    call are not, and what nobody foresaw is tried again.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case APIError():
            return error
        case ModelMissing() | RecognizerClosed() | ValueError() | TypeError():
            return APIError(str(error), retryable=False)
        case RecognizerOverloaded():
            return APIConnectionError(str(error))
        case TimeoutError():
            return APITimeoutError("the recogniser did not answer in time; the machine has too much to do")
        case _:
            return APIConnectionError(f"recognition failed: {error!r}")
