"""Whether a sound has the pitch of a voice that is setting in."""

from __future__ import annotations

import numpy as np

from agent.hearing.transcriber import Int16

_LATEST = 240  # samples that are compared: 15 ms, a period and a half of a deep voice
_PERIODS = 40, 230  # samples: 400 to 70 Hz
_GROWING = 160  # samples


def periodicity(pcm: Int16) -> float:
    """How alike the last 15 ms are to what was a period of some pitch before them; 0 where the sound dies away.

    The peak of the normalised cross-correlation over the pitches of speech (Talkin, A Robust Algorithm for Pitch
    Tracking, 1995). It tells a voice from breath, keys and noise two periods after it began, when the detector does not
    yet. A knock rings with a pitch of its own, but from its first moment on it becomes softer, and a voice louder.

    Args:
        pcm: int16, (samples,), 16 kHz mono, 480 samples at least.

    Returns:
        0 to 1.
    """
    sound = pcm[-_LATEST - _PERIODS[1] :].astype(np.float64)
    power = np.concatenate([[0.0], np.cumsum(sound**2)])
    if power[-1] - power[-1 - _GROWING] <= power[-1 - _GROWING] - power[-1 - 2 * _GROWING]:
        return 0.0
    latest = sound[-_LATEST:]
    earlier = slice(0, _PERIODS[1] - _PERIODS[0] + 1)  # where stretches begin that end a period sooner
    alike = np.correlate(sound, latest, "valid")[earlier]
    energies = (power[_LATEST:] - power[:-_LATEST])[earlier]
    return max(0.0, float(np.max(alike / np.sqrt((latest @ latest) * energies + 1.0))))
