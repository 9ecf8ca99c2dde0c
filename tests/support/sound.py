"""Sound files as samples."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt


def decode(path: Path, rate_hz: int) -> npt.NDArray[np.int16]:
    """All of a file: int16, (samples,), mono, at `rate_hz`."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
        frames = [resampled for frame in container.decode(audio=0) for resampled in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
