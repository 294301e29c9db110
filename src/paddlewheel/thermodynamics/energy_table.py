"""Given energies of phases: a CSV or YAML table, or pymatgen's computed entries (as the Materials Project gives them).

Columns (fields) of a table: `formula`; `energy_eV_per_atom` or `energy_eV_per_formula` (static, or of formation: the
same zero for all), or `gibbs_eV_per_atom@300K` and so on with a temperature in each name; optional `name`, `engine`,
`std_eV_per_atom`, `volume_A3_per_atom`, `state` (solid or gas), `origin`, `note`.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError
from paddlewheel.foreign import DAMAGE, bounded_recursion, parse_yaml, read_text
from paddlewheel.thermodynamics.phase_entry import PhaseEntry

_KNOWN = {
    "name", "formula", "energy_eV_per_atom", "energy_eV_per_formula", "std_eV_per_atom", "volume_A3_per_atom", "state",
    "engine", "origin", "note",
}  # fmt: skip
_AT = re.compile(r"(gibbs|std)_eV_per_atom@(\d+(?:\.\d+)?) ?K")


def read_energy_table(path: str | Path) -> list[PhaseEntry]:
    """Read a table of given energies.

    A phase with a static energy alone has it at 0 K; `at_temperatures` puts it at others.

    Raises
    ------
    InputError
        With the file and the row: no formula, no energy or two, an unknown column, a number that is none.
    """
    path = Path(path)
    text = read_text(path, InputError, remedy="give a CSV, YAML or JSON file")
    if path.suffix.lower() == ".json":
        rows = _computed_entries(text, path)
    elif path.suffix.lower() in (".yaml", ".yml"):
        rows = _yaml(text, path)
    else:
        rows = _separated(text, path)
    if not rows:
        raise InputError("no phase in it", where=path, remedy="give a row for each phase, under a header")
    entries = [_named_entry(row, f"{path}, phase {number}", path) for number, row in enumerate(rows, 1)]
    return _with_own_names(entries)


def at_temperatures(entries: Sequence[PhaseEntry], temperatures_K: Sequence[float]) -> list[PhaseEntry]:
    """Static energies put at these temperatures, which takes all vibrations as equal; others are left as they are.

    Raises
    ------
    InputError
        If some are static and some are not: their difference would hold the whole vibration of one.
    """
    static = [entry for entry in entries if entry.temperatures_K == (0.0,)]
    if static and len(static) != len(entries) and any(temperature > 0 for temperature in temperatures_K):
        other = next(entry for entry in entries if entry.temperatures_K != (0.0,))
        raise InputError(
            f"{static[0].name} has a static energy alone, {other.name} free energies", where="phases",
            remedy="give free energies of all (phonons), or static energies of all",
        )  # fmt: skip
    if not static:
        return list(entries)
    count, at = len(temperatures_K), tuple(float(temperature_K) for temperature_K in temperatures_K)
    return [
        replace(
            entry, temperatures_K=at, gibbs_eV_per_atom=entry.gibbs_eV_per_atom * count,
            std_eV_per_atom=entry.std_eV_per_atom * count,
        )
        for entry in entries
    ]  # fmt: skip


def _separated(text: str, path: Path) -> list[Mapping[str, Any]]:
    """Rows between the separators that the header has: commas, semicolons (decimals then may have commas), or tabs."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    separator = next((mark for mark in "\t;" if lines and mark in lines[0]), ",")
    rows = []
    for number, row in enumerate(csv.DictReader(lines, delimiter=separator), 1):
        if more := row.pop(None, None):
            raise InputError(
                f"{len(more)} values more than the header has columns", where=f"{path}, phase {number}",
                remedy="write decimal points, and names with commas in quotes",
            )  # fmt: skip
        rows.append(_with_points(row) if separator == ";" else row)
    return rows


def _with_points(row: Mapping[str, Any]) -> dict[str, Any]:
    """Decimal commas of spreadsheets as points."""
    return {
        key: re.sub(r"^(\s*[-+]?\d*),(\d+(?:[eE][-+]?\d+)?\s*)$", r"\1.\2", value) if isinstance(value, str) else value
        for key, value in row.items()
    }


def _yaml(text: str, path: Path) -> list[Mapping[str, Any]]:
    document = parse_yaml(text, path, InputError, remedy="correct it")
    rows = document.get("phases") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("no list of phases", where=path, remedy="write `phases:` with a list of formula and energy")
    return rows


def _computed_entries(text: str, path: Path) -> list[Mapping[str, Any]]:
    from pymatgen.core import Composition

    try:
        with bounded_recursion():
            document = json.loads(text)
        rows = document["entries"] if isinstance(document, dict) else document
        return [
            {
                "name": row.get("name") or row.get("entry_id") or "",
                "formula": "".join(
                    f"{element}{amount:.12g}" if amount != 1 else element
                    for element, amount in Composition(row["composition"]).element_composition.as_dict().items()
                ),
                "energy_eV_per_formula": float(row["energy"]) + float(row.get("correction") or 0.0),
                "origin": row.get("entry_id") or "",
                "engine": _run_type(row),
                "volume_A3_per_atom": row.get("volume_A3_per_atom"),
            }
            for row in rows
        ]
    except DAMAGE as error:
        raise InputError(
            f"no computed entries ({type(error).__name__}: {error})", where=path,
            remedy="give pymatgen's ComputedEntry documents (composition, energy, correction)",
        ) from error  # fmt: skip


