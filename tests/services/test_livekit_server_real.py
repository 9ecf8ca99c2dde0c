"""The LiveKit server that is started here: it carries sound, and it tells what is wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from livekit import rtc

from agent.errors import StudioError
from agent.services.livekit_server import Address, Keys, LiveKitServer, answers, check_access, ensure_keys
from agent.services.ports import PortInUse, free_port
from tests.support.livekit import ROOT, LiveKit, running_server, server_binary

pytestmark = pytest.mark.real


async def test_sound_goes_from_one_participant_to_another(livekit: LiveKit) -> None:
    heard = asyncio.Event()
    speaker, listener = rtc.Room(), rtc.Room()

    async def listen(track: rtc.Track) -> None:
        async for frame in rtc.AudioStream(track, sample_rate=48_000, num_channels=1):
            if np.abs(np.frombuffer(frame.frame.data, np.int16)).max() > 3000:
                heard.set()
                return

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        listener.on("track_subscribed", lambda track, *_: tasks.create_task(listen(track)) and None)
        await listener.connect(livekit.url, livekit.token("listener", "sound"))
        await speaker.connect(livekit.url, livekit.token("speaker", "sound"))
        source = rtc.AudioSource(48_000, 1, queue_size_ms=100)
        await speaker.local_participant.publish_track(rtc.LocalAudioTrack.create_audio_track("tone", source))
        tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(480) / 48_000)).astype(np.int16)
        while not heard.is_set():
            await source.capture_frame(rtc.AudioFrame(tone.tobytes(), 48_000, 1, 480))
    await asyncio.gather(speaker.disconnect(), listener.disconnect())


def test_it_listens_on_loopback_only(livekit: LiveKit) -> None:
    sockets = psutil.Process(livekit.process.pid).net_connections(kind="inet")
    assert {socket.laddr.ip for socket in sockets} == {"127.0.0.1"}


def test_no_key_shows_in_the_process_list(livekit: LiveKit) -> None:
    assert not any(livekit.secret in word for word in psutil.Process(livekit.process.pid).cmdline())


async def test_right_keys_pass_the_check(livekit: LiveKit) -> None:
    await check_access(livekit.url, Keys(livekit.key, livekit.secret))


async def test_a_wrong_secret_is_named(livekit: LiveKit) -> None:
    with pytest.raises(StudioError, match="refuses the key") as caught:
        await check_access(livekit.url, Keys(livekit.key, "x" * 40))
    assert "LIVEKIT_API_SECRET" in caught.value.fix


async def test_a_wrong_url_is_named() -> None:
    with pytest.raises(StudioError, match="no LiveKit server answers at LIVEKIT_URL"):
        await check_access(f"ws://127.0.0.1:{free_port()}", Keys("APIx", "x" * 40))
    with pytest.raises(StudioError, match="not a LiveKit address"):
        await check_access("localhost:7880", Keys("APIx", "x" * 40))


def test_a_port_in_use_is_told_with_its_holder(livekit: LiveKit, tmp_path: Path) -> None:
    port = int(livekit.url.rsplit(":", 1)[1])
    server = LiveKitServer(
        server_binary(),
        template=(ROOT / "livekit.yaml").read_text(),
        address=Address(port=port, udp_port=free_port()),
        keys=ensure_keys(tmp_path),
        folder=tmp_path,
    )
    with pytest.raises(PortInUse) as caught:
        server.start()
    assert f"pid {livekit.process.pid}" in str(caught.value)
    assert "STUDIO_LIVEKIT__PORT" in caught.value.fix


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    address = Address(port=free_port(), udp_port=free_port())
    script = f"""
        import time
        from pathlib import Path
        from agent.services.livekit_server import Address, LiveKitServer, ensure_keys
        folder = Path({str(tmp_path)!r})
        server = LiveKitServer(Path({str(server_binary())!r}),
                               template=Path({str(ROOT / "livekit.yaml")!r}).read_text(),
                               address=Address(port={address.port}, udp_port={address.udp_port}),
                               keys=ensure_keys(folder), folder=folder)
        child = server.start()
        server.wait_until_ready(child)
        print(child.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not answers(address)


def test_a_server_of_ones_own_can_be_killed() -> None:
    with running_server() as server:
        server.process.kill()
        assert server.process.poll() is not None
