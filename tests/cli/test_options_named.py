"""Options that pages, help texts and messages name are options of a command: a name in a text is typed by someone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_options_stay import command_line, commands

_ROOT = Path(__file__).parents[2]
_OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*\w")
_OF_OTHERS = {"--help"}


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Every option of every command."""
    return {
        name
        for command in commands(command_line()).values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _strings(path: Path) -> Iterator[str]:
    """What a module says: its strings, those of f-strings among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(("page", "some"), [("nmr", "--temperatures"), ("xrd", "--phases"), ("dsc", "--mass-mg")])
def test_of_pages_on_the_laboratory(page: str, some: str, options: set[str]) -> None:
    named = set(_OPTION.findall((_ROOT / f"docs/{page}.md").read_text()))
    assert some in named  # the search finds some
    assert named - options - _OF_OTHERS == set()


def test_of_what_the_studies_say(options: set[str]) -> None:
    sources = [*(_ROOT / "src/paddlewheel/studies").rglob("*.py"), *(_ROOT / "src/paddlewheel/lab").rglob("*.py")]
    named = {(option, path.name) for path in sources for text in _strings(path) for option in _OPTION.findall(text)}
    assert len(named) > 20
    assert {each for each in named if each[0] not in options | _OF_OTHERS} == set()
