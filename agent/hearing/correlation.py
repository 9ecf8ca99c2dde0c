"""Is one sound in another, and how much later? Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.hearing.transcriber import Int16

RATE_HZ = 16_000
BAND_HZ = (150.0, 4_000.0)  # where speech is, and where codecs and loudspeakers keep the waveform


@dataclass(frozen=True, slots=True)
class Match:
    """The best lag, and how far it stands out."""

    lag: int  # samples by which the sound is later than the reference
    score: float  # the peak over the RMS of all lags: below 9 by chance in 95 of 100, 10 to 30 for an echo in a room


def find(sound: Int16, reference: npt.NDArray[np.float32]) -> Match:
    """Where `reference` lies in `sound`, by generalised cross-correlation with phase transform.

    Knapp and Carter 1976, "The generalized correlation method for estimation of time delay": only phases count, so that
    a copy 30 dB softer behind a room is found as well as a loud one.

    Args:
        sound: (samples,), 16 kHz.
        reference: float32, longer than `sound` by the largest lag, ending at the same time.
    """
    lags = len(reference) - len(sound)
    size = 1 << (len(sound) + len(reference) - 1).bit_length()
    spectrum = np.fft.rfft(sound * np.hanning(len(sound)), size) * np.conj(np.fft.rfft(reference, size))
    spectrum /= np.abs(spectrum) + 1e-9
    frequency = np.fft.rfftfreq(size, 1 / RATE_HZ)
    spectrum[(frequency < BAND_HZ[0]) | (frequency > BAND_HZ[1])] = 0.0
    strength = np.abs(np.fft.irfft(spectrum, size)[(np.arange(lags) - lags) % size])
    best = int(np.argmax(strength))
    return Match(best, float(strength[best] / (np.sqrt(np.mean(strength**2)) + 1e-12)))
