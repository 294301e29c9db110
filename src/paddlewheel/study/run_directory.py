"""A run directory: claimed, continued, or refused when it holds something else."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError, RunDirectoryError, writing
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.foreign import read_yaml
from paddlewheel.records import write_atomically
from paddlewheel.version import __version__

INPUTS, RECORD = "inputs.yaml", "result.json"
_OURS = (RECORD, "report.html", "trajectories", "units")
_LEFT_BY_A_START = {INPUTS, "driver.lock", "driver.json", "stop"}
_PACKAGES = ("ase", "numpy", "scipy", "torch", "vesin", "zarr", "pymatgen-core", "parsl", "phonopy", "spglib")
_REMEDY = "give the same options to continue it, or use another --out"
_CHANGED = " is not the file any more that it was made of"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Document:
    """What decides whether a directory holds this very run, and what `inputs.yaml` tells of it.

    Attributes
    ----------
    contents
        Every resolved setting and every input by its content; no versions, no cores, no paths.
    may_change
        Keys that a directory may be continued with in spite of another value; ``group.key`` within a group.
    may_grow
        Keys of numbers that a directory may be continued with larger ones of.
    defaults
        Values of keys that a directory of an earlier version may lack.
    unsaid
        Keys that such a directory lacks without a meaning, for nothing stands for them: not a difference there.
    of_today
        Turns a document of an earlier version into what this one would have written.
    """

    contents: Mapping[str, Any]
    may_change: Collection[str] = ()
    may_grow: Collection[str] = ()
    defaults: Mapping[str, Any] = ()  # type: ignore[assignment]
    unsaid: Collection[str] = ()
    of_today: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict

    def difference(self, found: Mapping[str, Any], *, strict: bool = False) -> str | None:
        """The first key that differs, with both values.

        Only if `strict`, keys that may change or were unsaid count, and a file of which an earlier version kept the
        path or name alone: what it held cannot be compared, so that such a run goes on, and is measured again.
        """
        defaults, found = dict(self.defaults), self.of_today(found)
        passed_over = () if strict else self.may_change
        for key, wanted in self.contents.items():
            if key in self.unsaid and key not in found and not strict:
                continue
            there = found[key] if key in found else defaults.get(key)
            if not strict and (_is_without_hash(there, wanted) or self._grows(key, there, wanted)):
                continue
            difference = _first_difference(there, wanted, key, passed_over)
            if difference:
                return difference
        return None

    def _grows(self, key: str, there: Any, wanted: Any) -> bool:
        return key in self.may_grow and isinstance(there, int | float) and there < wanted

    def identity(self) -> str:
        """sha256 of what may not change: the name of such a run in a cache."""
        fixed = {key: value for key, value in self.contents.items() if key not in self.may_change}
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def default_directory(command: str, source: Any) -> Path:
    """Where a run goes without `out`: the command and the name of what it is about, in the working directory."""
    if isinstance(source, list | tuple) and source:
        source = source[0]
    if isinstance(source, str | Path):
        return Path(f"{command}-{Path(source).name.split('.')[0].replace(':', '-')}")
    formula = getattr(source, "get_chemical_formula", None)
    return Path(f"{command}-{formula('metal')}" if formula else command)


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide numbers."""
    versions = {"paddlewheel": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # an optional package: its absence is a fact too
            versions[package] = "not installed"
    return versions


def check_directory(directory: Path, document: Document) -> bool:
    """Whether `directory` holds this very run already (True), or is free for it (False); nothing is written.

    Raises
    ------
    RunDirectoryError
        If it holds a run with other inputs (the first difference is named), or files of another origin.
    """
    if directory.exists() and not directory.is_dir():
        raise RunDirectoryError("is a file", where=directory, remedy="use another --out")
    if (directory / INPUTS).exists():
        difference = document.difference(read_inputs(directory))
        if difference:
            if difference.endswith(_CHANGED):
                remedy = "use another --out, or remove this directory to compute it anew"
                raise RunDirectoryError(f"holds an earlier run: {difference}", where=directory, remedy=remedy)
            raise RunDirectoryError(f"holds a run with other inputs ({difference})", where=directory, remedy=_REMEDY)
        return True
    there = [name for name in _OURS if (directory / name).exists()]
    if there:
        raise RunDirectoryError(
            f"holds {', '.join(there)} and no {INPUTS}", where=directory, remedy="use another --out"
        )
    return False


def read_inputs(directory: Path) -> dict[str, Any]:
    """The document of inputs of a run directory.

    Raises
    ------
    RunDirectoryError
        If it cannot be read, or is none.
    """
    path = directory / INPUTS
    found = read_yaml(path, RunDirectoryError, remedy=_REMEDY)
    if not isinstance(found, dict):
        raise RunDirectoryError("is no inputs document", where=path, remedy="use another --out")
    return found


def unfinished_units(directory: Path) -> list[str]:
    """Names of the units of work in a run directory that have no result, or one that cannot be taken."""
    folders = (unit.parent for unit in sorted(directory.glob("units/*/unit.json")))
    return [folder.name for folder in folders if not _is_finished(folder)]


def _is_finished(folder: Path) -> bool:
    try:
        unit = Unit.of_folder(folder)
    except RunDirectoryError:
        return False
    return unit.result() is not None and unit.damage(files_may_be_gone=True) is None


@contextmanager
def claimed(directory: Path, document: Document, *, anew: bool = False) -> Iterator[DriverLock]:
    """The directory, locked, with an `inputs.yaml` that is true; refused before anything is written or worked on.

    Bad input that only the work finds leaves nothing of a directory that this call began. `anew` says that all is
    computed again, by the packages that are there now.

    Raises
    ------
    RunDirectoryError
        If it holds something else, is in use, or cannot be written.
    """
    check_directory(directory, document)
    made, began = not directory.exists(), False
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        try:
            with DriverLock(directory) as driver:
                began = not check_directory(directory, document)  # once more: another process may have been quicker
                found = {} if began else read_inputs(directory)
                if began or anew or document.difference(found, strict=True):
                    _write_inputs(directory, document, package_versions())
                elif any(key not in found for key in document.contents):  # of an earlier version, with its results
                    _write_inputs(directory, document, found.get("versions"))
                yield driver
        except InputError:
            if began and {path.name for path in directory.iterdir()} <= _LEFT_BY_A_START:
                _leave_no_trace(directory, made=made)
            raise


def _leave_no_trace(directory: Path, *, made: bool) -> None:
    for name in _LEFT_BY_A_START:
        (directory / name).unlink(missing_ok=True)
    if made:
        directory.rmdir()


def _write_inputs(directory: Path, document: Document, versions: Any) -> None:
    import yaml

    contents = {**document.contents, "versions": versions}
    write_atomically(directory / INPUTS, yaml.safe_dump(contents, sort_keys=False, allow_unicode=True))


def _is_without_hash(found: Any, wanted: Any) -> bool:
    """Whether a file that is known by its name and sha256 now stands there by its path or name alone."""
    if not (isinstance(wanted, Mapping) and wanted.get("sha256")):
        return False
    if isinstance(found, Mapping):
        return {**found, "sha256": None} == {**wanted, "sha256": None} and found.get("sha256") is None
    return isinstance(found, str) and Path(found).name == wanted.get("name")


def _first_difference(found: Any, wanted: Any, name: str, passed_over: Collection[str]) -> str | None:
    if name in passed_over:
        return None
    if isinstance(found, dict) and isinstance(wanted, dict):
        found, wanted = _as_json_has_it(found), _as_json_has_it(wanted)
        if wanted.get("file") and found.get("file") == wanted["file"] and _are_hashes(found, wanted):
            return f"{wanted['file']}{_CHANGED}"
        pairs = [(f"{name}.{key}", found.get(key), wanted.get(key)) for key in {**wanted, **found}]
    elif _are_maps(found) and _are_maps(wanted) and len(found) == len(wanted):
        pairs = [(f"{name}[{place}]", found[place], row) for place, row in enumerate(wanted)]
    elif _are_maps(found) and _are_maps(wanted):
        return f"{name} is a list of {len(found)} there and of {len(wanted)} now"
    else:
        if found == wanted:
            return None
        if _are_hashes({"sha256": found}, {"sha256": wanted}):
            return name.removesuffix(".sha256") + _CHANGED
        return f"{name} is {found!r} there and {wanted!r} now"
    return next(filter(None, (_first_difference(there, now, part, passed_over) for part, there, now in pairs)), None)


def _are_hashes(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two files are known by different hashes."""
    hashes = [str(each.get("sha256")) for each in (found, wanted)]
    return hashes[0] != hashes[1] and all(map(_SHA256.fullmatch, hashes))


def _as_json_has_it(document: dict[Any, Any]) -> dict[str, Any]:
    """Keys as text; a file whose hash is beside it goes by its name, wherever it lay when its path was typed."""
    named = {str(key): value for key, value in document.items()}
    return named | {"file": Path(named["file"]).name} if named.get("file") and "sha256" in named else named


def _are_maps(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
