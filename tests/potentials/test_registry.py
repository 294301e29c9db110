"""Named potentials: cards, loading, identity, and what a structure needs of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from paddlewheel.crystals import read_structure
from paddlewheel.errors import PotentialError
from paddlewheel.potentials import (
    PotentialCard,
    check_elements,
    default_potential,
    describe_potential,
    fetch_potential,
    identify_potential,
    list_potentials,
    load_potential,
    plain_name,
)

_PAPER = "m3gnet-nabh-r2scan"


@pytest.fixture
def mirror(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared data as the offline mirror."""
    monkeypatch.setenv("PADDLEWHEEL_SHARED", str(shared))
    return shared / "data" / "potentials"


def test_the_three_named_potentials_say_everything_a_user_must_know() -> None:
    cards = {card.name: card for card in list_potentials() if card.url}  # those that are fetched
    assert set(cards) == {_PAPER, "m3gnet-mp-2021", "m3gnet-matpes-r2scan"}
    for card in cards.values():
        empty = {field.name for field in fields(card) if not getattr(card, field.name)}
        assert empty <= {
            "details",
            "package",
            "trained_on",
            "known_errors",
            "weights",
            "speed_measured",
            "speed_atom_steps_per_s",
        }
        assert "2f5710d7cc7207ae7960a48a22057230495f3896" in str(card.url)  # a commit, not a branch that moves
        assert card.licence is not None
        assert card.licence.startswith("BSD-3-Clause")
        assert [file.name for file in card.files] == ["model.json", "state.pt"]
    assert cards[_PAPER].elements == ("H", "B", "Na")
    assert len(cards["m3gnet-mp-2021"].elements or ()) == 89


def test_published_hash_of_the_papers_potential() -> None:
    (state,) = [file for file in describe_potential(_PAPER).files if file.name == "state.pt"]
    # as stated in SOURCES.md of the shared data
    assert state.sha256 == "6dbaaeb1d62dfea9d869f10f22dab6bb194b212c9d92807e939379367fe31931"
    assert state.n_bytes == 1_172_345


def test_nep89_says_where_it_comes_from_and_what_it_is_not_good_for() -> None:
    card = describe_potential("nep89")
    assert card.package is not None
    assert (card.package.name, card.package.version) == ("NepTrainKit", "3.1.5")
    assert [file.sha256 for file in card.files] == ["75168ece02e840e4a32644f982b78d43cba697f5b64b4c8134ab66c7a8c28be1"]
    assert card.elements == describe_potential("m3gnet-mp-2021").elements  # H to Pu without Po, At, Rn, Fr, Ra
    assert card.licence is not None
    assert card.licence.startswith("GPL-3.0")
    assert card.known_errors is not None
    assert "o-NBH" in card.known_errors


def test_cards_agree_with_the_checkpoints(mirror: Path) -> None:
    for card in (card for card in list_potentials() if card.url):
        found = describe_potential(fetch_potential(card.name))
        assert found.files == card.files
        assert found.elements == card.elements
        assert found.citation == card.citation


def test_a_name_loads_with_the_elements_and_energy_of_the_reference(mirror: Path, shared: Path) -> None:
    calculator = load_potential(_PAPER, three_body="as_trained")
    check_elements(calculator, read_structure("nabh4"))
    entry = json.loads((shared / "data" / "reference" / "M3GNet-r2SCAN-NaBH.json").read_text())[0]
    atoms = Atoms(entry["symbols"], positions=entry["positions_A"], cell=entry["cell_A"], pbc=True)
    atoms.calc = calculator
    # float32 sums of both codes: 2e-6 eV/atom is what the acceptance of the engine asks
    assert atoms.get_potential_energy() / len(atoms) == pytest.approx(entry["energy_eV"] / len(atoms), abs=2e-6)


def test_identity_is_the_content_whatever_the_way_to_it(mirror: Path, tmp_path: Path, monkeypatch) -> None:
    original = mirror / "M3GNet-r2SCAN-NaBH"
    copy = tmp_path / "somewhere"
    shutil.copytree(original, copy)
    assert identify_potential(_PAPER) == identify_potential(original) == identify_potential(str(copy))
    monkeypatch.delenv("PADDLEWHEEL_SHARED")
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "empty"))
    assert identify_potential(_PAPER) == identify_potential(copy)  # nothing has to be fetched for it
    (copy / "state.pt").write_bytes((copy / "state.pt").read_bytes() + b"\0")
    assert identify_potential(copy) != identify_potential(_PAPER)
    files = [card for card in list_potentials() if card.files]
    assert len({identify_potential(card.name) for card in files}) == len(files) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m3gnet-nabh", "did you mean m3gnet-nabh-r2scan\\?"),
        ("qqqqq", "there are nep-nabh, nep89, m3gnet-nabh-r2scan, m3gnet-mp-2021, m3gnet-matpes-r2scan, ch"),
        ("mace-mp", "did you mean mace"),
        ("", "neither a potential nor a checkpoint folder|is no checkpoint folder"),
    ],
)
def test_unknown_names_list_what_there_is(name: str, message: str) -> None:
    for call in (load_potential, describe_potential, identify_potential, fetch_potential):
        with pytest.raises(PotentialError, match=message):
            call(name)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("NEP89", "nep89"),
        (" Nep-NaBH ", "nep-nabh"),
        ("CHGNet", "chgnet"),
        ("MACE:Of-Mine@Head", "mace:Of-Mine@Head"),
        ("ASE:ase.calculators.emt:EMT", "ase:ase.calculators.emt:EMT"),
        ("nowhere", "nowhere"),
    ],
)
def test_names_are_found_in_any_case(given: str, plain: str) -> None:
    assert plain_name(given) == plain
    if plain != "nowhere":
        assert describe_potential(given).name == plain


