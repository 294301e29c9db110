"""CP2K's output (Quickstep), with PROJECT-pos-1.xyz and PROJECT-frc-1.xyz beside it.

ASE reads trajectories of CP2K and no output. The energy is "Total FORCE_EVAL", which with smearing is the free energy;
forces are minus its gradient, in Hartree/bohr. The stress is positive under compression (ASE's calculator, whose tests
hold it to differences of energies, turns it as well), in GPa or, in versions of 2025 and later, in bar; neither the
pressure asked for nor the motion of the ions is in it.

Wave functions are sums of Gaussians: there is no cut-off of plane waves for them. `density_cutoff_eV` is that of the
finest grid of the density, and the basis sets stand with the pseudopotentials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.readers.numbers import NUMBER, number, output_text, smearing, voigt
from paddlewheel.firstprinciples.setups import Setup
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.foreign import parsing
from paddlewheel.units import BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

_REMEDY = "give the output of CP2K"
_VECTOR = rf"({NUMBER})\s+({NUMBER})\s+({NUMBER})"
_BEGIN = re.compile(r"CP2K\| version string:\s+CP2K version (\S+)")
_CELL = re.compile(rf"^\s*CELL\| Vector ([abc]) \[angstrom\]?:?\s+{_VECTOR}\s+\|[abc]\| =\s+({NUMBER})")
_ANGLE = re.compile(rf"^\s*CELL\| Angle .*(alpha|beta|gamma) *\[degree\]:\s+({NUMBER})")
_PLACE = re.compile(rf"^\s*\d+\s+\d+\s+([A-Z][a-z]?)\s+\d+\s+{_VECTOR}\s+{NUMBER}\s+{NUMBER}\s*$")
_ENERGY = re.compile(rf"^\s*ENERGY\| Total FORCE_EVAL .* energy [\[(](?:a\.u\.|hartree)[\])]:?\s+({NUMBER})")
_OLD_FORCE = re.compile(rf"^\s*\d+\s+\d+\s+[A-Z]\w*\s+{_VECTOR}\s*$")
_NEW_FORCE = re.compile(rf"^\s*FORCES\|\s+\d+\s+{_VECTOR}\s+{NUMBER}\s*$")
_STRESS_TITLE = re.compile(r"(?:STRESS\| (?:Analytical|Numerical) stress tensor|STRESS TENSOR) \[(\w+)\]\s*$")
_STRESS_ROW = re.compile(rf"^\s*(?:STRESS\|)?\s+[XYZxyz]\s+{_VECTOR}\s*$")
_SCF = re.compile(r"SCF run (NOT )?converged(?: in\s+(\d+) steps)?")
_OUTER = re.compile(r"outer SCF loop (FAILED to converge|converged)")
_FRAME = re.compile(rf"\bE =\s+({NUMBER})")
_PER_GPA = {"GPa": 1.0, "bar": 1e-4, "kbar": 0.1, "Pa": 1e-9, "MPa": 1e-3}
_SAME_ENERGY_Ha = 2e-9
_LARGEST_ROUNDING_A = 6e-4
"""Half of the last of three digits, and a little."""


def is_cp2k(head: bytes) -> bool:
    """Whether a file that begins with `head` is an output of CP2K."""
    text = head.decode("latin-1")
    return "CP2K|" in text or ("DBCSR|" in text and "PROGRAM STARTED AT" in text)


@dataclass
class _Evaluation:
    atoms: Atoms | None
    energy_Ha: float
    converged: bool | None
    n_cycles: str
    forces_Ha_per_bohr: np.ndarray | None = None
    stress_GPa: np.ndarray | None = None


@dataclass
class _Run:
    lines: list[str]
    vectors_A: dict[str, np.ndarray] = field(default_factory=dict)
    lengths_A: dict[str, float] = field(default_factory=dict)
    angles: dict[str, float] = field(default_factory=dict)
    symbols: list[str] = field(default_factory=list)
    places_A: np.ndarray | None = None
    said: dict[str, str] = field(default_factory=dict)
    functionals: list[str] = field(default_factory=list)
    potentials: list[tuple[str, str]] = field(default_factory=list)
    found: list[_Evaluation] = field(default_factory=list)
    inner: bool | None = None
    outer: bool | None = None
    n_cycles: str = ""
    ended: bool = False


def read(path: Path) -> Calculation:
    """The last run in an output of CP2K; a step for every energy.

    After its first geometry an output names no places: they are taken from PROJECT-pos-1.xyz beside it, from the frame
    of the same energy, and forces that it does not print from PROJECT-frc-1.xyz. A step without a geometry is left out
    and told in `cut`.

    Raises
    ------
    DatasetError
        If it is none, or ends before its first geometry.
    """
    text = output_text(path, remedy=_REMEDY)
    with parsing(path, DatasetError, problem="is a damaged output of CP2K", remedy="copy it again"):
        lines = text.splitlines()
        begins = [index for index, line in enumerate(lines) if _BEGIN.search(line)]
        if not begins:
            raise DatasetError("no run of CP2K begins in it", where=path, remedy=_REMEDY)
        run = _Run(lines[begins[-1] :])
        rows = iter(run.lines)
        for line in rows:
            _take(line, rows, run)
        if run.places_A is None or len(run.vectors_A) < 3:
            raise DatasetError("ends before its first geometry", where=path, remedy="run it again")
        beside, forces = _frames_beside(path, run, "pos"), _frames_beside(path, run, "frc")
    for found in run.found:
        if found.atoms is None and (places := _of_energy(found.energy_Ha, beside)) is not None:
            found.atoms = _atoms(run)
            found.atoms.positions = places
        if found.forces_Ha_per_bohr is None:
            found.forces_Ha_per_bohr = _of_energy(found.energy_Ha, forces)
    whole = [found for found in run.found if found.atoms is not None]
    lost = len(run.found) - len(whole)
    reasons = [f"{lost} steps are without a geometry: give {run.said.get('project', 'PROJECT')}-pos-1.xyz beside it"]
    reasons = reasons if lost else []
    if not run.ended:
        reasons.append("the run did not end as CP2K ends")
        if whole and _lacks_parts(whole):
            whole = whole[:-1]
            reasons.append("its last step is not whole")
    return Calculation(
        source=str(path),
        setup=_setup(run),
        steps=tuple(_step(number, found) for number, found in enumerate(whole)),
        cut="; ".join(reasons) or None,
    )


def _take(line: str, rows: Iterator[str], run: _Run) -> None:
    last = run.found[-1] if run.found else None
    if found := _SCF.search(line):
        run.inner, run.outer, run.n_cycles = found[1] is None, None, found[2] or run.n_cycles
    elif found := _OUTER.search(line):
        run.outer = found[1] == "converged"
    elif found := _ENERGY.match(line):
        converged = run.inner if run.outer is None else run.outer
        atoms = _atoms(run) if run.places_A is not None and not run.found else None
        run.found.append(_Evaluation(atoms, number(found[1]), converged, run.n_cycles))
        run.inner = run.outer = None
        run.n_cycles = ""
    elif found := _CELL.match(line):
        run.vectors_A[found[1]] = np.array([number(value) for value in found.groups()[1:4]])
        run.lengths_A[found[1]] = number(found[5])
    elif found := _ANGLE.match(line):
        run.angles[found[1]] = number(found[2])
    elif "ATOMIC COORDINATES IN ANGSTROM" in line.upper():
        _take_places(rows, run)
    elif last is not None and ("ATOMIC FORCES in [a.u.]" in line or "FORCES| Atomic forces [hartree/bohr]" in line):
        last.forces_Ha_per_bohr = _forces(rows, len(run.symbols))
    elif last is not None and (found := _STRESS_TITLE.search(line)) and "Eigen" not in line:
        last.stress_GPa = _stress(rows, found[1])
    elif "PROGRAM ENDED AT" in line:
        run.ended = True
    else:
        _take_header(line, run)


def _take_places(rows: Iterator[str], run: _Run) -> None:
    symbols, places = [], []
    for line in rows:
        if found := _PLACE.match(line):
            symbols.append(found[1])
            places.append([number(value) for value in found.groups()[1:]])
        elif symbols or (line.strip() and "Atom" not in line):
            break
    if symbols and (not run.symbols or symbols == run.symbols):
        run.symbols, run.places_A = symbols, np.array(places)


def _take_header(line: str, run: _Run) -> None:
    words = line.split()
    if line.startswith(" FUNCTIONAL|") and line.rstrip().endswith(":"):
        run.functionals.append(words[1].rstrip(":"))
    elif line.startswith(" FUNCTIONAL|") and (found := re.match(r" FUNCTIONAL\| (\w+)( \([\w ]+\))?:", line)):
        run.functionals.append(found[1])
    elif "QS| Density cutoff [a.u.]" in line:
        run.said["density"] = words[-1]
    elif "GLOBAL| Project name" in line:
        run.said["project"] = words[-1]
    elif "DFT| Spin" in line:
        run.said.setdefault("spin", words[2].lower())
    elif "BRILLOUIN| K-Point grid" in line or "BRILLOUIN| K-point grid" in line:
        run.said["mesh"] = " ".join(words[-3:])
    elif "Smear method" in line:
        run.said["smearing"] = words[-1].lower().replace("_", "-")
    elif "Electronic temperature [K]" in line:
        run.said["temperature"] = words[-1]
    elif "CELL| Periodicity" in line:
        run.said["periodic"] = words[-1]
    elif found := re.search(r"Atomic kind:\s+(\S+)", line):
        run.said["kind"] = re.sub(r"\d+.*", "", found[1])
    elif "Orbital Basis Set" in line and "kind" in run.said:
        run.said["basis"] = words[-1]
    elif "Potential information for" in line and "kind" in run.said:
        run.potentials.append((run.said["kind"], f"{words[-1]} {run.said.get('basis', '')}".strip()))
    elif "vdW POTENTIAL|" in line and (found := re.search(r"DFT-D[234](?:\(BJ\))?|rVV10|vdW-DF2?", line)):
        run.said["dispersion"] = found[0].removeprefix("DFT-")
    elif "DFT+U|" in line:
        run.said["U"] = "U"


def _forces(rows: Iterator[str], n_atoms: int) -> np.ndarray | None:
    forces: list[list[float]] = []
    for line in rows:
        if found := _OLD_FORCE.match(line) or _NEW_FORCE.match(line):
            forces.append([number(value) for value in found.groups()])
            if len(forces) == n_atoms:
                return np.array(forces)
        elif forces or (line.strip() and "Atom" not in line):
            break
    return None


def _stress(rows: Iterator[str], unit: str) -> np.ndarray | None:
    if unit not in _PER_GPA:
        raise ValueError(f"a stress in {unit}")
    found: list[list[float]] = []
    for line in rows:
        if match := _STRESS_ROW.match(line):
            found.append([number(value) for value in match.groups()])
            if len(found) == 3:
                return np.array(found) * _PER_GPA[unit]
        elif found or "Trace" in line:
            break
    return None


def _cell_A(run: _Run) -> np.ndarray:
    """The cell by lengths and angles, turned as the vectors are, which older versions give with three digits."""
    from ase.geometry import cellpar_to_cell
    from scipy.spatial.transform import Rotation

    printed = np.array([run.vectors_A[name] for name in "abc"])
    if len(run.angles) < 3:
        return printed
    whole = cellpar_to_cell(
        [run.lengths_A[name] for name in "abc"] + [run.angles[n] for n in ("alpha", "beta", "gamma")]
    )
    if np.abs(whole - printed).max() > _LARGEST_ROUNDING_A:
        whole = Rotation.align_vectors(printed, whole)[0].apply(whole)
    return whole if np.abs(whole - printed).max() < _LARGEST_ROUNDING_A else printed


def _atoms(run: _Run) -> Atoms:
    from ase import Atoms

    periodic = run.said.get("periodic", "XYZ").upper()
    return Atoms(run.symbols, positions=run.places_A, cell=_cell_A(run), pbc=[axis in periodic for axis in "XYZ"])


def _frames_beside(path: Path, run: _Run, kind: str) -> list[tuple[float, np.ndarray]]:
    """Energy and vectors of every whole frame of PROJECT-pos-1.xyz (A) or PROJECT-frc-1.xyz (Hartree/bohr)."""
    beside = path.parent / f"{Path(run.said.get('project', '')).name}-{kind}-1.xyz"
    if not beside.is_file():
        return []
    lines = output_text(beside, remedy="give the trajectory that CP2K wrote").splitlines()
    n_atoms, frames = len(run.symbols), []
    for at in range(0, len(lines) - n_atoms - 1, n_atoms + 2):
        energy = _FRAME.search(lines[at + 1])
        if lines[at].strip() != str(n_atoms) or energy is None:
            raise DatasetError(f"line {at + 1} begins no frame", where=beside, remedy="copy it again")
        places = [[number(word) for word in line.split()[1:4]] for line in lines[at + 2 : at + 2 + n_atoms]]
        frames.append((number(energy[1]), np.array(places)))
    return frames


def _of_energy(energy_Ha: float, frames: list[tuple[float, np.ndarray]]) -> np.ndarray | None:
    return next((vectors for energy, vectors in frames if abs(energy - energy_Ha) < _SAME_ENERGY_Ha), None)


def _lacks_parts(found: list[_Evaluation]) -> bool:
    last, before = found[-1], found[:-1]
    forces = last.forces_Ha_per_bohr is None and (not before or before[-1].forces_Ha_per_bohr is not None)
    return forces or (last.stress_GPa is None and any(step.stress_GPa is not None for step in before))


def _step(number: int, found: _Evaluation) -> Step:
    from ase.units import Bohr, Hartree

    assert found.atoms is not None
    forces, stress = found.forces_Ha_per_bohr, found.stress_GPa
    words = {True: f"converged in {found.n_cycles} cycles", False: "not converged", None: "the output does not say"}
    return Step(
        number=number,
        atoms=found.atoms,
        energy_eV=found.energy_Ha * Hartree,
        forces_eV_per_A=None if forces is None else forces * Hartree / Bohr,
        stress_eV_per_A3=None if stress is None else -voigt(stress) / eV_PER_A3_IN_GPA,
        converged=found.converged,
        electronic=words[found.converged],
    )


def _setup(run: _Run) -> Setup:
    from ase.units import Hartree

    version = _BEGIN.search(run.lines[0])
    names = list(dict.fromkeys(run.functionals))
    names.sort(key=lambda name: "_X_" not in name)
    mesh = run.said.get("mesh", "1 1 1").split()
    density, spin = run.said.get("density"), run.said.get("spin")
    temperature = run.said.get("temperature")
    width_eV = float(temperature) * BOLTZMANN_eV_PER_K if temperature else None
    return Setup(
        code=f"cp2k {version[1]}" if version else "cp2k",
        functional=functional_name("+".join(names)) if names else None,
        density_cutoff_eV=float(density) * Hartree if density else None,
        k_mesh=(int(mesh[0]), int(mesh[1]), int(mesh[2])),
        spin_polarized=None if spin is None else spin == "unrestricted",
        smearing=smearing(run.said["smearing"], width_eV) if "smearing" in run.said else "none",
        pseudopotentials=tuple(sorted(set(run.potentials))),
        corrections=tuple(run.said[name] for name in ("U", "dispersion") if name in run.said),
    )
