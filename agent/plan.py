"""What a show is to be: from the job's metadata, the briefing and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.briefings import Briefing, BriefingError, Role, list_briefings, load_briefing
from agent.room.slugs import slugify
from agent.settings import PersonaSettings, Settings
from agent.speaking.persona import CLAUDE, GUEST, Persona


class JobMetadata(BaseModel):
    """The job's metadata, JSON; every field is optional, and so is the whole.

    Attributes:
        episode: the folder's name; the room's and the date by default.
        briefing: a file of the briefings' folder.
        title: shown and recorded; the briefing's by default.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    episode: str | None = None
    briefing: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One show.

    Attributes:
        faults: what was asked for and could not be had, each with its remedy; shown to the host.
    """

    slug: str
    title: str
    briefing: Briefing | None
    personas: tuple[Persona, ...]
    faults: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names and words that the recogniser should expect."""
        terms = [persona.name for persona in self.personas]
        if self.briefing:
            terms += [term.term for term in self.briefing.terms]
        return tuple(dict.fromkeys(terms))


def make_plan(metadata: str, *, room_name: str, settings: Settings, now: datetime) -> Plan:
    """A show can always be held: what is wrong with the request becomes a fault, not a refusal.

    Args:
        metadata: the job's, as it came.
        now: for the episode's default name.
    """
    faults: list[str] = []
    try:
        asked = JobMetadata.model_validate_json(metadata) if metadata.strip() else JobMetadata()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "metadata"
        faults.append(
            f'The job\'s metadata is not used ({where}: {first["msg"]}); write JSON such as {{"title": "..."}}.'
        )
        asked = JobMetadata()
    briefing = _briefing(asked.briefing, settings, faults)
    title = asked.title or (briefing.title if briefing else None) or room_name
    # A room's name may be long or a random id; the date keeps folders in order either way.
    slug = slugify(asked.episode or f"{now:%Y-%m-%d}-{title}", default="episode")
    return Plan(
        slug=slug,
        title=title,
        briefing=briefing,
        personas=_personas(settings, briefing),
        faults=tuple(faults),
    )


def _briefing(name: str | None, settings: Settings, faults: list[str]) -> Briefing | None:
    wanted = name or settings.briefings.default
    if not wanted:
        return next((found for found in list_briefings(settings.briefings.folder) if isinstance(found, Briefing)), None)
    folder = settings.briefings.folder.resolve()
    file = (folder / wanted).resolve()
    if not file.suffix:
        file = file.with_suffix(".md")
    if folder not in file.parents:
        faults.append(f"The briefing {wanted!r} lies outside of {folder.name}/; the show goes on without one.")
        return None
    try:
        return load_briefing(file)
    except BriefingError as error:
        faults += [f"{fault} (the show goes on without a briefing)" for fault in error.faults]
        return None


def _personas(settings: Settings, briefing: Briefing | None) -> tuple[Persona, ...]:
    claude, guest = settings.personas.claude, settings.personas.guest
    guest_name = briefing.guest.name if briefing and "name" not in guest.model_fields_set else guest.name
    return (
        _persona(CLAUDE, claude, claude.name, settings.minds("claude")[0].provider == "local", briefing),
        _persona(GUEST, guest, guest_name, settings.minds("guest")[0].provider == "local", briefing),
    )


def _persona(base: Persona, chosen: PersonaSettings, name: str, tiny: bool, briefing: Briefing | None) -> Persona:
    role: Role = "claude" if base is CLAUDE else "guest"
    prompt = base.prompt
    if briefing:
        prompt = briefing.short_prompt(role) if tiny else briefing.prompt(role)
    return Persona(
        slug=base.slug,
        name=name,
        prompt=prompt,
        colour="#3b82f6" if base is CLAUDE else "#f59e0b",
        voice=chosen.voice,
        timbre=chosen.timbre,
        style="plain" if tiny else "tagged",
        aliases=base.aliases,
    )
