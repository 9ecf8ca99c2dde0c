"""Speakers' ids: slugs that are safe as file names, attribute values and XML names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_MAX_LENGTH = 40  # leaves room for suffixes in file names, which most systems cap at 255 bytes


def slugify(text: str, *, default: str = "guest") -> str:
    """`text` as lower-case ASCII letters, digits and single hyphens; `default` when nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:_MAX_LENGTH].strip("-")
    return slug or default


def unique_slug(text: str, taken: Container[str], *, default: str = "guest") -> str:
    """The slug of `text`, with a number behind it when it is taken: `anna`, `anna-2`, ..."""
    base = slugify(text, default=default)
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
