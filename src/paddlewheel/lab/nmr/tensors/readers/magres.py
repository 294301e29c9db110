"""CASTEP's .magres: the format of CCP-NC (version 1), which QE-GIPAW writes too, and CASTEP's older listing.

The format: doi 10.1002/mrc.4511 and www.ccpnc.ac.uk. ASE's reader fails on files without units, on units of a
tensor that is not there, and on the older listing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors

_VERSION = re.compile(r"^#\$magres-abinitio-v(\d+)\.(\d+)")
_BLOCK = re.compile(r"^\s*[\[<](\w+)[\]>]\s*$(.*?)^\s*[\[<]/\1[\]>]\s*$", re.MULTILINE | re.DOTALL)
_OLD_ATOM = re.compile(r"^=+\s*\n\s*(?:Perturbing )?Atom:\s*(\S+?)\s*(\d+)\s*\n=+\s*$", re.MULTILINE)
_OLD_PLACE = re.compile(r"^\s*\S+?\s*\d+\s+Coordinates\s+(\S+)\s+(\S+)\s+(\S+)\s+A\s*$", re.MULTILINE)
_OLD_TENSOR = re.compile(
    r"^[ \t]*(TOTAL(?: Shielding Tensor| tensor))[ \t]*\n\s*\n?((?:(?:\s+\S+){3}[ \t]*\n){3})", re.MULTILINE
)
_UNITS = {"lattice": "Angstrom", "atom": "Angstrom", "ms": "ppm", "efg": "au"}


def recognizes(text: str) -> bool:
    """Whether it is a .magres of either form."""
    return _VERSION.match(text) is not None or (_OLD_ATOM.search(text) is not None and "TOTAL" in text)


def read(text: str, path: Path) -> AtomTensors:
    """Read one; see `read_tensors`."""
    version = _VERSION.match(text)
    if version is None:
        return _read_old(text, path)
    if version[1] != "1":
        raise DataError(
            f"version {version[1]}.{version[2]} of the format is not known", where=path, remedy="write version 1.0"
        )
    blocks = {name: list(_lines(content)) for name, content in _BLOCK.findall(text)}
    if "atoms" not in blocks:
        raise DataError("there is no block of atoms, or it does not end", where=path, remedy="give the whole file")
    if "magres" not in blocks:
        raise DataError("there is no block of tensors, or it does not end", where=path, remedy="give the whole file")
    warnings = _check_units([*blocks["atoms"], *blocks["magres"]], path)
    symbols, labels, positions, cell = _atoms(blocks["atoms"], path)
    keys = {label: k for k, label in enumerate(labels)}
    if len(keys) < len(labels):
        raise DataError("two atoms have one label and number", where=path, remedy="number the atoms of a label")
    shielding, gradient = (_tensors(blocks["magres"], tag, keys, path) for tag in ("ms", "efg"))
    left_out = sorted({line[0] for line in blocks["magres"] if line[0].startswith(("isc", "sus"))})
    if left_out:
        warnings.append(f"{', '.join(left_out)} (couplings, susceptibility) are not used")
    code = next((" ".join(line[1:]) for line in blocks.get("calculation", ()) if line[0] == "calc_code"), "magres")
    return AtomTensors(
        source=path, code=code, symbols=symbols, labels=labels, shielding_ppm=shielding, efg_au=gradient,
        positions_A=positions, cell_A=cell, warnings=tuple(warnings),
    )  # fmt: skip


def _lines(content: str) -> Iterator[list[str]]:
    for line in content.splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            yield words


def _check_units(lines: list[list[str]], path: Path) -> list[str]:
    told = {line[1]: line[2] for line in lines if line[0] == "units" and len(line) == 3}
    for tag, unit in _UNITS.items():
        if told.get(tag, unit).lower() != unit.lower():
            raise DataError(f"{tag} is in {told[tag]}", where=path, remedy=f"give it in {unit}, as the format has it")
    used = {line[0] for line in lines} & set(_UNITS)
    silent = sorted(used - set(told))
    return [f"no units are given of {', '.join(silent)}: taken as the format's own"] if silent else []


def _atoms(
    lines: list[list[str]], path: Path
) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray, np.ndarray | None]:
    cells = [np.array(line[1:10], dtype=float).reshape(3, 3) for line in lines if line[0] == "lattice"]
    symbols, labels, positions = [], [], []
    for line in lines:
        if line[0] != "atom":
            continue
        if len(line) == 6:  # label and number have run together: from 1000 on in CASTEP
            line = [*line[:2], *_parted(line[2], line[1]), *line[3:]]
        if len(line) != 7:
            raise DataError(f"'{' '.join(line)[:60]}' is no atom", where=path, remedy="give the file as it was written")
        symbols.append(line[1].split(":")[0])
        labels.append(f"{line[2]} {int(line[3])}")
        positions.append([float(value) for value in line[4:]])
    if not symbols:
        raise DataError("there are no atoms in it", where=path, remedy="give the whole file")
    return tuple(symbols), tuple(labels), np.array(positions), cells[-1] if cells else None


def _parted(together: str, label: str) -> tuple[str, str]:
    """Label and number of an atom that stand without a space between them."""
    number = together.removeprefix(label)
    if number == together or not number.isdigit():
        found = re.fullmatch(r"(.*?\D)(\d+)", together)
        if found is None:
            raise ValueError(f"{together!r} has no number")
        return found[1], found[2]
    return label, number


def _tensors(lines: list[list[str]], tag: str, keys: dict[str, int], path: Path) -> np.ndarray | None:
    names = {label.split()[0] for label in keys}
    found = np.full((len(keys), 3, 3), np.nan)
    seen = set[int]()
    for line in lines:
        if line[0] != tag:
            continue
        if len(line) == 11:
            together = line[1]
            name = max((name for name in names if together.startswith(name)), key=len, default="")
            line = [tag, *_parted(together, name or together), *line[2:]]
        if len(line) != 12:
            raise DataError(
                f"'{' '.join(line)[:60]}' is no tensor", where=path, remedy="give the file as it was written"
            )
        atom = keys.get(f"{line[1]} {int(line[2])}")
        if atom is None:
            raise DataError(
                f"{tag} of {line[1]} {line[2]}, which is no atom of it", where=path, remedy="check the file"
            )
        if atom in seen:
            raise DataError(f"{tag} of {line[1]} {line[2]} stands twice", where=path, remedy="keep one of them")
        seen.add(atom)
        found[atom] = np.array(line[3:], dtype=float).reshape(3, 3)
    return found if seen else None


def _read_old(text: str, path: Path) -> AtomTensors:
    """CASTEP's listing of before 2012: an atom's coordinates and total tensors, without a cell."""
    starts = list(_OLD_ATOM.finditer(text))
    found: dict[str, dict[str, np.ndarray]] = {}
    symbols, positions = dict[str, str](), dict[str, np.ndarray]()
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        section = text[start.end() : after.start() if after is not None else len(text)]
        label = f"{start[1]} {int(start[2])}"
        symbols[label] = start[1].split(":")[0]
        if place := _OLD_PLACE.search(section):
            positions[label] = np.array(place.groups(), dtype=float)
        for name, rows in _OLD_TENSOR.findall(section):
            kind = "ms" if "Shielding" in name else "efg"
            found.setdefault(label, {})[kind] = np.array(rows.split(), dtype=float).reshape(3, 3)
    labels = tuple(symbols)
    nothing = np.full((3, 3), np.nan)
    shielding, gradient = (
        np.array([found.get(label, {}).get(kind, nothing) for label in labels])
        if any(kind in tensors for tensors in found.values())
        else None
        for kind in ("ms", "efg")
    )
    return AtomTensors(
        source=path, code="CASTEP (listing of before 2012)", symbols=tuple(symbols.values()), labels=labels,
        shielding_ppm=shielding, efg_au=gradient,
        positions_A=np.array([positions[label] for label in labels]) if len(positions) == len(labels) else None,
        warnings=("the file has no cell: give --structure to group equivalent atoms",),
    )  # fmt: skip
