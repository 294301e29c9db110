"""NEPs by path and by name: cards, identity, options; potentials that come with the package."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ase import Atoms

from paddlewheel.errors import PotentialError
from paddlewheel.potentials import (
    check_elements,
    describe_potential,
    fetch_potential,
    identify_potential,
    list_potentials,
    load_potential,
    nep_registry,
)

_GOOD = Path(__file__).resolve().parent / "data" / "five-body.nep.txt"


def test_a_path_is_a_potential(tmp_path: Path) -> None:
    card = describe_potential(_GOOD)
    assert (card.kind, card.elements) == ("nep", ("Na", "B", "H"))
    calculator = load_potential(str(_GOOD), dtype="float64")
    check_elements(calculator, Atoms("NaBH4"))
    with pytest.raises(PotentialError, match="does not know Cl"):
        check_elements(str(_GOOD), Atoms("NaCl"))
    shutil.copyfile(_GOOD, tmp_path / "other-name.txt")
    assert identify_potential(tmp_path / "other-name.txt") == identify_potential(_GOOD)
    text = _GOOD.read_text()
    (tmp_path / "other-name.txt").write_text(text.replace(text.splitlines()[10], " 1.2345678e-01", 1))
    assert identify_potential(tmp_path / "other-name.txt") != identify_potential(_GOOD)


def test_options_that_a_nep_has_not() -> None:
    with pytest.raises(PotentialError, match="has no three-body switch"):
        load_potential(_GOOD, three_body="as_trained")
    with pytest.raises(PotentialError, match="runs on the CPU, device 'cuda:0' was asked for"):
        load_potential(_GOOD, device="cuda:0")


def test_threads_are_those_asked_for_or_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert load_potential(_GOOD).engine.threads == 3  # pyright: ignore[reportAttributeAccessIssue]
    assert load_potential(_GOOD, threads=2).engine.threads == 2  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert load_potential(_GOOD).engine.threads == 1  # pyright: ignore[reportAttributeAccessIssue]


def test_a_bad_nep_is_named_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "nep.txt").write_text("nep5 1 Na\n")
    for call in (describe_potential, identify_potential, load_potential):
        with pytest.raises(PotentialError, match="is a 'nep5'"):
            call(tmp_path / "nep.txt")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one embedded potential, `nep-test`."""
    folder = tmp_path / "embedded" / "nep-test"
    folder.mkdir(parents=True)
    shutil.copyfile(_GOOD, folder / "nep.txt")
    card = {"title": "A test", "elements": ["Na", "B", "H"], "functional": "none", "licence": "BSD-3-Clause"}
    (folder / "card.json").write_text(json.dumps(card | {"not_for": "science", "errors": {"NaBH4": 1.0}}))
    monkeypatch.setattr(nep_registry, "EMBEDDED", tmp_path / "embedded")
    return folder


def test_an_embedded_potential_is_there_by_name(package: Path) -> None:
    assert "nep-test" in [card.name for card in list_potentials()]
    card = describe_potential("nep-test")
    assert (card.kind, card.title, card.elements) == ("nep", "A test", ("Na", "B", "H"))
    assert card.details == {"not_for": "science", "errors": {"NaBH4": 1.0}}
    assert identify_potential("nep-test") == identify_potential(_GOOD)
    assert describe_potential(_GOOD).title == "A test"  # the same file, whatever the way to it
    assert fetch_potential("nep-test") == package
    assert load_potential("nep-test").elements == ("Na", "B", "H")  # pyright: ignore[reportAttributeAccessIssue]


def test_a_damaged_package_says_so(package: Path) -> None:
    (package / "nep.txt").unlink()
    with pytest.raises(PotentialError, match="the embedded potential is damaged"):
        list_potentials()
