"""CASTEP's outputs: .castep, and .geom and .md, which hold the same steps with more digits.

ASE's reader of .castep is not used: it takes an unconverged run as it takes a converged one, refuses a run that was
cut, pairs the forces with the energy extrapolated to 0 K, leaves dispersion out of the energy (the forces hold it) and
takes a component that a constraint sets to zero as a force.

The energy is the free energy E - TS, dispersion included, plus the correction for the finite basis where CASTEP makes
one: it depends on the cell alone, and the stress holds its derivative. "Total energy corrected for finite basis set" is
that sum: in two runs of silicon by ASE's tests, one metallic, it is the free energy plus 7.49e-4 and 7.48e-4 of
dE/dlog(Ecut), where the energy E gives 7.44e-4. Forces are minus its gradient, in eV/A. The stress is positive under
tension, as ASE's, and holds neither the pressure asked for nor, in .castep, the motion of the ions: in a run in NPT of
NOMAD's tests the pressure of the table is that of the dynamics less 2/3 of the kinetic energy by volume.
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
from paddlewheel.foreign import parsing
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

_REMEDY = "give CASTEP's .castep, .geom or .md"
_BEGIN = re.compile(r"CASTEP version\s+([\d.]+)|Materials Studio CASTEP")
_HEADER = re.compile(r"^ \s*(\S.*?)\s+:\s*(.*?)\s*$")
_FINAL = re.compile(rf"^(?:Final|Current)(?: total)? (free )?energy.*=\s*({NUMBER})\s+eV")
_DISPERSION = re.compile(rf"^Dispersion corrected final (free )?energy.*=\s*({NUMBER})\s+eV")
_CORRECTED = re.compile(rf"Total energy corrected for finite basis set\s*=\s*({NUMBER})")
_POTENTIAL = re.compile(rf"Potential Energy:\s+({NUMBER})\s+eV")
_ENTHALPY = re.compile(rf"^\s*\|\s*(?:trial|line|quad) step\s*\|.*\|\s*({NUMBER})\s*\|\s*<-- min")
_CYCLE = re.compile(rf"^\s*(\d+)\s+{NUMBER}(?:\s+{NUMBER})?\s+({NUMBER})\s+[\d.]+\s+<-- SCF")
_FORCES = re.compile(r"^\s*\*{4,}\s*([\w ]*?)\s*Forces\s*\*{4,}\s*$")
_STRESS = re.compile(r"^\s*\*{4,}\s*[\w ]*Stress Tensor\s*\*{4,}\s*$")
_VECTOR = re.compile(rf"^\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})\s+{NUMBER}\s+{NUMBER}\s+{NUMBER}\s*$")
_PLACE = re.compile(rf"^\s*x\s+([A-Z][a-z]?)(?::\S+)?\s+\d+\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})\s+x\s*$")
_COMPONENT = rf"({NUMBER}\s*(?:\(cons'd\))?|\*+)"
_FORCE = re.compile(rf"^\s*\*\s+[A-Z][a-z]?(?::\S+)?\s+\d+\s+{_COMPONENT}\s+{_COMPONENT}\s+{_COMPONENT}\s*\*\s*$")
_STRESS_ROW = re.compile(rf"^\s*\*\s+[xyz]\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})\s*\*\s*$")
_UNCONVERGED = ("has not reached the groundstate", "electronic minimisation did not converge")
_ENDS = ("Total time          =", "Finalisation time   =", "Calculation time    =")

_FUNCTIONALS = {
    "Local Density Approximation": "LDA",
    "Perdew Wang (1991)": "PW91",
    "Perdew Burke Ernzerhof": "PBE",
    "revised Perdew Burke Ernzerhof": "RPBE",
    "PBE with Wu-Cohen exchange": "WC",
    "PBE for solids (2008)": "PBEsol",
    "hybrid PBE0": "PBE0",
    "hybrid B3LYP": "B3LYP",
    "hybrid HSE03": "HSE03",
    "hybrid HSE06": "HSE06",
    "RSCAN": "rSCAN",
    "R2SCAN": "r2SCAN",
}
"""By the words of the header; CASTEP's own RSCAN is rSCAN (doi 10.1063/1.5094646), which is not r2SCAN."""
_DEFINITION = "using custom XC functional definition"
_PART = re.compile(rf"^\s*(?:{_DEFINITION})?\s*:?\s*(?:LIBXC_)?([A-Za-z][\w+-]*)\s+([\d.]+)\s*$", re.IGNORECASE)


