"""What files say of their contents: formulas, and how full crystals are by their densities in handbooks."""

from __future__ import annotations

import pytest

from paddlewheel.crystals.cif_statements import (
    filled_too_little,
    formula_amounts,
    multiplied_occupancies,
    other_unit,
)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("'Al2 Ca3 F14 Na2'", {"Al": 2, "Ca": 3, "F": 14, "Na": 2}),
        ("Fe0.95 O", {"Fe": 0.95, "O": 1}),
        ("C2 D6 H2 O", {"C": 2, "H": 8, "O": 1}),
        ("NaBH4", {"Na": 1, "B": 1, "H": 4}),
        ("?", {}),
        ("Mg(HO)2", {}),
        (None, {}),
    ],
)
def test_sum_formulas(text: str | None, amounts: dict[str, float]) -> None:
    assert formula_amounts(text) == amounts


@pytest.mark.parametrize(
    ("contents", "volume_A3"),
    [
        ({"Ca": 4, "F": 8}, 163.04),  # fluorite
        ({"H": 8, "O": 4}, 130.0),  # ice Ih
        ({"Si": 192, "O": 384}, 14428.0),  # the empty frame of faujasite
        ({"Na": 4, "B": 4, "H": 16}, 232.7),
        ({"Cs": 2}, 234.0),
    ],
)
def test_open_crystals_are_full_and_a_quarter_of_them_is_not(contents: dict[str, float], volume_A3: float) -> None:
    assert filled_too_little(contents, volume_A3) is None
    eighth = filled_too_little({name: amount / 8 for name, amount in contents.items()}, volume_A3)
    assert eighth is not None
    assert "asymmetric unit" in eighth


def test_only_occupancies_that_are_all_shares_of_multiplicities_are_multiplied() -> None:
    assert multiplied_occupancies([4 / 192, 8 / 192], [4, 8], 192)
    assert multiplied_occupancies([1.0, 1.0], [4, 8], 192) is None
    assert multiplied_occupancies([0.5, 1.0], [1, 2], 2) is None  # a half-filled centre beside a full atom is a crystal
    assert multiplied_occupancies([0.5], [1], 2) is None


def test_a_volume_of_an_atom_in_nm() -> None:
    assert "nm" in (other_unit(0.0136) or "")
    assert other_unit(13.6) is None
    assert other_unit(1.2) is None
