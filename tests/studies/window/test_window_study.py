"""`window` from given energies: record, report, other electrodes, metastable phases, bad input in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from given_energies import GIVEN
from paddlewheel import window
from paddlewheel.cli.main import status_of
from paddlewheel.errors import RunDirectoryError
from paddlewheel.records import read_record
from paddlewheel.studies.window.record import WindowRecord


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "given.csv"
    path.write_text(GIVEN)
    return path


def test_record_of_a_window_against_another_electrode(table: Path, tmp_path: Path) -> None:
    record = window(
        "NaCl", system="Na-Cl", energies=[table], reference="Na2Cl electrode", reference_potential_V=0.25,
        interfaces=["NaCl2"], out=tmp_path / "run",
    )  # fmt: skip
    assert record == read_record(tmp_path / "run" / "result.json", WindowRecord, made_by="window")
    assert record.reduction_limit_V_vs_Na is not None
    assert record.oxidation_limit_V.value == pytest.approx(1.9)
    assert record.oxidation_limit_V_vs_reference is not None
    assert record.oxidation_limit_V_vs_reference.value == pytest.approx(1.65)
    assert record.strict_window
    assert record.interfaces == []  # NaCl and NaCl2 coexist


def test_metastable_phase_has_a_lowered_window_and_says_so(table: Path) -> None:
    record = window("Na3Cl2", system="Na-Cl", energies=[table])
    assert not record.strict_window
    assert record.driving_force_meV_per_atom.value == pytest.approx(20)
    assert any("no window of its own" in text for text in record.warnings)


def test_computed_entries_of_pymatgen_are_read(tmp_path: Path) -> None:
    """As the Materials Project's API gives them: energy of the cell, correction, composition."""
    rows = [
        {
            "composition": {"Na": 2.0},
            "energy": -2.6,
            "correction": 0.0,
            "entry_id": "mp-1",
            "parameters": {"run_type": "GGA"},
        },
        {
            "composition": {"Cl": 4.0},
            "energy": -7.4,
            "correction": 0.0,
            "entry_id": "mp-2",
            "parameters": {"run_type": "GGA"},
        },
        {
            "composition": {"Na": 4.0, "Cl": 4.0},
            "energy": -27.0,
            "correction": -2.4,
            "entry_id": "mp-3",
            "parameters": {"run_type": "GGA+U"},
        },
    ]
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(rows))
    record = window("mp-3", system="Na-Cl", energies=[path])
    # (-27 - 2.4 + 4 * 1.3 + 4 * 1.85) / 4 a formula unit
    assert record.oxidation_limit_V.value == pytest.approx(4.2)


def test_steps_are_rows_and_the_figure_needs_no_directory(table: Path) -> None:
    record = window("NaCl", system="Na-Cl", energies=[table], ion="Na")
    assert set(record.plot()) == {"ladder"}
    assert record.rows_in == "steps"
    assert record.ion == "Na"


def test_magnesium_chloride_is_of_a_divalent_ion(tmp_path: Path) -> None:
    """-591.8 kJ/mol of formation (NBS tables, 298 K) over 2 F is 3.07 V; 2 F of 95.2 g are 563 mAh/g."""
    path = tmp_path / "mg.csv"
    path.write_text(f"formula,energy_eV_per_formula\nMg,0\nCl,0\nMgCl2,{-591.8 / 96.48533}\n")
    record = window("MgCl2", system="Mg-Cl", specie="Mg", energies=[path])
    assert record.charge_e == 2
    assert record.oxidation_limit_V.value == pytest.approx(3.07, abs=0.005)
    assert record.steps[-1].capacity_mAh_per_g == pytest.approx(563, abs=0.5)
    assert record.steps[-1].reaction == "MgCl2 -> 2 Cl + Mg"


def test_the_report_has_the_interval_of_each_limit(table: Path, tmp_path: Path) -> None:
    """2 NaCl -> NaCl2 + Na: 3, 4 and 1 atoms with 30 meV/atom each, half of it shared by the chlorides, make
    30 sqrt((1 + 25) / 2 + 1) = 112 mV; 95 % are 3.92 of that. 2,000 draws know such quantiles to 4 %."""
    out = tmp_path / "run"
    record = window("NaCl", system="Na-Cl", energies=[table], energy_error_meV_per_atom=30.0, out=out)
    low, high = record.oxidation_limit_V.interval_95 or (0.0, 0.0)
    assert high - low == pytest.approx(3.92 * 0.030 * 14**0.5, rel=0.1)
    assert (low + high) / 2 == pytest.approx(1.9, abs=0.03)
    assert "95 %: " in (out / "report.html").read_text()


