"""How soon a voice over an AI is known to have set in, and what else is taken for one.

    python -m bench.onsets

With the pitch of a voice (`agent/hearing/voicing.py`) and by the detector alone. In voices and with noises that no
threshold was chosen on; it judges samples, not seconds, so that any machine will do. Takes five minutes.
"""

from __future__ import annotations

import numpy as np

from agent.hearing.settings import VoiceSettings
from bench import corpus, non_speech, sentences
from bench.corpus import RATE_HZ
from bench.hearing import onset_times
from bench.host_sounds import VOICES, speech
from bench.occasions import INTERRUPTIONS

BEFORE_S = 6.0  # the AI is known not to come back by then
SPOKEN_S = 0.6
NOISE_S = 20.0
SEEDS = range(20, 26)


def main() -> None:
    ai = np.concatenate([clip.pcm for clip in corpus.turns(sentences.TURNS_TEST[:12], ("joe",))])
    ways = {
        "with a voice's pitch": VoiceSettings(),
        "by the detector alone": VoiceSettings(pitched_periodicity=1.0),
        "the same, at a probability of 0.3": VoiceSettings(pitched_periodicity=1.0, quick_probability=0.3),
    }
    print("| | onset known after, median | mean | p95 | coughs, knocks and the like taken for one |")
    print("| --- | --- | --- | --- | --- |")
    for name, settings in ways.items():
        delays = []
        for number, text in enumerate(INTERRUPTIONS):
            for voice in VOICES:
                hush = corpus.hush(BEFORE_S + number % 3 * 0.0106, number)  # wherever the detector's windows are
                microphone = np.concatenate([hush, speech(text, voice)[: round(SPOKEN_S * RATE_HZ)]])
                at = len(hush) / RATE_HZ
                delays.append(next(onset for onset in onset_times(ai, microphone, settings) if onset > at - 0.03) - at)
        false = {}
        for kind in non_speech.KINDS:
            false[kind] = sum(len(onset_times(ai, non_speech.sound(kind, NOISE_S, seed), settings)) for seed in SEEDS)
        p50, p95 = np.percentile(delays, [50, 95]) * 1000
        taken = ", ".join(f"{kind} {count}" for kind, count in false.items() if count)
        mean = np.mean(delays) * 1000
        print(f"| {name} (n = {len(delays)}) | {p50:.0f} ms | {mean:.0f} ms | {p95:.0f} ms | {taken} |", flush=True)
    print(f"\nnoises: {len(non_speech.KINDS) * len(SEEDS) * NOISE_S / 60:.0f} min")


if __name__ == "__main__":
    main()
