"""A run directory: made, continued, or refused when it holds something else."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.records import write_atomically
from paddlewheel.version import __version__

INPUTS = "inputs.yaml"
_OURS = ("result.json", "report.html", "trajectories", "units")
_PACKAGES = ("ase", "numpy", "scipy", "torch", "vesin", "zarr", "pymatgen-core", "parsl", "phonopy", "spglib")


def default_directory(command: str, source: Any) -> Path:
    """Where a run goes without `out`: the command and the name of what it is about, in the working directory."""
    name = Path(source).name.split(".")[0] if isinstance(source, str | Path) else source.get_chemical_formula("metal")
    return Path(f"{command}-{name}")


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide numbers."""
    versions = {"paddlewheel": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # an optional package: its absence is a fact too
            versions[package] = "not installed"
    return versions


def check_directory(directory: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether `directory` holds this very run already (True), or is free for it (False); nothing is written.

    `inputs` is the document of every resolved setting, without versions.

    Raises
    ------
    RunDirectoryError
        If it holds a run with other inputs (the first difference is named), or files of another origin.
    """
    remedy = "give the same options to continue it, or use another --out"
    if directory.exists() and not directory.is_dir():
        raise RunDirectoryError("is a file", where=directory, remedy="use another --out")
    path = directory / INPUTS
    if path.exists():
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise RunDirectoryError(f"cannot be read ({type(error).__name__})", where=path, remedy=remedy) from error
        if not isinstance(found, dict):
            raise RunDirectoryError("is no inputs document", where=path, remedy="use another --out")
        difference = _first_difference({key: found.get(key) for key in inputs}, dict(inputs), "")
        if difference:
            raise RunDirectoryError(f"holds a run with other inputs ({difference})", where=directory, remedy=remedy)
        return True
    if directory.exists():
        there = [name for name in _OURS if (directory / name).exists()]
        if there:
            raise RunDirectoryError(
                f"holds {', '.join(there)} and no {INPUTS}", where=directory, remedy="use another --out"
            )
    return False


def start_directory(directory: Path, inputs: Mapping[str, Any]) -> None:
    """Make the directory and its `inputs.yaml` (with versions); leave an existing one as it is.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    path = directory / INPUTS
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            document = dict(inputs) | {"versions": package_versions()}
            write_atomically(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _first_difference(found: Any, wanted: Any, name: str) -> str | None:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(key for key in found if key not in wanted)]:
            difference = _first_difference(found.get(key), wanted.get(key), f"{name}.{key}" if name else str(key))
            if difference:
                return difference
        return None
    return None if found == wanted else f"{name} is {found!r} there and {wanted!r} now"
