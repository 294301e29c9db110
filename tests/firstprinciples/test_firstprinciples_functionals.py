"""Names of functionals, and what the tags of VASP make (vasp.at/wiki: GGA, METAGGA, LHFCALC, IVDW, POTCAR)."""

import pytest

from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.readers.vasp_tags import Tags, corrections_of, setup_of

PBE, LDA = "PAW_PBE Na 08Apr2002", "PAW Na 25May1993"


@pytest.mark.parametrize(("words", "name"), [
    ("R2scan", "r2SCAN"), ("MGGA_X_R2SCAN+MGGA_C_R2SCAN", "r2SCAN"), ("PBE", "PBE"), (" pbesol ", "PBEsol"),
    ("Perdew Burke Ernzerhof", "PBE"), ("gga_x_pbe + gga_c_pbe", "PBE"), ("vdW-DF-cx", "vdW-DF-cx"),
])  # fmt: skip
def test_programs_name_one_functional_in_many_ways(words, name):
    assert functional_name(words) == name


def of_tags(title: str = PBE, **incar: str) -> tuple[str | None, tuple[str, ...]]:
    resolved = {"GGA": incar.get("GGA", "--"), "LMETAGGA": "F", "AEXX": incar.get("AEXX", "0"), "IALGO": "38"}
    tags = Tags(incar=incar, resolved=resolved)
    setup, wrong = setup_of(tags, code="vasp 6.4.2", titles=[("Na", title)], k_mesh=None, electrons_of_neutral=None)
    return setup.functional, wrong


@pytest.mark.parametrize(("incar", "name"), [
    ({}, "PBE"), ({"GGA": "PE"}, "PBE"), ({"GGA": "Ps"}, "PBEsol"), ({"GGA": "91"}, "PW91"), ({"GGA": "RP"}, "RPBE"),
    ({"METAGGA": "R2SCAN"}, "r2SCAN"), ({"METAGGA": "Scan", "GGA": "PE"}, "SCAN"), ({"METAGGA": "None"}, "PBE"),
    ({"LHFCALC": "T", "AEXX": "0.25", "HFSCREEN": "0.2"}, "HSE06"), ({"LHFCALC": ".TRUE.", "AEXX": "0.25"}, "PBE0"),
    ({"LHFCALC": "T", "AEXX": "1.0"}, "HF"), ({"GGA": "B3", "LHFCALC": "T", "AEXX": "0.2"}, "B3LYP"),
    ({"METAGGA": "SCAN", "LHFCALC": "T", "AEXX": "0.25"}, "hybrid of SCAN (AEXX 0.25, HFSCREEN 0)"),
])  # fmt: skip
def test_the_functional_of_tags_on_potentials_of_PBE(incar, name):
    """GGAs of which there are no potentials stand on those of PBE: that is no contradiction."""
    assert of_tags(**incar) == (name, ())


@pytest.mark.parametrize(("incar", "title", "says"), [
    ({"METAGGA": "R2SCAN"}, LDA, "METAGGA is R2SCAN, the POTCAR titles are of LDA"),
    ({"GGA": "PE"}, LDA, "GGA is PE, the POTCAR titles are of LDA"),
    ({"GGA": "CA"}, PBE, "GGA is CA, the POTCAR titles are of PBE"),
    ({"ALGO": "Exact"}, PBE, "ALGO is EXACT"),
])  # fmt: skip
def test_contradictions_are_told(incar, title, says):
    (wrong,) = of_tags(title, **incar)[1]
    assert says in wrong


def test_the_functional_of_potentials_alone():
    assert of_tags(LDA) == ("LDA", ())
    assert of_tags("PAW_GGA Na 05Jan2001") == ("PW91", ())


@pytest.mark.parametrize(("incar", "words"), [
    ({"IVDW": "12"}, ("D3(BJ)",)), ({"IVDW": "11", "VDW_S8": "0.5"}, ("D3(0), VDW_S8 0.5",)), ({"IVDW": "0"}, ()),
    ({"LUSE_VDW": "T", "BPARAM": "11.95"}, ("nonlocal correlation, BPARAM 11.95",)),
    ({"LDAU": "T", "LDAUL": "-1 2", "LDAUU": "0 5.3", "LDAUJ": "0 0"},
     ("U of Fe: U 5.3 eV, J 0 eV, l 2 (LDAUTYPE 2)",)),
    ({"LDAU": "T", "LDAUL": "-1 2", "LDAUU": "0 0", "LDAUJ": "0 0"}, ()),
    ({"LASPH": ".TRUE.", "LSORBIT": "T", "NUPDOWN": "2"},
     ("aspherical terms (LASPH)", "moment held at 2 (NUPDOWN)", "spin-orbit")),
])  # fmt: skip
def test_corrections_are_named_with_their_numbers(incar, words):
    assert corrections_of(Tags(incar=incar), ["O", "Fe"]) == words
