"""What a killed recorder leaves behind.

    python bench/crash.py [--trials 200] [--seed 1] [--browser] [--json FILE]

Each trial records a talk of three speakers in real time in a process of its own, which reports after every frame how
far it has come, and kills it with SIGKILL at a random moment: often while tracks are being opened, at times while the
folder is being sealed. Then, as they lie there, all files are opened; the loss is the time from the last frame that was
handed in to where the track's sound ends. Then the folder is salvaged and everything is opened and measured again, by
PyAV, ffprobe, a checker of Matroska's structure, parsers of WebVTT and YAML and, when asked for, a browser.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import webvtt
import yaml
from rich.console import Console
from rich.progress import track as progress

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.clock import EpisodeClock
from agent.recording import EpisodeRecorder, salvage
from agent.recording.log import read_log
from bench.opening import Opener

_SPEAKERS = {"anna": "Anna & <Co>", "ben": "Ben", "claude": "Claude"}
_ALLOWED_S = 1.0


@dataclass
class Trial:
    """One kill.

    Attributes:
        killed_after_s: wall time of the recording.
        loss_s: the longest that any track lacks.
        faults: everything that was not as promised; empty when all is well.
    """

    killed_after_s: float
    when: str
    loss_s: float = 0.0
    faults: list[str] = field(default_factory=list)


async def _talk(root: Path) -> None:
    """The victim: records until it is killed, or seals when told to; prints how far each track was handed in."""
    clock = EpisodeClock()
    recorder = await EpisodeRecorder.open(root, "crash", clock=clock, title="Crash test", about={})
    tracks = {who: recorder.track(who, name=name, role="human") for who, name in _SPEAKERS.items()}
    noise = (2000 * np.random.default_rng(0).standard_normal(480)).astype(np.int16)
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    loop.add_reader(sys.stdin, end.set)
    begin, frames = clock.now(), 0
    print(f"{begin:.2f}", flush=True)
    while not end.is_set():
        at = begin + frames / 100
        for who, track in tracks.items():
            if who != "ben" or int(at * 2) % 3:  # ben speaks now and then
                track.write(at, noise)
        recorder.event(at, "stt.interim", who="anna", utterance="u1", text=f"word {frames}")
        if frames % 70 == 69:
            recorder.caption("anna", at - 0.6, at, f"These are the words of frame {frames} & so on.")
        frames += 1
        print(f"{at + 0.01:.2f}", flush=True)
        await asyncio.sleep(max(0.0, begin + frames / 100 - clock.now()))
    await recorder.seal(reason="told to")
    print("sealed", flush=True)


def _victim(root: Path, *, after_s: float, sealing: bool) -> tuple[float, float, str]:
    """Run one and kill it; (when the talk began, how far it had come, what it was doing)."""
    command = [sys.executable, __file__, "--victim", str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        begin = float(process.stdout.readline())
        if sealing:
            time.sleep(1.5)
            process.stdin.write("end\n")
            process.stdin.flush()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split("\n")
    complete = [line for line in lines[:-1] if line]
    done = complete[-1] == "sealed" if complete else False
    times = [float(line) for line in complete if line != "sealed"]
    when = "after sealing" if done else "while sealing" if sealing else "while recording"
    return begin, (times[-1] if times else begin), when


def _sound_until(path: Path) -> tuple[float, float]:
    """(where the last sound lies, how long the track is), seconds; raises when the file cannot be decoded."""
    loud, length = 0, 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pcm = frame.to_ndarray()[0]
            above = np.flatnonzero(np.abs(pcm) > 0.005)
            if len(above):
                loud = length + int(above[-1]) + 1
            length += len(pcm)
    return loud / 48000, length / 48000


def _readable(folder: Path, trial: Trial, stage: str) -> dict[str, float]:
    """Open everything; the length of each track."""
    lengths = {}
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".webm":
                lengths[path.stem] = _sound_until(path)[1]
                if shutil.which("ffprobe"):
                    subprocess.run(["ffprobe", "-v", "error", "-i", str(path)], check=True, capture_output=True)
            elif path.suffix == ".vtt":
                for caption in webvtt.read(str(path)).captions:
                    assert caption.text
            elif path.suffix == ".jsonl":
                assert any(entry.kind == "session.start" for entry in read_log(path))
            elif path.name == "session.yml":
                assert yaml.safe_load(path.read_text())["title"] == "Crash test"
        except Exception as error:  # whatever it is, it is a finding
            trial.faults.append(f"{stage}: {path.name}: {type(error).__name__}: {error}")
    return lengths


def run_trial(root: Path, opener: Opener, *, after_s: float, sealing: bool) -> Trial:
    """Kill, look, salvage, look again."""
    begin, handed_in, when = _victim(root, after_s=after_s, sealing=sealing)
    trial = Trial(after_s, when)
    folder = root / "crash"
    _readable(folder, trial, "killed")
    for who in ("anna", "claude"):  # they speak all the time
        path = folder / f"{who}.webm"
        until = _sound_until(path)[0] if path.exists() else 0.0
        trial.loss_s = max(trial.loss_s, handed_in - max(until, begin))
    log = list(read_log(folder / "events.jsonl")) if (folder / "events.jsonl").exists() else []
    last_event = max((entry.at for entry in log if entry.kind == "stt.interim"), default=begin)
    if handed_in - last_event > _ALLOWED_S:
        trial.faults.append(f"events.jsonl lacks the last {handed_in - last_event:.2f} s")
    if trial.loss_s > _ALLOWED_S:
        trial.faults.append(f"lost {trial.loss_s:.2f} s, killed after {after_s:.2f} s")
    before = {who: _sound_until(path)[0] for who in _SPEAKERS if (path := folder / f"{who}.webm").exists()}
    salvaged = salvage(root)
    if when != "after sealing" and [sealed.status for sealed in salvaged] not in (["salvaged"], []):
        trial.faults.append(f"salvage says {salvaged}")
    trial.faults.extend(problem for sealed in salvaged for problem in sealed.problems)
    if yaml.safe_load((folder / "session.yml").read_text())["status"] not in ("salvaged", "sealed"):
        trial.faults.append("not sealed by the salvage")
    lengths = _readable(folder, trial, "salvaged")
    trial.faults.extend(f"salvaged: {fault}" for fault in opener.faults(folder))
    if len(set(lengths.values())) > 1:
        trial.faults.append(f"tracks do not end together: {lengths}")
    for who, until in before.items():
        if abs(_sound_until(folder / f"{who}.webm")[0] - until) > 0.02:  # a last packet rings on once another follows
            trial.faults.append(f"the salvage changed {who}'s sound")
    if leftovers := [path.name for path in folder.iterdir() if path.name.startswith(".")]:
        trial.faults.append(f"left behind: {leftovers}")
    if salvage(root):
        trial.faults.append("a second salvage found something to do")
    return trial


def run(trials: int, seed: int, opener: Opener) -> list[Trial]:
    """So many trials; a fifth of them is killed while sealing."""
    chance = random.Random(seed)
    results = []
    for number in progress(range(trials), description="kills"):
        sealing = number % 5 == 4
        after_s = chance.uniform(0.0, 0.4) if sealing else chance.choice((chance.uniform(0, 1), chance.uniform(0, 6)))
        with tempfile.TemporaryDirectory() as folder:
            results.append(run_trial(Path(folder), opener, after_s=after_s, sealing=sealing))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--browser", action="store_true", help="open the files in a Chromium as well")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--victim", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.victim:
        asyncio.run(_talk(arguments.victim))
        return 0
    with Opener(browser=arguments.browser) as opener:
        results = run(arguments.trials, arguments.seed, opener)
    losses = np.array([trial.loss_s for trial in results])
    faults = [fault for trial in results for fault in trial.faults]
    console = Console(width=120)
    for when in ("while recording", "while sealing", "after sealing"):
        console.print(f"killed {when}: {sum(trial.when == when for trial in results)}")
    console.print(
        f"loss: median {np.median(losses):.2f} s, 99 % below {np.percentile(losses, 99):.2f} s, "
        f"worst {losses.max():.2f} s; the claim is {_ALLOWED_S:g} s"
    )
    console.print(f"faults: {len(faults)}")
    for fault in faults:
        console.print(f"  {fault}")
    if arguments.json:
        figures = {
            "trials": len(results),
            "loss_median_s": float(np.median(losses)),
            "loss_worst_s": float(losses.max()),
            "faults": faults,
        }
        arguments.json.write_text(json.dumps(figures, indent=1))
    return 0 if not faults else 1


if __name__ == "__main__":
    sys.exit(main())
