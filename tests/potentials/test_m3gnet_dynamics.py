"""The energy of the parent form is conserved by dynamics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.io import read
from ase.md.velocitydistribution import Stationary, thermalize_momenta
from ase.md.verlet import VelocityVerlet

from paddlewheel.potentials.m3gnet import M3GNetCalculator


@pytest.mark.slow
def test_energy_is_conserved_at_300_K(shared: Path) -> None:
    """NVE, 1 ps, Na2B12H12 (52 atoms): below 0.5 meV/atom/ps, the issue's number for steps of 0.5 fs.

    Steps of 1 fs halve the time of the test and are harder: the error of Verlet's energy grows as their square.
    """
    atoms = read(shared / "data/structures/Na2B12H12_P21c_m3gnetNaBH.cif")
    assert isinstance(atoms, Atoms)
    atoms.calc = M3GNetCalculator.from_directory(shared / "data/potentials/M3GNet-r2SCAN-NaBH")
    # twice the temperature: half of it goes into the potential energy of the crystal at rest
    thermalize_momenta(atoms, 600, rng=np.random.default_rng(1))
    Stationary(atoms)
    dynamics, energies, temperatures = VelocityVerlet(atoms, 1.0 * units.fs), [], []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy() / len(atoms)), interval=2)
    dynamics.attach(lambda: temperatures.append(atoms.get_temperature()), interval=2)
    dynamics.run(1000)
    drift_meV_per_ps = 1e3 * np.polyfit(0.002 * np.arange(len(energies)), energies, 1)[0]
    assert 200 < np.mean(temperatures) < 400
    assert abs(drift_meV_per_ps) < 0.5
