"""Outputs of VASP that ASE ships, against their own text."""

from pathlib import Path

import ase.test
import numpy as np
import pytest

from paddlewheel.firstprinciples.judgement import judge, one_setting
from paddlewheel.firstprinciples.readers import read_calculation
from paddlewheel.units import eV_PER_A3_IN_GPA

OF_ASE = Path(ase.test.__file__).parent / "testdata" / "vasp"


def test_the_enthalpy_of_an_external_pressure_is_taken_off_the_energy():
    (step,) = read_calculation(OF_ASE / "vasprun_pstress.xml").steps
    # the last electronic step has the energy without P V; the two constants of VASP and CODATA differ by 1e-8
    assert step.energy_eV == pytest.approx(-20.24695937, abs=2e-8)
    assert step.stress_eV_per_A3 == pytest.approx(np.array([1, 1, 1, 0, 0, 0]) * 165.99562580 / 10 / eV_PER_A3_IN_GPA)


def test_electronic_steps_of_a_response_do_not_count():
    calculation = read_calculation(OF_ASE / "vasprun_dfpt.xml")
    (step,) = calculation.steps
    assert step.converged
    assert step.electronic.startswith("13 of at most 100 steps")
    assert step.energy_eV == -6.74587304
    assert judge(calculation, step) == ()
    assert one_setting([calculation]).functional == "PBE"
