"""The tree of settings. A newcomer reads here what can be set; `.env.example` is made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agent.floor.rules import Rules
from agent.hearing.settings import HearingSettings
from agent.settings.choices import CLAUDE_HAIKU, LOCAL, Minds, own_voice
from agent.settings.persona_files import COHOST, PersonaFile
from agent.settings.personas import (
    ClaudeSettings,
    GuestSettings,
    PersonaSettings,
    Slugs,
    colour_apart,
    minds_of,
    timbre_apart,
)
from agent.settings.problems import Wrong
from agent.settings.providers import HttpUrl, Key, ProvidersSettings, variable
from agent.settings.recording import RecordingSettings
from agent.speaking.settings import SpeakingSettings


def _livekit_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
        raise Wrong(
            f"{value!r} is no LiveKit address",
            "write it like wss://my-project.livekit.cloud or ws://127.0.0.1:7880, "
            "or remove the line to have a server started here",
        )
    return value.rstrip("/")


LiveKitUrl = Annotated[str, AfterValidator(_livekit_url)]


def _ipv4(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError as error:
        raise Wrong(f"{value!r} is no IPv4 address", "write it like 192.168.1.20, or remove the line") from error


def _host_name(value: str) -> str:
    if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value.lower()):
        raise Wrong(f"{value!r} is no host name", "write it like studio.example.org, or remove the line")
    return value.lower()


Ipv4 = Annotated[str, AfterValidator(_ipv4)]
HostName = Annotated[str, AfterValidator(_host_name)]


class LiveKitSettings(BaseModel, frozen=True, extra="forbid"):
    url: LiveKitUrl | None = Field(
        None,
        description="a LiveKit server that runs elsewhere; without it one is started here",
        json_schema_extra=variable("LIVEKIT_URL"),
    )
    api_key: str | None = Field(None, description="of that server", json_schema_extra=variable("LIVEKIT_API_KEY"))
    api_secret: Key | None = Field(None, description="of that server", json_schema_extra=variable("LIVEKIT_API_SECRET"))
    public_url: LiveKitUrl | None = Field(
        None, description="the server's address as browsers see it, where it differs from LIVEKIT_URL"
    )
    port: int = Field(7880, ge=1, le=65535, description="signalling port of the server started here")
    udp_port: int = Field(7882, ge=1, le=65535, description="media port of the server started here")
    config: Path = Field(Path("livekit.yaml"), description="configuration of the server started here")


class WebSettings(BaseModel, frozen=True, extra="forbid"):
    port: int = Field(4000, ge=1, le=65535, description="the page's port", json_schema_extra=variable("PORT"))
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen on; browsers give the microphone to https only, save on localhost",
    )
    lan: bool = Field(
        False, description="serve phones and other machines of this network too, by https; as 'studio up --lan'"
    )
    lan_address: Ipv4 | None = Field(
        None, description="this machine's address in that network; that of the default route by default"
    )
    lan_name: HostName | None = Field(
        None, description="a name that the network knows this machine by, for links; the address by default"
    )
    certificate: Path | None = Field(
        None, description="a certificate chain of your own for it, PEM; without it one is made"
    )
    certificate_key: Path | None = Field(None, description="its private key, PEM without a password")


class WorkerSettings(BaseModel, frozen=True, extra="forbid"):
    max_shows: int = Field(4, ge=1, le=100, description="shows at once on this machine")
    idle_processes: int = Field(1, ge=0, le=20, description="job processes kept warm for the next shows")
    port: int = Field(0, ge=0, le=65535, description="the worker's own status port on loopback; 0: any free one")
    first_join_s: float = Field(300.0, ge=5, description="a show that nobody comes to ends after that")
    empty_s: float = Field(
        30.0, ge=2, description="a show that everybody has left ends after that; a reload of the page is quicker"
    )
    drain_s: float = Field(25.0, ge=1, le=30, description="what running shows get to end, before they are forced")


class BriefingsSettings(BaseModel, frozen=True, extra="forbid"):
    folder: Path = Field(Path("briefings"), description="where briefings lie")
    default: str | None = Field(None, description="file name of the briefing when a show asks for none")


class ServicesSettings(BaseModel, frozen=True, extra="forbid"):
    """Local engines in processes of their own. `studio up` starts those without an address."""

    llama_url: HttpUrl | None = Field(None, description="a llama.cpp server that runs already, address up to /v1")
    llama_model: Path | None = Field(None, description="a GGUF model for the local mind; SmolLM2-135M is built in")
    llama_context: int = Field(8192, ge=1024, description="tokens of context, shared by the generations at once")
    llama_parallel: int = Field(2, ge=1, le=16, description="generations at once")
    # Two threads on two cores that also hear and speak gave 2-12 tokens a second, one gave 77.
    llama_threads: int = Field(1, ge=1, le=64, description="threads of a generation; more only with cores to spare")
    piper_url: HttpUrl | None = Field(None, description="a Piper server that runs already")


class PersonasSettings(BaseModel, frozen=True, extra="forbid"):
    folder: Path = Field(Path("personas"), description="where the files of the personas lie")
    guests: Slugs = Field(
        ("guest",),
        description="who sits beside the co-host: files of that folder, unless the briefing or the show's request says "
        "otherwise; guest,sceptic seats two",
        json_schema_extra=variable("GUESTS"),
    )
    claude: ClaudeSettings = ClaudeSettings()
    guest: GuestSettings = GuestSettings()
    files: tuple[PersonaFile, ...] = Field((), exclude=True, description="of the folder, read by load()")

    def file(self, slug: str) -> PersonaFile:
        """
        Raises:
            KeyError: there is no such persona.
        """
        for file in self.files:
            if file.slug == slug:
                return file
        raise KeyError(slug)

    @property
    def slugs(self) -> tuple[str, ...]:
        """Everybody who could sit at the table."""
        return tuple(file.slug for file in self.files)


class CostSettings(BaseModel, frozen=True, extra="forbid"):
    budget_usd: float | None = Field(
        None,
        gt=0,
        description="what an episode may cost at its providers, US dollars by estimate; at 70 % nothing is prepared on "
        "guesses any more, at 85 % the host is warned, at 100 % the show ends",
        json_schema_extra=variable("BUDGET_USD"),
    )


class Settings(BaseSettings):
    """Everything. Build it with `agent.settings.load`, which also checks what one field cannot see."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="STUDIO_", env_nested_delimiter="__")

    home: Path = Field(Path(".studio"), description="what this installation keeps: server, keys, logs, caches")
    log_folder: Path | None = Field(None, description="where the services' logs go; logs in STUDIO_HOME by default")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of the logs")
    livekit: LiveKitSettings = LiveKitSettings()
    web: WebSettings = WebSettings()
    worker: WorkerSettings = WorkerSettings()
    providers: ProvidersSettings = ProvidersSettings()
    personas: PersonasSettings = PersonasSettings()
    services: ServicesSettings = ServicesSettings()
    briefings: BriefingsSettings = BriefingsSettings()
    recording: RecordingSettings = RecordingSettings()
    hearing: HearingSettings = HearingSettings()
    floor: Rules = Rules()
    speaking: SpeakingSettings = SpeakingSettings()
    cost: CostSettings = CostSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load() reads environment and .env itself: nested settings have plain names, and each keeps its origin.
        return (init_settings,)

    def minds(self, slug: str) -> Minds:
        """A persona's mind and its fallbacks. Claude's, unless set, is Claude with a key and a stand-in without.

        Raises:
            KeyError: there is no such persona.
        """
        personas = self.personas
        chosen = {COHOST: personas.claude.mind, "guest": personas.guest.mind}.get(slug, ())
        claude = (CLAUDE_HAIKU,) if self.providers.anthropic.api_key else (LOCAL,)
        default = claude if slug == COHOST else personas.guest.mind or (LOCAL,)
        return minds_of(personas.file(slug), chosen, default)

    def cast(self, guests: Sequence[str] | None = None) -> tuple[PersonaSettings, ...]:
        """The AIs of a table, the co-host first: no two of them in one colour, or with one voice's timbre.

        Args:
            guests: ids of the others; those of GUESTS by default.
        Raises:
            KeyError: there is no such persona.
        """
        guests = self.personas.guests if guests is None else guests
        seated = [self.persona(slug, place=place) for place, slug in enumerate((COHOST, *guests))]
        for place, one in enumerate(seated):
            others = [other for other in seated if other is not one]
            if not one.colour or one.colour in [other.colour for other in seated[:place]]:
                one = one.model_copy(update={"colour": colour_apart([other.colour for other in others])})
            if not one.timbre:
                taken = [other.timbre for other in others if other.timbre and other.voice == one.voice]
                one = one.model_copy(update={"timbre": timbre_apart(taken)})
            seated[place] = one
        return tuple(seated)

    def persona(self, slug: str, *, place: int = 0) -> PersonaSettings:
        """One persona by itself; its colour and its timbre are empty where neither file nor environment has one.

        Args:
            place: at the table, 0 for the co-host.
        Raises:
            KeyError: there is no such persona.
        """
        file = self.personas.file(slug)
        chosen = {COHOST: self.personas.claude, "guest": self.personas.guest}.get(slug, ClaudeSettings())
        return PersonaSettings(
            slug=slug,
            place=place,
            name=chosen.name or file.name,
            renamed=chosen.name is not None,
            colour=(file.colour or "").lower(),
            mind=self.minds(slug),
            voice=chosen.voice or file.voice,
            timbre=chosen.timbre or file.timbre or 0.0,
            temperature=file.temperature if chosen.temperature is None else chosen.temperature,
            aliases=file.aliases,
            budget_usd=file.budget_usd,
            character=file.character,
        )

    @property
    def voices(self) -> tuple[str | None, ...]:
        """The Piper voices that anybody in the personas' folder has; None is the engine's own."""
        return tuple(dict.fromkeys(own_voice("piper", self.persona(slug).voice) for slug in self.personas.slugs))

    @property
    def logs(self) -> Path:
        """Where the services' logs go."""
        return self.log_folder or self.home / "logs"

    @property
    def stand_in(self) -> bool:
        """Whether somebody else sits in Claude's chair; page and session.yml say so."""
        return self.minds(COHOST)[0].provider != "anthropic"

    @property
    def needs_llama(self) -> bool:
        """Whether a local language model is to be started."""
        used = {mind.provider for slug in self.personas.slugs for mind in self.minds(slug)}
        return "local" in used and self.services.llama_url is None

    @property
    def needs_piper(self) -> bool:
        """Whether a Piper process is to be started."""
        return any(voice.provider == "piper" for voice in self.providers.tts) and self.services.piper_url is None
