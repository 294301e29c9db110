"""ASE's integrators for each ensemble, with their whole state as arrays, so that a run can stop and go on.

The total momentum is zero, so there are 3N - 3 degrees of freedom. ASE counts 3N in its Nose-Hoover chains, which
would heat the atoms by a factor N/(N-1) (0.8 % for 128 atoms); the integrators made here count 3N - 3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

State = dict[str, np.ndarray]

_THERMOSTAT = ("_eta", "_p_eta")
_BAROSTAT = ("_xi", "_p_xi")


def make_integrator(atoms: Atoms, settings: MDSettings) -> Any:
    """ASE integrator for `settings.ensemble` acting on `atoms` (which carry a calculator and momenta).

    - ``nvt``: Nose-Hoover chain of three (Martyna, Klein, Tuckerman, doi 10.1063/1.463940).
    - ``npt``: Martyna-Tobias-Klein with a fully flexible cell (doi 10.1063/1.467468).
    - ``nve``: velocity Verlet.
    - ``langevin``: Vanden-Eijnden and Ciccotti (doi 10.1016/j.cplett.2006.07.086), centre of mass held.
    """
    from ase import units
    from ase.constraints import FixCom
    from ase.md.langevin import Langevin
    from ase.md.nose_hoover_chain import MTKNPT, NoseHooverChainNVT
    from ase.md.verlet import VelocityVerlet

    common: dict[str, Any] = {"atoms": atoms, "timestep": settings.timestep_fs * units.fs}
    thermal: dict[str, Any] = common | {
        "temperature_K": settings.temperature_K,
        "tdamp": settings.thermostat_time_fs * units.fs,
    }
    if settings.ensemble == "nve":
        return VelocityVerlet(**common)
    if settings.ensemble == "langevin":
        atoms.set_constraint(FixCom())
        return Langevin(
            **common,
            temperature_K=settings.temperature_K,
            friction=settings.friction_per_ps / (1000 * units.fs),
            fixcm=False,
            rng=np.random.Generator(np.random.PCG64(settings.seed)),
        )
    if settings.ensemble == "nvt":
        md: Any = NoseHooverChainNVT(**thermal)
    else:
        md = MTKNPT(
            **thermal,
            pressure_au=settings.pressure_GPa / eV_PER_A3_IN_GPA,
            pdamp=settings.barostat_time_fs * units.fs,
        )
        md._num_atoms_global = len(atoms) - 1
    md._thermostat._num_atoms_global = len(atoms) - 1
    return md


def integrator_state(md: Any) -> State:
    """Everything that decides the next step, exactly: arrays of float64 (and the random generator of Langevin)."""
    state: State = {
        "positions_A": md.atoms.get_positions(),
        "momenta": md.atoms.get_momenta(),
        "cell_A": np.array(md.atoms.cell),
    }
    for holder, names in ((getattr(md, "_thermostat", None), _THERMOSTAT), (getattr(md, "_barostat", None), _BAROSTAT)):
        if holder is not None:
            state |= {name: np.array(getattr(holder, name)) for name in names}
    if hasattr(md, "_p_g"):
        state["_p_g"] = np.array(md._p_g)
    if hasattr(md, "rng"):
        state["rng"] = np.array(json.dumps(md.rng.bit_generator.state))
    return state


def restore_integrator(md: Any, state: State) -> None:
    """Put an integrator made by `make_integrator` with the same settings into the given state."""
    atoms = md.atoms
    atoms.set_cell(state["cell_A"], scale_atoms=False)
    atoms.set_positions(state["positions_A"], apply_constraint=False)
    atoms.set_momenta(state["momenta"], apply_constraint=False)
    for holder, names in ((getattr(md, "_thermostat", None), _THERMOSTAT), (getattr(md, "_barostat", None), _BAROSTAT)):
        if holder is not None:
            for name in names:
                setattr(holder, name, np.array(state[name]))
    if hasattr(md, "_q"):
        md._q, md._p = atoms.get_positions(), atoms.get_momenta()
    if hasattr(md, "_p_g"):
        md._h, md._p_g = np.array(atoms.cell), np.array(state["_p_g"])
    if hasattr(md, "rng"):
        md.rng.bit_generator.state = json.loads(str(state["rng"]))


def conserved_energy_eV(md: Any) -> float:
    """The quantity the ensemble conserves (eV); nan for Langevin, which has none, and for calculators without
    the free energy that ASE's Nose-Hoover chains ask for."""
    from ase.calculators.calculator import PropertyNotImplementedError

    if hasattr(md, "get_conserved_energy"):
        try:
            return float(md.get_conserved_energy())
        except PropertyNotImplementedError:
            return float("nan")
    if hasattr(md, "rng"):
        return float("nan")
    return float(md.atoms.get_total_energy())
