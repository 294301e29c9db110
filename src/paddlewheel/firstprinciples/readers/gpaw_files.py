"""GPAW's logs (.txt, its old and its new form) and .gpw files.

ASE's reader of the logs is not used: it pairs the forces with the energy extrapolated to zero width, takes what a run
prints before it is converged, and does not know the form of GPAW 25 and later; its reader of .gpw builds what the file
names. Energies are the free energy, relative to reference atoms (as GPAW's always are), forces are minus its gradient
and the stress is positive under tension, as ASE's; no pressure is in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.ulm import MAGIC, read_ulm_values
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.readers.numbers import NUMBER, number, output_text, smearing, voigt
from paddlewheel.firstprinciples.setups import Setup
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.foreign import parsing

if TYPE_CHECKING:
    from ase import Atoms

_REMEDY = "give GPAW's log (.txt) or .gpw"
_VERSION = re.compile(r"^ *\|__ +\| +_\|___\|_____\| +(\S+)|^ *\|__\|\| +\| \|\|/\\\| - (\S+)", re.MULTILINE)
"""The last line of the head of each form that has the version."""
_POSITION = re.compile(
    rf"^\s*\|?\s*\d+\s*\|?\s+([A-Z][a-z]?)(?:\.\S+)?\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})"
)
_AXIS = re.compile(rf"^\s*(?:\d\. axis:|\|)\s+(yes|no)\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})")
_FORCE = re.compile(
    rf"^\s*(?:\|\s*|\d+\s+[A-Z][a-z]?\s+)({NUMBER})\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})\s*(?:\|\s*(?:#.*)?)?$"
)
_STRESS_ROW = re.compile(rf"^\s*\|?\s*({NUMBER})\s*\|?\s+({NUMBER})\s*\|?\s+({NUMBER})\s*\|?\s*$")
_FREE = re.compile(rf"^\s*Free energy:\s+({NUMBER})\s*$")
_CONVERGED = re.compile(r"^Converged (?:after (\d+) iterations|in (\d+) steps)")
_ITERATION = re.compile(r"^\s*\|?iter:\s*(\d+)")
_END = re.compile(r"^(?:Total:\s+\d|timing:|Memory usage:|Max RSS:)", re.MULTILINE)

_WORDS = {
    "cutoff": re.compile(rf"^\s*(?:Plane-wave cutoff|Cutoff):\s*({NUMBER})", re.IGNORECASE | re.MULTILINE),
    "mesh": re.compile(
        r"^\s*(?:\d+ k-points?: (\d+) x (\d+) x (\d+) Monkhorst-Pack|Monkhorst-Pack size: \[(\d+), (\d+), (\d+)\])",
        re.MULTILINE,
    ),
    "functional": re.compile(r"^(?:XC parameters:|xc functional:\s*\n\s*name:)\s*(\S+)", re.MULTILINE),
    "occupations": re.compile(
        rf"^\s*(Fermi-Dirac|Marzari-Vanderbilt|Methfessel-Paxton)[^:\n]*:\s*width[:=]\s*({NUMBER})[^\n]*(?:\n\s*order:\s*(\d))?",
        re.MULTILINE,
    ),
    "fixed": re.compile(r"^\s*(?:Fixed occupation|# Zero width)", re.IGNORECASE | re.MULTILINE),
    "spins": re.compile(r"^\s*Spin-components:\s*(\d)", re.MULTILINE),
    "polarized": re.compile(r"^\s*Spin-(polarized|paired) calculation", re.MULTILINE),
    "tolerance": re.compile(rf"\[?total energy\]?[^\n]*?:\s*({NUMBER}) eV / (valence electron|atom)", re.MULTILINE),
    "electrons": re.compile(rf"^\s*(?:Valence|Number of(?: valence)?) electrons:\s*({NUMBER})", re.MULTILINE),
    "potential": re.compile(r"^\s*file:\s+\S*/([A-Z][a-z]?)\.(\S+?)(?:\.gz)?$", re.MULTILINE),
}


def is_gpaw_log(head: bytes) -> bool:
    """Whether a file that begins with `head` is a log of GPAW."""
    return _VERSION.search(head.decode("latin-1")) is not None


def is_gpw(head: bytes) -> bool:
    """Whether a file that begins with `head` is a .gpw."""
    return head.startswith(MAGIC) and head[len(MAGIC) : len(MAGIC) + 16].strip().lower() == b"gpaw"


def read(path: Path) -> Calculation:
    """A log: a step for every geometry whose energy it has, or whose iterations it gave up.

    Raises
    ------
    DatasetError
        If it is no log of GPAW, or has no geometry.
    """
    text = output_text(path, remedy=_REMEDY)
    with parsing(path, DatasetError, problem="is a damaged log of GPAW", remedy="copy it again"):
        starts = list(_VERSION.finditer(text))
        if not starts:
            raise DatasetError("no run of GPAW begins in it", where=path, remedy=_REMEDY)
        # a log that was opened for appending: the last run counts
        text = text[starts[-1].start() :]
        blocks = _blocks(text.splitlines())
        steps = [step for block in blocks if (step := _step(block)) is not None]
        steps = [replace(step, number=number) for number, step in enumerate(steps)]
        if not blocks:
            raise DatasetError("has no geometry", where=path, remedy="run it again")
        n_atoms = len(steps[0].atoms) if steps else 0
        return Calculation(
            source=str(path), setup=_setup(text, n_atoms), steps=tuple(steps), cut=None if _END.search(text) else _CUT
        )


_CUT = "the run did not end as GPAW ends"


def _blocks(lines: list[str]) -> list[list[str]]:
    """The lines of each geometry that is whole."""
    starts = [
        index
        for index, line in enumerate(lines)
        if line.startswith(("Positions:", "Atoms  #")) and any(map(_POSITION.match, lines[index + 1 : index + 4]))
    ]
    found = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return found[:-1] if found and sum(map(bool, map(_AXIS.match, found[-1]))) < 3 else found


def _step(lines: list[str]) -> Step | None:
    """The step of one geometry; None where its iterations were cut."""

    atoms = _atoms(lines)
    free = next((number(found[1]) for line in lines if (found := _FREE.match(line))), None)
    converged = next((found for line in lines if (found := _CONVERGED.match(line))), None)
    n_iterations = max((int(found[1]) for line in lines if (found := _ITERATION.match(line))), default=0)
    most = next((int(line.split(":")[1]) for line in lines if line.startswith("maximum number of iterations:")), None)
    gave_up = any("Did not converge" in line for line in lines) or (most is not None and n_iterations >= most)
    if free is None and not gave_up:
        return None
    told = converged is not None or gave_up or n_iterations > 0
    if converged is not None:
        words = f"converged in {converged[1] or converged[2]} iterations"
    elif not told:
        words = "the log does not say"
    else:
        words = f"not converged in {n_iterations} iterations" + (f" of at most {most}" if most else "")
    forces = _table(lines, ("Forces in eV/Ang", "Forces  #"), _FORCE, len(atoms))
    stress = _table(lines, ("Stress tensor",), _STRESS_ROW, 3)
    return Step(
        number=0,
        atoms=atoms,
        energy_eV=free,
        forces_eV_per_A=forces,
        stress_eV_per_A3=None if stress is None else voigt(stress),
        converged=(converged is not None) if told else None,
        electronic=words,
    )


def _atoms(lines: list[str]) -> Atoms:
    from ase import Atoms

    symbols, positions = [], []
    for line in lines[1:]:
        if found := _POSITION.match(line):
            symbols.append(found[1])
            positions.append([number(value) for value in found.groups()[1:]])
        elif positions:
            break
    axes = [found for line in lines if (found := _AXIS.match(line))][:3]
    if len(axes) < 3:
        raise ValueError("a geometry without its three axes")
    cell = [[number(value) for value in axis.groups()[1:]] for axis in axes]
    return Atoms(symbols, positions=positions, cell=cell, pbc=[axis[1] == "yes" for axis in axes])


def _table(lines: list[str], titles: tuple[str, ...], row: re.Pattern[str], n_rows: int) -> np.ndarray | None:
    """The first `n_rows` numbers under a title; None where there are fewer."""
    start = next((index for index, line in enumerate(lines) if line.startswith(titles)), None)
    if start is None:
        return None
    found: list[list[float]] = []
    for line in lines[start + 1 :]:
        if match := row.match(line):
            found.append([number(value) for value in match.groups()])
        elif found:
            break
        if len(found) == n_rows:
            return np.array(found)
    return None


def _setup(text: str, n_atoms: int) -> Setup:
    version = _VERSION.search(text)
    found = {name: pattern.search(text) for name, pattern in _WORDS.items()}
    cutoff, mesh, name, occupations = (found[key] for key in ("cutoff", "mesh", "functional", "occupations"))
    spins, polarized, tolerance, electrons = (found[key] for key in ("spins", "polarized", "tolerance", "electrons"))
    per = n_atoms if tolerance and tolerance[2] == "atom" else float(electrons[1]) if electrons else None
    return Setup(
        code=f"gpaw {version[1] or version[2]}" if version else "gpaw",
        functional=functional_name(name[1]) if name else None,
        cutoff_eV=float(cutoff[1]) if cutoff else None,
        k_mesh=_mesh(mesh),
        spin_polarized=int(spins[1]) > 1 if spins else polarized[1] == "polarized" if polarized else None,
        smearing=_smearing(occupations[1], float(occupations[2]), occupations[3])
        if occupations
        else "none" if found["fixed"] else None,
        energy_tolerance_eV=float(tolerance[1]) * per if tolerance and per else None,
        pseudopotentials=tuple(sorted(set(_WORDS["potential"].findall(text)))),
    )  # fmt: skip


def _smearing(method: str, width_eV: float, order: str | int | None) -> str:
    """Of Methfessel and Paxton's orders the one of 0 is a Gaussian."""
    if width_eV == 0:
        return "none"
    gaussian = "paxton" in method.lower() and int(order or 0) == 0
    return smearing("gaussian" if gaussian else method, width_eV)


