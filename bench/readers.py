"""Who reads a turn best: Whisper base alone, or Moonshine tiny before it, as it is used.

    python -m bench.readers [--part behind] [--split tune] [--limit N] [--json FILE]

Time and word errors of whole turns, and of a word or two, near and in noise, in voices of which half are harsh; names
that are called, at a turn's beginning, in its middle, at its end and behind a pause; names read into turns that call
nobody; clauses that are left out of turns in rooms and in noise; and what tells the end of a turn from a pause behind a
clause that could stand alone. A quiet machine, for the times. Thresholds were chosen on TUNE, figures are for TEST.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import soxr  # type: ignore[import-untyped]
from livekit.local_inference import EOT
from livekit.plugins.faster_whisper import Decoding, Mode, Recognizer
from livekit.plugins.faster_whisper.doubt import leaves_out, repeats

from agent.hearing.lead import behind
from agent.hearing.moonshine import open_reader
from bench import corpus, sentences
from bench.corpus import RATE_HZ, Clip, Int16
from bench.occasions import BACKCHANNELS
from bench.words import normal, word_errors

CACHE = Path(tempfile.gettempdir()) / "roundtable-bench"
HARSH = ("joe", "joe high", "joe deep", "espeak us f", "espeak gb")
SPEAKERS = ("joe", "joe high", "espeak gb", "espeak us f")
BEFORE_S, AFTER_S = 0.5, 0.13  # of the audio around a voice that a fast decoding has
ASKED_S = (0.08, 0.2, 0.3)  # into the silence
OTHERS = 3  # names at a table beside the one that is called

PARTS = ("near", "harsh", "behind", "ends")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn:
    said: str
    pcm: Int16  # (samples,), 16 kHz mono
    hotwords: str
    called: str = ""  # the one of them that is called


@dataclass(frozen=True, slots=True)
class Afterword:
    """A name or a tag behind the pause that ended a question."""

    said: str
    question: Int16  # (samples,), 16 kHz mono, like the next two
    alone: Int16
    together: Int16
    hotwords: str

    @property
    def is_name(self) -> bool:
        return self.said in self.hotwords.split(", ")


@dataclass(frozen=True, slots=True)
class Silence:
    """The first silence behind a clause: the end, or a pause before another clause."""

    ended: bool
    full_stop: float
    full_stops: float  # the mean of several answers through the silence
    last_word: float
    sound: float  # the audio end-of-turn model's probability of an end, 0.25 s into the silence


@dataclass(frozen=True, slots=True)
class Read:
    turn: Turn
    decoding: Decoding

    @property
    def names(self) -> set[str]:
        """The names that stand in the text."""
        words = set(normal(self.decoding.text).split())
        return {name for name in self.turn.hotwords.split(", ") if name.lower() in words}


def cut(clip: Clip, after_s: float = AFTER_S) -> Int16:
    """The voice of a clip as the recogniser gets it, with so much behind its end."""
    around = [corpus.hush(BEFORE_S, 2), clip.pcm, corpus.hush(0.3, 3)]
    pcm = soxr.resample(np.concatenate(around).astype(np.float64), RATE_HZ, 16_000)
    start, end = clip.start_s, BEFORE_S + clip.end_s + after_s
    return corpus.to_int16(pcm[round(start * 16_000) : round(end * 16_000)])


def turns(split: str) -> list[Turn]:
    clips = [clip for clip in corpus.cached(split, CACHE) if clip.kind in ("turn", "hesitation")]
    return [Turn(clip.text, cut(clip), "Claude, Guest") for clip in clips]


def calls(split: str) -> list[Turn]:
    """Each sentence by each speaker, with one of the names in turn."""
    test = split == "test"
    names = sentences.NAMES_TEST if test else sentences.NAMES_TUNE
    made = []
    for text in sentences.CALLED_TEST if test else sentences.CALLED_TUNE:
        for speaker in SPEAKERS:
            for number, name in enumerate(names):
                said = text.format(name=name)
                table = [names[(number + step) % len(names)] for step in range(OTHERS + 1)]
                made.append(Turn(said, cut(corpus.turn(said, speaker)), ", ".join(table), name))
    return made


def uncalled(split: str) -> list[Turn]:
    test = split == "test"
    names = sentences.NAMES_TEST if test else sentences.NAMES_TUNE
    texts = sentences.UNCALLED_TEST if test else sentences.UNCALLED_TUNE
    return [
        Turn(said, cut(corpus.turn(said, speaker)), ", ".join(names[: OTHERS + 1]))
        for said in texts
        for speaker in SPEAKERS
    ]


def phrases(split: str) -> list[Turn]:
    """A word or two by each speaker, near and in noise."""
    texts = (*sentences.PHRASES_TEST, *BACKCHANNELS) if split == "test" else sentences.PHRASES_TUNE
    return [
        Turn(said, cut(corpus.in_place(corpus.turn(said, speaker), snr_db=snr_db, seed=seed)), "Claude, Nova, Anna")
        for seed, said in enumerate(texts)
        for speaker in SPEAKERS
        for snr_db in (None, 18.0)
    ]


def harsh(split: str, draws: int = 3) -> list[Turn]:
    """Turns of all lengths, each said in several ways; half of them in a room, two thirds in noise."""
    test = split == "test"
    names = sentences.NAMES_TEST if test else sentences.NAMES_TUNE
    called = sentences.CALLED_TEST if test else sentences.CALLED_TUNE
    texts = [
        *(sentences.TURNS_TEST if test else sentences.TURNS_TUNE),
        *(sentences.SHORT_TEST if test else sentences.SHORT_TUNE),
        *(text.format(name=names[number % len(names)]) for number, text in enumerate(called)),
    ]
    made = []
    for draw in range(draws):
        for number, said in enumerate(texts, start=draw):
            clip = corpus.turn(said, HARSH[number % len(HARSH)], draw=draw)
            placed = corpus.in_place(clip, room=number % 2 == 0, snr_db=(None, 10.0, 15.0)[number % 3], seed=number)
            made.append(Turn(said, cut(placed), ", ".join(names[: OTHERS + 1])))
    return made


def afterwords(split: str, pause_s: float = 0.4) -> list[Afterword]:
    """Each question by each speaker, with each name and each tag behind its pause."""
    test = split == "test"
    names = sentences.NAMES_TEST if test else sentences.NAMES_TUNE
    made = []
    for text in sentences.BEHIND_TEST if test else sentences.BEHIND_TUNE:
        for speaker in (*SPEAKERS, "joe deep"):
            for number, said in enumerate((*names, *(sentences.TAGS_TEST if test else sentences.TAGS_TUNE))):
                clip = corpus.hesitation(text.format(name=said), speaker, pause_s, number)
                pause_start_s, pause_end_s = clip.pauses[0]
                question = cut(replace(clip, end_s=pause_start_s), after_s=0.2)
                alone = cut(replace(clip, start_s=pause_end_s - 0.05))
                table = [names[(number + step) % len(names)] for step in range(OTHERS + 1)]
                made.append(Afterword(said, question, alone, cut(clip), ", ".join(table)))
    return made


def places(split: str) -> dict[str, tuple[str, ...]]:
    """Where in a sentence the name stands, and the sentences."""
    texts = sentences.CALLED_TEST if split == "test" else sentences.CALLED_TUNE
    return {
        "at the beginning": tuple(text for text in texts if text.startswith("{")),
        "in the middle": tuple(text for text in texts if not text.startswith("{") and not text.endswith("{name}?")),
        "at the end": tuple(text for text in texts if text.endswith("{name}?")),
    }


def silences(split: str) -> list[Silence]:
    """Each sentence paused in its middle, and said to its end."""
    reader, audio_model, found = open_reader(), EOT(), []
    for number, text in enumerate(sentences.CLAUSES_TEST if split == "test" else sentences.CLAUSES_TUNE):
        for speaker in SPEAKERS:
            paused = corpus.hesitation(text, speaker, 1.0, number)
            whole = corpus.turn(text.replace("| ", ""), speaker)
            for clip, voice_end_s in ((paused, paused.pauses[0][0]), (whole, whole.end_s)):
                beginning = replace(clip, end_s=voice_end_s)
                speech = [(cut(beginning, after_s) / 32768).astype(np.float32) for after_s in ASKED_S]
                if len(speech[0]) / 16_000 < BEFORE_S + reader.shortest_s:
                    continue
                said = reader.read(speech[0], names=(), step=lambda: None).text
                endings = [reader.ending(part, said) for part in speech]
                sound = float(audio_model.predict(np.ascontiguousarray(cut(beginning, 0.25)[-19_200:])))
                known = [one for one in endings if one is not None]
                if known:
                    mean = sum(one.full_stop for one in known) / len(known)
                    found.append(Silence(clip is whole, known[0].full_stop, mean, known[-1].last_word, sound))
    return found


def told_apart(found: Sequence[Silence]) -> dict[str, float]:
    """Of all pairs of an end and a pause, how many are in the right order (the area under the ROC curve)."""
    ends, pauses = [one for one in found if one.ended], [one for one in found if not one.ended]

    def area(value: Callable[[Silence], float]) -> float:
        right = sum(
            (value(end) > value(pause)) + 0.5 * (value(end) == value(pause)) for end in ends for pause in pauses
        )
        return 100 * right / (len(ends) * len(pauses))

    return {
        "ends": len(ends),
        "pauses": len(pauses),
        "told apart by the full stop once, %": area(lambda one: one.full_stop),
        "told apart by the mean of three, %": area(lambda one: one.full_stops),
        "told apart by the last word, %": area(lambda one: one.last_word),
        "told apart by the audio model, %": area(lambda one: one.sound),
        "mean log-odds of a full stop at ends, median": median(one.full_stops for one in ends),
        "mean log-odds of a full stop at pauses, median": median(one.full_stops for one in pauses),
    }


async def read(recognizer: Recognizer, said: Sequence[Turn]) -> list[Read]:
    return [
        Read(
            turn,
            await recognizer.decode(turn.pcm, mode=Mode.FAST, caller="bench", language="en", hotwords=turn.hotwords),
        )
        for turn in said
    ]


async def read_behind(recognizer: Recognizer, made: Sequence[Afterword]) -> dict[str, float]:
    """How many of the words are read by themselves, and how many together with the question, as the ear reads them."""
    alone: dict[bool, list[bool]] = {True: [], False: []}
    together: dict[bool, list[bool]] = {True: [], False: []}
    for one in made:
        question, word, whole = [
            await recognizer.decode(pcm, mode=Mode.FAST, caller="bench", language="en", hotwords=one.hotwords)
            for pcm in (one.question, one.alone, one.together)
        ]
        wanted = normal(one.said)
        alone[one.is_name].append(wanted == normal(word.text))
        together[one.is_name].append(wanted == normal(behind(whole.text, question.text) or word.text))
    return {
        "names": len(alone[True]),
        "read by themselves": sum(alone[True]),
        "read with the question": sum(together[True]),
        "tags": len(alone[False]),
        "tags read by themselves": sum(alone[False]),
        "tags read with the question": sum(together[False]),
    }


def error_rate(found: Iterable[Read]) -> float:
    counted = [word_errors(one.turn.said, one.decoding.text) for one in found]
    return 100 * sum(errors for errors, _ in counted) / max(1, sum(count for _, count in counted))


def figures(
    split: str, plain: list[Read], named: list[Read], nobody: list[Read], short: list[Read]
) -> dict[str, float]:
    times = [one.decoding.decode_s for one in plain]
    found = {
        "time p50, s": median(times),
        "time p95, s": float(np.quantile(times, 0.95)),
        "word error rate, %": error_rate(plain),
        "read by Moonshine, %": 100 * sum(one.decoding.quick for one in plain) / len(plain),
    }
    for place, texts in places(split).items():
        there = [one for one in named if one.turn.said in {text.format(name=one.turn.called) for text in texts}]
        found[f"names kept {place}, %"] = 100 * sum(one.turn.called in one.names for one in there) / len(there)
    found["another name instead, %"] = 100 * sum(bool(one.names - {one.turn.called}) for one in named) / len(named)
    found["names read into other turns, %"] = 100 * sum(bool(one.names) for one in nobody) / len(nobody)
    found["a word or two, time p50, s"] = median(one.decoding.decode_s for one in short)
    found["a word or two, errors, %"] = error_rate(short)
    wrong = [one for one in short if word_errors(one.turn.said, one.decoding.text)[0]]
    found["a word or two, texts with an error, %"] = 100 * len(wrong) / len(short)
    return found


def lost(found: Sequence[Read]) -> dict[str, float]:
    """What must not be answered: a text without a clause of what was said, or in circles."""
    texts = [(one.turn.said, one.decoding.text) for one in found]
    return {
        "turns": len(found),
        "word error rate, %": error_rate(found),
        "clauses left out": sum(leaves_out(text, said) and _missing(said, text) > 1 for said, text in texts),
        "in circles": sum(repeats(text) and not repeats(said) for said, text in texts),
        "without a text": sum(not text for _, text in texts),
    }


def _missing(said: str, text: str) -> int:
    return len(normal(said).split()) - len(normal(text).split())


async def compared(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Both readers on near turns, calls and short ones."""
    said = tuple(
        _some(part(options.split), options.limit) if part in (turns, calls) else part(options.split)
        for part in (turns, calls, uncalled, phrases)
    )
    counts = "{} turns, {} calls, {} that call nobody, {} of a word or two".format(*map(len, said))
    print(f"{counts}, split {options.split}")
    results = {}
    for name, recognizer in (("both", Recognizer(quick=open_reader)), ("Whisper base alone", Recognizer())):
        recognizer.load()
        try:
            await read(recognizer, said[0][:3])  # the first uses are slow
            found = [await read(recognizer, part) for part in said]
        finally:
            await recognizer.aclose()
        results[name] = figures(options.split, *found)
        if options.texts:
            for one in (one for part in found for one in part if word_errors(one.turn.said, one.decoding.text)[0]):
                print(f"    {one.turn.said!r} read as {one.decoding.text!r}")
    return results


