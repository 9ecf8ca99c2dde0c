"""Moonshine tiny: English turns read in a third of the time that Whisper base takes, and as well.

Whisper encodes a window of fixed length; Moonshine (Jeffries et al. 2024, arXiv:2410.15608) encodes what was said and
nothing else, on one core. It tells how sure it is of each token, so that Whisper need only read what is in doubt.
"""

from agent.hearing.moonshine.files import MoonshineMissing, model_folder
from agent.hearing.moonshine.reader import MoonshineReader

__all__ = ["MoonshineMissing", "MoonshineReader", "model_folder", "open_reader"]


def open_reader() -> MoonshineReader:
    """The model that is installed.

    Raises:
        MoonshineMissing: see its message.
    """
    return MoonshineReader(model_folder())