def _mesh(found: re.Match[str] | None) -> tuple[int, int, int] | None:
    if found is None:
        return None
    first, second, third = (int(value) for value in found.groups() if value is not None)
    return first, second, third


_NAMES = (
    "version", "gpaw_version", "atoms.numbers", "atoms.positions", "atoms.cell", "atoms.pbc", "results.free_energy",
    "results.forces", "results.stress", "scf.converged", "parameters.xc", "parameters.mode", "parameters.kpts",
    "parameters.occupations", "wave_functions.kpts.bzkpts", "wave_functions.occupations",
)  # fmt: skip
_NEW_GPAW = 4
"""The version of the format from which results are those of converged electrons alone: anything else raises there."""


def read_gpw(path: Path) -> Calculation:
    """A .gpw: the last geometry, with the results that were asked for.

    Raises
    ------
    DatasetError
        If it is damaged, or holds no geometry.
    """
    from ase import Atoms

    with parsing(path, DatasetError, problem="is a damaged .gpw", remedy="write it again"):
        found = read_ulm_values(path, DatasetError, _NAMES)
        atoms = Atoms(
            np.asarray(found["atoms.numbers"]).astype(int),
            positions=np.asarray(found["atoms.positions"]),
            cell=np.asarray(found["atoms.cell"]),
            pbc=[bool(periodic) for periodic in found["atoms.pbc"]],
        )
        free_eV, forces = found.get("results.free_energy"), found.get("results.forces")
        converged = found.get("scf.converged")
        if converged is None and int(found.get("version", 0)) >= _NEW_GPAW and free_eV is not None:
            converged = True
        step = Step(
            number=0,
            atoms=atoms,
            energy_eV=None if free_eV is None else float(free_eV),
            forces_eV_per_A=None if forces is None else np.asarray(forces),
            stress_eV_per_A3=_or_none(found.get("results.stress")),
            converged=None if converged is None else bool(converged),
            electronic="GPAW keeps results of converged electrons alone" if converged else "",
        )
        return Calculation(source=str(path), setup=_gpw_setup(found), steps=(step,))


