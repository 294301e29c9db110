"""The rooms of the house: no circles among files, and one place alone for what belongs to the life of a run."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import grimp
import pytest

import paddlewheel

SOURCE = Path(paddlewheel.__file__).parent


@cache
def _imports() -> dict[str, set[str]]:
    graph = grimp.build_graph("paddlewheel", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others (Tarjan 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in sorted(imports.get(module, ())):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            group = stack[stack.index(module) :]
            del stack[len(stack) - len(group) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(imports):
        if module not in order:
            visit(module)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_import_circle_among_files() -> None:
    assert circles(_imports()) == []


@pytest.mark.parametrize("path", sorted((SOURCE / "studies").rglob("*.py")), ids=lambda path: "/".join(path.parts[-2:]))
def test_studies_leave_the_life_of_a_run_to_study(path: Path) -> None:
    """Nobody but `study/` claims directories, locks them, or writes `result.json`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {alias.name for alias in node.names}
            assert "write_record" not in names, f"{path}: write_record"
            assert "DriverLock" not in names, f"{path}: DriverLock"
            assert not (node.module == "paddlewheel.study.run_directory" and names & {"claimed", "check_directory"}), (
                path
            )


def test_constants_stand_in_units_alone() -> None:
    """Boltzmann's constant, c and e: digits of them elsewhere are a second truth."""
    digits = ("8.617", "1.380649", "1.602176", "6.02214", "2.99792", "96485", "8.31446", "6.62607", "1.66053906660")
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in SOURCE.rglob("*.py")
        if path.name != "units.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for constant in digits
        if constant in line and not line.lstrip().startswith("#")
    ]
    assert found == []
