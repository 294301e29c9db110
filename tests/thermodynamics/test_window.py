"""Stability windows and interface reactions: by hand, and against pymatgen's profile of chemical potentials."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.interface import interface_reactions
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.window import lower_envelope, stability_window


def phase(formula: str, per_formula_eV: float, *, volume_A3: float | None = None, std: float = 0.0) -> PhaseEntry:
    from pymatgen.core import Composition

    atoms = Composition(formula).num_atoms
    return PhaseEntry(
        name=formula, formula=formula, temperatures_K=(0.0,), gibbs_eV_per_atom=(per_formula_eV / atoms,),
        std_eV_per_atom=(std,), volume_A3_per_atom=volume_A3, engine="by hand",
    )  # fmt: skip


#: Na2Cl + ... : energies of formula units that make every voltage a difference by hand
BY_HAND = {"Na": 0.0, "Cl": 0.0, "NaCl": -2.0, "NaCl2": -2.1, "Na2Cl": -2.3}


def by_hand(std: float = 0.0) -> FreeEnergyHull:
    return FreeEnergyHull([phase(*one, volume_A3=20.0, std=std) for one in BY_HAND.items()], ["Na", "Cl"], [0.0])


def test_window_by_hand() -> None:
    """Na2Cl -> NaCl + Na at 0.3 V, 2 NaCl -> NaCl2 + Na at 1.9 V, NaCl2 -> 2 Cl + Na at 2.1 V."""
    window = stability_window(by_hand(), "NaCl", ion="Na", temperature=0)
    assert (window.reduction_limit_V, window.oxidation_limit_V) == pytest.approx((0.3, 1.9))
    assert [step.low_V for step in window.steps] == pytest.approx([0, 0.3, 1.9, 2.1])
    assert [step.reaction.text for step in window.steps] == [
        "NaCl + Na -> Na2Cl", "NaCl is stable", "2 NaCl -> NaCl2 + Na", "NaCl -> Cl + Na",
    ]  # fmt: skip
    # F / (3.6 M(NaCl)), M = 58.44 g/mol
    assert window.steps[3].capacity_mAh_per_g == pytest.approx(96485.33 / 3.6 / 58.443, rel=1e-4)
    # 20 A^3 an atom: half a NaCl2 has 1.5 atoms for the 2 of NaCl
    assert window.steps[2].volume_change == pytest.approx(-0.25)
    assert window.driving_force_eV_per_atom == pytest.approx(0, abs=1e-12)


def test_errors_of_the_limits_by_hand() -> None:
    """1.9 V = G(NaCl2) + G(Na) - 2 G(NaCl): 1 meV/atom on each is sqrt(3^2 + 1 + 4^2) meV."""
    window = stability_window(by_hand(std=0.001), "NaCl", ion="Na", temperature=0)
    # 2,000 samples: the std of a std is 1.6 %
    assert window.std_oxidation_limit_V == pytest.approx(np.sqrt(26) * 1e-3, rel=0.06)


def test_metastable_phase_is_lowered_onto_the_hull() -> None:
    """Na3Cl2 in the middle of Na2Cl and NaCl, 0.1 eV a formula above them: no exchange at 0.3 V alone."""
    entries = [*by_hand().entries, phase("Na3Cl2", -4.3 + 0.1)]
    window = stability_window(FreeEnergyHull(entries, ["Na", "Cl"], [0.0]), "Na3Cl2", ion="Na", temperature=0)
    assert window.driving_force_eV_per_atom == pytest.approx(0.02)
    assert (window.reduction_limit_V, window.oxidation_limit_V) == pytest.approx((0.3, 0.3))


@pytest.mark.parametrize("seed", range(6))
def test_steps_are_those_of_pymatgen(seed: int) -> None:
    """The corners of the profile of mu_Na that pymatgen has at the composition; 1e-6 eV is the rounding here."""
    from pymatgen.core import Composition, Element

    generator = np.random.default_rng(seed)
    entries = [phase(element, 0.0) for element in ("Na", "B", "H")]
    names = set()
    for _ in range(20):
        amounts = generator.integers(0, 5, 3)
        formula = "".join(f"{one}{k}" for one, k in zip(("Na", "B", "H"), amounts, strict=True) if k)
        if np.count_nonzero(amounts) > 1 and formula not in names:
            names.add(formula)
            entries.append(phase(formula, -0.4 * generator.random() * amounts.sum()))
    hull = FreeEnergyHull(entries, ["Na", "B", "H"], [0.0], n_samples=2)
    diagram = hull.diagram(0)
    target = next(
        entry.name for entry in entries if len(entry.elements) == 3 and hull.phase(entry.name, 0).stable_probability
    )
    steps = stability_window(hull, target, ion="Na", temperature=0).steps
    profile = diagram.get_element_profile(Element("Na"), Composition(target))
    theirs = sorted({round(-float(row["chempot"]), 6) for row in profile if row["chempot"] < -1e-6})
    assert [step.low_V for step in steps[1:]] == pytest.approx(theirs, abs=2e-6)
    given_off = [-float(row["evolution"]) for row in profile]  # for the formula as pymatgen reduces it
    per = Composition(target).num_atoms / Composition(target).reduced_composition.num_atoms
    assert [step.ions_per_formula for step in steps] == pytest.approx([per * one for one in given_off], abs=1e-6)


def test_lower_envelope_of_three_lines() -> None:
    """0 - x from the right, 1 from the middle, x from the left: 0.5 never touches."""
    corners, chain = lower_envelope(np.array([0.0, 1.0, 4.0, 9.0]), np.array([1.0, 0.0, -1.0, 0.0]))
    assert chain == [0, 1, 2]
    assert corners == pytest.approx([1.0, 3.0])


def test_voltage_below_the_metal_is_outside() -> None:
    window = stability_window(by_hand(), "NaCl", ion="Na", temperature=0)
    assert window.at(1.0).reaction.text == "NaCl is stable"
    with pytest.raises(InputError, match="outside the diagram"):
        window.at(-0.1)


@pytest.mark.parametrize("name", ["Na", "Cl", "NaBr"])
def test_no_window_without_a_compound_of_the_ion(name: str) -> None:
    with pytest.raises(InputError):
        stability_window(by_hand(), name, ion="Na", temperature=0)


def test_interface_by_hand() -> None:
    """Na + NaCl2 -> 2 NaCl gives 1.9 eV over 4 atoms, 3 Na + NaCl2 -> 2 Na2Cl 2.5 eV over 6."""
    first, second = interface_reactions(by_hand(), "Na", "NaCl2", temperature=0)
    assert first.reaction.text == "Na + NaCl2 -> 2 NaCl"
    assert (first.share, first.energy_eV_per_atom) == pytest.approx((0.25, -1.9 / 4))
    assert second.reaction.text == "3 Na + NaCl2 -> 2 Na2Cl"
    assert (second.share, second.energy_eV_per_atom) == pytest.approx((0.5, -2.5 / 6))


def test_interface_of_phases_that_do_not_react() -> None:
    assert interface_reactions(by_hand(), "NaCl", "Na2Cl", temperature=0) == []
    with pytest.raises(InputError, match="both phases"):
        interface_reactions(by_hand(), "NaCl", "NaCl", temperature=0)
