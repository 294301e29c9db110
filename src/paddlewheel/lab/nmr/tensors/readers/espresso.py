"""The output of gipaw.x of Quantum ESPRESSO (jobs nmr and efg): shielding and field gradients, no cell."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors

_SHIELDING = re.compile(r"^\s*Total NMR chemical shifts in ppm:", re.MULTILINE)
_ATOM = re.compile(r"^\s*Atom\s*(\d+)\s+([A-Z][a-z]?)\S*\s+pos:\s*\(.*?\)\s+(?:Total )?sigma:\s*(-?\d+\.\d+)")
_AXIS = re.compile(r"sigma_(\d)\d=\s*(-?\d+\.\d+)\s+axis=\((.*?)\)")
_GRADIENT = re.compile(r"^\s*----- total EFG( \(symmetrized\))? -----\s*$", re.MULTILINE)
_ROW = re.compile(r"^\s*([A-Z][a-z]?)\S*?\s*(\d+)((?:\s+-?\d+\.\d+){3})\s*$")


def recognizes(text: str) -> bool:
    """Whether it is an output of gipaw.x with results."""
    return _SHIELDING.search(text) is not None or _GRADIENT.search(text) is not None


def read(text: str, path: Path) -> AtomTensors:
    """Read one; see `read_tensors`."""
    shielding, gradient = _shielding(text), _gradients(text)
    atoms = {number: symbol for found in (shielding, gradient) for number, (symbol, _) in found.items()}
    if not atoms or sorted(atoms) != list(range(1, len(atoms) + 1)):
        raise DataError("its atoms are not numbered from 1", where=path, remedy="give the whole output of gipaw.x")
    symbols = [atoms[number] for number in sorted(atoms)]
    nothing = ("", np.full((3, 3), np.nan))
    arrays = [
        np.array([found.get(number, nothing)[1] for number in sorted(atoms)]) if found else None
        for found in (shielding, gradient)
    ]
    count = dict[str, int]()
    labels = []
    for symbol in symbols:
        count[symbol] = count.get(symbol, 0) + 1
        labels.append(f"{symbol} {count[symbol]}")
    return AtomTensors(
        source=path, code="QE-GIPAW", symbols=tuple(symbols), labels=tuple(labels), shielding_ppm=arrays[0],
        efg_au=arrays[1], warnings=("the output has no cell: give --structure to group equivalent atoms",),
    )  # fmt: skip


def _shielding(text: str) -> dict[int, tuple[str, np.ndarray]]:
    starts = list(_SHIELDING.finditer(text))
    found: dict[int, tuple[str, np.ndarray]] = {}
    if not starts:
        return found
    number, symbol, rows = 0, "", list[list[float]]()
    values, axes = np.zeros(3), np.zeros((3, 3))
    for line in text[starts[-1].end() :].splitlines():
        if atom := _ATOM.match(line):
            number, symbol, rows = int(atom[1]), atom[2], []
        elif number and re.fullmatch(r"\s*(-?\d+\.\d+\s*){3}", line) and len(rows) < 3:
            rows.append([float(word) for word in line.split()])
            if len(rows) == 3:
                found[number] = (symbol, np.array(rows).T)  # Fortran writes a tensor by columns
        elif number and (axis := _AXIS.search(line)):
            place = int(axis[1]) - 1
            values[place], axes[place] = float(axis[2]), [float(word) for word in axis[3].split()]
            if place == 2 and number not in found:  # with little verbosity there are the principal axes alone
                found[number] = (symbol, axes.T @ np.diag(values) @ axes)
        elif number and line.strip().startswith("Initialization"):
            break
    return found


def _gradients(text: str) -> dict[int, tuple[str, np.ndarray]]:
    """In Hartree per e and bohr2; the symmetrized ones where both are printed."""
    starts = sorted(_GRADIENT.finditer(text), key=lambda start: start[1] is not None)
    found: dict[int, tuple[str, np.ndarray]] = {}
    rows: dict[int, list[list[float]]] = {}
    for line in text[starts[-1].end() :].splitlines() if starts else ():
        if "SPECTROSCOPIC" in line or line.strip().startswith("-----"):
            break
        if row := _ROW.match(line):
            number = int(row[2])
            rows.setdefault(number, []).append([float(word) for word in row[3].split()])
            if len(rows[number]) == 3:
                found[number] = (row[1], np.array(rows[number]))
    return found