async def with_both(part: str, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    recognizer = Recognizer(quick=open_reader)
    recognizer.load()
    try:
        if part == "harsh":
            made = _some(harsh(options.split), 3 * options.limit)
            return {"in rooms and in noise": lost(await read(recognizer, made))}
        return {"behind a pause": await read_behind(recognizer, _some(afterwords(options.split), options.limit))}
    finally:
        await recognizer.aclose()


async def bench(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    results: dict[str, dict[str, float]] = {}
    for part in options.part or PARTS:
        if part == "near":
            found = await compared(options)
        elif part == "ends":
            found = {"ends, and pauses behind whole clauses": told_apart(silences(options.split))}
        else:
            found = await with_both(part, options)
        for name, figures_of_it in found.items():
            show(name, figures_of_it)
        results |= found
    return results


def _some(said: list[T], limit: int) -> list[T]:
    """By lot: every n-th would be of some speakers only."""
    return random.Random(limit).sample(said, limit) if 0 < limit < len(said) else said


def show(name: str, figures: Mapping[str, float]) -> None:
    print(f"\n{name}")
    for figure, value in figures.items():
        print(f"    {figure:42s} {value:8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="only these")
    parser.add_argument("--split", choices=("test", "tune"), default="test")
    parser.add_argument("--limit", type=int, default=0, help="turns, drawn by lot; 0 for all")
    parser.add_argument("--texts", action="store_true", help="print what was misread, too")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    results = asyncio.run(bench(options))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
