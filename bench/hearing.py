"""How well and how soon a human is understood, next to stock faster-whisper and stock AgentSession.

    python -m bench.hearing                       all parts, virtual time: any machine, however busy
    python -m bench.hearing --part turns --usual --real-time --stock
                                                  real delays, ours and AgentSession's; on a quiet machine
    python -m bench.hearing --part echo --trials 200

Virtual time decodes for real but charges modelled seconds (bench/virtual.py), so that its delays compare settings and
not machines. Figures are for the TEST half of bench/sentences.py; settings were chosen on TUNE.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from livekit.plugins.faster_whisper import Mode, Recognizer

from agent.floor.events import Event, Evidence, SpeechStarted, UtteranceEnded, UtteranceGuessed
from agent.hearing import ear as ear_module
from agent.hearing.ear import Ear
from agent.hearing.front_end import FrontEnd, Glance
from agent.hearing.local import LocalTranscriber
from agent.hearing.moonshine import open_reader
from agent.hearing.reference import Reference
from agent.hearing.segmenter import Segmenter, VoiceOn
from agent.hearing.settings import HearingSettings, VoiceSettings
from agent.hearing.transcriber import TextOfRecord
from agent.hearing.vocabulary import Vocabulary
from bench import corpus, non_speech, sentences
from bench.corpus import RATE_HZ, Clip, Int16
from bench.virtual import Decodings, VirtualEndOfTurn, VirtualRecognizer, run_virtual
from bench.words import word_errors

CACHE = Path(tempfile.gettempdir()) / "roundtable-bench"
LEAD_S, TAIL_S = 0.7, 3.2
PARTS = ("turns", "non-speech", "echo")
# What `--check` lets pass, in virtual time: the figures of today and a little more. A figure that is better lower, but
# for the share that was caught.
LIMITS = {
    "hearing, virtual time": {
        "onset delay p95, s": 0.16,
        "endpoint delay p50, s": 0.50,
        "endpoint delay p95, s": 1.3,
        "mid-sentence pauses answered, %": 5.0,
        "turns cut short, %": 0.0,
        "turns unheard, %": 0.0,
        "word error rate, fast text, %": 7.5,
        "word error rate, text of record, %": 5.0,
    },
    "non-speech": {"false captions": 0.0},
    "echo": {"false barge-ins": 0.0, "onset over an echo p95, s": 0.3},
}
LEAST = {"echo": {"real barge-ins caught, %": 95.0}}


@dataclass
class Heard:
    """What one hearing made of one clip. Seconds from the clip's first sample."""

    clip: Clip
    onset_s: float | None = None
    guess_s: float | None = None
    end_s: float | None = None
    early: bool = False  # an end before the speech was over: a pause in mid-sentence would have been answered
    text: str = ""
    record: str = ""
    work_s: float = 0.0
    ends: list[str] = field(default_factory=list)  # the texts of its utterances
    evidence: list[Evidence | None] = field(default_factory=list)  # and how they sounded


def hear_virtually(clips: Sequence[Clip], decodings: Decodings, settings: HearingSettings) -> list[Heard]:
    heard = []
    for clip in clips:
        heard.append(run_virtual(_hear_one(clip, decodings, settings)))
        progress(len(heard), len(clips))
    return heard


async def _hear_one(clip: Clip, decodings: Decodings, settings: HearingSettings) -> Heard:
    recognizer, end_of_turn = VirtualRecognizer(decodings), VirtualEndOfTurn(decodings)
    with mock.patch.object(ear_module, "end_of_turn", return_value=end_of_turn):
        heard = await _hear(clip, recognizer, settings)  # type: ignore[arg-type]
    heard.work_s = recognizer.work_s
    return heard