def _run_type(row: Mapping[str, Any]) -> str:
    """GGA and GGA+U are one engine where the Materials Project's corrections brought GGA+U to the scale of GGA.

    GGA+U without any is another one: its metals lie eV higher, and a hull of both would be wrong without a word
    (Jain et al., Phys. Rev. B 84, 045115 (2011), doi 10.1103/PhysRevB.84.045115).
    """
    run_type = str((row.get("parameters") or {}).get("run_type") or "given")
    if run_type in ("GGA+U", "GGA_U") and not float(row.get("correction") or 0.0):
        return "GGA+U without corrections"
    return "GGA/GGA+U" if run_type.startswith("GGA") else run_type


def _named_entry(row: Mapping[str, Any], where: str, path: Path) -> PhaseEntry:
    """The phase of a row; what is wrong with its numbers is told with file and row."""
    try:
        return _entry(row, where, path)
    except InputError as error:
        if error.where == where:
            raise
        raise InputError(error.problem, where=f"{where} ({error.where})", remedy=error.remedy) from error


def _entry(row: Mapping[str, Any], where: str, path: Path) -> PhaseEntry:
    given = {str(key).strip(): value for key, value in row.items() if value not in (None, "")}
    unknown = [key for key in given if key not in _KNOWN and not _AT.fullmatch(key)]
    if unknown:
        raise InputError(
            f"unknown column '{unknown[0]}'", where=where,
            remedy=f"use {', '.join(sorted(_KNOWN))} or gibbs_eV_per_atom@300K",
        )  # fmt: skip
    formula = str(given.get("formula", "")).strip()
    if not formula:
        raise InputError("no formula", where=where, remedy="give one, such as NaBH4")
    common: dict[str, Any] = {
        "name": str(given.get("name", formula)).strip(),
        "formula": formula,
        "state": str(given.get("state", "solid")).strip(),
        "engine": str(given.get("engine", "given")).strip(),
        "origin": str(given.get("origin", path.name)).strip(),
        "note": str(given.get("note", "")).strip(),
        "volume_A3_per_atom": _number(given, "volume_A3_per_atom", where),
    }
    if common["state"] not in ("solid", "gas"):
        raise InputError(f"state '{common['state']}'", where=where, remedy="give solid or gas")
    energies: dict[float, float] = {}
    errors: dict[float, float] = {}
    for key in given:
        if match := _AT.fullmatch(key):
            value = _number(given, key, where)
            assert value is not None
            (energies if match[1] == "gibbs" else errors)[float(match[2])] = value
    static = [key for key in ("energy_eV_per_atom", "energy_eV_per_formula") if key in given]
    if len(static) + bool(energies) != 1:
        raise InputError(
            f"{'no energy' if not static and not energies else 'two kinds of energy'} of {formula}", where=where,
            remedy="give one of energy_eV_per_atom, energy_eV_per_formula, gibbs_eV_per_atom@...K",
        )  # fmt: skip
    std = _number(given, "std_eV_per_atom", where) or 0.0
    if static:
        value = _number(given, static[0], where)
        assert value is not None
        probe = PhaseEntry(temperatures_K=(0.0,), gibbs_eV_per_atom=(value,), std_eV_per_atom=(std,), **common)
        if static[0] == "energy_eV_per_atom":
            return probe
        per_atom = value / probe.composition.num_atoms
        return PhaseEntry(temperatures_K=(0.0,), gibbs_eV_per_atom=(per_atom,), std_eV_per_atom=(std,), **common)
    temperatures = tuple(sorted(energies))
    return PhaseEntry(
        temperatures_K=temperatures, gibbs_eV_per_atom=tuple(energies[temperature_K] for temperature_K in temperatures),
        std_eV_per_atom=tuple(errors.get(temperature_K, std) for temperature_K in temperatures), **common,
    )  # fmt: skip


def _number(given: Mapping[str, Any], key: str, where: str) -> float | None:
    if key not in given:
        return None
    try:
        value = float(str(given[key]).strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{key} '{given[key]}' is no number", where=where, remedy="give a number in its unit")
    return value


def _with_own_names(entries: list[PhaseEntry]) -> list[PhaseEntry]:
    """Polymorphs under the same name get the origin, where that tells them apart."""
    names = [entry.name for entry in entries]
    return [
        replace(entry, name=f"{entry.name} ({entry.origin})") if names.count(entry.name) > 1 and entry.origin else entry
        for entry in entries
    ]
