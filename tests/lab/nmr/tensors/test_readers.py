"""Readers of tensors: the forms of each program, Elk's own bytes, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import ase.test
import numpy as np
import pytest

import tensor_files as files
from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.conventions import gradient_of, quadrupole_coupling_MHz, shielding_of
from paddlewheel.lab.nmr.tensors.equivalence import equivalent_atoms
from paddlewheel.lab.nmr.tensors.readers import read_tensors

DATA = Path(__file__).parent / "data"
CASTEP_19 = Path(ase.test.__file__).parent / "testdata" / "large_atoms.magres"


def _read(tmp_path: Path, text: str, name: str = "file.magres") -> AtomTensors:
    path = tmp_path / name
    path.write_text(text)
    return read_tensors(path)


@pytest.mark.parametrize(
    "text",
    [files.magres(), files.magres(brackets="<>"), files.magres(units=False), files.magres(number_from=1200)],
    ids=["CASTEP", "angle brackets", "no units", "over 1000 atoms"],
)
def test_magres(tmp_path: Path, text: str) -> None:
    found = _read(tmp_path, text)
    assert found.symbols == files.SYMBOLS
    assert found.shielding_ppm == pytest.approx(files.SHIELDING)
    assert found.efg_au == pytest.approx(files.GRADIENT)  # the total, not a part of it
    assert found.positions_A == pytest.approx(files.POSITIONS)
    assert found.cell_A == pytest.approx(files.CELL)
    assert any("isc" in warning for warning in found.warnings)
    assert any("no units" in warning for warning in found.warnings) == ("units" not in text)


def test_old_listing_of_castep(tmp_path: Path) -> None:
    found = _read(tmp_path, files.old_magres())
    assert found.symbols == files.SYMBOLS
    assert found.shielding_ppm == pytest.approx(files.SHIELDING)
    assert found.efg_au == pytest.approx(files.GRADIENT)
    assert found.cell_A is None
    assert equivalent_atoms(found, tolerance_A=0.01) == ([[0], [1], [2], [3]], None)


def test_castep_19_as_soprano_has_it() -> None:
    """soprano 0.11.4 on the file of ASE's tests: isotropic, reduced anisotropy, asymmetry, span, skew, Vzz, eta."""
    found = read_tensors(CASTEP_19)
    truth = {
        0: (25.474997832621714, 3.8514233222808585, 0.43810237686967496, 6.62079383933256, 0.49029746197545493,
            0.58747837046539, 0.037020010728326794),
        100: (54.52151875832171, 111.1897051516643, 0.5819334260673106, 199.13706075865753, 0.3501460168608114,
              0.34648484029579774, 0.23691607648543678),
        230: (64.86575581505123, 94.89924479776019, 0.7525620123730221, 178.05765055, 0.19781524207551046,
              -0.4084208836523644, 0.7390442236324009),
    }  # fmt: skip
    assert found.shielding_ppm is not None
    assert found.efg_au is not None
    for atom, values in truth.items():
        shielding, gradient = shielding_of(found.shielding_ppm[atom]), gradient_of(found.efg_au[atom])
        told = (shielding.isotropic_ppm, shielding.zeta_ppm, shielding.eta, shielding.span_ppm, shielding.skew,
                gradient.largest_au, gradient.eta)  # fmt: skip
        assert told == pytest.approx(values, rel=1e-8)
    # its Q of 14N is 20.44 mb (Pyykko 2008), its atomic unit of CODATA 2018
    assert quadrupole_coupling_MHz(-0.4084208836523644, isotope("14N")) == pytest.approx(-1.9615148388895714, rel=1e-7)


@pytest.mark.parametrize("text", [files.outcar(), files.new_outcar()], ids=["before 6.6", "6.6"])
def test_outcar_has_the_core_and_the_part_of_g_0(tmp_path: Path, text: str) -> None:
    found = _read(tmp_path, text, "OUTCAR")
    assert found.symbols == files.SYMBOLS
    assert found.shielding_ppm == pytest.approx(files.SHIELDING, abs=2e-4)  # four decimals in the file
    assert found.efg_au == pytest.approx(files.GRADIENT, abs=1e-7)
    assert found.cell_A == pytest.approx(files.CELL)
    assert found.positions_A == pytest.approx(files.POSITIONS)


def test_outcar_without_the_core_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the parts of the core and of G = 0 are not in it"):
        _read(tmp_path, files.outcar(core=False), "OUTCAR")


