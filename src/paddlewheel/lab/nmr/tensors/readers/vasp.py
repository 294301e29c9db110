"""VASP's OUTCAR: shielding of LCHIMAG with its core and G = 0 parts, field gradients of LEFG.

Before 6.6 (and with LNMRLEG) the printed tensors are minus the shielding, without the core and without G = 0; the table
of isotropic values has both. From 6.6 on the tensors are the whole shielding. vasp.at/wiki/LCHIMAG, LNMRLEG, LEFG.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.conventions import V_PER_A2_IN_AU, shielding_of

_EFG = re.compile(r"^\s*Electric field gradients \(V/A\^2\)\s*$", re.MULTILINE)
_TENSORS = re.compile(r"^\s*SYMMETRIZED TENSORS\s*$", re.MULTILINE)
_GRADIENT_ROW = re.compile(r"^\s*(\d+)((?:\s+-?\d+\.\d+){6})\s*$", re.MULTILINE)
_CLOSE_PPM = 0.02
"""By how much the span of the table may differ from that of the tensor: both are printed with four decimals."""


def recognizes(text: str) -> bool:
    """Whether it is an OUTCAR."""
    return re.match(r"\s*vasp\.\d", text) is not None or ("VRHFIN" in text and "ions per type" in text)


def read(text: str, path: Path) -> AtomTensors:
    """Read one; see `read_tensors`."""
    symbols = _symbols(text, path)
    cell, positions = _places(text, len(symbols))
    count = dict[str, int]()
    labels = []
    for symbol in symbols:
        count[symbol] = count.get(symbol, 0) + 1
        labels.append(f"{symbol} {count[symbol]}")
    shielding = _whole_tensors(text, len(symbols)) if "BDIR labels direction" in text else None
    if shielding is None:
        shielding = _legacy_tensors(text, len(symbols), path)
    if shielding is None and _EFG.search(text) is None:
        raise DataError("no tensors of NMR are in it", where=path, remedy="run VASP with LCHIMAG or LEFG = .TRUE.")
    return AtomTensors(
        source=path, code="VASP", symbols=tuple(symbols), labels=tuple(labels), shielding_ppm=shielding,
        efg_au=_gradients(text, len(symbols)), positions_A=positions, cell_A=cell,
    )  # fmt: skip


def _symbols(text: str, path: Path) -> list[str]:
    elements = re.findall(r"VRHFIN\s*=\s*([A-Z][a-z]?)", text)
    counts = re.search(r"ions per type\s*=\s*([\d ]+)", text)
    numbers = [int(number) for number in counts[1].split()] if counts else []
    # each atom has a line of its own, whatever a damaged count says
    if not numbers or len(elements) < len(numbers) or sum(numbers) > text.count("\n"):
        raise DataError("its atoms cannot be told", where=path, remedy="give the whole OUTCAR")
    kept = elements[: len(numbers)]
    return [element for element, number in zip(kept, numbers, strict=True) for _ in range(number)]


def _places(text: str, n_atoms: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Cell and Cartesian positions, the last that are printed; tensors come after them."""
    at = text.rfind("direct lattice vectors")
    cell = None
    if at >= 0:
        rows = text[at:].splitlines()[1:4]
        cell = np.array([_numbers(row)[:3] for row in rows])
    for title in ("POSITION  ", "position of ions in cartesian coordinates"):
        at = text.rfind(title)
        if at < 0:
            continue
        rows = [row for row in map(_numbers, text[at:].splitlines()[1 : n_atoms + 3]) if len(row) >= 3][:n_atoms]
        if len(rows) == n_atoms:
            return cell, np.array([row[:3] for row in rows])
    return cell, None


def _numbers(row: str) -> list[float]:
    """The numbers of a row; a minus may stand without a space before it. Rows of other things give none."""
    if re.search(r"[A-DF-Za-df-z]", row):
        return []
    return [float(word) for word in re.findall(r"-?\d+\.\d+(?:[Ee][-+]\d+)?", row)]