def is_castep(head: bytes) -> bool:
    """Whether a file that begins with `head` is a .castep."""
    text = head.decode("latin-1")
    return bool(_BEGIN.search(text)) or ("CCC   AA    SSS  TTTTT" in text)


def is_castep_frames(head: bytes) -> bool:
    """Whether a file that begins with `head` is a .geom or .md."""
    text = head.decode("latin-1")
    return "BEGIN header" in text[:200] and "<-- E" in text


def read(path: Path) -> Calculation:
    """The last run in a .castep, which holds all that were made under one name; every geometry evaluated is a step.

    Raises
    ------
    DatasetError
        If it is no .castep, or one before its first cell.
    """
    text = output_text(path, remedy=_REMEDY)
    with parsing(path, DatasetError, problem="is a damaged .castep", remedy="copy it again"):
        lines = text.splitlines()
        begins = [index for index, line in enumerate(lines) if _BEGIN.search(line)]
        if not begins:
            raise DatasetError("no run of CASTEP begins in it", where=path, remedy=_REMEDY)
        return _Run(lines[begins[-1] :]).calculation(path)


@dataclass
class _Evaluation:
    """One evaluation of the electrons as it is read."""

    atoms: Atoms
    energy_eV: float | None = None
    free_energy_eV: float | None = None
    dispersion_eV: float | None = None
    corrected_eV: float | None = None
    dynamics_eV: float | None = None
    enthalpy_eV: float | None = None
    n_cycles: int = 0
    last_gain_eV: float | None = None
    warned: bool = False
    tables: list[tuple[str, np.ndarray | None]] = field(default_factory=list)
    stress_GPa: np.ndarray | None = None

    @property
    def uncorrected_eV(self) -> float | None:
        found = (self.dispersion_eV, self.free_energy_eV, self.energy_eV)
        return next((energy for energy in found if energy is not None), None)


