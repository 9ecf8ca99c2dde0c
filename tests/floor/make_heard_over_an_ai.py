"""Makes `heard_over_an_ai.tsv`: what whisper-base hears in backchannels, interruptions and sounds that are no speech.

Piper at three timbres and espeak-ng's voices say them; coughs, claps, clicks and breaths are shaped noise. Everything
is made with fixed seeds. Run it again when the recogniser changes: `python -m tests.floor.make_heard_over_an_ai`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]
from livekit.plugins.faster_whisper import Mode, Recognizer

from bench import corpus

OUT = Path(__file__).with_name("heard_over_an_ai.tsv")
LEVEL_DBFS = -22.0

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


def clips() -> Iterator[tuple[str, str, str, corpus.Int16]]:
    """Kind, speaker, text, and 48 kHz samples."""
    for kind, texts in (("backchannel", BACKCHANNELS), ("turn", INTERRUPTIONS)):
        for text in (text.strip() for text in texts.split("|")):
            for speaker, timbre in corpus.PIPER.items():
                yield kind, speaker, text, corpus.piper(text, timbre)[0]
            for speaker, voice in ESPEAK.items():
                yield kind, f"espeak {speaker}", text, corpus.espeak(text, voice)
    for seed in range(8):
        yield "noise", f"cough {seed}", "", cough(seed)
        yield "noise", f"clap {seed}", "", burst(seed, attack_s=0.002, decay_s=0.05, colour=0.3)
        yield "noise", f"breath {seed}", "", burst(seed, attack_s=0.15, decay_s=0.3, colour=0.8)
        yield "noise", f"click {seed}", "", burst(seed, attack_s=0.001, decay_s=0.008, colour=0.0)


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


async def main() -> None:
    recognizer = Recognizer()
    recognizer.load()
    rows = []
    for kind, speaker, text, raw in clips():
        pcm = corpus.level(raw, LEVEL_DBFS)
        start, end = corpus.voiced_span(pcm)
        # As the ear cuts it: half a second before the onset, and the silence that was the pause
        x = np.concatenate([corpus.hush(0.5, 1), pcm[round(start * 48_000) : round(end * 48_000)], corpus.hush(0.1, 2)])
        sound = soxr.resample(x.astype(np.float32) / 32768, 48_000, 16_000)
        heard = await recognizer.decode(sound, mode=Mode.FAST, caller="sam", language="en", hotwords="Claude, Nova")
        rows.append(
            f"{kind}\t{speaker}\t{text}\t{heard.text}\t{end - start:.2f}\t"
            f"{heard.average_log_probability:.2f}\t{heard.no_speech_probability:.2f}"
        )
        print(rows[-1], file=sys.stderr)
    head = "# kind\tspeaker\tsaid\theard\tspeech_s\tlog_probability\tno_speech; see make_heard_over_an_ai.py"
    OUT.write_text("\n".join([head, *rows]) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