async def _hear(clip: Clip, recognizer: Recognizer, settings: HearingSettings) -> Heard:
    """One clip through a new ear, at the running loop's pace."""
    loop = asyncio.get_running_loop()
    vocabulary = Vocabulary()
    for name in ("Claude", "Guest"):
        vocabulary.expect_name(name)
    begun, events, records = loop.time(), list[tuple[float, Event]](), list[TextOfRecord]()
    ear = Ear(
        "anna",
        transcriber=LocalTranscriber(recognizer, vocabulary=vocabulary),
        settings=settings,
        vocabulary=vocabulary,
        emit=lambda event: events.append((loop.time() - begun - LEAD_S, event)),
        on_record=records.append,
    )
    sound = np.concatenate([corpus.hush(LEAD_S, 1), clip.pcm, corpus.hush(TAIL_S, 2)])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ear.run())
        for start in range(0, len(sound) - 479, 480):
            await asyncio.sleep(max(0.0, begun + (start + 480) / RATE_HZ - loop.time()))
            ear.push(start / RATE_HZ, sound[start : start + 480])
        wanted = sum(bool(event.text) for _, event in events if isinstance(event, UtteranceEnded))
        for _ in range(100):
            if len(records) >= wanted:
                break
            await asyncio.sleep(0.1)
        task.cancel()
    return _summed_up(clip, events, records)


def _summed_up(clip: Clip, events: list[tuple[float, Event]], records: list[TextOfRecord]) -> Heard:
    heard = Heard(clip)
    for at, event in events:
        match event:
            case SpeechStarted() if heard.onset_s is None:
                heard.onset_s = at
            case UtteranceGuessed():
                heard.guess_s = at
            case UtteranceEnded(text=text, evidence=evidence):
                heard.end_s = at
                heard.early |= bool(text) and at < clip.end_s - 0.1
                heard.ends.append(text)
                heard.evidence.append(evidence)
    heard.text = " ".join(text for text in heard.ends if text)
    heard.record = " ".join(record.text for record in records)
    return heard


def hear_really(clips: Sequence[Clip], settings: HearingSettings) -> list[Heard]:
    recognizer = Recognizer(quick=open_reader)
    recognizer.load()

    async def main() -> list[Heard]:
        heard = []
        for clip in clips:
            before = time.process_time()
            heard.append(await _hear(clip, recognizer, settings))
            heard[-1].work_s = time.process_time() - before
            progress(len(heard), len(clips))
        return heard

    try:
        return asyncio.run(main())
    finally:
        recognizer.close()


def show_clips(heard: Iterable[Heard]) -> None:
    """A line a clip: its delays, and what was said where it was read differently."""
    for one in heard:
        delays = (at - one.clip.end_s if at is not None else float("nan") for at in (one.guess_s, one.end_s))
        print("    guess {:5.2f}  end {:5.2f}".format(*delays), f"{one.clip.speaker}: {one.clip.text}")
        for name, text in (("fast", one.text), ("record", one.record)):
            if word_errors(one.clip.text, text)[0]:
                print(f"        {name}: {text}")


# ---- figures ----


def figures(heard: Sequence[Heard]) -> dict[str, float]:
    """The table of one hearing."""
    turns = [h for h in heard if h.clip.kind == "turn"]
    usual = [h for h in turns if _is_usual(h.clip)] or turns
    hesitations = [h for h in heard if h.clip.kind == "hesitation"]
    shorts = [h for h in heard if h.clip.kind == "short"]
    return {
        "onset delay p50, s": quantile((h.onset_s - h.clip.start_s for h in heard if h.onset_s is not None), 0.5),
        "onset delay p95, s": quantile((h.onset_s - h.clip.start_s for h in heard if h.onset_s is not None), 0.95),
        "guess after speech p50, s": quantile((h.guess_s - h.clip.end_s for h in usual if h.guess_s is not None), 0.5),
        "endpoint delay p50, s": quantile((h.end_s - h.clip.end_s for h in usual if h.end_s is not None), 0.5),
        "endpoint delay p95, s": quantile((h.end_s - h.clip.end_s for h in usual if h.end_s is not None), 0.95),
        "endpoint delay of short turns p50, s": quantile(
            (h.end_s - h.clip.end_s for h in shorts if h.end_s is not None), 0.5
        ),
        "mid-sentence pauses answered, %": 100 * _share(h.early for h in hesitations),
        "turns cut short, %": 100 * _share(h.early for h in turns),
        "turns unheard, %": 100 * _share(h.end_s is None or not h.text for h in turns),
        "first word missing, %": 100 * _share(_lacks_first_word(h) for h in turns),
        "word error rate, fast text, %": _error_rate((h.clip.text, h.text) for h in heard),
        "word error rate, text of record, %": _error_rate((h.clip.text, h.record) for h in heard if h.record),
        "work, s per s of speech": sum(h.work_s for h in heard) / sum(h.clip.length_s for h in heard),
    }


