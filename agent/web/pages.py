"""The built page's files."""

from __future__ import annotations

from html import escape
from pathlib import Path

from aiohttp import web

from agent.web.site import SITE

_PAGES = {"/": "index.html", "/episodes": "episodes.html"}
_HASHED = "assets"  # Vite puts a hash of the content into every name in this folder
# Not guessed: what the system believes of these differs, and the page forbids browsers to guess.
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".webmanifest": "application/json"}


async def page(request: web.Request) -> web.StreamResponse:
    """One of the HTML pages; asked for again each time, so that a new build is seen at once."""
    file = request.app[SITE].static / _PAGES[request.path.rstrip("/") or "/"]
    if not file.is_file():
        return not_found(
            "The page is not built yet", "Run 'make web' in the project's folder, then load this page again."
        )
    return web.FileResponse(file, headers={"Cache-Control": "no-cache"})


async def asset(request: web.Request) -> web.StreamResponse:
    """A file of the built page."""
    root = request.app[SITE].static.resolve()
    file = _inside(root, request.match_info["file"])
    if file is None or file.suffix == ".html":
        return not_found("There is nothing here", "Go back to the studio's front page.")
    hashed = file.is_relative_to(root / _HASHED)
    keep = "public, max-age=31536000, immutable" if hashed else "no-cache"
    kind = {"Content-Type": f"{_TYPES[file.suffix]}; charset=utf-8"} if file.suffix in _TYPES else {}
    return web.FileResponse(file, headers={"Cache-Control": keep} | kind)


def add_pages(app: web.Application) -> None:
    for path in _PAGES:
        app.router.add_get(path, page)
    app.router.add_get("/{file:.+}", asset)


def not_found(what: str, remedy: str) -> web.Response:
    """A plain page that says what to do; it needs no built file."""
    text = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Roundtable</title><h1>{escape(what)}</h1><p>{escape(remedy)}</p>"
        "<p><a href='/'>Roundtable</a></p></html>"
    )
    return web.Response(status=404, text=text, content_type="text/html")


def _inside(root: Path, name: str) -> Path | None:
    """The file `name` below `root`; None when there is none, or when it lies elsewhere."""
    try:
        file = (root / name).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a NUL byte, a name too long
        return None
