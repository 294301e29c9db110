"""Tables of convergence, on made calculations whose errors are known, and on hydrogen by GPAW."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.firstprinciples.gpaw.convergence import convergence_plan, convergence_table
from paddlewheel.firstprinciples.setups import CalculationSettings, Setup, mesh_of_spacing
from paddlewheel.firstprinciples.steps import Calculation, Step

ASKED = CalculationSettings(
    name="test", functional="PBE", cutoff_eV=400.0, k_spacing_per_A=0.5, energy_tolerance_eV_per_atom=1e-5
)
_ATOMS = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.8]], cell=[3.0, 3.0, 3.0], pbc=True)


def _made(settings: CalculationSettings, *, converged: bool = True) -> Calculation:
    """Energy, forces and stress with an error of 1/cutoff and one of the square of the spacing."""
    error = 1 / settings.cutoff_eV + settings.k_spacing_per_A**2
    step = Step(
        number=0, atoms=_ATOMS, energy_eV=-2 + error, forces_eV_per_A=np.array([[0, 0, error], [0, 0, -2 * error]]),
        stress_eV_per_A3=np.array([0, 0, 3 * error, 0, 0, 0]), converged=converged,
    )  # fmt: skip
    mesh = mesh_of_spacing(_ATOMS.cell, settings.k_spacing_per_A)
    return Calculation(source="made", setup=Setup(code="made", k_mesh=mesh), steps=(step,))


def test_rows_are_the_differences_to_the_finest_of_each_series() -> None:
    plan = convergence_plan(ASKED, [800.0, 200.0], [0.25, 0.5, 1.0])
    assert [(each.cutoff_eV, each.k_spacing_per_A) for each in plan] == [
        (200, 0.5), (400, 0.5), (800, 0.5), (400, 1.0), (400, 0.25),
    ]  # fmt: skip
    rows = convergence_table(ASKED, plan, [_made(each) for each in plan])
    assert [(row.varied, row.cutoff_eV, row.k_spacing_per_A) for row in rows] == [
        *(("cutoff", cutoff, 0.5) for cutoff in (200, 400, 800)),
        *(("k_spacing", 400, spacing) for spacing in (1.0, 0.5, 0.25)),
    ]
    assert [row.is_asked for row in rows] == [False, True, False, False, True, False]
    errors = [
        1 / row.cutoff_eV - 1 / 800 if row.varied == "cutoff" else row.k_spacing_per_A**2 - 1 / 16 for row in rows
    ]
    assert [row.energy_meV_per_atom for row in rows] == pytest.approx([500 * error for error in errors], abs=1e-9)
    assert [row.largest_force_eV_per_A for row in rows] == pytest.approx([2 * error for error in errors], abs=1e-12)
    # 1 eV/A^3 is 160.2177 GPa
    assert [row.largest_stress_GPa for row in rows] == pytest.approx([480.6530 * error for error in errors], abs=1e-4)
    assert [row.k_mesh for row in rows[3:]] == [(3, 3, 3), (5, 5, 5), (9, 9, 9)]


def test_one_series_alone() -> None:
    plan = convergence_plan(ASKED, [300.0], [])
    assert {row.varied for row in convergence_table(ASKED, plan, [_made(each) for each in plan])} == {"cutoff"}


def test_refuses_what_refines_nothing() -> None:
    with pytest.raises(SettingsError, match="neither the cutoff nor the mesh"):
        convergence_plan(ASKED, [400.0], [0.5])
    with pytest.raises(SettingsError, match="not positive"):
        convergence_plan(ASKED, [-300.0], [])


def test_refuses_a_calculation_without_labels() -> None:
    plan = convergence_plan(ASKED, [300.0], [])
    with pytest.raises(ScienceError, match=r"400 eV and 0\.5/A: no convergence"):
        convergence_table(ASKED, plan, [_made(plan[0]), _made(plan[1], converged=False)])


def test_hydrogen_converges_with_the_cutoff() -> None:
    pytest.importorskip("gpaw", reason="GPAW is not installed (make install-gpaw)")
    from paddlewheel.firstprinciples.gpaw.calculator import calculate

    asked = replace(ASKED, cutoff_eV=200.0, k_spacing_per_A=5.0)
    plan = convergence_plan(asked, [300.0, 400.0], [])
    calculations = [calculate(each, _ATOMS) for each in plan]
    rows = convergence_table(asked, plan, [each for each in calculations if each is not None])
    # variational: more plane waves, a lower energy
    assert rows[0].energy_meV_per_atom > rows[1].energy_meV_per_atom > rows[2].energy_meV_per_atom == 0
