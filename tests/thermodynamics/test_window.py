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
    window = stability_window(by_hand(), "NaCl", ion="Na", charge_e=1, temperature=0)
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


#: Gibbs energies of formation at 298.15 K, kJ/mol: LiCl, LiF, Li2O, MgCl2, AlCl3 of the NBS tables (Wagman et al., J.
#: Phys. Chem. Ref. Data 11, suppl. 2 (1982), as in the CRC Handbook), Li2S of Barin, Thermochemical Data of Pure
#: Substances (1995), Li3N of Osborne and Flotow, J. Chem. Thermodyn. 10, 675 (1978)
TEXTBOOK = [
    ("LiCl", "Li", "Cl", 1, 384.4, 3.98), ("Li2S", "Li", "S", 1, 439.1, 2.28), ("LiF", "Li", "F", 1, 587.7, 6.09),
    ("Li2O", "Li", "O", 1, 561.2, 2.91), ("Li3N", "Li", "N", 1, 128.64, 0.44), ("MgCl2", "Mg", "Cl", 2, 591.8, 3.07),
    ("AlCl3", "Al", "Cl", 3, 628.8, 2.17),
]  # fmt: skip


@pytest.mark.parametrize(("compound", "metal", "other", "charge_e", "formation_kJ", "volt"), TEXTBOOK)
def test_windows_of_textbook_salts(
    compound: str, metal: str, other: str, charge_e: int, formation_kJ: float, volt: float
) -> None:
    """The electromotive force of metal | salt | other element, -G / (n z F), as printed to 0.01 V."""
    per_eV = 96.48533
    entries = [phase(metal, 0.0), phase(other, 0.0), phase(compound, -formation_kJ / per_eV)]
    window = stability_window(
        FreeEnergyHull(entries, [metal, other], [0.0]), compound, ion=metal, charge_e=charge_e, temperature=0
    )
    assert window.reduction_limit_V == 0
    assert window.oxidation_limit_V == pytest.approx(volt, abs=0.006)
    assert [step.low_V for step in window.steps] == pytest.approx([0, window.oxidation_limit_V])
    if compound == "MgCl2":  # 2 F / (3.6 * 95.21 g/mol)
        assert window.steps[-1].capacity_mAh_per_g == pytest.approx(563, abs=0.5)
        assert window.steps[-1].ions_per_formula == pytest.approx(1)


def test_twice_the_charge_is_half_the_voltage() -> None:
    """The steps of the same energies and their errors; capacities double."""
    hull = by_hand(std=0.001)
    once = stability_window(hull, "NaCl", ion="Na", charge_e=1, temperature=0)
    twice = stability_window(hull, "NaCl", ion="Na", charge_e=2, temperature=0)
    assert [2 * step.low_V for step in twice.steps] == pytest.approx([step.low_V for step in once.steps])
    assert [2 * (step.std_low_V or 0) for step in twice.steps] == pytest.approx(
        [step.std_low_V or 0 for step in once.steps]
    )
    assert 2 * twice.std_oxidation_limit_V == pytest.approx(once.std_oxidation_limit_V)
    assert [step.capacity_mAh_per_g for step in twice.steps] == pytest.approx(
        [2 * step.capacity_mAh_per_g for step in once.steps]
    )
    assert [step.reaction for step in twice.steps] == [step.reaction for step in once.steps]


@pytest.mark.parametrize("charge_e", [0, -1, float("nan")])
def test_no_window_against_an_ion_that_is_no_cation(charge_e: float) -> None:
    with pytest.raises(InputError, match="no charge of a cation"):
        stability_window(by_hand(), "NaCl", ion="Na", charge_e=charge_e, temperature=0)


def test_errors_of_the_limits_by_hand() -> None:
    """1.9 V = G(NaCl2) + G(Na) - 2 G(NaCl): 1 meV/atom on each is sqrt(3^2 + 1 + 4^2) meV."""
    window = stability_window(by_hand(std=0.001), "NaCl", ion="Na", charge_e=1, temperature=0)
    # 2,000 samples: the std of a std is 1.6 %
    assert window.std_oxidation_limit_V == pytest.approx(np.sqrt(26) * 1e-3, rel=0.06)


def test_metastable_phase_is_lowered_onto_the_hull() -> None:
    """Na3Cl2 in the middle of Na2Cl and NaCl, 0.1 eV a formula above them: no exchange at 0.3 V alone."""
    entries = [*by_hand().entries, phase("Na3Cl2", -4.3 + 0.1)]
    window = stability_window(
        FreeEnergyHull(entries, ["Na", "Cl"], [0.0]), "Na3Cl2", ion="Na", charge_e=1, temperature=0
    )
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
    steps = stability_window(hull, target, ion="Na", charge_e=1, temperature=0).steps
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
    window = stability_window(by_hand(), "NaCl", ion="Na", charge_e=1, temperature=0)
    assert window.at(1.0).reaction.text == "NaCl is stable"
    with pytest.raises(InputError, match="outside the diagram"):
        window.at(-0.1)


@pytest.mark.parametrize("name", ["Na", "Cl", "NaBr"])
def test_no_window_without_a_compound_of_the_ion(name: str) -> None:
    with pytest.raises(InputError):
        stability_window(by_hand(), name, ion="Na", charge_e=1, temperature=0)


def test_interface_by_hand() -> None:
    """Na + NaCl2 -> 2 NaCl gives 1.9 eV over 4 atoms, 3 Na + NaCl2 -> 2 Na2Cl 2.5 eV over 6."""
    first, second = interface_reactions(by_hand(), "Na", "NaCl2", temperature=0)
    assert first.reaction.text == "Na + NaCl2 -> 2 NaCl"
    assert (first.share, first.energy_eV_per_atom) == pytest.approx((0.25, -1.9 / 4))
    assert second.reaction.text == "3 Na + NaCl2 -> 2 Na2Cl"
    assert (second.share, second.energy_eV_per_atom) == pytest.approx((0.5, -2.5 / 6))


def test_interface_with_a_reservoir_of_a_divalent_ion() -> None:
    """MgO + S -> SO + Mg costs 3 eV and gives 2 e V: it goes above 1.5 V; at 2 V by 1 eV, over the atoms O and S."""
    energies = {"Mg": 0.0, "O": 0.0, "S": 0.0, "MgO": -6.0, "MgS": -3.6, "SO": -3.0}
    hull = FreeEnergyHull([phase(*one) for one in energies.items()], ["Mg", "O", "S"], [0.0])

    def at(volt: float) -> list[tuple[str, float]]:
        rows = interface_reactions(hull, "MgO", "S", temperature=0, ion="Mg", charge_e=2, voltage_V=volt)
        return [(row.reaction.text, round(row.energy_eV_per_atom, 9)) for row in rows]

    assert at(1.45) == []
    assert at(2.0) == [("MgO + S -> SO + Mg", -0.5)]
    with pytest.raises(InputError, match="no charge"):
        interface_reactions(hull, "MgO", "S", temperature=0, ion="Mg", voltage_V=2.0)


def test_interface_of_phases_that_do_not_react() -> None:
    assert interface_reactions(by_hand(), "NaCl", "Na2Cl", temperature=0) == []
    with pytest.raises(InputError, match="both phases"):
        interface_reactions(by_hand(), "NaCl", "NaCl", temperature=0)
