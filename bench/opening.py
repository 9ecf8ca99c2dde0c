"""Opens the files of a sealed episode as others will: a browser, ffprobe, a checker of Matroska's structure."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

import av
from playwright.sync_api import Playwright, Route, sync_playwright

from tests.recording.matroska import WebM
from tests.web.browser import chromium

_ORIGIN = "http://episode.test/"
_OPEN = """async names => {
    const faults = [];
    for (const name of names) {
        const data = await (await fetch(name)).arrayBuffer();
        try {
            if (name.endsWith(".vtt")) {
                const video = document.createElement("video"), track = document.createElement("track");
                track.src = URL.createObjectURL(new Blob([data], {type: "text/vtt"}));
                video.append(track);
                track.track.mode = "hidden";
                await new Promise((good, bad) => {
                    track.onload = good;
                    track.onerror = () => bad("no WebVTT");
                });
                continue;
            }
            const audio = new Audio(URL.createObjectURL(new Blob([data], {type: "audio/webm"})));
            const told = what => new Promise((good, bad) => {
                audio[what] = good;
                audio.onerror = () => bad(audio.error.message);
            });
            await told("onloadedmetadata");
            const sought = told("onseeked");
            audio.currentTime = audio.duration / 2;
            await sought;
            const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(data);
            if (Math.abs(sound.duration - audio.duration) > 0.1)
                faults.push(`${name}: ${sound.duration} s of sound in a track of ${audio.duration} s`);
        } catch (error) { faults.push(`${name}: ${error}`); }
    }
    return faults;
}"""


class Opener:
    """A running browser. A context manager; with `browser=False` it makes do without one."""

    def __init__(self, *, browser: bool) -> None:
        self._wanted = browser
        self._playwright: Playwright | None = None
        self._folder = Path()

    def __enter__(self) -> Opener:
        if self._wanted:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            self._page = self._browser.new_page()
            self._page.route("**/*", self._answer)
            self._page.goto(_ORIGIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._playwright is not None:
            self._browser.close()
            self._playwright.stop()

    def _answer(self, route: Route) -> None:
        name = route.request.url.removeprefix(_ORIGIN)
        if name:
            route.fulfill(path=self._folder / name)
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    def faults(self, folder: Path) -> list[str]:
        """What somebody who opens these files would stumble over."""
        tracks = sorted(folder.glob("*.webm"))
        found = [fault for path in tracks for fault in _structure(path)]
        if shutil.which("ffprobe"):
            found += [fault for path in tracks for fault in _ffprobe(path)]
        if self._playwright is not None:
            self._folder = folder
            heard = [path.name for path in tracks if _length_s(path) > 0.1]
            found += self._page.evaluate(_OPEN, [*heard, *(path.name for path in sorted(folder.glob("*.vtt")))])
        return found


def _structure(path: Path) -> list[str]:
    try:
        return [f"{path.name}: {fault}" for fault in WebM(path).check_sealed()]
    except (ValueError, IndexError) as error:  # it leads nowhere
        return [f"{path.name}: no Matroska: {error}"]


def _length_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def _ffprobe(path: Path) -> list[str]:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format=duration:stream=codec_name", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode or ran.stderr:
        return [f"{path.name}: ffprobe says {ran.stderr.strip()}"]
    told = json.loads(ran.stdout)
    codecs = [stream["codec_name"] for stream in told["streams"]]
    return [] if codecs == ["opus"] and "duration" in told["format"] else [f"{path.name}: ffprobe sees {told}"]
