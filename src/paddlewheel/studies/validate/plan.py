"""What `validate` will run: phases, potentials and the units of molecular dynamics of both."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.crystals import check_structure, find_polyanions, guess_mobile_specie, make_supercell, read_structure
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.validate.settings import ValidateSettings

if TYPE_CHECKING:
    from ase import Atoms

Role = Literal["candidate", "reference"]
ROLES: tuple[Role, Role] = ("reference", "candidate")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One structure: its unit cell, and the supercell that the dynamics run in.

    Attributes
    ----------
    mobile
        Symbol of the mobile ion, empty where none is obvious: everything is framework then.
    anions
        Symbols of the elements inside polyanions; all but the mobile ion where there are none.
    """

    name: str
    cell: Atoms
    supercell: Atoms
    repeats: tuple[int, int, int]
    mobile: str
    anions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of molecular dynamics: which part of the validation it is for, and its unit."""

    part: Literal["npt", "spectrum", "diffusion", "bonds"]
    role: Role
    phase: Phase
    temperature_K: float
    unit: Unit


def choose_phase(
    structure: str | Path | Atoms, *, supercell: str | Sequence[int], minimum_length_A: float, mobile: str | None
) -> Phase:
    """Read a structure and repeat it; `supercell` is as `make_supercell` takes it."""
    if isinstance(structure, str | Path):
        name, cell = Path(structure).name, read_structure(structure)
    else:
        name, cell = structure.get_chemical_formula("metal"), check_structure(structure, "structure")
    atoms, repeats = make_supercell(cell, supercell, min_length_A=minimum_length_A)
    symbols = set(cell.get_chemical_symbols())
    if mobile is not None and mobile not in symbols:
        mobile = None
    ion = mobile or guess_mobile_specie(cell) or ""
    still = atoms[[i for i, symbol in enumerate(atoms.get_chemical_symbols()) if symbol != ion]]
    inside = {still[index].symbol for anion in find_polyanions(still) for index in anion.indices} if len(still) else ()
    anions = tuple(sorted(inside or symbols - {ion} or symbols))
    return Phase(name=name, cell=cell, supercell=atoms, repeats=repeats, mobile=ion, anions=anions)


def md_runs(
    phases: Sequence[Phase],
    potentials: Mapping[Role, dict[str, Any]],
    settings: ValidateSettings,
    *,
    given_temperatures_K: Sequence[float],
    directory: Path,
) -> list[Run]:
    """Every run of molecular dynamics of both potentials, in the order in which they should be done.

    The reference has no diffusion run at `given_temperatures_K`, for which its trajectories are given.
    """
    runs = []
    for role in ROLES:
        npt_ps = settings.npt_ps
        diffusion_ps = settings.diffusion_ps
        if role == "reference":
            npt_ps = npt_ps if settings.reference_npt_ps is None else settings.reference_npt_ps
            diffusion_ps = diffusion_ps if settings.reference_diffusion_ps is None else settings.reference_diffusion_ps
        wanted: list[tuple[Any, Phase, float, dict[str, Any]]] = []
        if npt_ps and settings.npt_ps:
            dynamics = {"production_ps": npt_ps}
            wanted += [
                ("npt", phase, value, dynamics) for phase in phases for value in sorted(settings.npt_temperatures_K)
            ]
        if settings.spectrum_ps:
            interval = {"frame_interval_fs": settings.spectrum_interval_fs, "ensemble": "nvt"}
            dynamics = {"production_ps": settings.spectrum_ps, **interval}
            wanted += [("spectrum", phase, settings.spectrum_temperature_K, dynamics) for phase in phases]
        if diffusion_ps and settings.diffusion_ps and phases[0].mobile:
            dynamics = {
                "production_ps": diffusion_ps, "ensemble": settings.diffusion_ensemble,
            }  # fmt: skip
            skipped = given_temperatures_K if role == "reference" else ()
            wanted += [
                ("diffusion", phases[0], value, dynamics)
                for value in sorted(settings.diffusion_temperatures_K)
                if value not in skipped
            ]
        if settings.bond_ps and role == "candidate":
            dynamics = {"production_ps": settings.bond_ps}
            wanted.append(("bonds", phases[0], settings.bond_temperature_K, dynamics))
        runs += [
            _run(part, role, phase, value, dynamics, potentials[role], settings, directory)
            for part, phase, value, dynamics in wanted
        ]
    return runs


def _run(
    part: Any,
    role: Role,
    phase: Phase,
    temperature_K: float,
    dynamics: dict[str, Any],
    potential: dict[str, Any],
    settings: ValidateSettings,
    directory: Path,
) -> Run:
    md = MDSettings(
        temperature_K=temperature_K,
        timestep_fs=settings.timestep_fs,
        equilibrate_ps=settings.equilibrate_ps,
        seed=_seed(settings.seed, part, phase.name, temperature_K),
        **dynamics,
    )
    unit = md_unit(
        name=f"{role}-{part}-{phase.name}-{temperature_K:g}K",
        atoms=phase.supercell,
        mobile=phase.mobile,
        potential=potential,
        settings=md,
        replica=0,
        directory=directory,
    )
    return Run(part=part, role=role, phase=phase, temperature_K=temperature_K, unit=unit)


def _seed(seed: int, part: str, phase: str, temperature_K: float) -> int:
    """The same for both potentials, so that equal potentials give equal trajectories."""
    words = [seed, zlib.crc32(part.encode()), zlib.crc32(phase.encode()), round(temperature_K * 1000)]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def check_names(phases: Sequence[Phase]) -> None:
    """Refuse structures that share a name: their runs would share a folder.

    Raises
    ------
    SettingsError
        Naming the first of them.
    """
    names = [phase.name for phase in phases]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"'{name}' is given twice", where="structure", remedy="give files of different names")
