"""The integrator of each ensemble, from the settings of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics.evaluation import Evaluator
from paddlewheel.dynamics.integrators import (
    CellRescalingNPT,
    Integrator,
    Langevin,
    MartynaTobiasKleinNPT,
    NoseHooverNVT,
)
from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.units import BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms


EQUILIBRATION_FRICTION_PER_PS = 10.0
"""Of Langevin while it equilibrates: it forgets its start in a few tenths of a picosecond."""


def make_integrator(
    atoms: Atoms, evaluator: Evaluator, settings: MDSettings, *, equilibrates: bool = False
) -> Integrator:
    """Integrator for `settings.ensemble`, from the positions, cell and momenta of `atoms`, which are copied.

    ``nvt``: Nose-Hoover chain; ``npt``: Martyna-Tobias-Klein or stochastic cell rescaling, fully flexible cell;
    ``nve``: velocity Verlet; ``langevin``.

    Parameters
    ----------
    equilibrates
        Whether it is for the equilibration, which a thermostat rules in every ensemble: ``nve`` runs as ``nvt``,
        ``langevin`` with a friction of at least `EQUILIBRATION_FRICTION_PER_PS`.

    Raises
    ------
    SettingsError
        For ``npt`` with a calculator that has no stress.
    """
    from ase import units

    arrays = (atoms.get_positions(), atoms.get_momenta(), np.array(atoms.cell), atoms.get_masses(), evaluator)
    common: dict[str, Any] = {"timestep": settings.timestep_fs * units.fs}
    if settings.ensemble == "nve" and not equilibrates:
        return Integrator(*arrays, **common)
    common["kT"] = BOLTZMANN_eV_PER_K * settings.temperature_K
    if settings.ensemble == "langevin":
        least = EQUILIBRATION_FRICTION_PER_PS if equilibrates else 0.0
        friction = max(settings.friction_per_ps, least) / (1000 * units.fs)
        rng = np.random.Generator(np.random.PCG64([settings.seed, 1] if equilibrates else settings.seed))
        return Langevin(*arrays, friction=friction, rng=rng, **common)
    common["thermostat_time"] = settings.thermostat_time_fs * units.fs
    if settings.ensemble in ("nvt", "nve"):
        return NoseHooverNVT(*arrays, **common)
    if not evaluator.has_stress:
        raise SettingsError("npt needs the stress, and this potential has none", where="ensemble", remedy="use nvt")
    common["barostat_time"] = settings.barostat_time_fs * units.fs
    common["pressure"] = settings.pressure_GPa / eV_PER_A3_IN_GPA
    if settings.barostat == "mtk":
        return MartynaTobiasKleinNPT(*arrays, **common)
    compressibility = settings.compressibility_per_GPa * eV_PER_A3_IN_GPA
    rng = np.random.Generator(np.random.PCG64([settings.seed, 2]))
    return CellRescalingNPT(*arrays, compressibility=compressibility, rng=rng, **common)
