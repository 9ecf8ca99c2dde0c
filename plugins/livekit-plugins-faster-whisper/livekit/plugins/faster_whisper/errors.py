"""Errors of the recogniser. Each message ends with what to do.

RecognizerError
├── ModelMissing         no model files; nothing will help but another setting
├── RecognizerOverloaded more is asked than the machine can decode; this request was shed
├── Superseded           a newer request of the same caller took its place
└── RecognizerClosed     asked after `aclose()`
"""

from __future__ import annotations


class RecognizerError(Exception):
    """Base of this plugin's errors. `fix` says what to do."""

    def __init__(self, problem: str, *, fix: str) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix


class DecodingFailed(RecognizerError):
    """The model raised something while it decoded: the cause."""


class ModelMissing(RecognizerError):
    """The model's files are not there, or are not what they should be."""


class RecognizerOverloaded(RecognizerError):
    """The queue is full: the request was refused at once rather than answered too late."""


class Superseded(RecognizerError):
    """A newer interim request of the same caller replaced this one before it ran."""


class RecognizerClosed(RecognizerError):
    """The recogniser was closed before or while the request waited."""