def test_a_charge_that_is_not_known_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Copper is +1 or +2: CuCl is oxidized at 1.23 V as Cu+, and no number is given without the charge."""
    path = tmp_path / "cu.csv"
    path.write_text(f"formula,energy_eV_per_formula\nCu,0\nCl,0\nCuCl,{-119.9 / 96.48533}\n")
    arguments = [
        "window",
        "CuCl",
        "--system",
        "Cu-Cl",
        "--specie",
        "Cu",
        "--energies",
        str(path),
        "--out",
        str(tmp_path / "run"),
    ]
    assert status_of(arguments) == 2
    assert "the charge of Cu is not known here" in capsys.readouterr().err
    assert status_of([*arguments, "--charge", "1"]) == 0
    assert "1.24" in capsys.readouterr().out  # 119.9 kJ/mol (CRC Handbook) over F


def test_a_run_of_before_charges_goes_on_only_where_the_charge_is_one(tmp_path: Path) -> None:
    """Its numbers for Mg were of charge 1: the directory is refused, one for Na is that very run."""
    import yaml

    (tmp_path / "given.csv").write_text(GIVEN)
    (tmp_path / "mg.csv").write_text("formula,energy_eV_per_formula\nMg,0\nCl,0\nMgCl2,-6.1\n")
    runs = {"Na": ("NaCl", "given.csv"), "Mg": ("MgCl2", "mg.csv")}
    for ion, (target, name) in runs.items():
        arguments = {"system": f"{ion}-Cl", "specie": ion, "energies": [tmp_path / name], "out": tmp_path / ion}
        window(target, **arguments)
        inputs = tmp_path / ion / "inputs.yaml"
        inputs.write_text(
            yaml.safe_dump({k: v for k, v in yaml.safe_load(inputs.read_text()).items() if k != "charge_e"})
        )
        if ion == "Na":
            assert window(target, **arguments).charge_e == 1
        else:
            with pytest.raises(RunDirectoryError, match=r"charge_e is 1\.0 there and 2\.0 now"):
                window(target, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["window", "NaBr", "--system", "Na-Cl"], "no phase 'NaBr'"),
        (["window", "NaCl", "--system", "Na-Cl", "--voltage-V", "-1"], "-1 V"),
        (["window", "NaCl", "--system", "Na-Cl", "--reference", "Na9Sn4"], "without its potential"),
        (["window", "NaCl"], "no system for the phases given"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "given.csv"
    path.write_text(GIVEN)
    out = tmp_path / "run"
    assert status_of([*arguments, "--energies", str(path), "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
    assert not (out / "result.json").exists()


def test_the_ion_is_the_alkali_metal_of_the_system(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Li2S to Li and S: -441.4 kJ/mol (NBS tables) over 2 F is 2.29 V, against Li; nothing is said against Na."""
    path = tmp_path / "li.csv"
    path.write_text(f"formula,energy_eV_per_formula\nLi,0\nS,0\nLi2S,{-441.4 / 96.48533}\n")
    record = window("Li2S", system="Li-S", energies=[path])
    assert (record.ion, record.charge_e) == ("Li", 1)
    assert record.oxidation_limit_V.value == pytest.approx(2.287, abs=0.001)
    assert record.oxidation_limit_V_vs_Na is None
    assert all(step.voltage_V_vs_Na is None for step in record.steps)
    path.write_text("formula,energy_eV_per_formula\nLi,0\nNa,0\nCl,0\nLiCl,-4.2\nNaCl,-4.3\n")
    told = ["window", "LiCl", "--system", "Li-Na-Cl", "--energies", str(path), "--out", str(tmp_path / "run")]
    assert status_of(told) == 2
    assert "--specie: Li and Na in Li-Na-Cl; name the mobile ion" in capsys.readouterr().err
