"""What a `sample` run will do: every setting resolved and checked before anything is written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from paddlewheel.crystals import check_structure, guess_mobile_specie, make_supercell, read_structure
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.label.labelled_set import (
    Labeller,
    choose_labeller,
)
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.simulation.relaxation import relax_unit
from paddlewheel.studies.simulation.structures import (
    cell_digest,
)
from paddlewheel.training.strain_grid import GridPoint, check_grid, strain_grid

if TYPE_CHECKING:
    from ase import Atoms

Labels = Literal["potential", "none"]


@dataclass(frozen=True, kw_only=True)
class SampledStructure:
    """A structure to sample, repeated."""

    name: str
    atoms: Atoms
    repeats: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class SamplePlan:
    """A checked plan."""

    structures: tuple[SampledStructure, ...]
    potential: dict[str, Any]
    labeller: Labeller | None
    strains: tuple[float, ...]
    temperatures_K: tuple[float, ...]
    md: MDSettings
    select: int
    threshold: float
    fmax_eV_per_A: float
    seed: int

    @property
    def elements(self) -> list[str]:
        """Elements of all structures."""
        return sorted({symbol for one in self.structures for symbol in set(one.atoms.get_chemical_symbols())})

    def inputs(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run."""
        return {
            "command": "sample",
            "structures": [
                {
                    "name": one.name,
                    "formula": one.atoms.get_chemical_formula("metal"),
                    "n_atoms": len(one.atoms),
                    "repeats": list(one.repeats),
                    "sha256": cell_digest(one.atoms),
                }
                for one in self.structures
            ],
            "potential": dict(self.potential),
            "labels": None
            if self.labeller is None
            else {"engine": self.labeller.engine, "functional": self.labeller.functional},
            "strains": list(self.strains),
            "temperatures_K": list(self.temperatures_K),
            "dynamics": {key: value for key, value in asdict(self.md).items() if key not in ("temperature_K", "seed")},
            "select": self.select,
            "threshold": self.threshold,
            "fmax_eV_per_A": self.fmax_eV_per_A,
            "seed": self.seed,
        }

    def relax_units(self, directory: Path) -> list[Unit]:
        """The relaxations."""
        return [
            relax_unit(
                name=one.name,
                atoms=one.atoms,
                potential=self.potential,
                fmax_eV_per_A=self.fmax_eV_per_A,
                directory=directory,
            )
            for one in self.structures
        ]

    def md_units(self, relaxed: dict[str, Atoms], directory: Path) -> list[tuple[GridPoint, Unit]]:
        """The runs of the grid, the hottest first: they show trouble soonest."""
        points = strain_grid(relaxed, strains=self.strains, temperatures_K=self.temperatures_K)
        return [(point, self._md_unit(point, directory)) for point in sorted(points, key=lambda p: -p.temperature_K)]

    def _md_unit(self, point: GridPoint, directory: Path) -> Unit:
        names = [one.name for one in self.structures]
        entropy = [
            self.seed,
            names.index(point.structure),
            round((1 + point.strain) * 1e6),
            round(point.temperature_K * 1e3),
        ]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        unit = md_unit(
            name=point.name,
            atoms=point.atoms,
            mobile=guess_mobile_specie(point.atoms) or "",
            potential=self.potential,
            settings=MDSettings(**(asdict(self.md) | {"temperature_K": point.temperature_K, "seed": seed})),
            replica=0,
            directory=directory,
        )
        # the frame at step 0 is the same at every temperature: it is taken from the coldest run alone
        first = 0 if point.temperature_K == min(self.temperatures_K) else 1
        return replace(unit, contents=unit.contents | {"sampling": {"elements": self.elements, "first_frame": first}})


def plan_sample(
    structures: Sequence[str | Path | Atoms],
    *,
    potential: str | None,
    strains: Sequence[float],
    temperatures_K: Sequence[float],
    ps: float,
    frame_interval_fs: float,
    timestep_fs: float,
    select: int,
    threshold: float,
    supercell: str | Sequence[int],
    labels: str,
    functional: str | None,
    fmax_eV_per_A: float,
    seed: int,
    three_body: str,
    device: str,
    dtype: str,
) -> SamplePlan:
    """Resolve every setting of `sample`; see there for their meaning.

    Raises
    ------
    InputError
        Of the kind that fits, before anything is written.
    """
    from ase import Atoms

    from paddlewheel.potentials import check_elements, default_potential, describe_potential
    from paddlewheel.studies.simulation.potentials import (
        potential_document,
    )

    if labels not in get_args(Labels):
        raise SettingsError(f"'{labels}'", where="labels", remedy=f"give one of {', '.join(get_args(Labels))}")
    check_grid(strains, temperatures_K)
    for name, value in (("fmax", fmax_eV_per_A), ("threshold", threshold)):
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(f"{value:g}", where=name, remedy="give a number above 0")
    if seed < 0:
        raise SettingsError(f"{seed} is negative", where="seed", remedy="give 0 or more")
    md = MDSettings(
        ensemble="nvt", temperature_K=float(temperatures_K[0]), timestep_fs=timestep_fs, equilibrate_ps=0.0,
        production_ps=ps, frame_interval_fs=frame_interval_fs,
    )  # fmt: skip
    chosen = _choose_structures(structures, supercell)
    n_frames = len(chosen) * len(strains) * (len(temperatures_K) * (md.n_frames - 1) + 1)
    if not 1 < select <= n_frames:
        raise SettingsError(
            f"{select} of {n_frames} frames", where="select", remedy=f"give 2 to {n_frames}, or run longer"
        )
    union = Atoms(sorted({symbol for one in chosen for symbol in set(one.atoms.get_chemical_symbols())}))
    name = potential or default_potential(union)
    check_elements(describe_potential(name), union)
    document = potential_document(name, three_body=three_body, device=device, dtype=dtype)
    return SamplePlan(
        structures=chosen,
        potential=document,
        labeller=choose_labeller(document, functional=functional) if labels == "potential" else None,
        strains=tuple(float(strain) for strain in strains),
        temperatures_K=tuple(float(value) for value in temperatures_K),
        md=md,
        select=select,
        threshold=threshold,
        fmax_eV_per_A=fmax_eV_per_A,
        seed=seed,
    )


def _choose_structures(
    structures: Sequence[str | Path | Atoms], supercell: str | Sequence[int]
) -> tuple[SampledStructure, ...]:
    if not structures:
        raise SettingsError("no structures", where="structures", remedy="give at least one")
    chosen = []
    for given in structures:
        if isinstance(given, str | Path):
            atoms, name = read_structure(given), Path(given).name.split(".")[0]
        else:
            atoms, name = check_structure(given, "structure"), given.get_chemical_formula("metal")
        repeated, repeats = make_supercell(atoms, supercell)
        # names go into file names
        chosen.append(SampledStructure(name=re.sub(r"[^\w+-]", "-", name), atoms=repeated, repeats=repeats))
    names = [one.name for one in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"two structures are called {', '.join(twice)}", where="structures",
                            remedy="rename the files")  # fmt: skip
    return tuple(chosen)
