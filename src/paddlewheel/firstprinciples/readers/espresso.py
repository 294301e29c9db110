"""Quantum ESPRESSO's pw.x: its output, and data-file-schema.xml.

ASE's reader of the output is not used: it takes a run that did not converge as it takes another, and reads a cut one
without a word. The energy is F = E - TS, which "! total energy" and the XML's etot are with any smearing: forces and
stress are its derivatives. Forces are in Ry/bohr in the output, in Hartree/bohr in the XML. The stress of both is
positive under compression (silicon of qeschema's tests at 10.21 bohr, 1.2 % below its lattice parameter: +3.5 GPa), so
its sign is turned here; the pressure asked for is not in it. In vc-relax and vc-md the plane waves are those of the
first cell: energies of later cells belong to a cut-off that moves with the cell, but for vc-relax's last calculation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.readers.numbers import NUMBER, number, output_text, smearing, voigt
from paddlewheel.firstprinciples.setups import Setup
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.foreign import parse_xml, parsing, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from ase import Atoms

_REMEDY = "give the output of pw.x or its data-file-schema.xml"
_BEGIN = re.compile(r"Program PWSCF v\.?\s*(\S+)")
_AXIS = re.compile(rf"^\s*a\([123]\) = \(\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*\)")
_SITE = re.compile(rf"^\s*\d+\s+([A-Z][a-z]?)\S*\s+tau\(\s*\d+\)\s*=\s*\(\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*\)")
_PLACE = re.compile(rf"^\s*([A-Z][a-z]?)\S*\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})(?:\s+[01]\s+[01]\s+[01])?\s*$")
_ENERGY = re.compile(rf"^\s*!?\s*total energy\s+=\s*({NUMBER}) Ry")
_FORCE = re.compile(rf"^\s*atom\s+\d+ type\s+\d+\s+force =\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*$")
_STRESS_ROW = re.compile(rf"^\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s+{NUMBER}\s+{NUMBER}\s+{NUMBER}\s*$")
_DONE = re.compile(r"^\s*convergence has been achieved in\s+(\d+) iterations")
_NOT_DONE = re.compile(r"^\s*convergence NOT achieved after\s+(\d+) iterations")
_UNIT = re.compile(rf"\(\s*(angstrom|bohr|alat|crystal)\s*(?:=\s*({NUMBER}))?\s*\)")
_SMEARING = re.compile(rf"number of k points=\s*\d+\s+(\S.*?) smearing, width \(Ry\)=\s*({NUMBER})")


def is_pw_output(head: bytes) -> bool:
    """Whether a file that begins with `head` is an output of pw.x."""
    return _BEGIN.search(head.decode("latin-1")) is not None


def is_pw_xml(head: bytes) -> bool:
    """Whether a file that begins with `head` is a data-file-schema.xml."""
    return b"<qes:espresso" in head or (b"quantum-espresso.org/ns/qes" in head and b"espresso" in head)


@dataclass
class _Evaluation:
    atoms: Atoms
    energy_Ry: float
    converged: bool | None = None
    n_iterations: int | None = None
    forces_Ry_per_bohr: np.ndarray | None = None
    stress_Ry_per_bohr3: np.ndarray | None = None


@dataclass
class _Run:
    lines: list[str]
    alat_bohr: float = 1.0
    cell_A: np.ndarray | None = None
    symbols: list[str] = field(default_factory=list)
    places_A: np.ndarray | None = None
    said: dict[str, str] = field(default_factory=dict)
    potentials: list[tuple[str, str]] = field(default_factory=list)
    found: list[_Evaluation] = field(default_factory=list)
    energy_Ry: float | None = None
    has_spin: bool = False
    ended: bool = False


def read(path: Path) -> Calculation:
    """The last run in an output of pw.x; a step for every geometry whose iterations ended.

    Raises
    ------
    DatasetError
        If it is none, or ends before its first geometry.
    """
    text = output_text(path, remedy=_REMEDY)
    with parsing(path, DatasetError, problem="is a damaged output of pw.x", remedy="copy it again"):
        lines = text.splitlines()
        begins = [index for index, line in enumerate(lines) if _BEGIN.search(line)]
        if not begins:
            raise DatasetError("no run of pw.x begins in it", where=path, remedy=_REMEDY)
        run = _Run(lines[begins[-1] :])
        rows = iter(run.lines)
        for line in rows:
            _take(line, rows, run)
        if run.cell_A is None or run.places_A is None:
            raise DatasetError("ends before its first geometry", where=path, remedy="run it again")
        whole = run.found if run.ended else _without_a_cut_step(run.found)
        cut = None if run.ended else "the run did not end as pw.x ends"
        if cut and len(whole) < len(run.found):
            cut += "; its last step is not whole"
        steps = tuple(_step(number, found) for number, found in enumerate(whole))
        return Calculation(source=str(path), setup=_setup(run), steps=steps, cut=cut)


def _take(line: str, rows: Iterator[str], run: _Run) -> None:
    from ase import Atoms
    from ase.units import Bohr

    last = run.found[-1] if run.found else None
    if found := _ENERGY.match(line):
        run.energy_Ry = number(found[1])  # of every iteration; of the last one with a ! where it converged
    ends = (found and line.startswith("!")) or _NOT_DONE.match(line)
    if ends and run.cell_A is not None and run.places_A is not None and run.energy_Ry is not None:
        atoms = Atoms(run.symbols, positions=run.places_A, cell=run.cell_A, pbc=True)
        last = _Evaluation(atoms, run.energy_Ry)
        run.found.append(last)
        run.energy_Ry = None
    if "lattice parameter (alat)" in line:
        run.alat_bohr = number(line.split("=")[1].split()[0])
    elif "celldm(1)=" in line:
        run.alat_bohr = number(line.split("celldm(1)=")[1].split()[0]) or run.alat_bohr
    elif found := _AXIS.match(line):
        axes = [found, _AXIS.match(next(rows, "")), _AXIS.match(next(rows, ""))]
        if all(axes):
            run.cell_A = _rows(axes) * run.alat_bohr * Bohr
    elif found := _SITE.match(line):
        sites = [found]
        for row in rows:
            if not (site := _SITE.match(row)):
                break
            sites.append(site)
        # at high verbosity a second table follows, in crystal coordinates
        if "cryst" not in run.said.get("sites", ""):
            run.symbols = [site[1] for site in sites]
            places = [[number(value) for value in site.groups()[1:]] for site in sites]
            run.places_A = np.array(places) * run.alat_bohr * Bohr
    elif line.startswith("CELL_PARAMETERS"):
        axes = [re.match(rf"\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*$", next(rows, "")) for _ in range(3)]
        if all(axes):
            run.cell_A = _rows(axes) * _unit_A(line, run)
    elif line.startswith("ATOMIC_POSITIONS"):
        _take_positions(line, rows, run)
    elif last is not None and (found := _DONE.match(line) or _NOT_DONE.match(line)):
        last.converged, last.n_iterations = found.re is _DONE, int(found[1])
    elif last is not None and line.strip().startswith("Forces acting on atoms"):
        last.forces_Ry_per_bohr = _forces(rows, len(run.symbols))
    elif last is not None and "total   stress" in line and "(Ry/bohr**3)" in line:
        tensor = [_STRESS_ROW.match(next(rows, "")) for _ in range(3)]
        last.stress_Ry_per_bohr3 = _rows(tensor) if all(tensor) else None
    elif "total magnetization" in line:
        run.has_spin = True
    elif line.strip().startswith("JOB DONE"):
        run.ended = True
    else:
        _take_header(line, rows, run)


def _take_positions(line: str, rows: Iterator[str], run: _Run) -> None:
    symbols, places = [], []
    for row in rows:
        found = _PLACE.match(row)
        if not found:
            break
        symbols.append(found[1])
        places.append([number(value) for value in found.groups()[1:]])
        if len(symbols) == len(run.symbols):
            break
    if len(symbols) == len(run.symbols) and run.cell_A is not None:
        crystal = "crystal" in line
        run.symbols = symbols
        run.places_A = np.array(places) @ run.cell_A if crystal else np.array(places) * _unit_A(line, run)


def _unit_A(line: str, run: _Run) -> float:
    from ase.units import Bohr

    found = _UNIT.search(line)
    unit = found[1] if found else "alat"
    if unit == "angstrom":
        return 1.0
    if unit == "bohr":
        return Bohr
    return (number(found[2]) if found and found[2] else run.alat_bohr) * Bohr


def _forces(rows: Iterator[str], n_atoms: int) -> np.ndarray | None:
    """The first table after the title; those of its parts come after it."""
    forces: list[list[float]] = []
    for line in rows:
        if found := _FORCE.match(line):
            forces.append([number(value) for value in found.groups()])
            if len(forces) == n_atoms:
                return np.array(forces)
        elif line.strip() and (forces or "Total force" in line):
            break
    return None


def _take_header(line: str, rows: Iterator[str], run: _Run) -> None:
    if "kinetic-energy cutoff" in line:
        run.said["cutoff"] = line.split("=")[1].split()[0]
    elif "charge density cutoff" in line:
        run.said["density"] = line.split("=")[1].split()[0]
    elif "convergence threshold" in line and "estimated" not in line:
        run.said.setdefault("tolerance", line.split("=")[1].split()[0])
    elif "Exchange-correlation" in line and "=" in line:
        run.said["functional"] = line.split("=", 1)[1].split("(")[0].strip()
    elif line.lstrip().startswith("site n.") and "positions" in line:
        run.said["sites"] = line.rsplit("positions", 1)[1]
    elif line.lstrip().startswith("PseudoPot. #"):
        symbol = line.split(" for ")[1].split()[0]
        run.potentials.append((symbol, Path(next(rows, "").strip()).name))
    elif "number of k points=" in line:
        run.said["occupations"] = line
    elif "Simplified LDA+U" in line or "Hubbard projectors" in line or "LDA+U calculation" in line:
        run.said["U"] = "U"
    elif found := re.search(r"DFT-(D[23])\S* Dispersion|(D3)\s+Dispersion|Tkatchenko", line, re.IGNORECASE):
        run.said["dispersion"] = found[1] or found[2] or "TS"


def _without_a_cut_step(found: list[_Evaluation]) -> list[_Evaluation]:
    """Without the last one where the run ended within it."""
    if not found:
        return found
    last, before = found[-1], found[:-1]
    lacks_forces = last.forces_Ry_per_bohr is None
    lacks_stress = last.stress_Ry_per_bohr3 is None and any(step.stress_Ry_per_bohr3 is not None for step in before)
    cut = last.converged is None or (last.converged and (lacks_forces or lacks_stress))
    return before if cut else found


def _step(number: int, found: _Evaluation) -> Step:
    from ase.units import Bohr, Ry

    forces, stress = found.forces_Ry_per_bohr, found.stress_Ry_per_bohr3
    words = "" if found.converged is None else "converged in" if found.converged else "not converged in"
    return Step(
        number=number,
        atoms=found.atoms,
        energy_eV=found.energy_Ry * Ry,
        forces_eV_per_A=None if forces is None else forces * Ry / Bohr,
        stress_eV_per_A3=None if stress is None else -voigt(stress) * Ry / Bohr**3,
        converged=found.converged,
        electronic=f"{words} {found.n_iterations} iterations" if words else "the output does not say",
    )


def _setup(run: _Run) -> Setup:
    from ase.units import Ry

    version = _BEGIN.search(run.lines[0])
    smeared = _SMEARING.search(run.said.get("occupations", ""))
    cutoff, density, tolerance = (run.said.get(name) for name in ("cutoff", "density", "tolerance"))
    functional = run.said.get("functional")
    return Setup(
        code=f"espresso {version[1]}" if version else "espresso",
        functional=functional_name(functional) if functional else None,
        cutoff_eV=number(cutoff) * Ry if cutoff else None,
        density_cutoff_eV=number(density) * Ry if density else None,
        spin_polarized=run.has_spin if run.found else None,
        smearing=smearing(smeared[1], number(smeared[2]) * Ry)
        if smeared
        else "none" if "occupations" in run.said else None,
        energy_tolerance_eV=number(tolerance) * Ry if tolerance else None,
        pseudopotentials=tuple(sorted(set(run.potentials))),
        corrections=tuple(run.said[name] for name in ("U", "dispersion") if name in run.said),
    )  # fmt: skip


def read_xml(path: Path) -> Calculation:
    """A data-file-schema.xml: its steps, and what the last calculation gave.

    Raises
    ------
    DatasetError
        If it is damaged or cut (an XML file that is cut has no step that can be read), or holds no output.
    """
    content = read_document(path, DatasetError, remedy=_REMEDY)
    root = parse_xml(content, path, DatasetError, remedy="copy it again, or give the output of pw.x")
    with parsing(path, DatasetError, problem="is a damaged data-file-schema.xml", remedy="copy it again"):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        output = root.find("output")
        if output is None:
            raise DatasetError("holds no output: the run did not end", where=path, remedy="give the output of pw.x")
        steps = [_step_of(element) for element in root.findall("step")]
        last = _step_of(output)
        if not steps or abs((steps[-1].energy_eV or 0.0) - (last.energy_eV or 0.0)) > 1e-9:
            steps.append(last)
        status = (root.findtext("exit_status") or "").strip()
        return Calculation(
            source=str(path),
            setup=_xml_setup(root, output, len(last.atoms)),
            steps=tuple(replace(step, number=number) for number, step in enumerate(steps)),
            cut=None if status in ("", "0", "2", "3") else f"pw.x ended with status {status}",
        )


def _step_of(element: Element) -> Step:
    from ase import Atoms
    from ase.units import Bohr, Hartree

    structure = element.find("atomic_structure")
    energy = element.findtext("total_energy/etot")
    if structure is None or energy is None:
        raise ValueError("a step without its structure or its energy")
    places = structure.find("atomic_positions")
    cell = np.array([_vector(structure.findtext(f"cell/{axis}")) for axis in ("a1", "a2", "a3")]) * Bohr
    names = [atom.get("name", "") for atom in (places if places is not None else ())]
    symbols = [name[0] for name in (re.match(r"[A-Z][a-z]?", name) for name in names) if name]
    atoms = Atoms(
        symbols,
        positions=np.array([_vector(atom.text) for atom in (places if places is not None else ())]) * Bohr,
        cell=cell,
        pbc=True,
    )
    conv = element.find("scf_conv")
    conv = element.find("convergence_info/scf_conv") if conv is None else conv
    said = None if conv is None else conv.findtext("convergence_achieved")
    n_iterations = None if conv is None else conv.findtext("n_scf_steps")
    forces, stress = element.findtext("forces"), element.findtext("stress")
    return Step(
        number=0,
        atoms=atoms,
        energy_eV=number(energy.strip()) * Hartree,
        forces_eV_per_A=None if forces is None else _vector(forces).reshape(len(atoms), 3) * Hartree / Bohr,
        stress_eV_per_A3=None if stress is None else -voigt(_vector(stress).reshape(3, 3)) * Hartree / Bohr**3,
        converged=None if said is None else said.strip().lower() == "true",
        electronic=f"{n_iterations.strip()} iterations" if n_iterations else "the file does not say",
    )


def _xml_setup(root: Element, output: Element, n_atoms: int) -> Setup:
    from ase.units import Hartree

    creator = root.find("general_info/creator")
    mesh = output.find("band_structure/starting_k_points/monkhorst_pack")
    lsda, noncollinear = (output.findtext(f"magnetization/{name}") for name in ("lsda", "noncolin"))
    smeared, cutoff = output.find("band_structure/smearing"), output.findtext("basis_set/ecutwfc")
    density = output.findtext("basis_set/ecutrho")
    kind, tolerance = (
        output.findtext("band_structure/occupations_kind"),
        root.findtext("input/electron_control/conv_thr"),
    )
    functional = output.findtext("dft/functional")
    width = number(smeared.get("degauss", "0")) * Hartree if smeared is not None else None
    corrections = [name for tag, name in (("dft/vdW", "dispersion"), ("dft/dftU", "U")) if output.find(tag) is not None]
    dispersion = output.findtext("dft/vdW/vdw_corr")
    return Setup(
        code=f"espresso {creator.get('VERSION', '')}".strip() if creator is not None else "espresso",
        functional=functional_name(functional) if functional else None,
        cutoff_eV=number(cutoff.strip()) * Hartree if cutoff else None,
        density_cutoff_eV=number(density.strip()) * Hartree if density else None,
        k_mesh=None if mesh is None else (int(mesh.get("nk1", 0)), int(mesh.get("nk2", 0)), int(mesh.get("nk3", 0))),
        spin_polarized=None if lsda is None else "true" in (lsda + (noncollinear or "")).lower(),
        smearing=smearing((smeared.text or "").strip(), width)
        if smeared is not None
        else "none" if kind == "fixed" else None,
        energy_tolerance_eV=number(tolerance.strip()) * Hartree if tolerance else None,
        pseudopotentials=tuple(
            sorted((species.get("name", ""), (species.findtext("pseudo_file") or "").strip())
                   for species in output.findall("atomic_species/species"))
        ),
        corrections=tuple(dispersion.strip() if name == "dispersion" and dispersion else name for name in corrections),
    )  # fmt: skip


def _vector(text: str | None) -> np.ndarray:
    return np.array([number(word) for word in (text or "").split()])


def _rows(found: list[re.Match[str] | None]) -> np.ndarray:
    return np.array([[number(value) for value in row.groups()] for row in found if row])
