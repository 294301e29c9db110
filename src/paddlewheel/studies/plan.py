"""What a `conduct` run will do: every setting resolved and checked before anything is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import (
    check_structure,
    guess_charge,
    guess_mobile_specie,
    make_supercell,
    order_structure,
    read_structure,
)
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit, array_digest
from paddlewheel.studies.md_unit import md_unit

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The cells to simulate: one, or one for each ordering of a disordered structure."""

    name: str
    cells: tuple[Atoms, ...]
    repeats: tuple[int, int, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConductPlan:
    """A checked plan: cells, potential, mobile ion, runs."""

    structure: StructureChoice
    potential: dict[str, Any]
    specie: str
    charge_e: float
    runs: tuple[tuple[int, MDSettings], ...]
    arrhenius: bool
    minimum_onset_ps: float
    seed: int

    def inputs(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run: no versions, no cores, no paths."""
        first = asdict(self.runs[0][1])
        per_run = ("temperature_K", "seed")
        return {
            "command": "conduct",
            "structure": {
                "name": self.structure.name,
                "formula": self.structure.cells[0].get_chemical_formula("metal"),
                "n_atoms": len(self.structure.cells[0]),
                "repeats": list(self.structure.repeats),
                "sha256": [cell_digest(cell) for cell in self.structure.cells],
            },
            "potential": dict(self.potential),
            "specie": self.specie,
            "charge_e": self.charge_e,
            "temperatures_K": sorted({settings.temperature_K for _, settings in self.runs}),
            "replicas": 1 + max(replica for replica, _ in self.runs),
            "dynamics": {key: value for key, value in first.items() if key not in per_run},
            "arrhenius": self.arrhenius,
            "minimum_onset_ps": self.minimum_onset_ps,
            "seed": self.seed,
            "seeds": {run_name(settings.temperature_K, replica): settings.seed for replica, settings in self.runs},
        }

    def units(self, directory: Path, *, prefix: str = "") -> list[Unit]:
        """The units of work, the highest temperatures first: they show trouble soonest; `prefix` begins their names."""
        cells = self.structure.cells
        return [
            md_unit(
                name=prefix + run_name(settings.temperature_K, replica),
                atoms=cells[replica % len(cells)],
                mobile=self.specie,
                potential=self.potential,
                settings=settings,
                replica=replica,
                directory=directory,
            )
            for replica, settings in sorted(self.runs, key=lambda run: (run[0], -run[1].temperature_K))
        ]


def run_name(temperature_K: float, replica: int) -> str:
    """Name of one run, for people and files: ``T=600K_r0``."""
    return f"T={temperature_K:g}K_r{replica}"


def cell_digest(atoms: Atoms) -> str:
    """sha256 of a cell's contents: species, masses, positions and lattice."""
    return array_digest(
        atoms.get_atomic_numbers().astype(np.int64), atoms.get_masses(), atoms.get_positions(), np.array(atoms.cell)
    )


def choose_structure(
    structure: str | Path | Atoms, *, supercell: str | Sequence[int], orderings: int | None, seed: int
) -> StructureChoice:
    """Read, order if asked, and repeat the structure."""
    if not isinstance(structure, str | Path):
        atoms, repeats = make_supercell(check_structure(structure, "structure"), supercell)
        return StructureChoice(name=structure.get_chemical_formula("metal"), cells=(atoms,), repeats=repeats)
    if orderings is None:
        atoms, repeats = make_supercell(read_structure(structure), supercell)
        return StructureChoice(name=_label(structure), cells=(atoms,), repeats=repeats)
    found = order_structure(structure, n_cells=orderings, seed=seed, supercell=supercell)
    notes = [
        f"ordering {i}: Ewald energy {cell.above_lowest_eV_per_atom * 1000:.1f} meV/atom above the lowest"
        for i, cell in enumerate(found)
    ]
    if len(found) < orderings:
        notes.append(f"{orderings} orderings asked for, {len(found)} distinct ones found")
    return StructureChoice(
        name=_label(structure), cells=tuple(cell.atoms for cell in found), repeats=found[0].repeats, notes=tuple(notes)
    )


def choose_ion(atoms: Atoms, *, specie: str | None, charge: float | None) -> tuple[str, float]:
    """The mobile ion and its charge, as given or as the chemistry leaves no doubt.

    Raises
    ------
    SettingsError
        If it has to be asked for, or is not in the structure.
    """
    specie = choose_specie(atoms, specie)
    charge = guess_charge(atoms, specie) if charge is None else charge
    if charge is None:
        raise SettingsError(f"the charge of {specie} is not obvious here", where="charge", remedy="give --charge")
    if not math.isfinite(charge) or charge == 0:
        raise SettingsError(f"{charge:g} e carries no current", where="charge", remedy="give the ion's charge in e")
    return specie, float(charge)


def choose_specie(atoms: Atoms, specie: str | None) -> str:
    """The mobile ion, as given or as the chemistry leaves no doubt.

    Raises
    ------
    SettingsError
        If it has to be asked for, or is not in the structure.
    """
    symbols = sorted(set(atoms.get_chemical_symbols()))
    specie = specie or guess_mobile_specie(atoms)
    if specie is None:
        raise SettingsError(
            f"the mobile ion among {', '.join(symbols)} is not obvious", where="specie", remedy="give --specie"
        )
    if specie not in symbols:
        raise SettingsError(f"'{specie}' is not in the structure ({', '.join(symbols)})", where="specie",
                            remedy="give one of them")  # fmt: skip
    return specie


def check_temperatures(temperatures_K: Sequence[float], *, arrhenius: bool) -> list[float]:
    """The temperatures, checked and sorted.

    Raises
    ------
    SettingsError
        For none, one that is not positive, a repeated one, or a single one where an Arrhenius fit is asked for.
    """
    for value in temperatures_K:
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(f"{value:g} K is no temperature", where="temperatures", remedy="give kelvin above 0")
    if len(set(temperatures_K)) != len(temperatures_K):
        raise SettingsError("a temperature is given twice", where="temperatures", remedy="use --replicas for more runs")
    if not temperatures_K or (arrhenius and len(temperatures_K) < 2):
        raise SettingsError(
            f"an Arrhenius fit needs at least two temperatures, {len(temperatures_K)} given",
            where="temperatures",
            remedy="give more, or --no-arrhenius",
        )
    return sorted(float(value) for value in temperatures_K)


def check_onset(minimum_onset_ps: float) -> float:
    """The earliest lag of a fit, checked.

    Raises
    ------
    SettingsError
        If it is negative or no number.
    """
    if not (math.isfinite(minimum_onset_ps) and minimum_onset_ps >= 0):
        raise SettingsError(f"{minimum_onset_ps:g} ps", where="minimum_onset_ps", remedy="give 0 or more")
    return float(minimum_onset_ps)


def plan_conduct(
    structure: str | Path | Atoms,
    *,
    potential: str | None,
    temperatures_K: Sequence[float],
    replicas: int,
    supercell: str | Sequence[int],
    orderings: int | None,
    specie: str | None,
    charge: float | None,
    seed: int,
    arrhenius: bool,
    minimum_onset_ps: float,
    three_body: str,
    device: str,
    dtype: str,
    dynamics: dict[str, Any],
) -> ConductPlan:
    """Resolve every setting of `conduct`; see there for their meaning.

    Raises
    ------
    InputError
        Of the kind that fits, before anything is written.
    """
    from paddlewheel.potentials import check_elements, default_potential, describe_potential, identify_potential

    temperatures = check_temperatures(temperatures_K, arrhenius=arrhenius)
    if replicas < 1:
        raise SettingsError(f"{replicas} replicas", where="replicas", remedy="give 1 or more")
    if seed < 0:
        raise SettingsError(f"{seed} is negative", where="seed", remedy="give 0 or more")
    checked = [MDSettings(temperature_K=value, **dynamics) for value in temperatures]
    choice = choose_structure(structure, supercell=supercell, orderings=orderings, seed=seed)
    ion, charge_e = choose_ion(choice.cells[0], specie=specie, charge=charge)
    name = potential or default_potential(choice.cells[0])
    check_elements(describe_potential(name), choice.cells[0])
    runs = [
        (replica, replace(settings, seed=_run_seed(seed, settings.temperature_K, replica)))
        for settings in checked
        for replica in range(max(replicas, len(choice.cells)))
    ]
    return ConductPlan(
        structure=choice,
        potential={
            "name": str(Path(name).resolve()) if Path(name).is_dir() else name,
            "identity": identify_potential(name),
            "three_body": three_body,
            "device": device,
            "dtype": dtype,
        },
        specie=ion,
        charge_e=charge_e,
        runs=tuple(runs),
        arrhenius=arrhenius,
        minimum_onset_ps=check_onset(minimum_onset_ps),
        seed=seed,
    )


def _run_seed(seed: int, temperature_K: float, replica: int) -> int:
    return int(np.random.SeedSequence([seed, round(temperature_K * 1000), replica]).generate_state(1)[0])


def _label(structure: str | Path) -> str:
    """A file goes by its name: the same file from another folder is the same run, and its contents are hashed."""
    return Path(structure).name
