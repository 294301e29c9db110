"""What `sample` is told and given, resolved and checked; and the units of work that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.crystals import check_structure, guess_mobile_specie, make_supercell, read_structure
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.label.labelled_set import FUNCTIONAL, Labeller, choose_labeller, without_release
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.simulation.potentials import chosen_potential
from paddlewheel.studies.simulation.relaxation import relax_unit
from paddlewheel.studies.simulation.settings import PotentialSettings, SeedSettings, StepSettings
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.training.strain_grid import PAPER_STRAINS, PAPER_TEMPERATURES_K, GridPoint, check_grid, strain_grid

if TYPE_CHECKING:
    from ase import Atoms


class SampleSettings(PotentialSettings, StepSettings, SeedSettings):
    """Settings of `sample`."""

    strains: Numbers = setting(
        PAPER_STRAINS, "Strains of the lattice vectors", each=(-0.3, 0.3), distinct="give each once"
    )
    temperatures_K: Numbers = setting(PAPER_TEMPERATURES_K, "Temperatures of the runs, K", distinct="give each once")
    production_ps: float = setting(10.0, "ps of each run", aliases=("ps",), gt=0)
    select: int = setting(500, "Frames to choose by DIRECT: as many clusters, one frame of each", ge=1, le=1_000_000)
    threshold: float = setting(0.5, "Radius of BIRCH's subclusters to begin with", gt=0, le=1e6)
    supercell: str | tuple[int, int, int] = setting("1x1x1", "AxBxC, or auto (every lattice parameter above 10 A)")
    labels: Literal["potential", "none"] = setting(
        "potential", "Who labels the chosen frames: the potential, or nobody, which leaves that to another engine"
    )
    functional: str | None = setting(None, FUNCTIONAL)
    fmax_eV_per_A: float = setting(0.02, "Largest force that the relaxations leave, eV/A", gt=0, aliases=("fmax",))


@dataclass(frozen=True, kw_only=True)
class SampledStructure:
    """A structure to sample, repeated."""

    name: str
    atoms: Atoms
    repeats: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class SamplePlan:
    """A checked plan: the structures, the potential, who labels (None for nobody), and the dynamics of each run."""

    structures: tuple[SampledStructure, ...]
    potential: dict[str, Any]
    labeller: Labeller | None
    md: MDSettings
    settings: SampleSettings

    @property
    def elements(self) -> list[str]:
        """Elements of all structures."""
        return sorted({symbol for each in self.structures for symbol in set(each.atoms.get_chemical_symbols())})

    def document(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run."""
        settings = self.settings
        return {
            "structures": [
                {
                    "name": each.name,
                    "formula": each.atoms.get_chemical_formula("metal"),
                    "n_atoms": len(each.atoms),
                    "repeats": list(each.repeats),
                    "sha256": cell_digest(each.atoms),
                }
                for each in self.structures
            ],
            "potential": dict(self.potential),
            "labels": None
            if self.labeller is None
            else {"engine": self.labeller.decides, "functional": self.labeller.functional},
            "strains": settings.strains,
            "temperatures_K": settings.temperatures_K,
            "dynamics": {
                key: value for key, value in self.md.document().items() if key not in ("temperature_K", "seed")
            },
            "select": settings.select,
            "threshold": settings.threshold,
            "fmax_eV_per_A": settings.fmax_eV_per_A,
            "seed": settings.seed,
        }

    def relax_units(self, directory: Path) -> list[Unit]:
        """The relaxations."""
        return [
            relax_unit(
                name=each.name,
                atoms=each.atoms,
                potential=self.potential,
                fmax_eV_per_A=self.settings.fmax_eV_per_A,
                directory=directory,
            )
            for each in self.structures
        ]

    def md_units(self, relaxed: Mapping[str, Atoms], directory: Path) -> list[tuple[GridPoint, Unit]]:
        """The runs of the grid, the hottest first: they show trouble soonest."""
        points = strain_grid(relaxed, strains=self.settings.strains, temperatures_K=self.settings.temperatures_K)
        return [(point, self._md_unit(point, directory)) for point in sorted(points, key=lambda p: -p.temperature_K)]

    def _md_unit(self, point: GridPoint, directory: Path) -> Unit:
        names = [each.name for each in self.structures]
        entropy = [
            self.settings.seed,
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
            settings=replace(self.md, temperature_K=point.temperature_K, seed=seed),
            replica=0,
            directory=directory,
        )
        # the frame at step 0 is the same at every temperature: it is taken from the coldest run alone
        first = 0 if point.temperature_K == min(self.settings.temperatures_K) else 1
        return replace(unit, contents=unit.contents | {"sampling": {"elements": self.elements, "first_frame": first}})


def plan_sample(structures: str | Path | Atoms | Sequence[str | Path | Atoms], settings: SampleSettings) -> SamplePlan:
    """Read the structures and resolve every setting.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    from ase import Atoms

    check_grid(settings.strains, settings.temperatures_K)
    md = MDSettings(
        ensemble="nvt", temperature_K=settings.temperatures_K[0], timestep_fs=settings.timestep_fs, equilibrate_ps=0.0,
        production_ps=settings.production_ps, frame_interval_fs=settings.frame_interval_fs,
    )  # fmt: skip
    chosen = _choose_structures(
        [structures] if isinstance(structures, str | Path | Atoms) else structures, settings.supercell
    )
    n_frames = len(chosen) * len(settings.strains) * (len(settings.temperatures_K) * (md.n_frames - 1) + 1)
    if not 1 < settings.select <= n_frames:
        raise SettingsError(
            f"{settings.select} of {n_frames} frames", where="select", remedy=f"give 2 to {n_frames}, or run longer"
        )
    union = Atoms(sorted({symbol for each in chosen for symbol in set(each.atoms.get_chemical_symbols())}))
    potential = chosen_potential(settings, union)
    labels = settings.labels == "potential"
    return SamplePlan(
        structures=chosen,
        potential=potential,
        labeller=choose_labeller(potential, functional=settings.functional) if labels else None,
        md=md,
        settings=settings,
    )


def of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    """`inputs.yaml` of an earlier version as this one would have written it."""
    labels = found.get("labels")
    return {**found, "labels": labels and {**labels, "engine": without_release(str(labels.get("engine")))}}


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
    names = [each.name for each in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"two structures are called {', '.join(twice)}", where="structures",
                            remedy="rename the files")  # fmt: skip
    return tuple(chosen)
