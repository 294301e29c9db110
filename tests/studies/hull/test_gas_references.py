"""Gases from measured enthalpies of formation: right by construction, with errors that go through."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import ScienceError
from paddlewheel.records.base import Provenance
from paddlewheel.studies.hull import gas_energies as gases
from paddlewheel.studies.hull.gas_energies import Computed, GasEnergies
from paddlewheel.studies.hull.inputs import Energies, error_of, told_of_error
from paddlewheel.studies.hull.phase_energies import PhaseEnergies
from paddlewheel.studies.phonons.record import PhononRecord
from paddlewheel.thermodynamics.energy_error import EnergyError
from paddlewheel.thermodynamics.gases import find_gas
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import library_phases
from paddlewheel.thermodynamics.window import stability_window
from paddlewheel.units import KJ_PER_MOL_IN_eV

STATIC = {"Li (bcc)": -1.9, "LiCl": -3.7, "YCl3": -5.5, "Y (hcp)": -6.5, "Li2O": -4.9, "Li2CO3": -6.6,
          "C (graphite)": -9.1, "Li2O2": -4.7}  # fmt: skip


@pytest.fixture(autouse=True)
def molecule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gases, "molecule_energy_eV_per_atom", lambda *_: -2.0)


def computed_of(elements: list[str]) -> list[Computed]:
    """Static energies by hand."""
    record = PhononRecord(
        structure="by hand", formula="X", n_atoms=1, space_group_start="P1", potential="p", engine="p", status="ok",
        static=True, provenance=Provenance(paddlewheel_version="0", created_utc="", versions={}, settings={}),
    )  # fmt: skip
    return [
        Computed(phase=phase, record=record.model_copy(update={"static_energy_eV_per_atom": STATIC[phase.name]}))
        for phase in library_phases(elements)
        if phase.gas is None
    ]


def made_of(elements: list[str], pressure_bar: float = 1.0) -> GasEnergies:
    return gases.gas_energies(
        elements, [298.15, 600.0], computed=computed_of(elements), computed_elsewhere=lambda _: [], potential="p",
        engine="p", pressure_bar=pressure_bar, static=True,
    )  # fmt: skip


def hull_of(elements: list[str], energy_error: EnergyError | None = None) -> FreeEnergyHull:
    solids = [
        PhaseEntry(
            name=each.phase.name, formula=each.phase.formula, temperatures_K=(298.15, 600.0),
            gibbs_eV_per_atom=(STATIC[each.phase.name],) * 2, std_eV_per_atom=(0.0, 0.0), engine="p",
        )
        for each in computed_of(elements)
    ]  # fmt: skip
    return FreeEnergyHull([*solids, *made_of(elements).entries], elements, [298.15, 600.0], energy_error=energy_error)


def test_the_window_of_an_anchor_is_its_measured_enthalpy_and_the_entropy_of_the_gas() -> None:
    """LiCl: (408.3 kJ/mol - T S(Cl2) / 2) / F, whatever the potential says of Li, LiCl and Cl2, and without error."""
    found = stability_window(
        hull_of(["Li", "Cl"], EnergyError(std_eV_per_atom=0.1)), "LiCl", ion="Li", charge_e=1.0, temperature=0
    )
    entropy = find_gas("Cl2").entropy_J_per_mol_K(298.15) / 1000
    assert found.oxidation_limit_V == pytest.approx((408.3 - 298.15 * entropy / 2) * KJ_PER_MOL_IN_eV, abs=1e-5)
    assert found.std_oxidation_limit_V == pytest.approx(0.0, abs=1e-9)  # the anchor's error and the metal's cancel


def test_several_anchors_are_averaged_and_how_far_they_are_apart_is_the_error() -> None:
    entry = next(entry for entry in made_of(["Li", "Y", "Cl"]).entries if entry.formula == "Cl2")
    from_LiCl = 2 * STATIC["LiCl"] - STATIC["Li (bcc)"] + 408.3 * KJ_PER_MOL_IN_eV
    from_YCl3 = (4 * STATIC["YCl3"] - STATIC["Y (hcp)"] + 1000.0 * KJ_PER_MOL_IN_eV) / 3
    thermal = -298.15 * find_gas("Cl2").entropy_J_per_mol_K(298.15) / 2000 * KJ_PER_MOL_IN_eV
    assert entry.gibbs_eV_per_atom[0] == pytest.approx((from_LiCl + from_YCl3) / 2 + thermal, abs=2e-5)
    assert entry.std_eV_per_atom[0] == pytest.approx(abs(from_LiCl - from_YCl3) / 2)
    assert dict(entry.built_on) == pytest.approx({"LiCl": 1, "Li (bcc)": -0.5, "YCl3": 4 / 6, "Y (hcp)": -1 / 6})
    apart = -2.0 - (from_LiCl + from_YCl3) / 2
    assert f"own molecule lies {abs(apart):.2f} eV/atom {'above' if apart > 0 else 'below'}" in entry.prepared
    assert not entry.note  # how it was counted casts no doubt


def test_a_gas_of_two_elements_is_counted_from_the_gas_of_one() -> None:
    """CO2 from graphite and O2, its error from theirs; peroxides are no anchors. Lower pressure: kT ln p / 3."""
    made = {entry.formula: entry for entry in made_of(["Li", "C", "O"]).entries}
    assert dict(made["CO2"].built_on) == pytest.approx({"C (graphite)": 1 / 3, "O2 (gas)": 2 / 3})
    assert {name for name, _ in made["O2"].built_on} == {"Li2O", "Li (bcc)"}
    low = {entry.formula: entry for entry in made_of(["Li", "C", "O"], pressure_bar=0.01).entries}
    kT = 8.314510 * 298.15 / 1000 * KJ_PER_MOL_IN_eV
    fell = low["CO2"].gibbs_eV_per_atom[0] - made["CO2"].gibbs_eV_per_atom[0]
    assert fell == pytest.approx(kT * np.log(0.01) / 3)


def test_measured_enthalpies_give_the_error_where_the_potential_has_none() -> None:
    """Li2CO3 and Li2O2 are missed by what is computed by hand here; Li2O, the anchor, by nothing."""
    made = made_of(["Li", "C", "O"])
    rows = {row.name: row for row in made.beside_measured}
    assert rows["Li2O"].is_anchor
    assert rows["Li2O"].difference_meV_per_atom == pytest.approx(0.0, abs=1e-9)
    oxygen = 3 * STATIC["Li2O"] - 2 * STATIC["Li (bcc)"] + 597.9 * KJ_PER_MOL_IN_eV
    of_carbonate = 6 * STATIC["Li2CO3"] - 2 * STATIC["Li (bcc)"] - STATIC["C (graphite)"] - 3 * oxygen
    missed = 1000 * (of_carbonate + 1216.0 * KJ_PER_MOL_IN_eV) / 6
    assert rows["Li2CO3"].difference_meV_per_atom == pytest.approx(missed)
    found = PhaseEnergies(beside_measured=made.beside_measured)
    energies = Energies(
        elements=["Li", "C", "O"], temperatures_K=[298.15], tables=[], folders=[], given=None, potential="p", error=None
    )
    error = error_of(found, energies)
    assert error is not None
    squares = [rows[name].difference_meV_per_atom ** 2 for name in ("Li2CO3", "Li2O2")]
    assert 1000 * error.std_eV_per_atom == pytest.approx(np.sqrt(np.mean(squares)))
    (told,) = told_of_error(error, found, energies)
    assert "no error of p is known" in told
    assert "2 measured enthalpies of formation are missed" in told


def test_without_an_anchor_the_molecule_stands_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    solids = [each for each in computed_of(["Li", "Cl"]) if each.phase.formula == "Li"]

    def made() -> GasEnergies:
        return gases.gas_energies(
            ["Li", "Cl"], [300.0], computed=solids, computed_elsewhere=lambda _: [], potential="p", engine="p",
            pressure_bar=1.0, static=True,
        )  # fmt: skip

    (entry,) = made().entries
    assert "own molecule, whose error is not known" in entry.note
    assert not entry.built_on

    def fails(*_):
        raise ScienceError("Cl2 does not relax")

    monkeypatch.setattr(gases, "molecule_energy_eV_per_atom", fails)
    with pytest.raises(ScienceError, match="does not relax"):
        made()
