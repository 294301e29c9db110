"""VASP's vasprun.xml: every ionic step with its own electronic steps, up to the last whole one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from xml.etree.ElementTree import ParseError

import numpy as np

from paddlewheel import foreign
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.readers.vasp_tags import (
    DISPLACEMENTS,
    KB_PER_EV_A3,
    Tags,
    mesh_of,
    number_of,
    setup_of,
)
from paddlewheel.firstprinciples.steps import Calculation, Step

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

_REMEDY = "give the vasprun.xml as VASP wrote it"
_UNREAD = ("eigenvalues", "dos", "projected", "dynmat")
"""What no label needs and what is most of a file."""
_ROUNDING_EV = 2e-8
"""Energies are written with eight decimals; a difference of two may be off by their last ones."""


def is_vasprun(head: bytes) -> bool:
    """Whether a file that begins so is a vasprun.xml."""
    return b"<modeling" in head and b"<?xml" in head[:200]


@dataclass
class _Read:
    """What the file has said so far."""

    code: str = "vasp"
    incar: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    k_mesh: tuple[int, int, int] | None = None
    symbols: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    electrons_of_neutral: float | None = None
    fixed: NDArray[np.bool_] | None = None
    """[n_atoms, 3] along the vectors of the cell, of selective dynamics."""

    @property
    def tags(self) -> Tags:
        return Tags(incar=self.incar, resolved=self.resolved)


def read(path: Path) -> Calculation:
    """Read one, packed or not.

    The energy is ``e_fr_energy`` of the calculation, not that of its last electronic step, which has no dispersion
    correction; what PSTRESS adds to it (VASP writes the enthalpy) is taken out. The stress has no PSTRESS: VASP takes
    it off a copy when it moves the cell.

    Raises
    ------
    DatasetError
        If it is no vasprun.xml, or ends before its first whole ionic step has its atoms.
    """
    with foreign.parsing(path, DatasetError, remedy=_REMEDY), foreign.open_unpacked(path, DatasetError) as stream:
        return _read(stream, path)


def _read(stream: BinaryIO, path: Path) -> Calculation:
    read = _Read()
    steps, cut = list[Step](), None
    try:
        for element in _parts(stream, path):
            if element.tag == "calculation":
                if not read.symbols:
                    raise DatasetError("has a calculation before its atoms", where=path, remedy=_REMEDY)
                steps.append(_step(element, len(steps), read))
            else:
                _note(element, read)
    except ParseError as error:
        cut = f"the file ends or breaks after {len(steps)} whole ionic step{'s' * (len(steps) != 1)} ({error})"
    if not read.symbols:
        raise DatasetError("is no whole vasprun.xml: it does not name its atoms", where=path, remedy=_REMEDY)
    if read.tags.whole("IBRION") in DISPLACEMENTS and len(steps) > 1:
        cut = f"IBRION is {read.tags.whole('IBRION')}: what follows the first step are displacements of one atom"
        del steps[1:]
    setup, contradictions = setup_of(
        read.tags, code=read.code, titles=read.titles, k_mesh=read.k_mesh,
        electrons_of_neutral=read.electrons_of_neutral,
    )  # fmt: skip
    return Calculation(source=str(path), setup=setup, steps=tuple(steps), cut=cut, contradictions=contradictions)


def _parts(stream: BinaryIO, path: Path) -> Iterator[Element]:
    """Children of the root that labels need, each whole; each is dropped when the next is asked for."""
    elements = foreign.xml_elements(stream, path, DatasetError, remedy=_REMEDY, skipped=_UNREAD)
    root = next(elements, None)
    if root is None or root.tag != "modeling":
        raise DatasetError("is no vasprun.xml", where=path, remedy=_REMEDY)
    wanted = {"generator", "incar", "kpoints", "parameters", "atominfo", "structure", "calculation"}
    for element in elements:
        if element.tag in wanted and (element.tag != "structure" or element.get("name") == "initialpos"):
            yield element
            element.clear()
            if element.tag == "calculation":
                root.clear()


def _note(element: Element, read: _Read) -> None:
    """Keep what a part before the steps says."""
    if element.tag == "generator":
        named = {item.get("name"): (item.text or "").strip() for item in element.iter("i")}
        read.code = " ".join(["vasp", named.get("version", "")]).strip()
    elif element.tag == "incar":
        read.incar = _tags(element)
    elif element.tag == "parameters":
        read.resolved = _tags(element)
    elif element.tag == "kpoints":
        read.k_mesh = mesh_of(element.findtext("generation/v[@name='divisions']") or "")
    elif element.tag == "atominfo":
        _note_atoms(element, read)
    elif element.tag == "structure":
        rows = [(row.text or "").split() for row in element.findall("varray[@name='selective']/v")]
        if rows and all(len(row) == 3 for row in rows):
            read.fixed = np.array([[not word.strip(".").upper().startswith("T") for word in row] for row in rows])


def _tags(element: Element) -> dict[str, str]:
    """Tags of ``<incar>`` or ``<parameters>``; VASP 6.4.3 fills names up with spaces."""
    items = (item for item in element.iter() if item.tag in ("i", "v") and item.get("name"))
    return {(item.get("name") or "").strip().upper(): (item.text or "").strip() for item in items}


def _note_atoms(element: Element, read: _Read) -> None:
    rows = element.findall("array[@name='atoms']/set/rc")
    read.symbols = tuple((row.findtext("c") or "").strip() for row in rows)
    types = [[(cell.text or "").strip() for cell in row.findall("c")] for row in
             element.findall("array[@name='atomtypes']/set/rc")]  # fmt: skip
    read.titles = tuple((row[1], row[4]) for row in types if len(row) > 4)
    valences = [(number_of(row[0]), number_of(row[3])) for row in types if len(row) > 4]
    electrons = [count * valence for count, valence in valences if count is not None and valence is not None]
    read.electrons_of_neutral = sum(electrons) if electrons and len(electrons) == len(valences) else None


def _step(element: Element, number: int, read: _Read) -> Step:
    """One ``<calculation>``; electronic steps after its structure are those of a response, and do not count."""
    from ase import Atoms

    tags = read.tags
    cell = _rows(element, "structure/crystal/varray[@name='basis']/v", 3)
    fractional = _rows(element, "structure/varray[@name='positions']/v", len(read.symbols))
    atoms = Atoms(read.symbols, cell=cell, scaled_positions=fractional, pbc=True)
    energy = number_of(element.findtext("energy/i[@name='e_fr_energy']") or "")
    pressure = tags.number("PSTRESS")
    if energy is not None and pressure:
        energy -= pressure / KB_PER_EV_A3 * atoms.get_volume()
    forces = _optional_rows(element, "varray[@name='forces']/v", len(read.symbols))
    tensor = _optional_rows(element, "varray[@name='stress']/v", 3)
    if tensor is None or tags.whole("ISIF") in (0, 1):  # of ISIF = 1 only the trace was computed
        stress = None
    else:
        stress = -tensor[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] / KB_PER_EV_A3
    converged, electronic = _convergence(element, energy, tags)
    if converged and read.fixed is not None and forces is not None and _were_cleared(forces, cell, read.fixed):
        converged, electronic = False, "forces on the atoms that selective dynamics holds were set to zero"
    return Step(
        number=number, atoms=atoms, energy_eV=energy, forces_eV_per_A=forces, stress_eV_per_A3=stress,
        converged=converged, electronic=electronic,
    )  # fmt: skip


def _convergence(element: Element, energy: float | None, tags: Tags) -> tuple[bool | None, str]:
    """Whether the electrons of a calculation converged, and what says so.

    VASP stops at NELM without a word in this file: fewer steps, and a last change below EDIFF, are what tells. Where
    nothing is added after the electronic steps, the energy of the calculation is that of the last of them.
    """
    energies = list[float]()
    for child in element:
        if child.tag == "structure":
            break
        if child.tag == "scstep":
            value = number_of(child.findtext("energy/i[@name='e_fr_energy']") or "")
            energies.append(math.nan if value is None else value)
    most, tolerance = tags.whole("NELM"), tags.number("EDIFF")
    if not energies:
        return False, "no electronic steps: it was not computed from first principles"
    if most is not None and len(energies) >= most:
        return False, f"{len(energies)} of at most {most} steps{_last_change(energies)}"
    if len(energies) == 1:
        return None, "one electronic step, whose change of the energy is not known"
    if most is None or tolerance is None:
        return None, f"{len(energies)} steps{_last_change(energies)}, of unknown NELM or EDIFF"
    told = f"{len(energies)} of at most {most} steps{_last_change(energies)}"
    if not abs(energies[-1] - energies[-2]) < abs(tolerance) + _ROUNDING_EV:
        return False, f"{told}, EDIFF {tolerance:g} eV"
    adds = any(tags.is_on(name) for name in ("LVDW", "LDIPOL", "LMONO")) or tags.number("IVDW") or tags.number("EFIELD")
    if energy is not None and not adds and abs(energy - energies[-1]) > max(10 * abs(tolerance), 1e-4):
        return False, f"the energy is {energy:.8f} eV, that of its last electronic step {energies[-1]:.8f} eV"
    return True, told


def _last_change(energies: list[float]) -> str:
    return f", last change {energies[-1] - energies[-2]:.1e} eV" if len(energies) > 1 else ""


def _were_cleared(forces: NDArray[np.float64], cell: NDArray[np.float64], fixed: NDArray[np.bool_]) -> bool:
    """Whether forces are zero along all that selective dynamics holds, components along the vectors of the cell.

    VASP moves atoms by such forces, and writes those before; a program between may have written the others. Components
    come from eight decimals.
    """
    if fixed.shape != forces.shape or not fixed.any() or not np.linalg.det(cell):
        return False
    return bool(np.all(np.abs(forces @ np.linalg.inv(cell))[fixed] < 2e-8))


def _optional_rows(element: Element, where: str, n_rows: int) -> NDArray[np.float64] | None:
    return _rows(element, where, n_rows) if element.find(where) is not None else None


def _rows(element: Element, where: str, n_rows: int) -> NDArray[np.float64]:
    """Rows of three numbers; all are NaN where one is none (VASP writes ``****``) or rows lack."""
    words = " ".join(row.text or "" for row in element.iterfind(where)).split()
    try:
        return np.array(words, dtype=np.float64).reshape(n_rows, 3)
    except ValueError:
        return np.full((n_rows, 3), math.nan)
