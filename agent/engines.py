"""What a job process keeps loaded, whatever show it will hold: the settings and the models."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from livekit import api, local_inference
from livekit.agents import stt, tts
from livekit.plugins.faster_whisper import Recognizer

from agent.cost.meter import Meter
from agent.errors import StudioError
from agent.floor.rules import Rules
from agent.hearing.fallback import in_order
from agent.hearing.local import LocalTranscriber
from agent.hearing.moonshine import MoonshineMissing, MoonshineReader, model_folder, open_reader
from agent.hearing.stream import StreamTranscriber
from agent.hearing.transcriber import Transcriber
from agent.hearing.vocabulary import Vocabulary
from agent.providers import describe_minds, describe_voices, make_ears, make_mind, make_voice, preload
from agent.providers.breaker import Breakers
from agent.providers.chain import Chain
from agent.providers.outages import Outages
from agent.settings import PersonaSettings, Settings
from agent.speaking.persona import Persona
from agent.speaking.settings import SpeakingSettings

logger = logging.getLogger(__name__)

_LOCAL_CHARS = 140  # about ten seconds


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The LiveKit server that this worker belongs to."""

    url: str
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Engines:
    """Made once a process; a show takes what it needs."""

    settings: Settings
    recognizer: Recognizer | None  # None where only cloud ears are used

    @classmethod
    def load(cls, settings: Settings) -> Engines:
        """Load every local model now, so that no show waits for one.

        Raises:
            ModelMissing: a model file is not where it should be; the message says what to do.
        """
        preload(settings)
        local_inference.init_vad()
        local_inference.init_eot()
        recognizer = None
        if any(ear.provider == "faster-whisper" for ear in settings.providers.stt):
            whisper = settings.providers.faster_whisper
            recognizer = Recognizer(
                whisper.model,
                compute_type=whisper.compute_type,
                cpu_threads=whisper.threads,
                cache_dir=settings.home / "models",
                quick=_quick_reader(settings),
            )
            recognizer.load(record=True)
        return cls(settings, recognizer)

    def transcriber(self, vocabulary: Vocabulary, meter: Meter) -> Transcriber:
        """The ears of one show: the first of the settings, and what cloud ears cannot do the own machine does.

        Args:
            meter: counts what the cloud's ears hear.
        """
        providers = self.settings.providers
        local = None
        if self.recognizer is not None:
            local = LocalTranscriber(self.recognizer, vocabulary=vocabulary, language=providers.language)
            if providers.stt[0].provider == "faster-whisper":
                return local
        ears = make_ears([ear for ear in providers.stt if ear.provider != "faster-whisper"], providers)

        def follow(engine: stt.STT[Any]) -> None:
            meter.follow(engine, "")

        return in_order(
            [StreamTranscriber(ear, terms=lambda: vocabulary.words, on_engine=follow) for ear in ears], local
        )

    def rules(self, slugs: Sequence[str]) -> Rules:
        """The table manners of a show with these AIs. Two minds that share one local model would only slow each other
        down by thinking at once."""
        local = [slug for slug in slugs if self.is_local(slug)]
        return self.settings.floor.model_copy(update={"race": False}) if len(local) > 1 else self.settings.floor

    def speaking(self, slug: str) -> SpeakingSettings:
        """How a persona speaks. A small local model would go on for ever; and what it reads ahead costs nothing."""
        settings = self.settings.speaking
        if not self.is_local(slug):
            return settings
        brief_chars = _LOCAL_CHARS if settings.brief_chars is None else settings.brief_chars
        prime = True if settings.prime is None else settings.prime
        return settings.model_copy(update={"brief_chars": brief_chars, "prime": prime})

    def is_local(self, slug: str) -> bool:
        """Whether the persona's mind is the small model on this machine."""
        return self.settings.minds(slug)[0].provider == "local"

    def mind(self, persona: Persona, *, outages: Outages) -> Chain:
        """The language model of a persona, and those behind it.

        Args:
            outages: the show's.
        """
        chosen = self._settings_of(persona)
        chain = make_mind(
            chosen.mind,
            self.settings.providers,
            llama_url=self.settings.services.llama_url,
            temperature=chosen.temperature,
            next_words_s=self.settings.speaking.next_token_s,
            breakers=outages.breakers,
            on_missed=partial(outages.missed, persona.slug),
        )
        outages.watch(persona.name, chain)
        return chain

    def voice(self, persona: Persona, *, breakers: Breakers) -> tts.TTS[Any]:
        """The voice of a persona, and those behind it.

        Args:
            breakers: the show's.
        """
        providers = self.settings.providers
        chosen = self._settings_of(persona)
        piper_url = self.settings.services.piper_url
        return make_voice(providers.tts, providers, chosen, slug=persona.slug, piper_url=piper_url, breakers=breakers)

    def mind_name(self, persona: Persona) -> str:
        """The first choice of its mind, `provider:model`."""
        return describe_minds(self._settings_of(persona).mind, self.settings.providers)[0]

    def google_voice(self, persona: Persona) -> str:
        """The name of its voice at Google, where Google is a choice."""
        providers = self.settings.providers
        voices = describe_voices(providers.tts, self._settings_of(persona), slug=persona.slug)
        return next((voice.removeprefix("google:") for voice in voices if voice.startswith("google:")), "")

    def _settings_of(self, persona: Persona) -> PersonaSettings:
        chosen = self.settings.persona(persona.slug, place=persona.place)
        return chosen.model_copy(update={"timbre": persona.timbre})

    @property
    def keys(self) -> ServerKeys:
        """Raises:
        StudioError: the worker was started without a server.
        """
        livekit = self.settings.livekit
        if not (livekit.url and livekit.api_key and livekit.api_secret):
            raise StudioError("the worker knows no LiveKit server", fix="set LIVEKIT_URL, _API_KEY and _API_SECRET")
        return ServerKeys(livekit.url, livekit.api_key, livekit.api_secret.get_secret_value())

    async def close_room(self, name: str) -> None:
        """Send everybody out of a room whose show has ended."""
        keys = self.keys
        async with api.LiveKitAPI(keys.url, keys.api_key, keys.api_secret) as livekit:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=name))

    def describe(self, personas: Sequence[Persona]) -> dict[str, object]:
        """Models and voices in use, for session.yml and `/health`."""
        providers = self.settings.providers
        chosen = {persona.slug: self._settings_of(persona) for persona in personas}
        quick = self.recognizer is not None and self.recognizer.has_quick_reader
        return {
            "ears": [str(ear) for ear in providers.stt],
            **({"quick_ear": "moonshine:tiny"} if quick else {}),
            "minds": {slug: describe_minds(one.mind, providers) for slug, one in chosen.items()},
            "voices": {slug: describe_voices(providers.tts, one, slug=slug) for slug, one in chosen.items()},
            "language": providers.language,
        }


def _quick_reader(settings: Settings) -> Callable[[], MoonshineReader] | None:
    """Moonshine, where it is wanted, can be used and is there."""
    if not settings.providers.faster_whisper.quick or settings.providers.language != "en":
        return None
    try:
        model_folder()
    except MoonshineMissing as error:
        logger.warning("turns are read by Whisper alone, which is slower: %s", error)
        return None
    return open_reader
