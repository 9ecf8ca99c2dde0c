"""What a show is to be: from the job's metadata, the briefing and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.briefings import Briefing, BriefingError, Role, list_briefings, load_briefing
from agent.room.slugs import slugify
from agent.settings import COHOST, PersonaSettings, Settings
from agent.settings.checks import mind_problems
from agent.speaking.persona import Persona


class JobMetadata(BaseModel):
    """The job's metadata, JSON; every field is optional, and so is the whole.

    Attributes:
        episode: the folder's name; the room's and the date by default.
        briefing: a file of the briefings' folder.
        title: shown and recorded; the briefing's by default.
        guests: ids of the personas beside the co-host; the briefing's by default, or those of the settings.
        revived: the show before it died, with people at the table.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    episode: str | None = None
    briefing: str | None = None
    title: str | None = None
    guests: tuple[str, ...] | None = None
    revived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One show.

    Attributes:
        faults: what was asked for and could not be had, each with its remedy; shown to the host.
        revived: the show before it died, with people at the table.
    """

    slug: str
    title: str
    briefing: Briefing | None
    personas: tuple[Persona, ...]
    faults: tuple[str, ...]
    revived: bool = False

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
    if asked.revived:
        faults.append(
            "The show before this one broke off, and a new one has begun: what was recorded until then is in a folder "
            "of its own ('studio salvage' seals it at once)."
        )
    briefing = _briefing(asked.briefing, settings, faults)
    title = asked.title or (briefing.title if briefing else None) or room_name
    # A room's name may be long or a random id; the date keeps folders in order either way.
    slug = slugify(asked.episode or f"{now:%Y-%m-%d}-{title}", default="episode")
    return Plan(
        slug=slug,
        title=title,
        briefing=briefing,
        personas=_personas(settings, briefing, _guests(asked.guests, briefing, settings, faults)),
        faults=tuple(faults),
        revived=asked.revived,
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


def _guests(
    asked: tuple[str, ...] | None, briefing: Briefing | None, settings: Settings, faults: list[str]
) -> tuple[str, ...]:
    """Who sits beside the co-host: those that the request, the briefing or else the settings name, and that can."""
    wanted = asked if asked is not None else briefing.guests if briefing else None
    if wanted is None:
        return settings.personas.guests
    seated = []
    for slug in dict.fromkeys(slug.removesuffix(".md") for slug in wanted if slug != COHOST):
        if slug not in settings.personas.slugs:
            faults.append(
                f"There is no {settings.personas.folder / slug}.md; the show goes on without. 'studio personas' lists "
                "those there are."
            )
        elif lacks := [str(problem) for problem in mind_problems(settings, slug)]:
            faults.append(f"{slug} cannot come to the table, and the show goes on without: {'. '.join(lacks)}.")
        else:
            seated.append(slug)
    return tuple(seated)


def _personas(settings: Settings, briefing: Briefing | None, guests: tuple[str, ...]) -> tuple[Persona, ...]:
    cast = settings.cast(guests)
    names = {one.slug: _name(one, briefing) for one in cast}
    return tuple(_persona(one, names, briefing) for one in cast)


def _name(one: PersonaSettings, briefing: Briefing | None) -> str:
    """A briefing may name the persona `guest`, unless the environment does."""
    if briefing and briefing.guest.name and one.slug == "guest" and not one.renamed:
        return briefing.guest.name
    return one.name


def _persona(one: PersonaSettings, names: dict[str, str], briefing: Briefing | None) -> Persona:
    tiny = one.mind[0].provider == "local"
    role: Role = "co-host" if one.slug == COHOST else "guest"
    character = one.character
    if briefing and briefing.guest.persona and one.slug == "guest":
        character = briefing.guest.persona
    others = [name for slug, name in names.items() if slug not in (one.slug, COHOST)]
    if briefing is None:
        prompt = character
    elif tiny:
        prompt = briefing.short_prompt(role, character)
    else:
        prompt = briefing.prompt(role, character, others)
    return Persona(
        slug=one.slug,
        name=names[one.slug],
        prompt=prompt,
        place=one.place,
        colour=one.colour,
        voice=one.voice,
        timbre=one.timbre,
        style="plain" if tiny else "tagged",
        aliases=one.aliases,
        budget_usd=one.budget_usd,
    )
