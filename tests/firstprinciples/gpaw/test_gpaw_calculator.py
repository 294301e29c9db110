"""Labels by GPAW: derivatives against differences of energies, what is refused, and what settings become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.firstprinciples.steps import Step

pytest.importorskip("gpaw", reason="GPAW is not installed (make install-gpaw)")

from paddlewheel.firstprinciples.gpaw.calculator import calculate, check_gpaw, gpaw_parameters, valence_electrons

R2SCAN = CalculationSettings(
    name="test", functional="r2SCAN", cutoff_eV=300.0, k_spacing_per_A=2.0, energy_tolerance_eV_per_atom=1e-7
)
PBE = replace(R2SCAN, functional="PBE", cutoff_eV=250.0, energy_tolerance_eV_per_atom=1e-5)


def _nabh4() -> Atoms:
    """NaBH4 in its primitive cell, sheared and rattled: no two plane waves of it have the same length by symmetry."""
    cell = 6.13 / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    corner = 0.71 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    atoms = Atoms("NaBH4", positions=[[3.065] * 3, [0] * 3, *corner], cell=cell, pbc=True)
    atoms.rattle(0.05, seed=1)
    strain = np.array([[-0.031, 0.012, 0.007], [0.012, -0.023, -0.009], [0.007, -0.009, -0.047]])
    atoms.set_cell(cell @ (np.eye(3) + strain), scale_atoms=True)
    return atoms


def _hydrogen() -> Atoms:
    """A molecule in a small box: a fraction of a second."""
    return Atoms("H2", positions=[[0.1, 0.2, 0.3], [0.2, 0.3, 1.05]], cell=[2.5, 2.6, 4.5], pbc=True)


def _label(atoms: Atoms, settings: CalculationSettings) -> Step:
    calculation = calculate(settings, atoms)
    assert calculation is not None
    (step,) = calculation.steps
    assert step.converged
    return step


def test_closed_shell_with_both_spins_is_no_triplet() -> None:
    """Begun with parallel spins, H2 stays 9 eV above its ground state, and the force turns round."""
    settings = replace(PBE, cutoff_eV=200.0)
    both, paired = (_label(_hydrogen(), replace(settings, spin_polarized=spins)) for spins in (True, False))
    assert both.energy_eV == pytest.approx(paired.energy_eV, abs=1e-3)  # twice 1e-5 eV an atom, and the grid's noise
    np.testing.assert_allclose(both.forces_eV_per_A, paired.forces_eV_per_A, atol=1e-2)
    assert "without moments" in both.electronic


def test_forces_and_stress_are_derivatives_of_the_energy() -> None:
    atoms = _nabh4()
    step = _label(atoms, R2SCAN)
    assert step.forces_eV_per_A is not None
    assert step.stress_eV_per_A3 is not None
    direction = np.random.default_rng(3).normal(size=(6, 3))
    direction /= np.linalg.norm(direction)
    ends = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions += sign * 0.01 * direction
        ends.append(_label(moved, R2SCAN).energy_eV)
    # 5e-3 eV/A: the points at which exchange is summed do not move with the atoms (found: 5e-5)
    assert (ends[1] - ends[0]) / 0.02 == pytest.approx((step.forces_eV_per_A * direction).sum(), abs=5e-3)

    strain = np.array([[0.8, 0.3, -0.2], [0.3, 0.9, 0.1], [-0.2, 0.1, 1.1]])
    size, ends = (
        1e-5,
        [],
    )  # so small that no plane wave comes in at the cutoff: one does by 5e-5, 1 % of the work
    for sign in (1, -1):
        strained = atoms.copy()
        strained.set_cell(np.array(atoms.cell) @ (np.eye(3) + sign * size * strain), scale_atoms=True)
        ends.append(_label(strained, R2SCAN).energy_eV)
    xx, yy, zz, yz, xz, xy = step.stress_eV_per_A3
    work = (np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) * strain).sum()
    # 2 %: energies are good to 1e-6 eV of a difference of 2e-4 (found: 1e-4)
    assert (ends[0] - ends[1]) / (2 * size) / atoms.get_volume() == pytest.approx(work, rel=0.02)


def test_electrons_that_do_not_converge_leave_no_labels() -> None:
    calculation = calculate(replace(PBE, most_electronic_steps=3), _hydrogen())
    assert calculation is not None
    (step,) = calculation.steps
    assert step.converged is False
    assert step.electronic == "3 of at most 3 steps"
    assert step.energy_eV is None
    assert step.forces_eV_per_A is None
    assert step.stress_eV_per_A3 is None


def test_atoms_on_top_of_each_other_are_said() -> None:
    calculation = calculate(PBE, Atoms("H2", positions=[[0, 0, 0], [0, 0, 0]], cell=[3] * 3, pbc=True))
    assert calculation is not None
    assert calculation.steps == ()
    assert "too close" in str(calculation.cut)


def test_stops_between_electronic_steps() -> None:
    asked = []
    assert calculate(PBE, _hydrogen(), should_stop=lambda: len(asked) == 2 or asked.append(1) or False) is None
    assert len(asked) == 2


def test_energy_with_smearing_is_the_one_that_forces_belong_to() -> None:
    # metallic hydrogen at a width of 1 eV: the slope of the energy extrapolated to no width is 1.1 eV/A off
    wide = replace(PBE, smearing="fermi", smearing_width_eV=1.0, energy_tolerance_eV_per_atom=1e-7)
    atoms = Atoms("H2", positions=[[0, 0, 0], [0.1, 0.2, 0.8]], cell=[1.7, 1.7, 2.0], pbc=True)
    step = _label(atoms, wide)
    assert step.forces_eV_per_A is not None
    ends = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[1, 2] += sign * 0.01
        ends.append(_label(moved, wide).energy_eV)
    assert (ends[1] - ends[0]) / 0.02 == pytest.approx(step.forces_eV_per_A[1, 2], abs=5e-3)


def test_both_spins_find_the_moment_of_an_atom() -> None:
    # a hydrogen atom in PBE lies 1.1 eV under that with half an electron of either spin, 1.0 in so small a box
    atom = Atoms("H", cell=[4.0, 4.1, 4.2], pbc=True)
    both, one = (_label(atom, replace(PBE, spin_polarized=spin)).energy_eV for spin in (True, False))
    assert both < one - 0.5


def test_log_and_setup_say_what_was_done(tmp_path: Path) -> None:
    log = tmp_path / "gpaw.txt"
    calculation = calculate(replace(PBE, k_spacing_per_A=1.5), _hydrogen(), log=log)
    assert calculation is not None
    text = log.read_text()
    setup = calculation.setup
    assert setup.k_mesh == (2, 2, 1)
    assert "Monkhorst-Pack size: [2, 2, 1]" in text
    assert "Cutoff: 250.0 eV" in text
    assert "change in last 3 cyles: 2e-05 eV\n" in text  # two atoms of 1e-5 eV each
    assert setup.code.startswith("gpaw 2")
    assert setup.pseudopotentials[0][0] == "H"
    assert setup.pseudopotentials[0][1].removeprefix("H.PBE ") in text


def test_settings_become_keywords() -> None:
    gaussian = gpaw_parameters(PBE)["occupations"]
    assert gaussian == {"name": "methfessel-paxton", "order": 0, "width": 0.05}
    assert gpaw_parameters(replace(PBE, smearing="none"))["occupations"]["width"] == 0.0
    assert gpaw_parameters(replace(PBE, tags={"NBANDS": "200%"}))["nbands"] == "200%"
    assert valence_electrons(["Na", "B", "H", "H", "H", "H"], PBE) == 14


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"functional": "HSE06"}, "functional HSE06 is not known"),
        ({"smearing": "tetrahedron"}, "smearing tetrahedron"),
        ({"pseudopotential_family": "PBE_54"}, "no potentials PBE_54"),
        ({"pseudopotentials": {"H": "pv"}}, "no setup pv of H"),
        ({"tags": {"KPTS": [1, 1, 1]}}, "tag kpts"),
        ({"tags": {"ALGO": "All"}}, "GPAW has no algo"),
    ],
)
def test_refuses_what_gpaw_cannot_do(changed: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        check_gpaw(replace(PBE, **changed), ["H"])


def test_refuses_elements_without_a_setup() -> None:
    with pytest.raises(SettingsError, match="no setup of Lr"):
        check_gpaw(PBE, ["H", "Lr"])
