"""`studio export`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from agent.export.bar import bar
from agent.export.episode import open_episode
from agent.export.exporting import Exported, Options, export
from agent.export.formats import FORMATS
from agent.export.text import clock
from agent.recording.audio import RATE_HZ


def run_export(
    folder: Path,
    to: Path,
    *,
    form: str,
    bits: str,
    mix: bool,
    mono: bool,
    zipped: bool,
    force: bool,
    say: Callable[[str], None],
) -> bool:
    """Export and say what came of it; False when something is missing or damaged.

    Raises:
        StudioError: with the remedy.
    """
    episode = open_episode(folder)
    options = Options(
        format=form,
        bits=16 if bits == "16" else 24,
        mix=mix or mono or not FORMATS[form].lossless,
        mono=mono,
        zipped=zipped,
        force=force,
    )
    with _ended_as_interrupted(), bar(Console(stderr=True)) as step:
        exported = export(episode, to, options, step=step)
    speakers = len([name for name in exported.files if name.startswith("tracks/")])
    say(f"{exported.path}  {speakers} tracks of {clock(episode.samples / RATE_HZ)}, {len(exported.files)} files")
    if exported.mixed is not None:
        say(_about_mix(exported))
    for problem in exported.problems:
        click.echo(f"{click.style('missing', fg='red')}: {problem}", err=True)
    return not exported.problems


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """SIGTERM as Ctrl-C, so that it leaves nothing behind either."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _about_mix(exported: Exported) -> str:
    assert exported.mixed is not None
    loudness = exported.mixed.loudness
    name = next(name for name in exported.files if name.startswith("mix."))
    if loudness.silent:
        return f"{name}: nobody is heard"
    return f"{name}: {loudness.integrated_lufs:.1f} LUFS, true peak {loudness.true_peak_dbtp:.1f} dBTP"
