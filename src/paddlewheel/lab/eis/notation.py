"""Circuits as they are usually written: `R0-p(R1,CPE1)-Wo1` as impedance.py has it, and `R(RQ)([RW]Q)` as Boukamp.

impedance.py (doi 10.21105/joss.02349) joins what is in series by hyphens and puts what is in parallel into p(,);
elements carry numbers. Boukamp's circuit description code (doi 10.1016/0167-2738(86)90031-7) writes elements one behind
another: what stands in the outermost brackets is parallel, what stands in brackets within those in series, and so on;
square brackets are always in series. Its letters are R, C, L, Q (CPE), W, T (open) and O (short) for diffusion over a
finite length, G (Gerischer).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.elements import KINDS, Element, Group, Node, renamed

MOST_ELEMENTS = 16
_ADD_UP = ("R", "C", "L", "W")
"""Kinds of which two side by side cannot be told from one."""
_OTHER_NAMES = {"Q": "CPE", "O": "Ws", "T": "Wo"}
_HYPHENATED = re.compile(r"\s*(p\(|[A-Za-z]+\d*|[-,)])")
_CODE = re.compile(r"\s*([RCLQWTOG]\d*|[()\[\]])")
_REMEDY = "write such as R0-p(R1,CPE1)-Wo1 or R(RQ)(RQ), of the elements " + ", ".join(KINDS)


def parse_node(text: str) -> Node:
    """A circuit in either notation; elements without a number get one.

    Raises
    ------
    SettingsError
        For what is no circuit, with the place where it ceases to be one.
    """
    is_code = re.search(r"p\(|[-,]", text) is None and re.sub(r"\d*\s*$", "", text.strip()) not in KINDS
    parser = _Parser(text, is_code=is_code)
    node = parser.code(parallel=False) if is_code else parser.series()
    if parser.next:
        raise parser.refusal(f"'{parser.next}' where it should end")
    for part in _groups(node):
        alike = Counter(each.kind for each in part.parts if isinstance(each, Element) and each.kind in _ADD_UP)
        if alike and max(alike.values()) > 1:
            raise parser.refusal(f"{max(alike, key=lambda kind: alike[kind])} twice in a row, which is one")
    count = len(list(node.elements()))
    if count > MOST_ELEMENTS:
        raise SettingsError(f"{count} elements", where="circuit", remedy=f"at most {MOST_ELEMENTS} are fitted")
    return _numbered(node)


class _Parser:
    def __init__(self, text: str, *, is_code: bool) -> None:
        self._text, self._tokens, self._at, self._is_code = text, list[str](), 0, is_code
        token, place, end = _CODE if is_code else _HYPHENATED, 0, len(text.rstrip())
        while place < end:
            found = token.match(text, place)
            if found is None:
                raise self.refusal(f"'{text[place:].strip()[:12]}' is none of its elements or signs")
            self._tokens.append(found[1])
            place = found.end()

    @property
    def next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        taken = self.next
        self._at += 1
        return taken

    def refusal(self, problem: str) -> SettingsError:
        return SettingsError(f"'{self._text}': {problem}", where="circuit", remedy=_REMEDY)

    def series(self) -> Node:
        parts = [self._part()]
        while self.next == "-":
            self.take()
            parts.append(self._part())
        return _group(parts, parallel=False)

    def _part(self) -> Node:
        if self.next != "p(":
            return self._element(self.take())
        self.take()
        branches = [self.series()]
        while self.next == ",":
            self.take()
            branches.append(self.series())
        if self.take() != ")":
            raise self.refusal("a bracket that is not closed")
        if len(branches) < 2:
            raise self.refusal("p() of a single branch")
        return _group(branches, parallel=True)

    def code(self, *, parallel: bool) -> Node:
        parts: list[Node] = []
        while self.next and self.next not in ")]":
            token = self.take()
            if token in ("(", "["):
                inner = self.code(parallel=token == "(" and not parallel)
                if self.take() != {"(": ")", "[": "]"}[token]:
                    raise self.refusal("a bracket that is not closed")
                parts.append(inner)
            else:
                parts.append(self._element(token))
        if not parts:
            raise self.refusal("an empty circuit or bracket")
        if parallel and len(parts) < 2:
            raise self.refusal("brackets around a single branch")
        return _group(parts, parallel=parallel)

    def _element(self, token: str) -> Element:
        found = re.fullmatch(r"([A-Za-z]+)(\d*)", token)
        if found is None:
            raise self.refusal(f"'{token or 'nothing'}' where an element should be")
        letters = found[1]
        if letters == "T" and not self._is_code:
            raise self.refusal("T is a porous electrode in impedance.py and an open Warburg element with Boukamp: "
                               "write Wo, or TLMQ")  # fmt: skip
        kind = _OTHER_NAMES.get(letters, letters)
        if kind not in KINDS:
            raise self.refusal(f"'{token}' is no element")
        return Element(kind, f"{kind}{found[2]}")


def _groups(node: Node) -> Iterator[Group]:
    if isinstance(node, Group):
        yield node
        for part in node.parts:
            yield from _groups(part)


def _group(parts: list[Node], *, parallel: bool) -> Node:
    """Flat: a group within one of the same sort is part of it."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, Group) and part.parallel == parallel else [part]
    return flat[0] if len(flat) == 1 else Group(parallel, tuple(flat))


def _numbered(node: Node) -> Node:
    """Elements without a number get the next free one of their kind, from 1; none stands twice.

    Raises
    ------
    SettingsError
        For a name that stands twice.
    """
    elements = list(node.elements())
    given = Counter(element.name for element in elements if element.name != element.kind)
    twice = [name for name, count in given.items() if count > 1]
    if twice:
        raise SettingsError(f"{twice[0]} stands twice", where="circuit", remedy="number the elements, each once")
    taken, names = set(given), []
    for element in elements:
        name, number = element.name, 1
        if name == element.kind:
            while f"{element.kind}{number}" in taken:
                number += 1
            name = f"{element.kind}{number}"
            taken.add(name)
        names.append(name)
    return renamed(node, iter(names))
