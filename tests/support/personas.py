"""The two personas that every table has, as their files describe them."""

from __future__ import annotations

from pathlib import Path

from agent.settings import load
from agent.speaking.persona import Persona

ROOT = Path(__file__).resolve().parents[2]


def persona(slug: str) -> Persona:
    """A shipped persona with a mind of the cloud: prompts with tags."""
    settings = load({"STUDIO_PERSONAS__FOLDER": str(ROOT / "personas")}, env_file=None).settings
    one = settings.persona(slug)
    return Persona(slug=slug, name=one.name, prompt=one.character, colour=one.colour, aliases=one.aliases)


CLAUDE, GUEST = persona("claude"), persona("guest")
