"""What a `conduct` run will do: every setting resolved and checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.md_unit import md_unit

if TYPE_CHECKING:
    from ase import Atoms
from paddlewheel.studies.motion.choices import check_onset, check_temperatures, choose_ion
from paddlewheel.studies.simulation.structures import StructureChoice, cell_digest, choose_structure, run_name


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
