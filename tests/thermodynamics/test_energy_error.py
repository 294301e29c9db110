"""The error of the energies themselves: what cancels between phases that are alike, and what is left, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from paddlewheel.potentials import list_potentials
from paddlewheel.thermodynamics.energy_error import STD_OVER_MAE, EnergyError
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.window import stability_window

ELEMENTS = ["Na", "Cl"]
N_SAMPLES = 40_000
WITHIN = 0.02
"""Stds of 40,000 samples are known to 0.35 %; the hull's bends move them by less than 1 % here."""


def phase(formula: str, energy: float, std: float = 0.0) -> PhaseEntry:
    return PhaseEntry(
        name=formula, formula=formula, temperatures_K=(0.0,), gibbs_eV_per_atom=(energy,), std_eV_per_atom=(std,),
        engine="by hand",
    )  # fmt: skip


def hull_with(error: EnergyError | None, *entries: PhaseEntry) -> FreeEnergyHull:
    elements = [phase("Na", 0.0), phase("Cl", 0.0)]
    return FreeEnergyHull([*elements, *entries], ELEMENTS, [0.0], energy_error=error, n_samples=N_SAMPLES)


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_what_is_left_between_phases_of_the_same_elements(shared: float) -> None:
    """Na3Cl2 against 2/5 NaCl and 3/5 Na2Cl: sigma sqrt((1 - s) (1 + 4/25 + 9/25)), nothing where all is shared."""
    error = EnergyError(std_eV_per_atom=0.03, shared=shared)
    hull = hull_with(error, phase("NaCl", -1.5), phase("Na2Cl", -1.2), phase("Na3Cl2", -1.22))
    found = hull.phase("Na3Cl2", 0)
    assert found.e_above_hull_eV_per_atom == pytest.approx(0.1)  # the tie line is at -1.32
    expected = 0.03 * np.sqrt((1 - shared) * (1 + 4 / 25 + 9 / 25))
    assert found.std_eV_per_atom == pytest.approx(expected, rel=WITHIN, abs=1e-12)


def test_formation_from_the_elements_has_all_of_it_and_no_more() -> None:
    """NaCl, Na, Cl are of three families: sigma sqrt(1 + 1/4 + 1/4), whatever is shared; its probability is normal."""
    for shared in (0.0, 0.5, 1.0):
        hull = hull_with(EnergyError(std_eV_per_atom=0.03, shared=shared), phase("NaCl", -0.02, std=0.01))
        found = hull.phase("NaCl", 0)
        std = np.sqrt(0.03**2 * 1.5 + 0.01**2)
        assert found.std_above_others_eV_per_atom == pytest.approx(std, rel=WITHIN)
        # 40,000 samples: a binomial error of 0.23 %
        assert found.stable_probability == pytest.approx(norm.cdf(0.02 / std), abs=0.008)


def test_window_of_a_binary_has_the_error_of_its_formation() -> None:
    """NaCl is oxidized at -dG of formation over e, 2 atoms a formula: 2 sigma sqrt(1.5) V."""
    hull = hull_with(EnergyError(std_eV_per_atom=0.03), phase("NaCl", -2.0))
    found = stability_window(hull, "NaCl", ion="Na", charge_e=1, temperature=0)
    assert found.oxidation_limit_V == pytest.approx(4.0)
    std = 2 * 0.03 * 1.5**0.5
    assert found.std_oxidation_limit_V == pytest.approx(std, rel=WITHIN)
    assert found.oxidation_intervals_V is not None
    # a quantile at 2.5 % of 40,000 draws is known to 0.013 stds
    assert found.oxidation_intervals_V[1] == pytest.approx((4 - 1.96 * std, 4 + 1.96 * std), abs=0.06 * std)


def test_without_it_nothing_changes_and_the_own_errors_are_drawn_as_before() -> None:
    entries = phase("NaCl", -1.0, std=0.004), phase("Na3Cl", -0.45, std=0.002)
    without, with_none = hull_with(None, *entries), hull_with(EnergyError(std_eV_per_atom=0.0), *entries)
    np.testing.assert_array_equal(without.samples_eV_per_atom, with_none.samples_eV_per_atom)


def test_an_energy_built_on_others_has_their_errors() -> None:
    """A gas with the energy of its elements and a measured enthalpy: its formation is exact but for its own std."""
    gas = replace(phase("NaCl3", -0.3, std=0.001), built_on=(("Na", 0.25), ("Cl", 0.75)))
    hull = hull_with(EnergyError(std_eV_per_atom=0.03), gas)
    assert hull.phase("NaCl3", 0).std_above_others_eV_per_atom == pytest.approx(0.001, rel=WITHIN)


def test_cards_tell_the_error_of_their_potentials() -> None:
    """From the cards of the checkpoints; the student has its teacher's 30.20 and 1.96 of its own."""
    told = {card.name: card.energy_mae_meV_per_atom for card in list_potentials() if card.files}
    assert told.pop("nep89") is None  # its paper's errors are of other frames
    assert told == {
        "m3gnet-nabh-r2scan": 30.2,
        "m3gnet-mp-2021": 21.1,
        "m3gnet-matpes-r2scan": 44.0,
        "nep-nabh": pytest.approx(np.hypot(30.2, 1.956), abs=0.05),
    }
    deviates = np.random.default_rng(1).normal(size=200_000)
    assert 1 / np.abs(deviates).mean() == pytest.approx(STD_OVER_MAE, rel=5e-3)
