"""Makes `heard_over_an_ai.tsv`: what the ear makes of backchannels, interruptions and sounds that are no speech.

Piper at three timbres and espeak-ng's voices say them; coughs, claps, clicks and breaths are shaped noise. Everything
is made with fixed seeds, and heard in virtual time. Run it again when the ear changes, for five minutes:
`python -m tests.floor.make_heard_over_an_ai`.
"""

from __future__ import annotations

import logging
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np

from agent.hearing.settings import HearingSettings, InterimSettings
from bench import corpus, hearing, non_speech
from bench.endings import Unrecorded
from bench.virtual import Decodings

OUT = Path(__file__).with_name("heard_over_an_ai.tsv")
LEVEL_DBFS = -22.0
EARLIER = "# Earlier rows"  # and what is behind them, which stays

BACKCHANNELS = """
Mm-hm. | Mm-hmm. | Mhm. | Uh-huh. | Hm. | Hmm. | Mm. | Ah. | Oh. | Right. | Yeah. | Yes. | Yep. | Okay. | I see.
| Sure. | Exactly. | Wow. | Really? | Interesting. | True. | Of course. | Absolutely. | Good point. |
Makes sense. | No way! | Oh wow. | Yeah, yeah. | Right, right. | Oh, I see. | Got it. | Ha ha ha. | Ha ha. |
Nice. | Great. | Totally. | Oh really? | Fair enough. | That's true. | Oh no. | Uh-huh, uh-huh.
"""
INTERRUPTIONS = """
Right, but what about the cost? | Yeah, no, I don't think so. | Hm, wait. | Wait. | Wait, wait. | Stop. |
Hold on. | Hang on a second. | No, that's wrong. | No. | Okay, but why? | Sure, but who pays for it? |
I see, so it's a trick. | Really, who told you that? | Wow, hold on. | Mm, I don't agree. |
Uh-huh, and then what? | Oh, but that's not true. | Yes, but only in theory. | Exactly, and that's the problem.
| True, although it rarely happens. | What? | Interesting, how does it work? | What do you mean? |
Sorry, can I ask something? | Sorry, what was that? | But why? | Why? | Claude, stop. | Claude, one question. |
Can I just say something? | Let me stop you there. | Excuse me. | Actually, that's not what I asked. |
And what about the children? | Okay, let's move on. | Right, next question. | Yeah, but how? | Ah, so you agree.
| Oh come on. | Good point, but I have another one. | I disagree. | That's not true. | Well, it depends. |
Hm, I'm not sure about that.
"""
ESPEAK = {"gb": "en-gb", "us f": "en-us+f3"}


NOISES = ("cough", "clap", "breath", "click", "laughter", "clearing")


def sayings() -> list[tuple[str, str, str]]:
    """Kind, speaker or sound, and text."""
    speakers = (*corpus.PIPER, *(f"espeak {speaker}" for speaker in ESPEAK))
    said = [
        (kind, speaker, text.strip())
        for kind, texts in (("backchannel", BACKCHANNELS), ("turn", INTERRUPTIONS))
        for text in texts.split("|")
        for speaker in speakers
    ]
    return said + [("noise", f"{noise} {seed}", "") for seed in range(8) for noise in NOISES]


def sound_of(speaker: str, text: str) -> corpus.Int16:
    """48 kHz samples."""
    if speaker in corpus.PIPER:
        return corpus.piper(text, corpus.PIPER[speaker])[0]
    name, _, rest = speaker.partition(" ")
    match name:
        case "espeak":
            return corpus.espeak(text, ESPEAK[rest])
        case "cough":
            return cough(int(rest))
        case "clap":
            return burst(int(rest), attack_s=0.002, decay_s=0.05, colour=0.3)
        case "breath":
            return burst(int(rest), attack_s=0.15, decay_s=0.3, colour=0.8)
        case "click":
            return burst(int(rest), attack_s=0.001, decay_s=0.008, colour=0.0)
        case _:
            return non_speech.first_of(non_speech.sound({"clearing": "cough"}.get(name, name), 2.2, int(rest)))


def burst(seed: int, *, attack_s: float, decay_s: float, colour: float) -> corpus.Int16:
    rng = np.random.default_rng(seed)
    attack_s, decay_s = attack_s * rng.uniform(0.7, 1.4), decay_s * rng.uniform(0.7, 1.4)
    time = np.arange(round((attack_s + decay_s * 4) * corpus.RATE_HZ)) / corpus.RATE_HZ
    shape = np.minimum(time / attack_s, 1.0) * np.exp(-np.maximum(0.0, time - attack_s) / decay_s)
    return corpus.to_int16(corpus.noise(len(time) / corpus.RATE_HZ, -20.0, seed, colour=colour)[: len(time)] * shape)


def cough(seed: int) -> corpus.Int16:
    """One to three bursts of noise in a throat: two broad resonances."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(rng.integers(1, 4)):
        sound = burst(int(rng.integers(1 << 30)), attack_s=0.01, decay_s=0.09, colour=1.2).astype(np.float64)
        spectrum = np.fft.rfft(sound)
        frequency = np.fft.rfftfreq(len(sound), 1 / corpus.RATE_HZ)
        throat = sum(1 / (1 + ((frequency - f) / (f * 0.4)) ** 2) for f in rng.uniform((400, 1200), (800, 2200)))
        parts.append(np.fft.irfft(spectrum * throat, len(sound)))
        parts.append(np.zeros(round(rng.uniform(0.02, 0.12) * corpus.RATE_HZ)))
    x = np.concatenate(parts)
    return corpus.to_int16(x / np.abs(x).max() * 12_000)


_decodings: list[Decodings] = []  # one a process


def heard(saying: tuple[str, str, str]) -> str | None:
    """A row; None where the ear heard nobody. Of what it took for two utterances, the last."""
    kind, speaker, text = saying
    if not _decodings:
        _decodings.append(Decodings(hearing.CACHE))
    pcm = corpus.level(sound_of(speaker, text), LEVEL_DBFS)
    start, end = corpus.voiced_span(pcm)
    pcm = pcm[round(start * corpus.RATE_HZ) : round(end * corpus.RATE_HZ)]
    clip = corpus.Clip(name=text, kind="short", speaker=speaker, pcm=pcm, text=text, start_s=0.0, end_s=end - start)
    settings = HearingSettings(interim=InterimSettings(first_after_s=1e6))
    with mock.patch.object(hearing, "VirtualRecognizer", Unrecorded):
        (found,) = hearing.hear_virtually([clip], _decodings[0], settings)
    if not found.evidence or (evidence := found.evidence[-1]) is None:
        return None
    return (
        f"{kind}\t{speaker}\t{text}\t{found.ends[-1]}\t{evidence.speech_s:.2f}\t"
        f"{evidence.average_log_probability:.2f}\t{evidence.no_speech_probability:.2f}\t"
        f"{evidence.also_read}"
    )


def main() -> None:
    rows = []
    with ProcessPoolExecutor(os.cpu_count(), initializer=logging.disable, initargs=(logging.WARNING,)) as pool:
        for row in pool.map(heard, sayings(), chunksize=4):
            if row is not None:
                rows.append(row)
                print(row, file=sys.stderr)
    head = "# kind\tspeaker\tsaid\theard\tspeech_s\tlog_probability\tno_speech\talso_read; see make_heard_over_an_ai.py"
    before = OUT.read_text()
    OUT.write_text("\n".join([head, *rows, before[before.index(EARLIER) :]]))


if __name__ == "__main__":
    main()
