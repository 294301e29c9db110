"""The charge of the mobile ion, and which ion it is."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from paddlewheel.crystals import guess_charge, guess_mobile_specie, known_charges, read_structure
from paddlewheel.errors import SettingsError
from paddlewheel.studies.motion.choices import choose_specie


def _salt(formula: str) -> Atoms:
    """Atoms on a wide grid: composition without any bonds."""
    n = len(Atoms(formula))
    grid = np.array(list(np.ndindex(4, 4, 4)))[:n] * 4.0
    return Atoms(formula, positions=grid, cell=[16] * 3, pbc=True)


def _perchlorate() -> Atoms:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 1.45 / np.sqrt(3)
    return Atoms("NaClO4", positions=[[0, 0, 0], [4, 4, 4], *(corners + 4)], cell=[8] * 3, pbc=True)


@pytest.mark.parametrize(
    ("formula", "specie", "charge"),
    [
        ("NaCl", "Na", 1.0),
        ("NaCl", "Cl", -1.0),
        ("Ag2S", "Ag", 1.0),
        ("MgO", "Mg", 2.0),
        ("ZnF2", "F", -1.0),
        ("Al2O3", "Al", 3.0),
        ("ZrO2", "O", -2.0),
        ("LiH", "H", None),
        ("CuI", "Cu", None),
        ("Li2S", "S", None),
        ("NaK", "Na", None),
    ],
)
def test_charges_that_chemistry_settles_and_those_it_does_not(formula, specie, charge) -> None:
    assert guess_charge(_salt(formula), specie) == charge


def test_chlorine_and_oxygen_of_perchlorate_are_no_simple_anions() -> None:
    atoms = _perchlorate()
    assert guess_charge(atoms, "Na") == 1.0
    assert guess_charge(atoms, "Cl") is None
    assert guess_charge(atoms, "O") is None


@pytest.mark.parametrize(
    ("symbol", "states"),
    [("Na", (1,)), ("Mg", (2,)), ("H", (-1, 1)), ("Cu", (1, 2, 3)), ("O", (-2,)), ("F", (-1,)), ("He", ()), ("Xx", ())],
)
def test_known_oxidation_states(symbol, states) -> None:
    """Of crystals (Greenwood and Earnshaw, Chemistry of the Elements, 1997), without Na-, O2 and OF2."""
    assert known_charges(symbol) == states


def test_an_absent_specie_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"'K' is not in the structure \(B, H, Na\)"):
        guess_charge(read_structure("nabh4"), "K")


@pytest.mark.parametrize(
    ("atoms", "specie"),
    [
        (read_structure("o-nbh"), "Na"),
        (_perchlorate(), "Na"),
        (_salt("Li7La3Zr2O12"), "Li"),
        (_salt("AgI"), "Ag"),
        (_salt("LiNaS"), None),
        (_salt("ZrO2"), None),
        (_salt("MgO"), None),
        (_salt("MgS"), "Mg"),
        (bulk("Na", "bcc", a=4.23, cubic=True), None),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "symbols", value),
)
def test_the_mobile_ion_is_named_only_where_there_is_one_candidate(atoms, specie) -> None:
    assert guess_mobile_specie(atoms) == specie


@pytest.mark.parametrize(
    ("symbols", "told"),
    [
        ("LiNa15Nb64O192", r"Li \(1 atom\) and Na \(15 atoms\) may all be mobile.*give --specie Li or --specie Na"),
        ("La24Ti36O108", r"among La, O, Ti is not obvious: there is no Li, Na, .* look whether the file lacks it"),
        ("Na2", "Na is in a metal, where it is no ion"),
    ],
)
def test_what_may_be_mobile_is_listed_to_choose_from(symbols: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        choose_specie(Atoms(symbols), None)