class _Run:
    """One run of a .castep."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.said: dict[str, str] = {}
        self.cell: np.ndarray | None = None
        self.symbols: list[str] = []
        self.places = np.empty((0, 3))
        self.moved = True
        self.cutoff_eV: float | None = None
        self.mesh: tuple[int, int, int] | None = None
        self.potentials: list[tuple[str, str]] = []
        self.n_constraints = 0
        self.mass_is_fixed = False
        self.pressure_GPa = 0.0
        self.ended = False
        self.found: list[_Evaluation] = []

    def calculation(self, path: Path) -> Calculation:
        rows = iter(self.lines)
        for line in rows:
            self._take(line, rows)
        if self.cell is None or not self.symbols:
            raise DatasetError("ends before its first cell", where=path, remedy="run it again")
        steps = tuple(self._steps())
        return Calculation(source=str(path), setup=self._setup(), steps=steps, cut=self._cut())

    def _take(self, line: str, rows: Iterator[str]) -> None:
        last = self.found[-1] if self.found else None
        if "Real Lattice(A)" in line:
            vectors = [_VECTOR.match(next(rows, "")) for _ in range(3)]
            if all(vectors):
                self.cell = np.array([[number(value) for value in found.groups()] for found in vectors if found])
                self.moved = True
        elif "Fractional coordinates of atoms" in line:
            self._take_places(rows)
        elif line.endswith("<-- SCF"):
            self._take_cycle(line)
        elif any(words in line for words in _ENDS):
            self.ended = True
        elif "MP grid size for SCF calculation is" in line:
            first, second, third = (int(count) for count in line.split()[-3:])
            self.mesh = (first, second, third)
        elif _DEFINITION in line:
            self._take_definition(line, rows)
        elif "Files used for pseudopotentials" in line:
            self._take_potentials(rows)
        elif "External pressure/stress" in line:
            self.pressure_GPa = float(next(rows, "0").split()[0])
        elif "Number of ionic constraints" in line:
            self.n_constraints = int(line.split("=")[1])
        elif "Centre of mass is constrained" in line:
            self.mass_is_fixed = True
        elif found := re.search(rf"Calculating total energy with cut-off of\s+({NUMBER})\s*eV", line):
            self.cutoff_eV = number(found[1])
        elif last is not None and (
            any(words in line for words in _UNCONVERGED) or line.lstrip().startswith("*Warning* max. SCF")
        ):
            last.warned = True
        elif last is not None and (found := _FORCES.match(line)):
            last.tables.append((found[1], self._forces(rows)))
        elif last is not None and _STRESS.match(line):
            last.stress_GPa = _stress_table(rows)
        elif last is not None:
            _take_energy(line, last)
        else:
            self._take_header(line)

    def _take_header(self, line: str) -> None:
        if found := _HEADER.match(line):
            self.said[found[1].lower()] = found[2]
        elif line.strip().startswith(("treating system as", "Method: Treating system as")):
            self.said["spin" if "spin" in line else "occupation"] = line.strip()

    def _take_definition(self, line: str, rows: Iterator[str]) -> None:
        """The parts of a functional that XC_DEFINITION put together, with their weights."""
        found = _PART.match(line)
        parts = [found.groups()] if found else []
        for row in rows:
            if not (found := _PART.match(row)):
                self._take_header(row)
                break
            parts.append(found.groups())
        parts.sort(key=lambda part: ("_X_" not in part[0].upper(), part[0]))
        whole = all(number(weight) == 1 for _, weight in parts)
        names = (name.upper() if whole else f"{number(weight):g} {name.upper()}" for name, weight in parts)
        self.said["definition"] = "+".join(names)

    def _take_cycle(self, line: str) -> None:
        if line.startswith("SCF loop") and self.cell is not None and self.symbols:
            if self.moved or not self.found:
                self.found.append(_Evaluation(self._atoms()))
                self.moved = False
            # of several cut-offs at one geometry the last is the one asked for; one that failed is enough
            self.found[-1] = replace(
                self.found[-1], energy_eV=None, free_energy_eV=None, dispersion_eV=None, n_cycles=0, last_gain_eV=None
            )
        elif (found := _CYCLE.match(line)) and self.found:
            self.found[-1].n_cycles = int(found[1])
            self.found[-1].last_gain_eV = number(found[2])

    def _take_places(self, rows: Iterator[str]) -> None:
        symbols, places = [], []
        for line in rows:
            if found := _PLACE.match(line):
                symbols.append(found[1])
                places.append([number(value) for value in found.groups()[1:]])
            elif line.strip().startswith("xxxx"):
                if places:
                    self.symbols, self.places, self.moved = symbols, np.array(places), True
                break

    def _take_potentials(self, rows: Iterator[str]) -> None:
        for line in rows:
            if "generated on-the-fly" in line:
                continue
            words = line.split(maxsplit=1)
            if len(words) < 2:
                break
            self.potentials.append((words[0].split(":")[0], words[1].strip()))

    def _forces(self, rows: Iterator[str]) -> np.ndarray | None:
        """The forces of a table; None where it is cut, or a component is set by a constraint."""
        forces: list[list[float]] = []
        for line in rows:
            if found := _FORCE.match(line):
                if "cons'd" in line or "**" in line.strip(" *"):
                    forces.append([np.nan] * 3)
                else:
                    forces.append([number(value) for value in found.groups()])
            elif re.match(r"^\s*\*{8,}\s*$", line):
                break
        whole = np.array(forces)
        return whole if len(forces) == len(self.symbols) and np.all(np.isfinite(whole)) else None

    def _atoms(self) -> Atoms:
        from ase import Atoms

        return Atoms(self.symbols, scaled_positions=self.places, cell=self.cell, pbc=True)

    def _steps(self) -> Iterator[Step]:
        tolerance_eV = self._tolerance_eV()
        whole = self.found[:-1] if self._last_is_cut() else self.found
        corrections = _Corrections(has_pressure=self.pressure_GPa != 0)
        for index, found in enumerate(evaluation for evaluation in whole if evaluation.uncorrected_eV is not None):
            energy_eV, told = corrections.energy_eV(found)
            gain_eV = found.last_gain_eV
            late = gain_eV is not None and tolerance_eV is not None and abs(gain_eV) > tolerance_eV
            converged = False if found.warned or late else None if gain_eV is None else True
            forces, about_forces = self._chosen_forces(found)
            change = "" if gain_eV is None else f", last change {abs(gain_eV):.1e} eV/atom"
            words = (f"{found.n_cycles} cycles{change}", "CASTEP warns" if found.warned else "", told, about_forces)
            stress = found.stress_GPa
            yield Step(
                number=index,
                atoms=found.atoms,
                energy_eV=energy_eV,
                forces_eV_per_A=forces,
                stress_eV_per_A3=None if stress is None else voigt(stress) / eV_PER_A3_IN_GPA,
                converged=converged,
                electronic="; ".join(word for word in words if word),
            )

    def _chosen_forces(self, found: _Evaluation) -> tuple[np.ndarray | None, str]:
        """The forces that no constraint has touched, and what there is to say."""
        constrained = self.n_constraints > (3 if self.mass_is_fixed else 0)
        for title, forces in reversed(found.tables):
            projected = constrained and title.startswith("Constrained")
            if forces is not None and not projected:
                return forces, ""
        return None, "only forces that constraints have changed" if found.tables else ""

    def _last_is_cut(self) -> bool:
        """Whether the run ended within its last step."""
        if self.ended or not self.found:
            return False
        last, before = self.found[-1], self.found[:-1]
        stress_due = any(step.stress_GPa is not None for step in before) if before else self._asks_stress()
        forces_due = any(step.tables for step in before) if before else True
        return (
            last.uncorrected_eV is None
            or (forces_due and not any(forces is not None for _, forces in last.tables))
            or (stress_due and last.stress_GPa is None)
        )

    def _asks_stress(self) -> bool:
        return self.said.get("stress calculation", "").startswith("on")

    def _cut(self) -> str | None:
        if self.ended:
            return None
        return "the run did not end as CASTEP ends" + ("; its last step is not whole" if self._last_is_cut() else "")

    def _tolerance_eV(self) -> float | None:
        found = re.match(NUMBER, self.said.get("total energy / atom convergence tol.", ""))
        return number(found[0]) if found else None

    def _setup(self) -> Setup:
        version = _BEGIN.search(self.lines[0])
        cutoff = re.match(NUMBER, self.said.get("plane wave basis set cut-off", ""))
        spin, tolerance_eV = self.said.get("spin"), self._tolerance_eV()
        return Setup(
            code=f"castep {version[1]}" if version and version[1] else "castep",
            functional=self._functional(),
            cutoff_eV=float(cutoff[0]) if cutoff else self.cutoff_eV,
            k_mesh=self.mesh,
            spin_polarized=None if spin is None else "non-spin" not in spin,
            smearing=self._smearing(),
            energy_tolerance_eV=None if tolerance_eV is None else tolerance_eV * len(self.symbols),
            pseudopotentials=tuple(sorted(set(self.potentials))),
            corrections=self._corrections(),
        )

    def _functional(self) -> str | None:
        if "definition" in self.said:
            return functional_name(self.said["definition"])
        name = self.said.get("using functional")
        if name is None:
            return None
        return _FUNCTIONALS.get(name) or functional_name(name.removeprefix("LIBXC_"))

    def _smearing(self) -> str | None:
        if "non-metallic" in self.said.get("occupation", ""):
            return "none"
        width = re.match(NUMBER, self.said.get("smearing width", ""))
        scheme = self.said.get("smearing scheme")
        return smearing(scheme, float(width[0]) if width else None) if scheme else None

    def _corrections(self) -> tuple[str, ...]:
        found = []
        if self.said.get("dft+d: semi-empirical dispersion correction", "").startswith("on"):
            found.append(self.said.get("sedc with", "dispersion").removesuffix(" correction scheme"))
        if any("hubbard u" in name for name in self.said):
            found.append("U")
        return tuple(found)


@dataclass
class _Corrections:
    """What the finite basis adds to the energies of a run's cells."""

    has_pressure: bool
    known: list[tuple[np.ndarray, float]] = field(default_factory=list)

    def energy_eV(self, found: _Evaluation) -> tuple[float | None, str]:
        """The energy of an evaluation with the correction of its cell, and why it is not known."""
        energy_eV, cell = found.uncorrected_eV, found.atoms.cell.array
        assert energy_eV is not None
        enthalpy_eV = None if self.has_pressure else found.enthalpy_eV
        told = next((e for e in (found.corrected_eV, found.dynamics_eV, enthalpy_eV) if e is not None), None)
        if told is not None and (self.known or found.corrected_eV is not None):
            self.known.append((cell, told - energy_eV))
            return told, ""
        for known, correction_eV in self.known:
            if np.allclose(known, cell, rtol=0, atol=1e-7):
                return energy_eV + correction_eV, ""
        if self.known:
            return None, "the correction for the finite basis of this cell is not told"
        return energy_eV, ""


