"""A read head that may run a little faster or slower than the samples come in, to follow a drifting clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent.recording.audio import Int16

_HALF = 16  # taps to each side; with Kaiser's window, images lie below -80 dB up to 16 kHz
_PHASES = 2048  # fractions of a sample in the table
_KAISER_BETA = 8.0


def _kernels() -> npt.NDArray[np.float32]:
    fractions = (np.arange(_PHASES)[:, np.newaxis] + 0.5) / _PHASES
    distance = np.arange(-_HALF + 1, _HALF + 1)[np.newaxis, :] - fractions
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - (distance / _HALF) ** 2, 0.0, 1.0))) / np.i0(_KAISER_BETA)
    kernels = np.sinc(distance) * window
    normalised: npt.NDArray[np.float32] = (kernels / kernels.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


class Stretcher:
    """Contiguous samples in, contiguous samples out, bit for bit the same while `skew` is 0.

    Attributes:
        skew: output seconds gained per input second; 2e-4 makes a stream of 200 ppm too few samples fit.
    """

    _KERNELS = _kernels()

    def __init__(self) -> None:
        self.skew = 0.0
        self._buffer: Int16 = np.zeros(_HALF, np.int16)  # what lies before the first sample is silence
        self._head = float(_HALF)  # where in the buffer the next output sample is read

    @property
    def pending(self) -> float:
        """Output samples that are still to come from what was fed."""
        return (len(self._buffer) - self._head) * (1.0 + self.skew)

    @property
    def exact(self) -> bool:
        """Whether samples pass unchanged."""
        return self.skew == 0.0 and self._head.is_integer()

    def feed(self, pcm: Int16) -> Int16:
        """The output that `pcm` completes; the last 16 samples wait for their right neighbours."""
        self._buffer = np.concatenate((self._buffer, pcm))
        output = self._read(len(self._buffer) - _HALF)
        gone = int(self._head) - _HALF  # keep the left neighbours of the next output sample
        self._buffer = self._buffer[gone:]
        self._head -= gone
        return output

    def drain(self) -> Int16:
        """The rest, as if silence followed; then as new, with the same skew."""
        end = len(self._buffer)
        self._buffer = np.concatenate((self._buffer, np.zeros(_HALF, np.int16)))
        output = self._read(end)
        self._buffer = np.zeros(_HALF, np.int16)
        self._head = float(_HALF)
        return output

    def _read(self, end: int) -> Int16:
        """Read from the head up to `end` (exclusive) and move the head there."""
        if self.exact:
            head = int(self._head)
            self._head = float(max(head, end))
            return self._buffer[head:end]
        step = 1.0 / (1.0 + self.skew)
        count = max(0, int(np.ceil((end - self._head) / step)))
        places = self._head + step * np.arange(count)
        places = places[places < end]
        self._head += step * len(places)
        if not len(places):
            return np.zeros(0, np.int16)
        whole = places.astype(np.intp)
        phase = ((places - whole) * _PHASES).astype(np.intp)
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, 2 * _HALF)[whole - _HALF + 1]
        sums = np.einsum("ij,ij->i", windows.astype(np.float32), self._KERNELS[phase])
        output: Int16 = np.clip(np.rint(sums), -32768, 32767).astype(np.int16)
        return output
