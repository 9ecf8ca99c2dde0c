"""Google Cloud's speech, at any address: LiveKit's plugins know Google's own only."""

from __future__ import annotations

from typing import Any

import google.auth
import grpc  # type: ignore[import-untyped]
from google.api_core.client_options import ClientOptions
from google.cloud import texttospeech
from google.cloud.speech_v1 import SpeechAsyncClient as SpeechV1
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport as SpeechV1Transport
from google.cloud.speech_v2 import SpeechAsyncClient as SpeechV2
from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport as SpeechV2Transport
from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport
from livekit.agents.utils import is_given
from livekit.plugins import google as plugin

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def endpoint(address: str) -> tuple[str, bool]:
    """Host and port of an address, and whether it is plain text. Credentials never go over plain text."""
    scheme, _, host = address.rpartition("://")
    return host.rstrip("/"), scheme == "http"


def _credentials(file: str) -> tuple[Any, str | None]:
    """A key file's credentials, and its project."""
    return google.auth.load_credentials_from_file(file, scopes=[SCOPE])  # type: ignore[no-untyped-call,no-any-return]


class GoogleSTT(plugin.STT):
    """Args:
    address: where the service is, "https://eu-speech.googleapis.com"; None: Google's own place.
    options: the plugin's.
    """

    def __init__(self, *, address: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._address = address

    async def _create_client(self, timeout: float) -> SpeechV2 | SpeechV1:
        if self._address is None:
            return await super()._create_client(timeout)
        host, plain = endpoint(self._address)
        credentials = None
        if is_given(self._credentials_file):
            credentials, project = _credentials(self._credentials_file)
            self._project_id = self._project_id or project
        newer = self._config.version == 2
        if plain:
            channel = grpc.aio.insecure_channel(host)
            if newer:
                return SpeechV2(transport=SpeechV2Transport(channel=channel))
            return SpeechV1(transport=SpeechV1Transport(channel=channel))
        options = ClientOptions(api_endpoint=host)
        client = SpeechV2 if newer else SpeechV1
        return client(credentials=credentials, client_options=options)


class GoogleTTS(plugin.TTS):
    """Args:
    address: where the service is; None: Google's own place.
    options: the plugin's.
    """

    def __init__(self, *, address: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._address = address

    @property
    def model(self) -> str:
        return self._opts.voice.name or super().model

    def _ensure_client(self) -> texttospeech.TextToSpeechAsyncClient:
        if self._client is None and self._address is not None:
            host, plain = endpoint(self._address)
            if plain:
                transport = TextToSpeechGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(host))
                self._client = texttospeech.TextToSpeechAsyncClient(transport=transport)
            else:
                credentials = None
                if is_given(self._credentials_file):
                    credentials, _ = _credentials(self._credentials_file)
                options = ClientOptions(api_endpoint=host)
                self._client = texttospeech.TextToSpeechAsyncClient(credentials=credentials, client_options=options)
        return super()._ensure_client()