def _or_none(values: Any) -> np.ndarray | None:
    return None if values is None else np.asarray(values, dtype=np.float64)


def _gpw_setup(found: dict[str, Any]) -> Setup:
    xc, mode, occupations = (found.get(f"parameters.{name}") for name in ("xc", "mode", "occupations"))
    name = xc.get("name") if isinstance(xc, dict) else xc
    places, weights = found.get("wave_functions.kpts.bzkpts"), found.get("wave_functions.occupations")
    smeared = occupations if isinstance(occupations, dict) else {}
    width = smeared.get("width")
    first, second, third = (
        (len({round(float(value), 6) for value in column}) for column in np.asarray(places).reshape(-1, 3).T)
        if places is not None
        else (0, 0, 0)
    )
    return Setup(
        code=f"gpaw {found.get('gpaw_version', '')}".strip(),
        functional=functional_name(name) if isinstance(name, str) else None,
        cutoff_eV=float(mode["ecut"]) if isinstance(mode, dict) and "ecut" in mode else None,
        k_mesh=(first, second, third) if places is not None and first * second * third == len(places) else None,
        spin_polarized=None if weights is None else len(weights) > 1,
        smearing=None
        if width is None
        else _smearing(str(smeared.get("name")), float(width), smeared.get("order", 0)),
    )  # fmt: skip