@pytest.mark.parametrize("verbose", [True, False])
def test_gipaw(tmp_path: Path, verbose: bool) -> None:
    shielding = _read(tmp_path, files.gipaw("nmr", verbose=verbose), "nmr.out")
    gradient = _read(tmp_path, files.gipaw("efg"), "efg.out")
    assert shielding.shielding_ppm is not None
    symmetric = (files.SHIELDING + files.SHIELDING.transpose(0, 2, 1)) / 2
    tolerance = 2e-3 if not verbose else 1e-4  # axes have six decimals, of 585 ppm
    assert (shielding.shielding_ppm + shielding.shielding_ppm.transpose(0, 2, 1)) / 2 == pytest.approx(
        symmetric, abs=tolerance
    )
    if verbose:
        assert shielding.shielding_ppm == pytest.approx(files.SHIELDING, abs=tolerance)
    assert gradient.efg_au == pytest.approx(files.GRADIENT, abs=1e-6)  # the symmetrized ones
    both = shielding.joined(gradient)
    assert both is not None
    assert both.efg_au is gradient.efg_au
    assert both.shielding_ppm is shielding.shielding_ppm
    assert shielding.joined(shielding) is None


def test_elk_has_the_sign_of_the_potential() -> None:
    """NaBH4 by Elk 8.4.30: Vzz at H is along B-H and positive, as of any bond of deuterium."""
    found = read_tensors(DATA / "EFG.OUT")
    assert found.symbols == ("B", "B", *("H",) * 8, "Na", "Na")
    assert found.efg_au is not None
    assert found.positions_A is not None
    assert found.cell_A is not None
    bond = found.positions_A[2] - found.positions_A[0]
    assert np.linalg.norm(bond) == pytest.approx(1.22, abs=0.02)  # B-H of the built-in structure
    hydrogen = gradient_of(found.efg_au[2])
    assert hydrogen.largest_au == pytest.approx(0.1840001365)
    assert abs(hydrogen.axes[:, 2] @ bond) / np.linalg.norm(bond) == pytest.approx(1.0, abs=0.001)
    groups, space_group = equivalent_atoms(found, tolerance_A=0.01)
    assert [len(group) for group in groups] == [2, 8, 2]
    assert space_group == "P4_2/nmc"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("one two three\n", "holds no tensors of NMR that are known"),
        (files.magres().split("efg Na 2")[0] + "[/magres]\n", "no field gradient tensor for 1 of 4 atoms .*Na 2"),
        (files.magres().split("[/magres]")[0], "no block of tensors, or it does not end"),
        (files.magres().replace("units ms ppm", "units ms ppb"), "ms is in ppb"),
        (files.magres().replace("v1.0", "v2.0"), "version 2.0"),
        (files.magres().replace("ms Na 2", "ms Na 7"), "ms of Na 7, which is no atom"),
        (files.magres().replace("ms Na 2", "ms Na 1"), "stands twice"),
        (files.magres().replace("ms Na 2 5", "ms Na 2 x"), "cannot be understood"),
        (files.magres().replace("ms Na 2 5.6000000000000000E+02", "ms Na 2 nan"), "no shielding tensor for 1 of 4"),
        ("vasp.6.4.1\n VRHFIN =B: x\n ions per type =  1\n", "run VASP with LCHIMAG or LEFG"),
        (files.outcar().replace("1   1   2\n", "1   1   20000000000\n"), "its atoms cannot be told"),
        (files.outcar().replace("130.0000", "131.0000").replace("  30.0000", "  33.0000"), "by the table"),
        (files.gipaw("efg").split("     Na  4")[2], "holds no tensors"),
        ((DATA / "EFG.OUT").read_text()[:2000], "tensors are whole"),
    ],
)
def test_refused_in_one_line(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(DataError, match=match) as refused:
        _read(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_tensors(tmp_path / "none.magres")
    with pytest.raises(DataError, match="is a folder"):
        read_tensors(tmp_path)


def test_another_structure_is_refused(tmp_path: Path) -> None:
    found = _read(tmp_path, files.magres())
    with pytest.raises(DataError, match="the tensors are those of Na2BH, the structure is NaBH"):
        found.on_structure(("B", "H", "Na"), files.POSITIONS[:3], files.CELL)
    with pytest.raises(DataError, match="atom 1 is B and in the structure H"):
        found.on_structure(("H", "B", "Na", "Na"), files.POSITIONS, files.CELL)


def test_a_trace_of_a_field_gradient_is_told_and_a_large_one_refused(tmp_path: Path) -> None:
    """0.04 au as of a component that was edited; 0.001 of 0.03 au is 3 %, and 2e-5 au is what rounding leaves."""
    first = f"{files.GRADIENT[0][0, 0]:.16E}"
    text = files.magres()
    assert first in text
    with pytest.raises(DataError, match=r"B 1 has a trace of 0\.04 au, 133 % of its largest component"):
        _read(tmp_path, text.replace(f"efg B 1 {first}", f"efg B 1 {0.03:.16E}"))
    told = _read(tmp_path, text.replace(f"efg B 1 {first}", f"efg B 1 {-0.009:.16E}"))
    assert any(
        "of B 1 has a trace of 0.001 au, 3.33 % of its largest component: the part without it is taken" in warning
        for warning in told.warnings
    )
    silent = _read(tmp_path, text.replace(f"efg B 1 {first}", f"efg B 1 {-0.01002:.16E}"))
    assert silent.warnings == _read(tmp_path, text).warnings
