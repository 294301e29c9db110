"""A parsed report: what a browser would load, whether every tag is closed, and the text a reader sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_LOADING = {"src", "srcset", "href", "xlink:href", "data", "poster", "action", "formaction", "background", "ping"}


class Page(HTMLParser):
    """Balance of tags, ids, scripts, text, and every address outside the file that would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append(({name: value or "" for name, value in attrs}, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = attributes, before + data
        elif self.open and self.open[-1] == "style":
            self._note_css(data)
        else:
            self.text += data

    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        for name, value in found.items():
            self._note_css(value)
            if name not in _LOADING or value.startswith("#"):
                continue
            if tag == "a" and name == "href":
                self.links.append(value)
            elif not value.startswith("data:"):
                self.loaded.append(f"{tag} {name}={value}")

    def _note_css(self, text: str) -> None:
        self.loaded += [
            hit for hit in re.findall(r"url\(\s*['\"]?([^)'\"]*)", text) if not hit.startswith(("#", "data:"))
        ]
        self.loaded += re.findall(r"@import[^;]*", text)
