"""A report as a reader sees it: rendered by Debian's chromium, and what is cut, crowded or askew in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WIDTHS_PX = {"screen": 1300, "phone": 420, "print": 718}
"""Of the window; 718 px are the 190 mm of a sheet A4 between its margins."""
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

_PROBE = (Path(__file__).parent / "rendered_page.js").read_text(encoding="utf-8")


def chromium() -> str | None:
    """Path of Debian's chromium; None where it is not installed. Playwright would fetch one of its own: never."""
    return shutil.which("chromium")


@contextmanager
def browser() -> Iterator[Any]:
    """A browser that reaches nothing but files."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        try:
            yield made
        finally:
            made.close()


@dataclass
class Rendering:
    """What was found in one rendering of a page: nothing in `faults` is a page as it should be."""

    faults: list[str] = field(default_factory=list)
    n_figures: int = 0
    n_scrolling_tables: int = 0


def render(browser: Any, path: Path, medium: str, *, pdf: Path | None = None, scheme: str = "light") -> Rendering:
    """Open a page for the medium ``screen``, ``phone`` or ``print`` and look for faults; for print also as PDF.

    Faults are what the probe names (see rendered_page.js), errors in the console, and requests for anything but the
    file itself.
    """
    found = Rendering()
    page = browser.new_page(viewport={"width": WIDTHS_PX[medium], "height": 1000}, color_scheme=scheme)
    page.on("console", lambda told: found.faults.append(f"console: {told.text}") if told.type == "error" else None)
    page.on("pageerror", lambda error: found.faults.append(f"script: {error}"))
    page.on("request", lambda request: _note_request(found, request.url, path))
    page.emulate_media(media="print" if medium == "print" else "screen")
    page.goto(path.resolve().as_uri(), wait_until="load")
    seen = page.evaluate(_PROBE, medium)
    found.faults += seen["faults"]
    found.n_figures, found.n_scrolling_tables = seen["figures"], seen["scrolling"]
    if pdf is not None:
        page.pdf(path=str(pdf), prefer_css_page_size=True, print_background=True)
    page.close()
    return found


def _note_request(found: Rendering, url: str, path: Path) -> None:
    if url != path.resolve().as_uri() and not url.startswith(("data:", "blob:")):
        found.faults.append(f"request: {url}")
