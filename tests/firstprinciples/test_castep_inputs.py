"""CASTEP's .cell and .param of labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.crystals import read_structure
from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.castep.inputs import castep_files, castep_order, castep_settings_again
from paddlewheel.firstprinciples.named_settings import settings_named
from paddlewheel.firstprinciples.setups import CalculationSettings, mesh_of_spacing


def _settings(**changes: object) -> CalculationSettings:
    return replace(settings_named("paper", engine="castep"), **changes)  # type: ignore[arg-type]


def _keywords(param: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in param.splitlines() if ":" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def test_the_files_ask_what_the_settings_say() -> None:
    atoms = read_structure("nabh4")
    atoms = atoms[castep_order(atoms.get_chemical_symbols())]
    files = castep_files(atoms, _settings())
    told = _keywords(files["label.param"])
    assert told["TASK"] == "SINGLEPOINT"
    assert told["CALCULATE_STRESS"] == "TRUE"
    assert told["CUT_OFF_ENERGY"] == "680 eV"
    assert told["ELEC_ENERGY_TOL"] == "1e-05 eV"  # CASTEP's is per atom, and so is the paper's
    assert told["SPIN_POLARIZED"] == "TRUE"
    assert (told["SMEARING_SCHEME"], told["SMEARING_WIDTH"]) == ("GAUSSIAN", "0.05 eV")
    assert told["MAX_SCF_CYCLES"] == "200"
    assert told["WRITE_CHECKPOINT"] == "NONE"
    cell = files["label.cell"]
    block = cell.split("%BLOCK POSITIONS_FRAC\n")[1].split("%ENDBLOCK")[0]
    rows = [row.split() for row in block.splitlines()]
    assert [row[0] for row in rows] == atoms.get_chemical_symbols()
    assert np.array([row[1:] for row in rows], dtype=float) == pytest.approx(atoms.get_scaled_positions(), abs=1e-9)
    mesh = mesh_of_spacing(atoms.cell.array, 0.35)
    assert f"KPOINT_MP_GRID {mesh[0]} {mesh[1]} {mesh[2]}\n" in cell
    assert "SPECIES_POT" not in cell


def test_an_even_mesh_holds_gamma() -> None:
    """Monkhorst and Pack's even meshes leave Gamma out; moved by half a step they hold it, as VASP's do."""
    atoms = read_structure("nabh4")
    text = castep_files(atoms, _settings())["label.cell"]
    told = {row.split()[0]: row.split()[1:] for row in text.splitlines() if row.startswith("KPOINT")}
    for count, offset in zip(told["KPOINT_MP_GRID"], told["KPOINT_MP_OFFSET"], strict=True):
        n = int(count)
        points = (2 * np.arange(1, n + 1) - n - 1) / (2 * n) + float(offset)
        assert np.abs(points - np.round(points)).min() < 1e-9


def test_r2scan_is_put_together_from_libxc() -> None:
    param = castep_files(read_structure("nabh4"), _settings())["label.param"]
    assert (
        "%BLOCK XC_DEFINITION\n  LIBXC_MGGA_X_R2SCAN 1.0\n  LIBXC_MGGA_C_R2SCAN 1.0\n%ENDBLOCK XC_DEFINITION" in param
    )
    assert "XC_FUNCTIONAL" not in param
    rscan = castep_files(read_structure("nabh4"), _settings(functional="rSCAN"))["label.param"]
    assert _keywords(rscan)["XC_FUNCTIONAL"] == "RSCAN"


def test_potentials_occupations_and_tolerances() -> None:
    atoms = read_structure("nabh4")
    files = castep_files(atoms, _settings(
        smearing="none", energy_tolerance_eV_per_atom=None, energy_tolerance_eV=1e-4, pseudopotential_family="C19",
        pseudopotentials={"Na": "Na_C18.usp"}, tags={"mix_charge_amp": 0.2},
    ))  # fmt: skip
    assert "%BLOCK SPECIES_POT\n  C19\n  Na Na_C18.usp\n%ENDBLOCK SPECIES_POT" in files["label.cell"]
    told = _keywords(files["label.param"])
    assert told["FIX_OCCUPANCY"] == "TRUE"
    assert "SMEARING_WIDTH" not in told
    assert float(told["ELEC_ENERGY_TOL"].split()[0]) == pytest.approx(1e-4 / len(atoms), rel=1e-5)
    assert told["MIX_CHARGE_AMP"] == "0.2"


@pytest.mark.parametrize(("changes", "words"), [
    ({"functional": "HSE07"}, "HSE07 is not known here for CASTEP; take one of PBE"),
    ({"smearing": "tetrahedron"}, "no smearing tetrahedron; take gaussian"),
    ({"tags": {"CUT_OFF_ENERGY": "300 eV"}}, "the tag CUT_OFF_ENERGY is decided by the settings"),
])  # fmt: skip
def test_what_castep_cannot_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        castep_files(read_structure("nabh4"), _settings(**changes))


def test_another_way_to_the_same_label() -> None:
    settings = _settings()
    again = castep_settings_again(settings, 1)
    told = _keywords(castep_files(read_structure("nabh4"), again)["label.param"])
    assert (told["ELEC_METHOD"], told["MAX_SCF_CYCLES"]) == ("EDFT", "400")
    with pytest.raises(SettingsError, match="were tried with ELEC_METHOD DM, EDFT; leave the frame out"):
        castep_settings_again(settings, 2)


def test_castep_s_order_is_by_atomic_number() -> None:
    assert castep_order(["Na", "H", "B", "H", "Na"]) == [1, 3, 2, 0, 4]
