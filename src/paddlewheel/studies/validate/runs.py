"""The structures of a validation, and the runs of molecular dynamics of both potentials."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.crystals import check_structure, find_polyanions, guess_mobile_specie, make_supercell, read_structure
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.simulation.settings import transport_friction
from paddlewheel.studies.validate.settings import ValidateSettings

if TYPE_CHECKING:
    from ase import Atoms

Role = Literal["candidate", "reference"]
ROLES: tuple[Role, Role] = ("reference", "candidate")
Part = Literal["npt", "spectrum", "diffusion", "bonds"]


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
class PhaseRun:
    """One run of molecular dynamics: which part of the validation it is for, and its unit."""

    part: Part
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
) -> list[PhaseRun]:
    """Every run of molecular dynamics of both potentials, in the order in which they should be done.

    The reference has no diffusion run at `given_temperatures_K`, for which its trajectories are given.
    """
    return [
        PhaseRun(
            part=part, role=role, phase=phase, temperature_K=value,
            unit=md_unit(
                name=f"{role}-{part}-{phase.name}-{value:g}K", atoms=phase.supercell, mobile=phase.mobile,
                potential=potentials[role],
                settings=MDSettings(
                    temperature_K=value, timestep_fs=settings.timestep_fs, equilibrate_ps=settings.equilibrate_ps,
                    seed=_seed(settings.seed, part, phase.name, value), **dynamics,
                ),
                replica=0, directory=directory,
            ),
        )
        for role in ROLES
        for part, phase, temperatures_K, dynamics in _wanted(role, phases, settings, given_temperatures_K)
        for value in sorted(temperatures_K)
    ]  # fmt: skip


def _wanted(
    role: Role, phases: Sequence[Phase], settings: ValidateSettings, given_temperatures_K: Sequence[float]
) -> Iterator[tuple[Part, Phase, Sequence[float], dict[str, Any]]]:
    """Part, phase, temperatures and dynamics of the runs of a potential."""
    npt_ps, diffusion_ps = settings.npt_ps, settings.diffusion_ps
    if role == "reference":
        npt_ps = npt_ps if settings.reference_npt_ps is None else settings.reference_npt_ps
        diffusion_ps = diffusion_ps if settings.reference_diffusion_ps is None else settings.reference_diffusion_ps
    if npt_ps and settings.npt_ps:
        for phase in phases:
            yield "npt", phase, settings.npt_temperatures_K, {"production_ps": npt_ps}
    if settings.spectrum_ps:
        frames = {"frame_interval_fs": settings.spectrum_interval_fs, "ensemble": "nvt"}
        for phase in phases:
            yield (
                "spectrum",
                phase,
                [settings.spectrum_temperature_K],
                {"production_ps": settings.spectrum_ps, **frames},
            )
    if diffusion_ps and settings.diffusion_ps and phases[0].mobile:
        given = given_temperatures_K if role == "reference" else ()
        left = [value for value in settings.diffusion_temperatures_K if value not in given]
        dynamics = {"production_ps": diffusion_ps, "ensemble": settings.diffusion_ensemble}
        dynamics |= transport_friction(settings.diffusion_ensemble)
        yield "diffusion", phases[0], left, dynamics
    if settings.bond_ps and role == "candidate":
        yield "bonds", phases[0], [settings.bond_temperature_K], {"production_ps": settings.bond_ps}


def _seed(seed: int, part: str, phase: str, temperature_K: float) -> int:
    """The same for both potentials, so that equal potentials give equal trajectories."""
    words = [seed, zlib.crc32(part.encode()), zlib.crc32(phase.encode()), round(temperature_K * 1000)]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def check_names(phases: Sequence[Phase]) -> None:
    """Refuse structures that share a name: their runs would share a folder."""
    names = [phase.name for phase in phases]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"'{name}' is given twice", where="structure", remedy="give files of different names")