def _is_usual(clip: Clip) -> bool:
    """A turn of a length of which delays are told."""
    return clip.kind == "turn" and 2.0 <= clip.end_s - clip.start_s <= 6.0


def _lacks_first_word(heard: Heard) -> bool:
    said, text = heard.clip.text.split(), heard.text.split()
    return not text or word_errors(" ".join(said[:2]), " ".join(text[:2]))[0] > 1


def _error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    counted = [word_errors(said, text) for said, text in pairs]
    words = sum(count for _, count in counted)
    return 100 * sum(errors for errors, _ in counted) / words if words else float("nan")


def quantile(values: Iterable[float], share: float) -> float:
    kept = sorted(values)
    return kept[min(len(kept) - 1, int(share * len(kept)))] if kept else float("nan")


def _share(flags: Iterable[bool]) -> float:
    kept = list(flags)
    return sum(kept) / len(kept) if kept else float("nan")


# ---- parts ----


def whole_window(clips: Sequence[Clip], decodings: Decodings) -> dict[str, float]:
    """faster-whisper as shipped, on each clip cut out by hand: full windows, beam search."""
    import soxr  # type: ignore[import-untyped]

    texts = []
    for clip in clips:
        pcm = soxr.resample(np.concatenate([clip.pcm, corpus.hush(0.3, 3)]).astype(np.float64), RATE_HZ, 16_000)
        texts.append(decodings.decode(corpus.to_int16(pcm), Mode.RECORD, language="en", hotwords="Claude, Guest").text)
        progress(len(texts), len(clips))
    return {"word error rate, %": _error_rate((clip.text, text) for clip, text in zip(clips, texts, strict=True))}


def false_captions(minutes: float, decodings: Decodings, settings: HearingSettings) -> dict[str, float]:
    """Minutes of sounds that are no speech, and what was read into them."""
    count = max(1, round(minutes * 60 / 20 / len(non_speech.KINDS)))
    clips = [
        Clip(name=kind, kind="other", speaker="", pcm=non_speech.sound(kind, 20.0, seed))
        for kind in non_speech.KINDS
        for seed in range(count)
    ]
    heard = hear_virtually(clips, decodings, settings)
    captions = [(h.clip.name, text) for h in heard for text in h.ends if text]
    for kind, text in captions:
        print(f"    read into {kind}: {text!r}")
    return {
        "minutes": sum(clip.length_s for clip in clips) / 60,
        "false captions": len(captions),
        "voices that were none": sum(len(h.ends) for h in heard),
    }