def _take_energy(line: str, found: _Evaluation) -> None:
    if match := _FINAL.match(line):
        if match[1]:
            found.free_energy_eV = number(match[2])
        else:
            found.energy_eV = number(match[2])
    elif match := _DISPERSION.match(line):
        if match[1] or found.dispersion_eV is None:
            found.dispersion_eV = number(match[2])
    elif match := _CORRECTED.search(line):
        found.corrected_eV = number(match[1])
    elif match := _POTENTIAL.search(line):
        found.dynamics_eV = number(match[1])
    elif match := _ENTHALPY.match(line):
        found.enthalpy_eV = number(match[1])


def _stress_table(rows: Iterator[str]) -> np.ndarray | None:
    found: list[list[float]] = []
    for line in rows:
        if match := _STRESS_ROW.match(line):
            found.append([number(value) for value in match.groups()])
        elif re.match(r"^\s*\*{8,}\s*$", line):
            break
    return np.array(found) if len(found) == 3 else None


_TAGS = {"E", "h", "S", "R", "F", "V", "T", "P", "hv", "c"}
_ATOM_TAGS = {"R", "F", "V"}
_SAME_ENERGY_eV = 2e-5


def read_frames(path: Path) -> Calculation:
    """A .geom or .md: the geometries that the run accepted, with all digits.

    The file says nothing of convergence, functional or cut-offs: they come from NAME.castep beside it, step for step,
    where that has a step of this energy at these places; otherwise `converged` is None. Its energy is E - TS, with or
    without the correction for the finite basis as CASTEP's run has it. The stress of a .md holds the motion of the
    ions, which is subtracted.

    Raises
    ------
    DatasetError
        If it is neither, or a block in it is damaged.
    """
    text = output_text(path, remedy=_REMEDY)
    log = path.with_suffix(".castep")
    beside = read(log) if log.is_file() else None
    with parsing(path, DatasetError, problem="is a damaged .geom or .md", remedy="copy it again"):
        _, found, body = text.partition("END header")
        if not found:
            raise DatasetError("has no header of a .geom or .md", where=path, remedy=_REMEDY)
        units = _atomic_units(log if beside else None)
        blocks = [block for block in re.split(r"\n[ \t\r]*\n", body) if "<--" in block]
        steps, cut = [], None
        for index, block in enumerate(blocks):
            step = _step_of_block(index, block, units, beside)
            if step is None and index == len(blocks) - 1:
                cut = "its last step is not whole"
            elif step is None:
                raise DatasetError(f"step {index} is not whole", where=path, remedy="copy it again")
            else:
                steps.append(step)
        n_atoms = {len(step.atoms) for step in steps}
        if len(n_atoms) > 1:
            if len(steps[-1].atoms) == len(steps[0].atoms) or len({len(step.atoms) for step in steps[:-1]}) > 1:
                raise DatasetError("its steps have different numbers of atoms", where=path, remedy="copy it again")
            steps, cut = steps[:-1], "its last step is not whole"
    setup = beside.setup if beside else Setup(code="castep")
    return Calculation(source=str(path), setup=setup, steps=tuple(steps), cut=cut)


