"""Speakers' ids: slugs that are safe as file names, attribute values and XML names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_MAX_LENGTH = 60  # leaves room for suffixes in file names, which most systems cap at 255 bytes


def slugify(text: str, *, default: str = "guest") -> str:
    """`text` as lower-case ASCII letters, digits and single hyphens, cut at a word; `default` when nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    if len(slug) > _MAX_LENGTH:
        slug = slug[:_MAX_LENGTH].rpartition("-")[0] or slug[:_MAX_LENGTH]
    return slug.strip("-") or default


def unique_slug(text: str, taken: Container[str], *, default: str = "guest") -> str:
    """The slug of `text`, with a number behind it when it is taken: `anna`, `anna-2`, ..."""
    base = slugify(text, default=default)
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
