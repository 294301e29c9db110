"""The equation of state against its own closed form and against ASE's nonlinear fit."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import ScienceError
from paddlewheel.training.validation import EquationOfState, fit_equation_of_state


def test_known_curve_is_found_again_exactly():
    known = EquationOfState(
        volume_A3=210.0, energy_eV=-4500.0, bulk_modulus_GPa=19.0, bulk_modulus_derivative=4.7, rms_misfit_eV=0.0
    )
    volumes = 210.0 * np.linspace(0.96, 1.02, 7) ** 3  # not centred on the minimum
    fit = fit_equation_of_state(volumes, known.energies_eV(volumes))
    # the fit is linear and the curve in its space: what is left is rounding of energies of -4500 eV
    assert fit.volume_A3 == pytest.approx(210.0, rel=1e-7)
    assert fit.energy_eV == pytest.approx(-4500.0, abs=1e-8)
    assert fit.bulk_modulus_GPa == pytest.approx(19.0, rel=1e-5)
    assert fit.bulk_modulus_derivative == pytest.approx(4.7, rel=1e-3)
    assert fit.rms_misfit_eV < 1e-9


def test_closed_form_has_the_bulk_modulus_that_it_says():
    known = EquationOfState(100.0, 0.0, 50.0, 5.0, 0.0)
    step = 0.05
    low, middle, high = known.energies_eV([100 - step, 100, 100 + step])
    bulk_GPa = 100 * (low - 2 * middle + high) / step**2 * 160.21766208
    assert bulk_GPa == pytest.approx(50.0, rel=1e-4)  # second difference: error of order (step/V)^2


def test_agrees_with_ase_on_copper():
    from ase.build import bulk
    from ase.calculators.emt import EMT
    from ase.eos import EquationOfState as ASEEquationOfState
    from ase.units import GPa

    volumes, energies = [], []
    for scale in np.linspace(0.98, 1.02, 9):
        atoms = bulk("Cu", a=3.59 * scale)
        atoms.calc = EMT()
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    ours = fit_equation_of_state(volumes, energies)
    theirs = ASEEquationOfState(volumes, energies, eos="birchmurnaghan")
    volume, _energy, bulk_modulus = theirs.fit()
    assert ours.volume_A3 == pytest.approx(volume, rel=1e-5)
    assert ours.bulk_modulus_GPa == pytest.approx(bulk_modulus / GPa, rel=1e-4)
    assert ours.bulk_modulus_derivative == pytest.approx(theirs.eos_parameters[2], rel=1e-3)


def test_no_minimum_among_the_volumes_is_refused():
    volumes = np.linspace(90, 100, 7)
    with pytest.raises(ScienceError, match="no minimum"):
        fit_equation_of_state(volumes, -volumes)


def test_too_few_or_infinite_energies_are_refused():
    with pytest.raises(ScienceError, match="finite energies"):
        fit_equation_of_state([1, 2, 3, 4], [1, 0, 0, 1])
    with pytest.raises(ScienceError, match="4 finite energies"):
        fit_equation_of_state([1, 2, 3, 4, 5], [1, 0, np.nan, 0, 1])
