"""Labels that cannot be right are refused with the frame, the value and the remedy; right ones are let pass.

The true labels are ASE's EMT for copper: strained, rattled cells whose stress is the derivative of their energy.
"""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import DatasetError
from paddlewheel.training import check_frames, require_elements
from paddlewheel.units import eV_PER_A3_IN_GPA

HARTREE_eV = 27.211386


def frames(
    *, symbol: str = "Cu", strains=(-0.06, -0.03, 0.0, 0.03, 0.06), per_strain: int = 3, amplitude_A: float = 0.08
):
    rng = np.random.default_rng(7)
    made = []
    for strain in strains:
        for _ in range(per_strain):
            atoms = bulk(symbol, cubic=True) * (2, 1, 1)
            atoms.set_cell(np.array(atoms.cell) * (1 + strain), scale_atoms=True)
            atoms.rattle(amplitude_A, rng=rng)
            atoms.calc = EMT()
            atoms.get_stress()
            made.append(atoms)
    return made


def relabelled(given_frames, **change):
    """The frames with `energy`, `forces` or `stress` put through a function, or left out (None)."""
    made = []
    for atoms in given_frames:
        results = {key: atoms.calc.results[key] for key in ("energy", "forces", "stress")}
        for key, function in change.items():
            results[key] = None if function is None else function(results[key])
        copy = atoms.copy()
        copy.calc = SinglePointCalculator(copy, **{k: v for k, v in results.items() if v is not None})
        made.append(copy)
    return made


@settings(max_examples=10, deadline=None)
@given(amplitude_A=st.floats(0.01, 0.15), low=st.floats(-0.08, -0.04), high=st.floats(0.04, 0.08))
def test_true_labels_pass(amplitude_A, low, high):
    check_frames(frames(strains=(low, 0.0, high), amplitude_A=amplitude_A), where="set")


def test_frames_of_one_volume_pass():
    check_frames(frames(strains=(0.0,)), where="set")


@pytest.mark.parametrize("key", ["energy", "forces", "stress"])
def test_missing_label_is_named(key):
    made = frames()
    made[4:5] = relabelled(made[4:5], **{key: None})
    with pytest.raises(DatasetError, match=rf"set, frame 4: has no {key}; label it"):
        check_frames(made, where="set")


def test_virial_in_place_of_the_stress_gets_its_own_remedy():
    made = relabelled(frames(), stress=None)
    made[0].info["virial"] = "0 0 0"
    with pytest.raises(DatasetError, match=r"has no stress; write stress = -virial/volume"):
        check_frames(made, where="set")


@pytest.mark.parametrize("key", ["energy", "forces", "stress"])
def test_label_that_is_not_finite_is_named(key):
    made = frames()
    made[2:3] = relabelled(made[2:3], **{key: lambda value: value * np.nan})
    with pytest.raises(DatasetError, match=rf"frame 2: has a {key} that is not finite"):
        check_frames(made, where="set")


def test_forces_of_ten_thousand_are_refused():
    made = relabelled(frames(), forces=lambda value: value / np.abs(value).max() * 1e4)
    with pytest.raises(DatasetError, match=r"frame 0: has a force of 1e\+04 eV/A on atom \d+ \(Cu\).*check the unit"):
        check_frames(made, where="set")


def test_stress_in_kilobar_is_refused_by_its_size():
    made = relabelled(frames(), stress=lambda value: value * 10 * eV_PER_A3_IN_GPA)
    with pytest.raises(DatasetError, match=r"stress of .* eV/A\^3, which is .* GPa; .*from kB divide by 1602\.18"):
        check_frames(made, where="set")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stress": lambda value: value * eV_PER_A3_IN_GPA}, "GPa"),
        ({"stress": lambda value: value * 10 * eV_PER_A3_IN_GPA}, "kB"),
        ({"energy": lambda value: value / HARTREE_eV}, "energy not in eV"),
        ({"stress": lambda value: -value}, "turn the sign"),
    ],
    ids=["GPa", "kB", "Hartree", "VASP's sign"],
)
def test_wrong_unit_of_small_stresses_is_told_by_their_work(change, said, monkeypatch):
    """With the limit on the size out of the way: it has no say where stresses are small."""
    monkeypatch.setattr("paddlewheel.training.dataset_checks.LARGEST_STRESS_eV_PER_A3", 1e6)
    with pytest.raises(DatasetError, match=said):
        check_frames(relabelled(frames(), **change), where="set")


def test_frame_with_its_energy_in_other_units_is_named():
    made = relabelled(frames(strains=(0.0,), per_strain=12), energy=lambda value: value - 8 * 500.0)
    made[5:6] = relabelled(made[5:6], energy=lambda value: value / HARTREE_eV)
    with pytest.raises(DatasetError, match=r"frame 5: has -1\d\.\d* eV/atom.*from what the other frames"):
        check_frames(made, where="set")


def test_energy_per_atom_for_that_of_the_cell_is_named():
    made = relabelled(frames(strains=(0.0,), per_strain=12), energy=lambda value: value - 8 * 30.0)
    made[3:4] = relabelled(made[3:4], energy=lambda value: value / 8)
    with pytest.raises(DatasetError, match=r"frame 3: has .*not per atom"):
        check_frames(made, where="set")


def test_frame_that_is_not_periodic_is_refused():
    made = frames()
    made[1].pbc = (True, True, False)
    with pytest.raises(DatasetError, match="frame 1: is not periodic"):
        check_frames(made, where="set")


def test_frame_there_twice_is_refused():
    made = frames()
    with pytest.raises(DatasetError, match="frame 15: is the same structure as frame 6"):
        check_frames([*made, made[6]], where="set")


def test_element_without_frames_is_named():
    with pytest.raises(DatasetError, match="has no frame with Au; it has Cu"):
        require_elements(frames(), ["Cu", "Au"], where="set")


def test_no_frames_are_refused():
    with pytest.raises(DatasetError, match="holds no frames"):
        check_frames([], where="set")
