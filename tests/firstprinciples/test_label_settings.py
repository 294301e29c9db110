"""Named settings: the paper's Methods, pymatgen's sets, and files that change them."""

from dataclasses import replace
from pathlib import Path

import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.named_settings import NAMES, settings_named
from paddlewheel.firstprinciples.vasp.inputs import DECIDED, pymatgen_set


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_the_paper_s_settings_are_those_of_its_methods():
    """Methods: r2SCAN, 680 eV, 0.35/A, 1e-5 eV an atom, spin-polarized."""
    paper = settings_named("paper", engine="vasp")
    assert (paper.functional, paper.cutoff_eV, paper.k_spacing_per_A) == ("r2SCAN", 680, 0.35)
    assert paper.spin_polarized
    assert (paper.energy_tolerance_eV_per_atom, paper.energy_tolerance_eV) == (1e-5, None)
    assert paper.tags["LCHARG"] is False
    assert "LAECHG" not in paper.tags


@pytest.mark.parametrize("name", ["matpes", "matpes-pbe", "mp-r2scan"])
def test_sets_of_pymatgen_have_their_numbers(name):
    """Every tag that decides a label, against the set itself; SIGMA has no meaning for tetrahedra."""
    settings, incar = settings_named(name, engine="vasp"), pymatgen_set(name).incar
    functional = {"R2scan": "r2SCAN", "Pe": "PBE"}[incar.get("METAGGA") or incar["GGA"]]
    smearing = {0: "gaussian", -5: "tetrahedron"}[incar["ISMEAR"]]
    assert (settings.functional, settings.smearing) == (functional, smearing)
    assert settings.cutoff_eV == incar["ENCUT"]
    assert settings.k_spacing_per_A == incar["KSPACING"]
    assert settings.energy_tolerance_eV == incar["EDIFF"]
    assert settings.energy_tolerance_eV_per_atom is None
    assert settings.most_electronic_steps == incar["NELM"]
    assert settings.spin_polarized == (incar["ISPIN"] == 2)
    if smearing != "tetrahedron":
        assert settings.smearing_width_eV == incar["SIGMA"]
    assert settings.tags.items() <= {**incar, "LCHARG": False}.items()
    assert not set(settings.tags) & set(DECIDED)


@pytest.mark.parametrize("name", NAMES)
def test_other_programs_get_the_fields_without_vasp_s_tags(name):
    vasp, castep = settings_named(name, engine="vasp"), settings_named(name, engine="castep")
    assert castep == replace(vasp, tags={}, pseudopotential_family="")


def test_a_file_changes_the_settings_that_it_is_based_on(tmp_path):
    text = """
        based_on: matpes
        cutoff_eV: 520
        energy_tolerance_eV_per_atom: 1e-6   # a text to YAML, a number to everybody else
        pseudopotential_family: PBE_54
        pseudopotentials: {Na: Na_sv}
        tags: {ALGO: Normal, NCORE: 4, LMAXMIX: }
    """
    found = settings_named(write(tmp_path, "\n".join(line[8:] for line in text.splitlines())), engine="vasp")
    base = settings_named("matpes", engine="vasp")
    tags = {**base.tags, "ALGO": "Normal", "NCORE": 4}
    del tags["LMAXMIX"]
    assert found == replace(
        base, name="mine", cutoff_eV=520, energy_tolerance_eV_per_atom=1e-6, energy_tolerance_eV=None, tags=tags,
        pseudopotentials={"Na": "Na_sv"}, pseudopotential_family="PBE_54",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cutof_eV: 680", "cutof_eV: there is no such field"),
        ("cutoff_eV: 20", "cutoff_eV: .*greater than or equal to 50"),
        ("cutoff_eV: yes", "cutoff_eV: .*no number"),
        ("cutoff_eV: .nan", "cutoff_eV: .*finite"),
        ("k_spacing_per_A: 0", "k_spacing_per_A"),
        ("most_electronic_steps: 0", "most_electronic_steps"),
        ("based_on: theirs", "based_on"),
        ("smearing: none", "VASP has no none"),
        ("functional: B3LYP", "functional: B3LYP"),
        ("pseudopotential_family: LDA", "pseudopotential_family: LDA"),
        ("pseudopotentials: {Xx: Xx_pv}", "'Xx' is no element"),
        ("energy_tolerance_eV: 1e-6\nenergy_tolerance_eV_per_atom: 1e-6", "are both given"),
        ("tags: {ENCUT: 500}", "ENCUT is decided by the other fields"),
        ("tags: {nsw: 5}", "NSW is decided"),
        ("tags: {LHFCALC: true}", "LHFCALC is decided"),
        ("tags: {LASPHERE: true}", "Cannot find LASPHERE"),
        ("tags: {ALGO: Quick}", "ALGO: Cannot find Quick"),
        ("tags: {MAGMOM: [1, 2]}", "MAGMOM cannot be"),
        ("- paper", "is no map of fields"),
        ("a: b: c", "cannot be read as YAML"),
        ("", "is no map of fields"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as refused:
        settings_named(path, engine="vasp")
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_file_is_held_to_what_its_program_has(tmp_path):
    path = write(tmp_path, "smearing: tetrahedron")
    assert settings_named(path, engine="vasp").smearing == "tetrahedron"
    with pytest.raises(SettingsError, match="CASTEP has no smearing tetrahedron"):
        settings_named(path, engine="castep")


def test_a_name_that_there_is_not_lists_those_that_there_are():
    with pytest.raises(SettingsError, match=r"papier.*paper, matpes, matpes-pbe, mp-r2scan"):
        settings_named("papier", engine="vasp")
