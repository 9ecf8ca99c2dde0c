"""Who waits, who runs, who is dropped; with a model that does what the test says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from livekit.plugins.faster_whisper import (
    Decoding,
    DecodingFailed,
    Mode,
    ModelMissing,
    Recognizer,
    RecognizerClosed,
    RecognizerOverloaded,
    Superseded,
)
from livekit.plugins.faster_whisper.decoder import Decoder
from livekit.plugins.faster_whisper.whisper import Bias


class ScriptedDecoder(Decoder):
    """Answers with the number in the audio; waits while `gate` is shut; writes down what it was asked."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()
        self.asked: list[str] = []

    def decode(
        self,
        pcm: npt.NDArray[np.int16],
        mode: Mode,
        bias: Bias,
        *,
        prefix: str | None = None,
        draft: str | None = None,
        step: Callable[[], None] = lambda: None,
        first: Callable[[Decoding], None] = lambda _: None,
    ) -> Decoding:
        name = f"{mode.name.lower()} {pcm[0]}"
        self.asked.append(name)
        answer = Decoding(
            text=name,
            average_log_probability=-0.2,
            no_speech_probability=0.1,
            compression_ratio=1.0,
            language=bias.language or "en",
        )
        first(replace(answer, text=f"perhaps {name}"))
        self.busy.set()
        while not self.gate.wait(0.01):
            step()
        step()
        return answer


class ScriptedRecognizer(Recognizer):
    def __init__(self, *, max_waiting: int = 64) -> None:
        super().__init__(max_waiting=max_waiting)
        self.decoder = ScriptedDecoder()

    def _decoder(self, mode: Mode) -> Decoder:
        return self.decoder

    async def busy(self) -> None:
        """Until the decoder has begun with something."""
        await asyncio.to_thread(self.decoder.busy.wait, 5)


@pytest.fixture
async def recognizer() -> AsyncIterator[ScriptedRecognizer]:
    recognizer = ScriptedRecognizer(max_waiting=4)
    yield recognizer
    recognizer.decoder.gate.set()
    await recognizer.aclose()


def ask(recognizer: Recognizer, number: int, mode: Mode, caller: str = "anna") -> asyncio.Future[Decoding]:
    pcm = np.full(16_000, number, np.int16)
    return asyncio.ensure_future(recognizer.decode(pcm, mode=mode, caller=caller))  # noqa: TID251


async def waiting(recognizer: ScriptedRecognizer, *asked: tuple[int, Mode, str]) -> list[asyncio.Future[Decoding]]:
    """One request runs and is held up; the others come in behind it."""
    recognizer.decoder.gate.clear()
    running = ask(recognizer, 0, Mode.FAST, "first")
    await recognizer.busy()
    behind = [ask(recognizer, *request) for request in asked]
    await asyncio.sleep(0)
    return [running, *behind]


async def test_what_is_answered_runs_before_captions(recognizer: ScriptedRecognizer):
    futures = await waiting(recognizer, (1, Mode.INTERIM, "anna"), (2, Mode.FAST, "ben"))
    recognizer.decoder.gate.set()
    await asyncio.gather(*futures)
    assert recognizer.decoder.asked == ["fast 0", "fast 2", "interim 1"]


async def test_one_who_talks_a_lot_does_not_hold_up_the_others(recognizer: ScriptedRecognizer):
    futures = await waiting(recognizer, (1, Mode.FAST, "anna"), (2, Mode.FAST, "anna"), (3, Mode.FAST, "ben"))
    recognizer.decoder.gate.set()
    await asyncio.gather(*futures)
    assert recognizer.decoder.asked == ["fast 0", "fast 1", "fast 3", "fast 2"]


async def test_a_first_text_is_told_in_the_callers_loop_while_the_better_one_is_made(recognizer: ScriptedRecognizer):
    recognizer.decoder.gate.clear()
    told: asyncio.Queue[tuple[str, threading.Thread]] = asyncio.Queue()

    def first(decoding: Decoding) -> None:
        told.put_nowait((decoding.text, threading.current_thread()))

    audio = np.full(16_000, 1, np.int16)
    decoding = asyncio.ensure_future(  # noqa: TID251
        recognizer.decode(audio, mode=Mode.FAST, caller="anna", first=first)
    )
    assert await told.get() == ("perhaps fast 1", threading.current_thread())
    assert not decoding.done()
    recognizer.decoder.gate.set()
    assert (await decoding).text == "fast 1"
    assert told.empty()


async def test_a_cancelled_request_never_runs(recognizer: ScriptedRecognizer):
    running, behind = await waiting(recognizer, (1, Mode.FAST, "anna"))
    behind.cancel()
    with pytest.raises(asyncio.CancelledError):
        await behind
    recognizer.decoder.gate.set()
    await running
    assert recognizer.decoder.asked == ["fast 0"]
    assert recognizer.statistics.cancelled == 1


