"""What one setting alone cannot show: keys that a choice needs, files that are not there, ports twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.settings.choices import MindProvider
from agent.settings.persona_files import COHOST
from agent.settings.problems import Problem
from agent.settings.tree import Settings

# provider: (variable of its key, what it is called)
_MIND_KEYS: dict[MindProvider, tuple[str, str]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "https://console.anthropic.com"),
    "openai": ("OPENAI_API_KEY", "https://platform.openai.com"),
    "groq": ("GROQ_API_KEY", "https://console.groq.com"),
    "together": ("TOGETHER_API_KEY", "https://api.together.ai"),
    "xai": ("XAI_API_KEY", "https://console.x.ai"),
}


def cross_check(settings: Settings) -> Iterator[Problem]:
    """Every problem that shows only when settings are seen together."""
    yield from _livekit(settings)
    yield from _absent(settings)
    for slug in (COHOST, *settings.personas.guests):
        if slug in settings.personas.slugs:
            yield from mind_problems(settings, slug)
    yield from _ears(settings)
    yield from _voices(settings)
    yield from _files(settings)
    yield from _egress(settings)
    yield from _lan(settings)
    if settings.livekit.url is None and settings.web.port == settings.livekit.port:
        yield Problem("PORT", f"{settings.web.port} is the LiveKit server's port too", "choose another one")


def _livekit(settings: Settings) -> Iterator[Problem]:
    livekit = settings.livekit
    for name, value in (("LIVEKIT_API_KEY", livekit.api_key), ("LIVEKIT_API_SECRET", livekit.api_secret)):
        if livekit.url is not None and value is None:
            yield Problem(
                name,
                "is missing, and LIVEKIT_URL is set",
                "set it to that server's, or remove LIVEKIT_URL to have a server started here",
            )
    if livekit.url is None and (livekit.api_key is None) != (livekit.api_secret is None):
        missing = "LIVEKIT_API_KEY" if livekit.api_key is None else "LIVEKIT_API_SECRET"
        yield Problem(missing, "is missing, and its other half is set", "set both, or neither for fresh keys")
    elif livekit.url is None and livekit.api_secret and len(livekit.api_secret.get_secret_value()) < 32:
        yield Problem("LIVEKIT_API_SECRET", "is shorter than 32 characters", "remove key and secret for fresh ones")


def _absent(settings: Settings) -> Iterator[Problem]:
    personas = settings.personas
    for slug in personas.guests:
        if slug not in personas.slugs and not (personas.folder / f"{slug}.md").is_file():
            there = ", ".join(other for other in personas.slugs if other != COHOST)
            yield Problem("GUESTS", f"there is no {personas.folder / slug}.md", f"choose from those there are: {there}")


def chooser_of(settings: Settings, slug: str) -> str:
    """Where a persona's mind is chosen: a variable, or its file.

    Raises:
        KeyError: there is no such persona.
    """
    personas = settings.personas
    file = personas.file(slug)
    own = {COHOST: personas.claude.mind, "guest": personas.guest.mind}.get(slug, ())
    if file.provider and not own:
        return str(personas.folder / file.file)
    return "COHOST" if slug == COHOST else "GUEST"


def mind_problems(settings: Settings, slug: str) -> Iterator[Problem]:
    """What a persona's mind and its fallbacks lack.

    Raises:
        KeyError: there is no such persona.
    """
    chooser = chooser_of(settings, slug)
    instead = f"set {chooser}=local" if chooser.isupper() else f"write 'provider: local' in {chooser}"
    keys = {
        "anthropic": settings.providers.anthropic.api_key,
        "openai": settings.providers.openai.api_key,
        "groq": settings.providers.groq.api_key,
        "together": settings.providers.together.api_key,
        "xai": settings.providers.xai.api_key,
    }
    for mind in settings.minds(slug):
        if mind.provider in _MIND_KEYS and keys[mind.provider] is None:
            name, where = _MIND_KEYS[mind.provider]
            fix = f"get a key at {where} and set it, or {instead}"
            yield Problem(name, f"is missing, and {chooser} asks for {mind.provider}", fix)
        if mind.provider == "openai-compatible":
            compatible = settings.providers.openai_compatible
            if compatible.base_url is None:
                fix = f"set it to the server's address up to /v1, or {instead}"
                yield Problem("OPENAI_COMPATIBLE_BASE_URL", f"is missing, and {chooser} asks for it", fix)
            if compatible.model is None and mind.model is None:
                fix = "set it, or name the model in the choice: openai-compatible:MODEL"
                yield Problem("OPENAI_COMPATIBLE_MODEL", f"is missing, and {chooser} names no model", fix)


def _ears(settings: Settings) -> Iterator[Problem]:
    providers = settings.providers
    for ear in providers.stt:
        fix = "set it, or set STT=faster-whisper"
        if ear.provider == "deepgram" and providers.deepgram.api_key is None:
            yield Problem("DEEPGRAM_API_KEY", "is missing, and STT asks for deepgram", fix)
        if ear.provider == "assemblyai" and providers.assemblyai.api_key is None:
            yield Problem("ASSEMBLYAI_API_KEY", "is missing, and STT asks for assemblyai", fix)
        if ear.provider == "google" and providers.google.credentials is None:
            yield Problem("GOOGLE_APPLICATION_CREDENTIALS", "is missing, and STT asks for google", fix)


def _voices(settings: Settings) -> Iterator[Problem]:
    providers = settings.providers
    for voice in providers.tts:
        fix = "set it, or set TTS=piper"
        if voice.provider == "google" and providers.google.credentials is None:
            yield Problem("GOOGLE_APPLICATION_CREDENTIALS", "is missing, and TTS asks for google", fix)
        if voice.provider == "openai" and providers.openai.api_key is None:
            yield Problem("OPENAI_API_KEY", "is missing, and TTS asks for openai", fix)
        if voice.provider == "openai-compatible" and providers.speech.base_url is None:
            yield Problem("STUDIO_PROVIDERS__SPEECH__BASE_URL", "is missing, and TTS asks for it", fix)


def _files(settings: Settings) -> Iterator[Problem]:
    google = settings.providers.google.credentials
    ears, voices = settings.providers.stt, settings.providers.tts
    uses_google = "google" in {*(ear.provider for ear in ears), *(voice.provider for voice in voices)}
    if uses_google and google is not None and not google.is_file():
        yield Problem("GOOGLE_APPLICATION_CREDENTIALS", f"no file {google}", "correct the path")
    model = settings.services.llama_model
    if settings.needs_llama and model is not None and not model.is_file():
        yield Problem("STUDIO_SERVICES__LLAMA_MODEL", f"no file {model}", "correct the path, or remove the line")
    if settings.livekit.url is None and not settings.livekit.config.is_file():
        yield Problem(
            "STUDIO_LIVEKIT__CONFIG",
            f"no file {settings.livekit.config}",
            "start in the project's folder, or correct the path",
        )
    if settings.needs_piper:
        for slug in settings.personas.slugs:
            set_here = {COHOST: settings.personas.claude.voice, "guest": settings.personas.guest.voice}.get(slug)
            voice = set_here or settings.personas.file(slug).voice
            if voice is not None and voice.endswith(".onnx") and not Path(voice).expanduser().is_file():
                where = (
                    f"STUDIO_PERSONAS__{slug.upper()}__VOICE" if set_here else f"{settings.personas.folder / slug}.md"
                )
                fix = "correct the path, or remove the line for the built-in voice"
                yield Problem(where, f"no file {voice}", fix)


def _lan(settings: Settings) -> Iterator[Problem]:
    web = settings.web
    if web.lan and web.host not in ("127.0.0.1", "localhost", "::1"):
        seen = f"is {web.host}, and STUDIO_WEB__LAN (--lan) serves the network by https beside http for this machine"
        yield Problem("STUDIO_WEB__HOST", seen, "remove it, and name an address by STUDIO_WEB__LAN_ADDRESS")
    names = ("STUDIO_WEB__CERTIFICATE", "STUDIO_WEB__CERTIFICATE_KEY")
    for name, file, other in ((names[0], web.certificate, names[1]), (names[1], web.certificate_key, names[0])):
        if file is None and (web.certificate or web.certificate_key):
            yield Problem(name, f"is missing, and {other} is set", "set both, or neither to have one made")
        elif file is not None and not file.is_file():
            yield Problem(name, f"no file {file}", "correct the path")


def _egress(settings: Settings) -> Iterator[Problem]:
    """Only one place to write to, and everything that it needs."""
    if not settings.recording.uses_egress:
        return
    egress = settings.recording.egress
    folder, bucket = "STUDIO_RECORDING__EGRESS__FOLDER", "STUDIO_RECORDING__EGRESS__S3_BUCKET"
    if egress.folder is None and egress.s3_bucket is None:
        fix = f"set it to the folder that the egress service writes to, set {bucket}, or set RECORDING=local"
        yield Problem(folder, "is missing, and RECORDING asks for egress", fix)
    if egress.folder is not None and egress.s3_bucket is not None:
        yield Problem(bucket, f"is set, and so is {folder}", "remove one of them: egress writes to one place")
    if egress.folder is not None and egress.service_folder is None and not egress.folder.is_absolute():
        fix = "write it from / on, or set STUDIO_RECORDING__EGRESS__SERVICE_FOLDER"
        yield Problem(folder, f"{egress.folder} means nothing to the egress service", fix)
    if egress.s3_bucket is not None:
        keys = (("S3_ACCESS_KEY", egress.s3_access_key), ("S3_SECRET", egress.s3_secret))
        for name, value in keys:
            if value is None:
                yield Problem(f"STUDIO_RECORDING__EGRESS__{name}", "is missing, and a bucket is set", "set it")
