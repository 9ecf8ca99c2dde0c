"""The figures of bench/sync.py, on a minute of its speakers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.real  # processes, disks and their time

BENCH = Path(__file__).resolve().parents[2] / "bench" / "sync.py"


@pytest.fixture(scope="module")
def sync() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_sync", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_speakers_on_wrong_clocks_and_bad_networks_stay_within_five_milliseconds(sync: ModuleType) -> None:
    end_s = 30.0
    cast = [
        sync.Speaker("fast", ppm=200.0, jitter_ms=3.0),
        sync.Speaker("slow", ppm=-200.0, loss=0.20, jitter_ms=5.0),
        sync.Speaker("holes", ppm=150.0, loss=0.20, concealed=False, jitter_ms=2.0),
        sync.Speaker("returns", jitter_ms=3.0, away=((10.0, 16.0),), deaf=((20.0, 21.3),)),
    ]
    clicks = sync.click_times(end_s, 1)
    results = [sync.record(speaker, end_s, clicks, number) for number, speaker in enumerate(cast)]
    for result in results:
        assert len(result.errors_ms) >= 0.95 * result.clicks
    assert max(sync.alignments_ms(results).values()) < 5.0