def echo(trials: int) -> dict[str, float]:
    """An AI on a loudspeaker, 20 to 500 ms and 6 to 30 dB away, alone and with the host over it."""
    rng = np.random.default_rng(11)
    ai = [clip.pcm for clip in corpus.turns(sentences.TURNS_TEST[:10], ("joe",))]
    host = [clip.pcm for clip in corpus.turns(sentences.TURNS_TUNE[:10], ("joe high",))]
    false, missed, delays = 0, 0, []
    for trial in range(trials):
        gap = np.zeros(RATE_HZ // 4, np.int16)
        said = [ai[int(number)] for number in rng.integers(0, len(ai), 4)]
        played = np.concatenate([gap, gap, *(piece for pcm in said for piece in (pcm, gap)), gap, gap])
        gain_db, delay = rng.uniform(-30, -6), round(rng.uniform(0.02, 0.5) * RATE_HZ)
        room = corpus.room_response(trial, decay_s=float(rng.uniform(0.2, 0.5)))
        back = corpus.convolve(played.astype(np.float64), room / np.sqrt(np.sum(room**2))) * 10 ** (gain_db / 20)
        microphone = corpus.noise(len(played) / RATE_HZ + 0.01, corpus.HUSH_DBFS, trial)[: len(played)]
        microphone[delay:] += back[: len(played) - delay]
        voice = host[int(rng.integers(0, len(host)))] if trial % 2 else None
        at = 0.0
        if voice is not None:
            at = float(rng.uniform(3.0, 5.0))
            begin = round(at * RATE_HZ)
            microphone[begin : begin + len(voice)] += voice[: len(played) - begin]
        onsets = onset_times(played, corpus.to_int16(microphone))
        false += any(onset < at for onset in onsets) if voice is not None else bool(onsets)
        if voice is not None:
            caught = [onset - at for onset in onsets if at <= onset < at + 1.0]
            missed += not caught
            delays += caught[:1]
        progress(trial + 1, trials)
    return {
        "trials": trials,
        "false barge-ins": false,
        "real barge-ins caught, %": 100 * (1 - missed / max(1, trials // 2)),
        "onset over an echo p50, s": quantile(delays, 0.5),
        "onset over an echo p95, s": quantile(delays, 0.95),
    }


def onset_times(played: Int16, microphone: Int16, settings: VoiceSettings | None = None) -> list[float]:
    reference, segmenter, onsets = Reference(), Segmenter(settings or VoiceSettings()), []
    front_end = FrontEnd(reference)
    for start in range(0, len(microphone) - 479, 480):
        reference.play("claude", start / RATE_HZ, played[start : start + 480])
        front_end.push(start / RATE_HZ, microphone[start : start + 480])
        for window in front_end.windows():
            if isinstance(window, Glance):
                if segmenter.glance(window.ahead, window.probability, window.level_dbfs, window.periodicity):
                    onsets.append((segmenter.samples + window.ahead) / 16_000)
            elif isinstance(
                segmenter.push(window.probability, window.level_dbfs, echo=window.echo, periodicity=window.periodicity),
                VoiceOn,
            ):
                onsets.append(segmenter.samples / 16_000)
    return onsets


def regressions(results: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The figures that are worse than their limits, a line each."""
    worse = []
    for part, figures in results.items():
        for figure, value in figures.items():
            most, least = LIMITS.get(part, {}).get(figure), LEAST.get(part, {}).get(figure)
            if most is not None and not value <= most:
                worse.append(f"{part}: {figure} is {value:.2f}, and may be {most:g} at most")
            if least is not None and not value >= least:
                worse.append(f"{part}: {figure} is {value:.2f}, and has to be {least:g} at least")
    return worse


def progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="only these")
    parser.add_argument("--split", choices=("test", "tune"), default="test")
    parser.add_argument("--limit", type=int, default=0, help="clips, drawn by lot; 0 for all")
    parser.add_argument("--usual", action="store_true", help="only turns of 2 to 6 s, of which delays are told")
    parser.add_argument("--real-time", action="store_true", help="real delays instead of modelled ones")
    parser.add_argument("--stock", action="store_true", help="AgentSession's hearing too, in real time")
    parser.add_argument("--no-interims", action="store_true", help="no texts during speech: faster")
    parser.add_argument("--clips", action="store_true", help="print each clip's delays and what was misread")
    parser.add_argument("--minutes", type=float, default=10.0, help="of sounds that are no speech")
    parser.add_argument("--trials", type=int, default=200, help="of echo")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is worse than it was")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    parts = options.part or list(PARTS)
    settings = HearingSettings()
    if options.no_interims:
        settings = settings.model_copy(update={"interim": settings.interim.model_copy(update={"first_after_s": 1e6})})
    results: dict[str, dict[str, float]] = {}

    def show(name: str, make: Callable[[], dict[str, Any]]) -> None:
        results[name] = make()
        print(f"\n{name}")
        for figure, value in results[name].items():
            print(f"    {figure:42s} {value:8.2f}", flush=True)

    decodings = Decodings(CACHE)
    if "turns" in parts:
        clips = corpus.cached(options.split, CACHE)
        if options.usual:
            clips = [clip for clip in clips if _is_usual(clip)]
        if options.limit:
            clips = random.Random(options.limit).sample(clips, min(options.limit, len(clips)))
        print(f"{len(clips)} clips, {sum(clip.length_s for clip in clips) / 60:.1f} minutes, split {options.split}")
        heard = hear_really(clips, settings) if options.real_time else hear_virtually(clips, decodings, settings)
        show(f"hearing, {'real' if options.real_time else 'virtual'} time", lambda: figures(heard))
        if options.clips:
            show_clips(heard)
        show("faster-whisper as shipped", lambda: whole_window(clips, decodings))
        if options.stock:
            from bench.stock import hear_stock

            show("AgentSession as shipped, real time", lambda: figures(hear_stock(clips)))
    if "non-speech" in parts:
        show("non-speech", lambda: false_captions(options.minutes, decodings, settings))
    if "echo" in parts:
        show("echo", lambda: echo(options.trials))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    if options.check and (worse := regressions(results)):
        sys.exit("\n".join(["", *worse]))


if __name__ == "__main__":
    main()