def _atomic_units(log: Path | None) -> dict[str, float]:
    """ASE's units by the constants that the run names, else CODATA 2018."""
    from ase.units import create_units

    year = "2018"
    if log is not None:
        with log.open(encoding="latin-1") as stream:
            found = re.search(r"Fundamental constants values:\s*CODATA (\d{4})", stream.read(100_000))
        year = found[1] if found and found[1] in ("1998", "2002", "2006", "2010", "2014", "2018") else year
    return create_units(year)


def _step_of_block(index: int, block: str, units: dict[str, float], beside: Calculation | None) -> Step | None:
    """The step of one block; None where it is not whole."""
    from ase import Atoms

    rows: dict[str, list[list[str]]] = {tag: [] for tag in _TAGS}
    for line in block.splitlines():
        values, arrow, tag = line.rpartition("<--")
        if arrow and tag.strip() in _TAGS:
            rows[tag.strip()].append(values.split())
    symbols = [row[0].split(":")[0] for row in rows["R"]]
    n_atoms = len(symbols)
    if not rows["E"] or len(rows["h"]) != 3 or not n_atoms or len(rows["F"]) != n_atoms:
        return None

    def vectors(tag: str) -> np.ndarray:
        first = 2 if tag in _ATOM_TAGS else 0
        return np.array([[number(value) for value in row[first : first + 3]] for row in rows[tag]])

    hartree_eV, bohr_A = units["Hartree"], units["Bohr"]
    atoms = Atoms(symbols, positions=vectors("R") * bohr_A, cell=vectors("h") * bohr_A, pbc=True)
    stress = None
    if len(rows["S"]) == 3:
        tensor = vectors("S")
        if len(rows["V"]) == n_atoms:
            masses = atoms.get_masses() * units["_amu"] / units["_me"]
            velocities = vectors("V")
            volume = atoms.get_volume() / bohr_A**3
            tensor = tensor + np.einsum("i,ij,ik->jk", masses, velocities, velocities) / volume
        stress = voigt(tensor) * hartree_eV / bohr_A**3
    energy_eV = number(rows["E"][0][0]) * hartree_eV
    twin = _same_step(atoms, energy_eV, beside)
    return Step(
        number=index,
        atoms=atoms,
        energy_eV=energy_eV,
        forces_eV_per_A=vectors("F") * hartree_eV / bohr_A,
        stress_eV_per_A3=stress,
        converged=None if twin is None else twin.converged,
        electronic="the file does not say" if twin is None else twin.electronic,
    )


def _same_step(atoms: Atoms, energy_eV: float, beside: Calculation | None) -> Step | None:
    for step in beside.steps if beside else ():
        same = step.energy_eV is not None and abs(step.energy_eV - energy_eV) < _SAME_ENERGY_eV
        if same and list(step.atoms.numbers) == list(atoms.numbers):
            apart = (step.atoms.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False)) % 1
            if np.all(np.minimum(apart, 1 - apart) < 1e-5):
                return step
    return None
