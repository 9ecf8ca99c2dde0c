"""The faster-whisper plugin as a transcriber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from livekit.plugins.faster_whisper import Decoding, Mode, Recognizer, RecognizerError, Superseded

from agent.floor.events import SpeakerId
from agent.hearing.lead import behind
from agent.hearing.transcriber import (
    Ending,
    Int16,
    Lead,
    Line,
    Speech,
    SpokenWord,
    Tell,
    TranscriberFailed,
    Transcript,
    untold,
)
from agent.hearing.utterance import join
from agent.hearing.vocabulary import Vocabulary


class LocalTranscriber:
    """One model for all speakers of a show."""

    def __init__(self, recognizer: Recognizer, *, vocabulary: Vocabulary, language: str | None = "en") -> None:
        """Args:
        language: ISO 639-1, or None to detect it in each utterance.
        """
        self._recognizer = recognizer
        self._vocabulary = vocabulary
        self._language = language

    def follow(self, who: SpeakerId) -> Line:
        return _LocalLine(self, who)

    async def decode(self, speech: Speech, mode: Mode, first: Callable[[Decoding], None] = lambda _: None) -> Decoding:
        """The text of `speech`; where it has a lead, they are read together.

        Raises:
            RecognizerError: see the plugin.
        """
        if (lead := speech.lead) is None:
            return await self._decode(speech, mode, first)

        def first_behind(decoding: Decoding) -> None:
            if text := behind(decoding.text, lead.text):
                first(replace(decoding, text=text))

        decoding = await self._decode(_with_lead(speech, lead), mode, first_behind)
        text = behind(decoding.text, lead.text)
        if not text or decoding.doubtful:
            return await self._decode(replace(speech, lead=None), mode)
        shift_s = lead.start - speech.start
        words = decoding.words[max(0, len(decoding.words) - len(text.split())) :]
        return replace(
            decoding,
            text=text,
            other=behind(decoding.other, lead.text),
            also_read=behind(decoding.also_read, lead.text),
            words=tuple(replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s) for word in words),
        )

    async def _decode(self, speech: Speech, mode: Mode, first: Callable[[Decoding], None] = lambda _: None) -> Decoding:
        """Names are expected in every text, since they address; terms in the text of record only: a long list of
        words makes a short window go in circles, which costs its time before it is found out.

        Raises:
            RecognizerError: see the plugin.
        """
        return await self._recognizer.decode(
            speech.pcm,
            mode=mode,
            caller=speech.who,
            language=self._language,
            draft=speech.draft or None,
            first=first,
            hotwords=", ".join(self._vocabulary.words if mode is Mode.RECORD else self._vocabulary.names) or None,
        )

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        """See `Line`."""
        if (lead := speech.lead) is not None:
            speech, text = _with_lead(speech, lead), join((lead.text, text))
        ending = await self._recognizer.ending(speech.pcm, text, language=self._language)
        return Ending(ending.full_stop, ending.last_word) if ending is not None else None


def _with_lead(speech: Speech, lead: Lead) -> Speech:
    return replace(
        speech,
        start=lead.start,
        pcm=np.concatenate([lead.pcm, speech.pcm]),
        draft=join((lead.text, speech.draft)),
        lead=None,
    )


class _LocalLine:
    def __init__(self, transcriber: LocalTranscriber, who: SpeakerId) -> None:
        self._transcriber = transcriber
        self._who = who

    async def run(self, tell: Tell) -> None:
        """Nothing: the model hears whole parts."""

    def feed(self, at: float, pcm: Int16) -> None:
        """Likewise."""

    async def interim(self, speech: Speech) -> Transcript | None:
        try:
            return _transcript(speech, await self._transcriber.decode(speech, Mode.INTERIM))
        except Superseded:
            return None
        except RecognizerError as error:
            raise TranscriberFailed(str(error)) from error

    async def fast(self, speech: Speech, first: Callable[[Transcript], None] = untold) -> Transcript:
        def tell(decoding: Decoding) -> None:
            first(_transcript(speech, decoding))

        try:
            return _transcript(speech, await self._transcriber.decode(speech, Mode.FAST, tell))
        except RecognizerError as error:
            raise TranscriberFailed(str(error)) from error

    async def record(self, speech: Speech) -> Transcript:
        try:
            return _transcript(speech, await self._transcriber.decode(speech, Mode.RECORD))
        except RecognizerError as error:
            raise TranscriberFailed(str(error)) from error

    async def ending(self, speech: Speech, text: str) -> Ending | None:
        return await self._transcriber.ending(speech, text)

    def settle(self, end: float) -> None:
        """Nothing is kept."""


def _transcript(speech: Speech, decoding: Decoding) -> Transcript:
    return Transcript(
        text=decoding.text,
        average_log_probability=decoding.average_log_probability,
        no_speech_probability=decoding.no_speech_probability,
        doubtful=decoding.doubtful,
        other=decoding.other,
        also_read=decoding.also_read,
        words=tuple(
            SpokenWord(text=word.word, start=speech.start + word.start_s, end=speech.start + word.end_s)
            for word in decoding.words
        ),
    )
