"""The built-in structures' cards."""

from __future__ import annotations

import pytest

from paddlewheel.crystals import list_structures, structure_card
from paddlewheel.errors import StructureError


def test_the_three_structures_are_there_with_their_provenance() -> None:
    cards = {card.name: card for card in list_structures()}
    assert set(cards) == {"o-nbh", "na2b12h12", "nabh4"}
    assert all(card.source and card.derivation and card.unknown and card.licence for card in cards.values())
    assert cards["o-nbh"].doi == "10.1002/aenm.201501016"


def test_library_files_are_those_of_the_shared_data(shared) -> None:
    from paddlewheel.crystals.library import builtin_path

    pairs = {
        "o-nbh": "oNBH_128_ordered_m3gnetNaBH.cif",
        "na2b12h12": "Na2B12H12_P21c_m3gnetNaBH.cif",
        "nabh4": "NaBH4_P42nmc_m3gnetNaBH.cif",
    }
    for name, original in pairs.items():
        path = builtin_path(name)
        assert path is not None
        assert path.read_bytes() == (shared / "data" / "structures" / original).read_bytes()


def test_cards_are_found_by_name_in_any_case_and_unknown_names_get_the_closest() -> None:
    assert structure_card("O-NBH").n_atoms == 128
    with pytest.raises(StructureError, match="did you mean o-nbh"):
        structure_card("o-nhb")
