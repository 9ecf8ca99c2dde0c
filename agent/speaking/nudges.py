"""What a model is told beyond what was said: why it is asked now."""

from __future__ import annotations

from agent.floor.actions import ThinkReason
from agent.speaking.persona import Persona

_NUDGES: dict[ThinkReason, str] = {
    "answer": "",
    "follow_up": "Nobody spoke to you. You may add one short thought, react in a few words, or write <pass/>.",
    "go_on": "Please go on from where your words were cut.",
    "command": "You are asked to speak now.",
    "think": "Take your time: what you write now is spoken after half a minute of silence. Give your considered "
    "answer, in up to eight sentences, and do not write <think/>.",
    "listen": "Another AI is speaking at this moment. Only if you must break in, write <interject/> and then your one "
    "sentence. Otherwise write <pass/> and nothing else.",
}
_PLAIN: dict[ThinkReason, str] = {"go_on": "Please go on.", "command": "What do you say?"}

NUDGES = tuple(text for text in _NUDGES.values() if text)


def nudge(reason: ThinkReason, persona: Persona) -> str:
    """An instruction that follows the talk; empty when the talk speaks for itself."""
    return (_PLAIN if persona.style == "plain" else _NUDGES).get(reason, "")


def go_on_after(text: str) -> str:
    """For a reply that was cut before it was written to its end; `text` is being said meanwhile."""
    if not text:
        return "Please go on from where your words were cut, without repeating them."
    return f"You were cut, and now say the rest that you had ready: “{text}” Write only what follows that."
