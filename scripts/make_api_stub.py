"""Write src/paddlewheel/api.pyi from studies/table.py: the library calls with their types, for editors and checkers.

`python scripts/make_api_stub.py` writes it; tests/test_api.py holds the file to the table.
"""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from paddlewheel.studies.laboratory import tomography as of_tomograms
from paddlewheel.studies.table import TABLE, load_study, python_names
from paddlewheel.study import settings as declared
from paddlewheel.study.settings import is_needed, setting_names
from paddlewheel.study.study import Study

STUBS = Path(__file__).resolve().parents[1] / "src/paddlewheel"
_HEAD = """# Made by scripts/make_api_stub.py from studies/table.py: do not edit.
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ase import Atoms
from numpy import ndarray
{imports}
from paddlewheel.crystals import read_structure as read_structure
from paddlewheel.potentials import load_potential as load_potential
from paddlewheel.records import Measured, StudyRecord
from paddlewheel.studies.convert.study import convert as convert
from paddlewheel.trajectories import Trajectory as Trajectory
from paddlewheel.trajectories import read_trajectory as read_trajectory

Quantity = Measured | float | str
Numbers = Sequence[float] | float | str
Integers = Sequence[int] | int | str
Names = Sequence[str] | str
Paths = Sequence[str | Path] | str | Path
NamedNumbers = Mapping[str, float] | str
NamedColumns = Mapping[str, str] | str
TypeMap = Mapping[int, str] | str
LabelNames = Mapping[int, str] | str
PhaseNames = Sequence[str | int] | str | int
PhaseConductivities = Mapping[str, float] | Mapping[int, float] | str
VoxelEdges = Sequence[float] | str

def load(directory: str | Path) -> Any: ...
"""
_ALIASES = {
    name: getattr(module, name)
    for module, names in (
        (declared, ("Quantity", "Numbers", "Integers", "Names", "Paths", "NamedNumbers", "NamedColumns", "TypeMap")),
        (of_tomograms, ("LabelNames", "PhaseNames", "PhaseConductivities", "VoxelEdges")),
    )
    for name in names
}


def stub() -> str:
    """The text of `api.pyi`."""
    imports: set[tuple[str, str]] = set()
    calls = [_call(name, load_study(command), imports) for name, command in sorted(python_names().items())]
    lines = "\n".join(f"from {module} import {name}" for module, name in sorted(imports))
    return _HEAD.format(imports=lines) + "".join(calls)


def package_stub() -> str:
    """The text of `__init__.pyi`: the same names."""
    names = ["Trajectory", "convert", "load", "load_potential", "read_structure", "read_trajectory", *python_names()]
    lines = "\n".join(f"from paddlewheel.api import {name} as {name}" for name in sorted(names))
    return f"# Made by scripts/make_api_stub.py from studies/table.py: do not edit.\n{lines}\n\n__version__: str\n"


def _call(name: str, study: Study[Any, Any], imports: set[tuple[str, str]]) -> str:
    lines = [f"def {name}("]
    for argument in study.arguments:
        imports |= set(re.findall(r"\b(paddlewheel\.[\w.]+)\.(\w+)", argument.annotation))
        kind = re.sub(r"paddlewheel\.[\w.]+\.(\w+)", r"\1", argument.annotation)
        lines.append(f"    {argument.name}: {kind}" + ("," if argument.required else " | None = ...,"))
    lines.append("    *,")
    for field in setting_names(study.settings):
        info = study.settings.model_fields[field]
        kind = _type(info.annotation, imports, info.metadata)
        lines.append(f"    {field}: {kind}" + ("," if is_needed(study.settings, field) else " = ...,"))
    lines += [
        "    out: str | Path | None = ...,",
        "    again: bool = ...,",
        "    cores: int | None = ...,",
        "    show_progress: bool = ...,",
    ]
    for record in study.records:
        imports.add((record.__module__, record.__name__))
    return "\n".join(lines) + f"\n) -> {' | '.join(record.__name__ for record in study.records)}: ...\n"


def _type(annotation: Any, imports: set[tuple[str, str]], metadata: Any = ()) -> str:
    """The source of a type: those that are declared with a parser by their name, paths also as text."""
    for alias, whole in _ALIASES.items():
        bare, *told = get_args(whole)
        if annotation == whole or (annotation == bare and any(one in told for one in metadata)):
            return alias
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0], imports)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, get_args(annotation)))}]"
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(_type(member, imports) for member in get_args(annotation)))
    if origin is not None:
        inner = ", ".join("..." if one is Ellipsis else _type(one, imports) for one in get_args(annotation))
        return f"{'Sequence' if origin is tuple and '...' in inner else origin.__name__}[{inner.removesuffix(', ...')}]"
    if annotation is type(None):
        return "None"
    if annotation is Path:
        return "str | Path"
    if annotation is Any:
        return "Any"
    if annotation.__module__ != "builtins":
        imports.add((annotation.__module__, annotation.__name__))
    return annotation.__name__


if __name__ == "__main__":
    (STUBS / "api.pyi").write_text(stub(), encoding="utf-8")
    (STUBS / "__init__.pyi").write_text(package_stub(), encoding="utf-8")
    print(f"{len(TABLE)} studies")