async def test_a_newer_caption_replaces_the_older_of_the_same_speaker_only(recognizer: ScriptedRecognizer):
    futures = await waiting(recognizer, (1, Mode.INTERIM, "anna"), (2, Mode.INTERIM, "ben"), (3, Mode.INTERIM, "anna"))
    recognizer.decoder.gate.set()
    _, old, other, new = await asyncio.gather(*futures, return_exceptions=True)
    assert isinstance(old, Superseded)
    assert isinstance(other, Decoding)
    assert isinstance(new, Decoding)
    assert "interim 1" not in recognizer.decoder.asked


async def test_a_running_caption_makes_way_for_an_answer(recognizer: ScriptedRecognizer):
    recognizer.decoder.gate.clear()
    caption = ask(recognizer, 1, Mode.INTERIM)
    await recognizer.busy()
    answer = ask(recognizer, 2, Mode.FAST)
    with pytest.raises(Superseded):
        await caption
    recognizer.decoder.gate.set()
    assert (await answer).text == "fast 2"


async def test_captions_that_fill_their_queue_do_not_keep_an_answer_out(recognizer: ScriptedRecognizer):
    futures = await waiting(recognizer, *((n, Mode.INTERIM, f"speaker {n}") for n in range(1, 5)))
    last = ask(recognizer, 5, Mode.FAST, "ben")
    late = ask(recognizer, 6, Mode.INTERIM, "cy")
    await asyncio.sleep(0)
    recognizer.decoder.gate.set()
    answers = await asyncio.gather(*futures, last, late, return_exceptions=True)
    assert [type(answer) for answer in answers].count(RecognizerOverloaded) == 1
    assert isinstance(answers[-1], RecognizerOverloaded)
    assert isinstance(answers[-2], Decoding)
    assert recognizer.statistics.shed == 1


async def test_the_record_does_not_wait_for_the_quick_lane_nor_hold_it_up(recognizer: ScriptedRecognizer):
    recognizer.decoder.gate.clear()
    record = ask(recognizer, 1, Mode.RECORD)
    await recognizer.busy()
    recognizer.decoder.busy.clear()
    quick = ask(recognizer, 2, Mode.FAST)
    await recognizer.busy()
    assert recognizer.decoder.asked == ["record 1", "fast 2"]
    recognizer.decoder.gate.set()
    await asyncio.gather(record, quick)


async def test_captions_never_push_out_what_is_to_be_kept(recognizer: ScriptedRecognizer):
    recognizer.decoder.gate.clear()
    running = ask(recognizer, 0, Mode.FAST)
    await recognizer.busy()
    records = [ask(recognizer, n, Mode.RECORD) for n in range(1, 5)]
    captions = [ask(recognizer, n, Mode.INTERIM, f"speaker {n}") for n in range(5, 11)]
    await asyncio.sleep(0)
    recognizer.decoder.gate.set()
    assert [decoding.text for decoding in await asyncio.gather(*records)] == [f"record {n}" for n in range(1, 5)]
    answers = await asyncio.gather(running, *captions, return_exceptions=True)
    assert [type(answer) for answer in answers].count(RecognizerOverloaded) == 2


async def test_closing_tells_those_who_wait_and_those_who_come_later(recognizer: ScriptedRecognizer):
    running, behind = await waiting(recognizer, (1, Mode.FAST, "anna"))
    closing = asyncio.ensure_future(recognizer.aclose())  # noqa: TID251
    with pytest.raises(RecognizerClosed):
        await behind
    recognizer.decoder.gate.set()
    await closing
    with pytest.raises(RecognizerClosed):
        await running
    with pytest.raises(RecognizerClosed):
        await ask(recognizer, 2, Mode.FAST)


async def test_an_error_of_the_model_reaches_its_caller_and_nobody_else():
    recognizer = Recognizer("/no/such/model")
    with pytest.raises(ModelMissing, match="correct the path"):
        await ask(recognizer, 1, Mode.FAST)
    with pytest.raises(ModelMissing):
        await ask(recognizer, 1, Mode.RECORD)
    await recognizer.aclose()


async def test_audio_of_the_wrong_shape_is_refused(recognizer: ScriptedRecognizer):
    with pytest.raises(ValueError, match="give int16 or float32"):
        await recognizer.decode(np.zeros((2, 100), np.int16), mode=Mode.FAST, caller="anna")
    with pytest.raises(ValueError, match="float64"):
        await recognizer.decode(np.zeros(100), mode=Mode.FAST, caller="anna")  # type: ignore[arg-type]


async def test_floats_are_scaled(recognizer: ScriptedRecognizer):
    decoding = await recognizer.decode(np.full(10, 1e-3, np.float32), mode=Mode.FAST, caller="anna")
    assert decoding.text == "fast 33"


@pytest.mark.parametrize("mode", list(Mode))
async def test_whatever_the_model_raises_is_an_error_of_ours_and_the_next_request_is_answered(
    recognizer: ScriptedRecognizer, monkeypatch: pytest.MonkeyPatch, mode: Mode
):
    def broken(*args: object, **kwargs: object) -> Decoding:
        raise RuntimeError("Non-zero status code returned")

    with monkeypatch.context() as patch:
        patch.setattr(recognizer.decoder, "decode", broken)
        with pytest.raises(DecodingFailed, match=r"Non-zero status code.*ask again"):
            await ask(recognizer, 1, mode)
    assert (await ask(recognizer, 2, mode)).text.endswith("2")