def test_a_name_in_capitals_is_the_same_potential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert identify_potential("NEP-NaBH") == identify_potential("nep-nabh")
    atoms = read_structure("nabh4")
    energies = []
    for name in ("NEP-NaBH", "nep-nabh"):
        atoms.calc = load_potential(name)
        energies.append(atoms.get_potential_energy())
    assert energies[0] == energies[1]
    (tmp_path / "NEP89").mkdir()
    monkeypatch.chdir(tmp_path)  # a folder of that very name is what was meant
    with pytest.raises(PotentialError, match="is no checkpoint folder"):
        describe_potential("NEP89")


def test_folders_that_are_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(PotentialError, match=r"is no checkpoint folder: model.json and state.pt not in it"):
        load_potential(tmp_path)
    (tmp_path / "state.pt").write_bytes(b"junk")
    with pytest.raises(PotentialError, match=r"is no checkpoint folder: model.json not in it"):
        load_potential(tmp_path)
    model = tmp_path / "model.json"
    for text in ("", "{", "[]", "{}", '{"@class": "Potential", "kwargs": {}}'):
        model.write_text(text)
        with pytest.raises(PotentialError, match=r"model.json: (cannot be read as JSON|is no matgl)"):
            load_potential(tmp_path)
    inner = {"@class": "TensorNet", "init_args": {"element_types": ["H"]}}
    model.write_text(json.dumps({"@class": "Potential", "kwargs": {"model": inner}}))
    with pytest.raises(PotentialError, match="is a TensorNet, and only M3GNet checkpoints are read"):
        load_potential(tmp_path)
    with pytest.raises(PotentialError, match=r"model.json: is a file; give the checkpoint's folder, or mace:<file>"):
        load_potential(model)


def test_options_that_are_not_understood(mirror: Path) -> None:
    with pytest.raises(PotentialError, match="three_body 'other'; give one of parent, as_trained"):
        load_potential(_PAPER, three_body="other")  # pyright: ignore[reportArgumentType]
    with pytest.raises(PotentialError, match="dtype 'float16'; give one of float32, float64"):
        load_potential(_PAPER, dtype="float16")  # pyright: ignore[reportArgumentType]
    with pytest.raises(PotentialError, match="emt:EMT has no three-body switch"):
        load_potential("ase:ase.calculators.emt:EMT", three_body="as_trained")


def test_only_named_potentials_are_fetched() -> None:
    with pytest.raises(PotentialError, match="chgnet is not fetched by paddlewheel; give one of nep-nabh, nep89"):
        fetch_potential("chgnet")


@pytest.mark.parametrize("potential", [_PAPER, describe_potential(_PAPER)], ids=["name", "card"])
def test_elements_that_lack_are_named_before_any_dynamics(potential: PotentialCard | str) -> None:
    check_elements(potential, read_structure("o-nbh"))
    lithium = Atoms("LiBH4", positions=np.arange(18).reshape(6, 3), cell=[20] * 3, pbc=True)
    with pytest.raises(
        PotentialError,
        match=r"does not know Li of .*; it has H, B, Na; take one of nep89, m3gnet-mp-2021, m3gnet-matpes-r2scan",
    ):
        check_elements(potential, lithium)


def test_calculators_that_do_not_say_their_elements_are_let_pass() -> None:
    check_elements(EMT(), read_structure("nabh4"))
    check_elements(LennardJones(), read_structure("nabh4"))


def test_the_default_is_the_potential_made_for_the_elements_or_else_the_universal_one() -> None:
    assert default_potential(read_structure("o-nbh")) == "nep-nabh"
    assert default_potential(Atoms("Na")) == "nep-nabh"
    assert default_potential(Atoms("LiBH4")) == default_potential(Atoms("Na3PS4")) == "nep89"
    with pytest.raises(
        PotentialError, match=r"no default potential knows Po, Ra of PoRaS; .*: none of the named ones do"
    ):
        default_potential(Atoms("RaPoS"))


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = (
        "import sys, paddlewheel.potentials;"
        "print([m for m in ('torch', 'ase', 'pooch', 'requests', 'numpy', 'vesin') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
