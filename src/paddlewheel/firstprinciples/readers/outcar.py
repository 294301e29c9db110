"""VASP's OUTCAR: every ionic step with its own electronic steps, up to the last whole one."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel import foreign
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.readers.vasp_tags import (
    DISPLACEMENTS,
    KB_PER_EV_A3,
    Tags,
    element_of_title,
    mesh_of,
    number_of,
    setup_of,
)
from paddlewheel.firstprinciples.steps import Calculation, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REMEDY = "give the OUTCAR as VASP wrote it"
_TAG = re.compile(r"([A-Z][A-Z0-9_]+)\s*=\s*([^\s;]+)")
_ROW_OF_VALUES = re.compile(r"(LDAU[LUJ]|ZVAL)\s*=\s*(.+)")
_COARSELY_WRITTEN = ("EDIFF", "SIGMA")
"""Tags that the header rounds to one or two digits, and the INCAR above it has as they were given."""
_MOST_ATOMS = 1_000_000


def is_outcar(head: bytes) -> bool:
    """Whether a file that begins so is an OUTCAR."""
    return re.match(rb"\s*vasp\.\d", head) is not None or (b"POTCAR:" in head and b"ions per type" in head)


@dataclass
class _Read:
    """What the file has said so far: its header, and what later lines say of the whole run."""

    code: str = "vasp"
    incar: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    k_mesh: tuple[int, int, int] | None = None
    potcars: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    lexch: list[str] = field(default_factory=list)
    counts: tuple[int, ...] = ()
    cell: NDArray[np.float64] | None = None
    has_dispersion: bool = False
    has_end: bool = False
    has_second_run: bool = False

    @property
    def tags(self) -> Tags:
        return Tags(incar=self.incar, resolved=self.resolved)

    def types(self, path: Path) -> list[tuple[str, str, int]]:
        """Element, title and number of atoms of each type."""
        n_types = len(self.counts)
        titles = self.titles if len(self.titles) == n_types else self.potcars[:n_types]
        elements = self.elements if len(self.elements) == n_types else [element_of_title(title) for title in titles]
        if not n_types or len(titles) != n_types or not all(elements) or not 0 < sum(self.counts) <= _MOST_ATOMS:
            raise DatasetError("its atoms cannot be told", where=path, remedy=_REMEDY)
        return list(zip(elements, titles, self.counts, strict=True))


@dataclass
class _Open:
    """An ionic step as far as it has been read."""

    n_electronic: int = 0
    last_change: float | None = None
    converged: bool | None = None
    cell: NDArray[np.float64] | None = None
    stress: NDArray[np.float64] | None = None
    positions: NDArray[np.float64] | None = None
    forces: NDArray[np.float64] | None = None


def read(path: Path) -> Calculation:
    """Read one, packed or not.

    The energy is the last ``free  energy   TOTEN`` of an ionic step, without what PSTRESS adds. Positions have five
    decimals, forces six.

    Raises
    ------
    DatasetError
        If it is no OUTCAR, or does not say its atoms.
    """
    with foreign.parsing(path, DatasetError, remedy=_REMEDY), foreign.open_unpacked(path, DatasetError) as stream:
        lines = iter(io.TextIOWrapper(stream, encoding="latin-1", newline="\n"))
        return _read(lines, path)


def _read(lines: Iterator[str], path: Path) -> Calculation:
    read = _Read()
    step = _Open(n_electronic=int(_read_header(lines, read)), cell=read.cell)
    types = read.types(path)
    symbols = [element for element, _, count in types for _ in range(count)]
    steps = list[Step]()
    for line in lines:
        if "Iteration" in line and "----" in line:
            step.n_electronic += 1
        elif "total energy-change" in line:
            change = number_of(line.partition(":")[2].replace("(", " "))
            step.last_change = step.last_change if change is None else change
        elif "aborting loop" in line:
            step.converged = "EDIFF is reached" in line  # otherwise NELM, or a hard stop
        elif line.startswith("  in kB"):
            step.stress = _numbers(line[7:], 6)
        elif "direct lattice vectors" in line:
            step.cell = _cell(lines)
        elif line.startswith(" POSITION ") and "TOTAL-FORCE" in line:
            if "(ML)" in line:
                read.resolved["ML_LMLFF"] = "T"
                continue
            next(lines, "")
            rows = np.array([_numbers(next(lines, ""), 6) for _ in symbols])
            step.positions, step.forces = rows[:, :3], rows[:, 3:]
        elif "free  energy   TOTEN" in line and " eV" in line:
            if step.positions is not None:
                steps.append(_step(step, len(steps), number_of(line.partition("=")[2]), symbols, read.tags))
            step = _Open(cell=step.cell)
        elif "Edisp (eV)" in line:
            read.has_dispersion = True
        elif "General timing and accounting" in line:
            read.has_end = True
        elif line.startswith(" vasp."):
            read.has_second_run = True
            break
    return _calculation(path, read, types, steps)


def _calculation(path: Path, read: _Read, types: list[tuple[str, str, int]], steps: list[Step]) -> Calculation:
    whole = f"{len(steps)} whole ionic step{'s' * (len(steps) != 1)}"
    cut = None
    if read.has_second_run:
        cut = f"a second run follows {whole}"
    elif not read.has_end:
        cut = f"the file ends after {whole}, without VASP's last words"
    if read.tags.whole("IBRION") in DISPLACEMENTS and len(steps) > 1:
        cut = f"IBRION is {read.tags.whole('IBRION')}: what follows the first step are displacements of one atom"
        del steps[1:]
    valences = [number_of(word) for word in read.resolved.get("ZVAL", "").split()]
    pairs = [(count, valence) for (_, _, count), valence in zip(types, valences, strict=False) if valence is not None]
    setup, contradictions = setup_of(
        read.tags, code=read.code, titles=[(element, title) for element, title, _ in types],
        k_mesh=read.k_mesh, lexch=read.lexch,
        electrons_of_neutral=sum(n * z for n, z in pairs) if len(pairs) == len(types) else None,
    )  # fmt: skip
    if not read.incar:
        contradictions += (
            "it does not repeat its INCAR (VASP before 6), so that a meta-GGA would not show: give the vasprun.xml",
        )
    if read.has_dispersion and not read.tags.whole("IVDW"):
        contradictions += ("a dispersion correction was added (Edisp), and which one is not said (no IVDW)",)
    return Calculation(source=str(path), setup=setup, steps=tuple(steps), cut=cut, contradictions=contradictions)


def _step(step: _Open, number: int, energy: float | None, symbols: list[str], tags: Tags) -> Step:
    from ase import Atoms

    stress = None
    if step.stress is not None and tags.whole("ISIF") not in (0, 1):  # of ISIF = 1 only the trace was computed
        stress = -step.stress[[0, 1, 2, 4, 5, 3]] / KB_PER_EV_A3
    converged, electronic = _convergence(step, tags)
    return Step(
        number=number, atoms=Atoms(symbols, positions=step.positions, cell=step.cell, pbc=True), energy_eV=energy,
        forces_eV_per_A=step.forces, stress_eV_per_A3=stress, converged=converged, electronic=electronic,
    )  # fmt: skip


def _convergence(step: _Open, tags: Tags) -> tuple[bool | None, str]:
    """Whether the electrons converged, by VASP's own words, which its last change must bear out.

    Before version 6 it says nothing where NELM ended them. EDIFF may be written with one digit.
    """
    most = tags.whole("NELM")
    told = f"{step.n_electronic} of at most {most or 'unknown'} steps"
    if step.last_change is not None:
        told += f", last change {step.last_change:.1e} eV"
    if not step.n_electronic:
        return False, "no electronic steps: it was not computed from first principles"
    if step.converged is None and most is not None and step.n_electronic >= most:
        return False, told
    tolerance, change = tags.number("EDIFF"), step.last_change
    if step.converged and tolerance is not None and change is not None and abs(change) > 1.5 * abs(tolerance):
        return False, f"{told}, though VASP says that EDIFF ({tolerance:g} eV) was reached"
    return step.converged, told


def _read_header(lines: Iterator[str], read: _Read) -> bool:
    """Read up to the first electronic step, and whether there is one."""
    part = ""
    for line in lines:
        if "Iteration" in line and "----" in line:
            _finish(read)
            return True
        words = line.strip()
        if match := re.match(r"vasp\.(\S+)", words):
            read.code = f"vasp {match[1]}"
        elif words == "INCAR:":
            part = "INCAR"
        elif words.startswith("POTCAR:"):
            part = "POTCAR"
            read.potcars.append(words[7:].strip())
        elif words.startswith("POSCAR:"):
            part = ""
        elif words.startswith("Startparameter"):
            part = "resolved"
        elif "each image running on" in line:
            read.resolved["IMAGES"] = "1"
        elif words.startswith("generate k-points for:"):
            read.k_mesh = mesh_of(words.partition(":")[2])
        elif words == "Following reciprocal coordinates:" and read.k_mesh is None:
            read.k_mesh = _mesh_of_points(lines)
        elif words.startswith("ions per type"):
            read.counts = tuple(int(word) for word in words.partition("=")[2].split())
        elif "direct lattice vectors" in line:
            read.cell = _cell(lines)
        elif part == "INCAR":
            name, has_value, value = words.partition("=")
            if has_value:  # of a tag that is there twice VASP takes the first
                read.incar.setdefault(name.strip().upper(), value.strip())
        elif part == "POTCAR":
            _note_potcar(words, read)
        elif part == "resolved":
            read.resolved.update({name: value for name, value in _TAG.findall(words) if name not in read.resolved})
            if row := _ROW_OF_VALUES.search(words):
                read.resolved[row[1]] = row[2].strip()
    _finish(read)
    return False


def _note_potcar(words: str, read: _Read) -> None:
    name, _, value = (part.strip() for part in words.partition("="))
    if name == "TITEL":
        read.titles.append(value)
    elif name == "VRHFIN":
        read.elements.append(value.partition(":")[0].strip())
    elif name == "LEXCH":
        read.lexch.append(value.split()[0] if value else "")


def _finish(read: _Read) -> None:
    """Take what the INCAR says better, and what the header calls by other names."""
    for name in _COARSELY_WRITTEN:
        if number_of(read.incar.get(name, "")) is not None:
            read.resolved.pop(name, None)
    if read.resolved.get("METAGGA", "").upper() in ("T", "F"):  # the header has LMETAGGA under this name
        read.resolved["LMETAGGA"] = read.resolved.pop("METAGGA")
        if read.incar.get("METAGGA"):
            del read.resolved["LMETAGGA"]
    if "LDAUTYPE" in read.resolved:
        read.resolved["LDAU"] = "T"


def _mesh_of_points(lines: Iterator[str]) -> tuple[int, int, int] | None:
    """The mesh whose points, up to symmetry, are listed with how many each stands for; None where it is no mesh."""
    next(lines, "")
    rows = list[np.ndarray]()
    for line in lines:
        row = _numbers(line, 4)
        if not np.isfinite(row).all():
            break
        rows.append(row)
    if not rows:
        return None
    points = np.array(rows)
    divisions = list[int]()
    for axis in range(3):
        places = np.unique(np.round(np.concatenate([points[:, axis], -points[:, axis]]) % 1.0, 5) % 1.0)
        gaps = np.diff([*places, places[0] + 1.0])
        divisions.append(max(1, round(1.0 / float(gaps.min()))))
    n1, n2, n3 = divisions
    return (n1, n2, n3) if n1 * n2 * n3 == round(float(points[:, 3].sum())) else None


def _cell(lines: Iterator[str]) -> NDArray[np.float64]:
    """The vectors under ``direct lattice vectors``, beside which the reciprocal ones stand."""
    return np.array([_numbers(next(lines, ""), 6)[:3] for _ in range(3)])


def _numbers(line: str, n_words: int) -> NDArray[np.float64]:
    """The numbers of a row; all are NaN where there are others than `n_words` (VASP writes ``****``)."""
    try:
        values = np.array(line.split(), dtype=np.float64)
    except ValueError:
        return np.full(n_words, math.nan)
    return values if len(values) == n_words else np.full(n_words, math.nan)