def _gradients(text: str, n_atoms: int) -> np.ndarray | None:
    starts = list(_EFG.finditer(text))
    if not starts:
        return None
    lines = text[starts[-1].end() :].split("\n", 4)
    rows = _GRADIENT_ROW.findall("\n".join(lines)[: 120 * (n_atoms + 10)])
    found = np.full((n_atoms, 3, 3), np.nan)
    for number, values in rows[:n_atoms]:
        xx, yy, zz, xy, xz, yz = (float(value) for value in values.split())
        found[int(number) - 1] = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
    return found * V_PER_A2_IN_AU


def _whole_tensors(text: str, n_atoms: int) -> np.ndarray | None:
    """The tensors of VASP 6.6, G = 0 included: three rows of each ion, of which the last three numbers count."""
    at = text.rfind("BDIR labels direction")
    found = np.full((n_atoms, 3, 3), np.nan)
    ion = -1
    for line in text[at:].splitlines():
        if "IF SPAN.EQ.0" in line:
            break
        words = line.split()
        if len(words) == 8 and words[0].isdigit() and words[1] == "1":
            ion = int(words[0]) - 1
            found[ion, 0] = [float(word) for word in words[-3:]]
        elif len(words) == 7 and words[0] in ("2", "3") and ion >= 0:
            found[ion, int(words[0]) - 1] = [float(word) for word in words[-3:]]
    return found if np.isfinite(found).any() else None


def _legacy_tensors(text: str, n_atoms: int, path: Path) -> np.ndarray | None:
    starts = list(_TENSORS.finditer(text))
    if not starts:
        return None
    valence = np.full((n_atoms, 3, 3), np.nan)
    ion, row = -1, 0
    for line in text[starts[-1].end() :].splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "ion":
            ion, row = int(words[1]) - 1, 0
        elif len(_numbers(line)) == 3 and 0 <= ion < n_atoms and row < 3:
            valence[ion, row] = _numbers(line)
            row += 1
        elif ion >= 0 and words and not set(line.strip()) <= {"-"}:
            break
    at = text.rfind("G=0 CONTRIBUTION TO CHEMICAL SHIFT")
    g0 = [
        [float(word) for word in line.split()[1:]]
        for line in text[at:].splitlines()[1:14]
        if re.fullmatch(r"\s*[123](\s+-?\d+\.\d+){3}\s*", line)
    ]
    table = _isotropic_table(text, n_atoms)
    if at < 0 or len(g0) < 3 or table is None:
        raise DataError(
            "the parts of the core and of G = 0 are not in it, without which a shielding is none", where=path,
            remedy="give the whole OUTCAR of a run that has ended",
        )  # fmt: skip
    shielding = -(valence + np.array(g0[:3]))
    for atom in range(n_atoms):
        minus_isotropic, span = table[atom]
        shielding[atom] += np.eye(3) * (-minus_isotropic - np.trace(shielding[atom]) / 3)
        if np.isfinite(shielding[atom]).all() and abs(shielding_of(shielding[atom]).span_ppm - span) > _CLOSE_PPM:
            raise DataError(
                f"the span of ion {atom + 1} is {shielding_of(shielding[atom]).span_ppm:.3f} ppm by its tensor and "
                f"{span:.3f} by the table", where=path, remedy="give the OUTCAR as VASP wrote it",
            )  # fmt: skip
    return shielding


def _isotropic_table(text: str, n_atoms: int) -> np.ndarray | None:
    """[n_atoms, 2] minus the isotropic shielding, and the span, of valence and core including G = 0."""
    at = text.rfind("(absolute, valence and core)")
    if at < 0:
        return None
    rows = [line.split() for line in text[at:].splitlines()[1 : n_atoms + 1]]
    if len(rows) < n_atoms or any(len(row) != 7 for row in rows):
        return None
    return np.array([[float(row[4]), float(row[5])] for row in rows])
