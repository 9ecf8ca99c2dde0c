"""`studio setup`: what is done once, so that a start takes seconds."""

from __future__ import annotations

from collections.abc import Callable

from agent.errors import StudioError
from agent.services.livekit_server import find_binary, install
from agent.services.llama import built_in_model
from agent.settings import Settings


def set_up_server(settings: Settings, report: Callable[[str], None]) -> None:
    """Build the LiveKit server, where it is needed and not there yet.

    Raises:
        StudioError: with the remedy.
    """
    if settings.livekit.url is None and find_binary(settings.home) is None:
        install(settings.home, report)
        report("the LiveKit server is built")


def set_up_models(settings: Settings, report: Callable[[str], None]) -> None:
    """See that the local models are there, and join the recogniser's from its two packages.

    Raises:
        StudioError: with the remedy.
    """
    if settings.needs_llama and settings.services.llama_model is None:
        built_in_model()
    ears = {ear.provider for ear in settings.providers.stt}
    models = settings.home / "models"
    if (
        "faster-whisper" in ears
        and settings.providers.faster_whisper.model is None
        and not any(models.glob("whisper-base-*/model.bin"))  # the plugin takes seconds to import
    ):
        from livekit.plugins.faster_whisper import ModelMissing
        from livekit.plugins.faster_whisper.model_files import model_path

        report("joining the recogniser's model, once")
        try:
            model_path(cache_dir=models)
        except ModelMissing as error:
            raise StudioError(str(error), fix="") from error
