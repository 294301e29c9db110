"""Our integrators are ASE's: the same trajectories, to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.constraints import FixCom
from ase.md.langevin import Langevin
from ase.md.nose_hoover_chain import MTKNPT, NoseHooverChainNVT
from ase.md.verlet import VelocityVerlet

from paddlewheel.dynamics import MDRun, MDSettings
from paddlewheel.dynamics.chain import NoseHooverChain
from paddlewheel.errors import SettingsError
from paddlewheel.units import BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

STEP = 2 * units.fs
PRESSURE_GPa = 0.1


def _potential() -> LennardJones:
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=5.5, smooth=True)


def _crystal() -> Atoms:
    """Argon off its sites in a triclinic cell under stress: every component of the algorithms works."""
    atoms = bulk("Ar", "fcc", a=5.2, cubic=True) * (2, 2, 2)
    atoms.rattle(0.1, seed=3)
    atoms.set_cell(atoms.cell.array + np.array([[0, 0.3, 0], [0, 0, 0.2], [0.1, 0, 0]]), scale_atoms=True)
    return atoms


def _ase(ensemble: str, atoms: Atoms, temperature_K: float) -> Any:
    """ASE's own integrator, told of 3N - 3 degrees of freedom where it counts 3N, and of the cell's 6 where it counts 9
    (`test_fluctuations` has the reason)."""
    thermal: dict[str, Any] = {"temperature_K": temperature_K, "tdamp": 100 * units.fs}
    if ensemble == "nve":
        return VelocityVerlet(atoms, timestep=STEP)
    if ensemble == "langevin":
        atoms.set_constraint(FixCom())
        rng = np.random.Generator(np.random.PCG64(4))
        friction = 10 / (1000 * units.fs)
        return Langevin(
            atoms, timestep=STEP, temperature_K=temperature_K, friction=friction, fixcm=False, rng=rng
        )  # fmt: skip
    if ensemble == "nvt":
        md: Any = NoseHooverChainNVT(atoms, timestep=STEP, **thermal)
    else:
        pressure = PRESSURE_GPa / eV_PER_A3_IN_GPA
        md = MTKNPT(atoms, timestep=STEP, pressure_au=pressure, pdamp=1000 * units.fs, **thermal)
        md._num_atoms_global = len(atoms) - 1
        md._barostat._cell_dof = 6
        md._barostat._R[0] *= 6 / 9
    md._thermostat._num_atoms_global = len(atoms) - 1
    return md


@pytest.mark.parametrize("ensemble", ["nve", "nvt", "npt", "langevin"])
def test_trajectory_is_that_of_ase(ensemble: str) -> None:
    settings = MDSettings(
        ensemble=ensemble,  # type: ignore[arg-type]
        temperature_K=60.0,
        timestep_fs=2.0,
        equilibrate_ps=0.0,
        seed=4,
        pressure_GPa=PRESSURE_GPa,
    )
    run = MDRun(_crystal(), _potential(), settings)
    theirs = _crystal()
    theirs.set_momenta(run.state()["momenta"])
    theirs.calc = _potential()
    md = _ase(ensemble, theirs, 60.0 * BOLTZMANN_eV_PER_K / units.kB)  # ASE's constant is of 2014
    for _ in range(200):
        run.step()
        md.step()
    state, thermo = run.state(), run.first_frame().thermo
    # the atoms moved by 0.5 A; 200 steps leave 1e-12 of rounding
    assert np.abs(theirs.positions - _crystal().positions).max() > 0.3
    np.testing.assert_allclose(state["positions_A"], theirs.positions, rtol=0, atol=1e-10)
    np.testing.assert_allclose(state["momenta"], theirs.get_momenta(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(state["cell_A"], theirs.cell.array, rtol=0, atol=1e-10)
    stress = theirs.get_stress(voigt=False, include_ideal_gas=True)
    assert thermo["pressure_GPa"] == pytest.approx(-np.trace(stress) / 3 * eV_PER_A3_IN_GPA, abs=1e-10)
    assert thermo["volume_A3"] == pytest.approx(theirs.get_volume(), rel=1e-12)
    if ensemble in ("nvt", "npt"):
        assert thermo["conserved_energy_eV"] == pytest.approx(md.get_conserved_energy(), abs=1e-10)


@pytest.mark.parametrize("ensemble", ["nvt", "npt"])
def test_conserved_energy_drifts_with_the_square_of_the_time_step(ensemble: str) -> None:
    spreads = []
    for timestep_fs in (4.0, 2.0):
        settings = MDSettings(
            ensemble=ensemble,  # type: ignore[arg-type]
            temperature_K=60.0,
            timestep_fs=timestep_fs,
            frame_interval_fs=20.0,
            production_ps=1.0,
            equilibrate_ps=0.0,
        )
        run = MDRun(_crystal(), _potential(), settings)
        energies = []
        while not run.finished:
            frame = run.step()
            if frame:
                energies.append(frame.thermo["conserved_energy_eV"])
        spreads.append(np.std(energies))
    # second order: a factor of 4; the sampled phases of the error differ between the runs
    assert 2.5 < spreads[0] / spreads[1] < 6.5


def test_chain_is_reversible_and_its_energy_balances() -> None:
    chain = NoseHooverChain(n_degrees=30, first_mass=3.0, kT=0.05, time=2.0)
    kinetic = 4.0
    start = kinetic / 2 + chain.energy()
    factors = [chain.advance(kinetic, 0.05)]
    assert factors[0] < 1  # hotter than 30 kT: it cools
    assert kinetic * factors[0] ** 2 / 2 + chain.energy() == pytest.approx(start, abs=1e-6)
    factors.append(chain.advance(kinetic * factors[0] ** 2, -0.05))
    assert factors[0] * factors[1] == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(chain.state(), np.zeros((2, 3)), atol=1e-14)


def test_npt_without_a_stress_is_refused() -> None:
    class Stressless(LennardJones):
        implemented_properties = ["energy", "forces"]

    with pytest.raises(SettingsError, match="stress"):
        MDRun(_crystal(), Stressless(sigma=3.4, epsilon=0.0104, rc=5.5), MDSettings(temperature_K=60.0))
