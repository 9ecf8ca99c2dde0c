"""The page's first load is small enough for a phone on a slow line."""

from __future__ import annotations

import gzip
import re

import pytest

from agent.web.site import BUILT_PAGE

MOST_BYTES = 200_000  # gzip; what a browser must have before it shows the green room


@pytest.mark.parametrize("page", ["index.html", "episodes.html"])
def test_the_first_load_is_small(page: str) -> None:
    html = BUILT_PAGE / page
    if not html.is_file():
        pytest.fail("the page is not built: run 'make web'")
    text = html.read_text(encoding="utf-8")
    files = [html, *(BUILT_PAGE / name for name in sorted(set(re.findall(r'"/(assets/[^"]+)"', text))))]
    assert {file.suffix for file in files} >= {".html", ".js", ".css"}
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= MOST_BYTES
