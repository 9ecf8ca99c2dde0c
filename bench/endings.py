"""What an ear knows while a voice is silent, and how soon it calls that an end: to choose the endpointer's constants.

    python -m bench.endings --split tune            listen to what was not listened to yet, and tell the figures
    python -m bench.endings --split test --late     and list the pauses that were answered, and the ends that came late

Each silence of the corpus's sentences, as wholes and paused in their middles, is lived through once in virtual time by
an endpointer that never ends anything and asks all it can. What it was told is kept, and replayed to the real one: a
constant is judged in a second, by a thousand silences. Constants are chosen on TUNE.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import os
import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from livekit.plugins.faster_whisper import Decoding, Mode, Superseded

from agent.hearing import hearer
from agent.hearing.completeness import Completeness, of_readings
from agent.hearing.endpointing import Endpointer
from agent.hearing.settings import EndpointSettings, HearingSettings, InterimSettings
from agent.hearing.transcriber import Ending
from bench import corpus, hearing, sentences
from bench.corpus import PAUSES_S, Clip, Int16
from bench.hearing import CACHE, LEAD_S
from bench.virtual import Decodings, VirtualRecognizer, recognisers

WINDOW_S = 0.032
LONGEST_S = 1.8
LATE_S = 0.8
DETECTED_S = 0.35  # a voice's last sounds are softer than what the detector takes for one
PIPER = ("joe", "joe high")
ESPEAK = ("espeak gb", "espeak us f")
NAMES = frozenset({"claude", "guest"})
KINDS = {
    "turn": "turns",
    "whole": "sentences with a clause behind another",
    "hesitation": "pauses anywhere",
    "clause": "pauses behind a clause that could stand alone",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an endpointer was told, `at` so many seconds of silence."""

    at: float
    what: Ending | float | None  # the recogniser's ending, the audio model's probability, or that there is a text
    asked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence behind a voice."""

    clip: Clip  # without its sound
    begins_s: float  # in the clip, as the detector saw it
    length_s: float  # infinite at the clip's end
    text: str  # what was read of the clip so far
    other: str  # and the less likely reading
    told: tuple[Told, ...]

    @property
    def ended(self) -> bool:
        """The speaker has ended, and does not go on."""
        return self.length_s == float("inf")

    @property
    def late_s(self) -> float:
        """How much later than the clip's last sound its end was seen."""
        return self.begins_s - self.clip.end_s

    @property
    def paused(self) -> bool:
        """It is the pause at the bar, and no breath elsewhere."""
        return not self.ended and any(abs(self.begins_s - start) < DETECTED_S for start, _ in self.clip.pauses)

    @property
    def completeness(self) -> Completeness:
        return of_readings(self.text, self.other, NAMES)

    def endpoint_s(self, settings: EndpointSettings) -> float:
        """The silence after which the endpointer ends the utterance. Infinite where it does not before `LONGEST_S`."""
        endpointer, told, silence_s = Endpointer(settings), list(self.told), 0.0
        while silence_s < LONGEST_S:
            while told and told[0].at < silence_s:
                self._tell(endpointer, told.pop(0))
            if endpointer.ended(silence_s):
                return silence_s
            silence_s += WINDOW_S
        return float("inf")

    def _tell(self, endpointer: Endpointer, told: Told) -> None:
        match told.what:
            case None:
                endpointer.text(self.completeness)
            case Ending():
                endpointer.ending(told.what, told.asked_at)
            case _:
                endpointer.sound(told.what)


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence that is to be said: as a whole, or paused at its bar."""

    text: str
    speaker: str
    draw: int
    kind: str  # of `KINDS`
    number: int

    def clip(self) -> Clip:
        if self.kind in ("turn", "whole"):
            said = corpus.turn(self.text.replace("| ", ""), self.speaker, kind=self.kind, draw=self.draw)
        else:
            paused = corpus.hesitation(self.text, self.speaker, max(PAUSES_S), self.number, draw=self.draw)
            said = replace(paused, kind=self.kind)
        noisy = self.number % 4 == 3
        return corpus.in_place(said, room=self.number % 3 == 2, snr_db=15.0 if noisy else None, seed=self.number)


def sayings(split: str, draws: int) -> list[Saying]:
    """Each sentence by each speaker, `draws` times where the speaker has more than one way of saying it."""
    tune = split == "tune"
    texts = {
        "turn": sentences.TURNS_TUNE if tune else sentences.TURNS_TEST,
        "hesitation": sentences.HESITATIONS_TUNE if tune else sentences.HESITATIONS_TEST,
        "clause": sentences.CLAUSES_TUNE if tune else sentences.CLAUSES_TEST,
        "whole": sentences.CLAUSES_TUNE if tune else sentences.CLAUSES_TEST,
    }
    return [
        Saying(text, speaker, draw, kind, number)
        for draw in range(draws)
        for kind in KINDS
        for number, text in enumerate(texts[kind])
        for speaker in _speakers(kind, number)
        if not draw or speaker in PIPER  # espeak says a sentence in one way
    ]


def _speakers(kind: str, number: int) -> tuple[str, ...]:
    match kind:
        case "turn":
            return (*PIPER, *ESPEAK)
        case "hesitation":  # espeak cannot stop anywhere
            return PIPER
        case _:
            return PIPER[number % 2], ESPEAK[number // 2 % 2]


# ---- listening ----


class _Watcher(Endpointer):
    """Never ends anything, asks all it can, and remembers what it was told and when."""

    made: ClassVar[list[_Watcher]] = []
    latest_texts: ClassVar[tuple[str, str]] = "", ""

    def __init__(self, settings: EndpointSettings) -> None:
        super().__init__(settings)
        self.told: list[Told] = []
        self.silence_s = 0.0
        self.begins_s: float | None = None
        self.read = "", ""
        self.made.append(self)

    def text(self, completeness: Completeness) -> None:
        super().text(completeness)
        self.read = self.latest_texts
        self._note(None)

    def ending(self, ending: Ending, silence_s: float) -> None:
        self._note(ending, silence_s)

    def sound(self, end_probability: float) -> None:
        self._note(end_probability)

    def ended(self, silence_s: float) -> bool:
        if self.begins_s is None:
            self.begins_s = asyncio.get_running_loop().time() - LEAD_S - silence_s
        self.silence_s = silence_s
        return silence_s >= LONGEST_S

    def _note(self, what: Ending | float | None, asked_at: float = 0.0) -> None:
        self.told.append(Told(self.silence_s, what, asked_at))


def _a_sentence(text: str, other: str, names: frozenset[str]) -> Completeness:
    """So that everything is asked, whatever the words look like."""
    _Watcher.latest_texts = text, other
    return Completeness.SENTENCE


class Unrecorded(VirtualRecognizer):
    """Texts of record take longest, and no endpoint waits for them."""

    async def decode(self, pcm: Int16, *, mode: Mode, caller: str, **rest: Any) -> Decoding:
        if mode is Mode.RECORD:
            raise Superseded("not wanted", fix="")
        return await super().decode(pcm, mode=mode, caller=caller, **rest)


def listen(clip: Clip, decodings: Decodings) -> list[Silence]:
    """Every silence of one clip."""
    _Watcher.made.clear()
    settings = HearingSettings(interim=InterimSettings(first_after_s=1e6))
    with (
        mock.patch.object(hearer, "Endpointer", _Watcher),
        mock.patch.object(hearer, "of_readings", _a_sentence),
        mock.patch.object(hearing, "VirtualRecognizer", Unrecorded),
    ):
        hearing.hear_virtually([clip], decodings, settings)
    bare = replace(clip, pcm=clip.pcm[:0])
    found = []
    for one in _Watcher.made:
        if one.begins_s is not None and one.begins_s > clip.start_s:
            length_s = float("inf") if one.begins_s > clip.end_s - DETECTED_S else one.silence_s + WINDOW_S
            found.append(Silence(bare, one.begins_s, length_s, *one.read, tuple(one.told)))
    return found


def silences(split: str, draws: int) -> list[Silence]:
    """Each silence of each saying; listened to once, on all cores, and kept."""
    said = sayings(split, draws)
    folder = CACHE / f"endings-{_ears()}"
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), initializer=logging.disable, initargs=(logging.WARNING,)) as pool:
        found = []
        for done, path in enumerate(pool.map(_kept, said, [folder] * len(said), chunksize=4), start=1):
            found += pickle.loads(path.read_bytes())
            hearing.progress(done, len(said))
    return found


_decodings: list[Decodings] = []  # one a process


def _kept(saying: Saying, folder: Path) -> Path:
    path = folder / f"{hashlib.sha256(repr(saying).encode()).hexdigest()[:32]}.pickle"
    if not path.exists():
        if not _decodings:
            _decodings.append(Decodings(CACHE))
        path.write_bytes(pickle.dumps(listen(saying.clip(), _decodings[0])))
    return path


def _ears() -> str:
    """A digest of what listens, without what is replayed."""
    replayed = {"endpointing.py", "completeness.py", "english.py"}
    sources = [path for path in sorted(Path(str(hearer.__file__)).parent.glob("*.py")) if path.name not in replayed]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (*sources, Path(corpus.__file__))))
    return f"{recognisers()}-{digest.hexdigest()[:12]}"


# ---- figures ----


def figures(found: Sequence[Silence], settings: EndpointSettings) -> dict[str, float]:
    told: dict[str, float] = {}
    for kind, name in KINDS.items():
        ones = [one for one in found if one.clip.kind == kind]
        if kind in ("turn", "whole"):
            delays = [one.late_s + one.endpoint_s(settings) for one in ones if one.ended]
            told[f"{name}: ends"] = len(delays)
            told[f"{name}: endpoint delay p50, s"] = hearing.quantile(delays, 0.5)
            told[f"{name}: endpoint delay p95, s"] = hearing.quantile(delays, 0.95)
            inner = [one for one in ones if not one.ended]
            told[f"{name}: breaths answered"] = sum(one.endpoint_s(settings) < one.length_s for one in inner)
            continue
        # A shorter pause would have been the beginning of the longest.
        left = [one.length_s - one.endpoint_s(settings) for one in ones if one.paused]
        told[f"{name}: pauses"] = len(left)
        for pause_s in PAUSES_S:
            answered = [one > max(PAUSES_S) - pause_s for one in left]
            told[f"{name}: answered in {pause_s:g} s, %"] = 100 * sum(answered) / len(left)
    return told


def late(found: Sequence[Silence], settings: EndpointSettings) -> list[str]:
    """The pauses that were answered and the ends that came late, a line each, worst first."""
    lines = []
    for one in found:
        waited_s = one.endpoint_s(settings)
        if one.ended:
            delay_s = one.late_s + waited_s
            worst, what = delay_s - LATE_S, f"ended after {delay_s:.2f} s"
        else:
            worst, what = one.length_s - waited_s, f"answered after {waited_s:.2f} s"
        if worst > 0:
            endings = [told.what for told in one.told if isinstance(told.what, Ending) and told.at < waited_s]
            answers = " ".join(f"{ending.full_stop:.1f}/{ending.last_word:.1f}" for ending in endings)
            lines.append((worst, f"{what:22s} {one.completeness.name:9s} {one.text!r} ({one.clip.speaker}), {answers}"))
    return [line for _, line in sorted(lines, reverse=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("test", "tune"), default="test")
    parser.add_argument("--draws", type=int, default=1, help="ways in which each sentence is said")
    parser.add_argument("--late", action="store_true", help="list what was wrong")
    options = parser.parse_args()
    settings = EndpointSettings()
    found = silences(options.split, options.draws)
    for figure, value in figures(found, settings).items():
        print(f"    {figure:80s} {value:8.2f}")
    if options.late:
        print(*late(found, settings), sep="\n")


if __name__ == "__main__":
    main()
