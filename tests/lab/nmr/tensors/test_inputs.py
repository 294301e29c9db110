"""Inputs of CASTEP and Elk, and Elk's absence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.crystals import read_structure
from paddlewheel.errors import InputError, ScienceError, SettingsError
from paddlewheel.lab.nmr.tensors import elk_run
from paddlewheel.lab.nmr.tensors.inputs import castep_cell, castep_param, elk_input
from paddlewheel.lab.nmr.tensors.readers.elk import read_geometry


def test_mesh_is_finer_than_the_spacing() -> None:
    # 1/(a n) <= 0.04: 25 A / n cells, so 4.28 A takes 6 (5.84), 5.78 A takes 5 (4.33), 25 A takes 1
    box = Atoms("H", cell=[4.28, 5.78, 25.0], pbc=True)
    assert "KPOINT_MP_GRID 6 5 1\n" in castep_cell(box, spacing_per_A=0.04)
    # the reciprocal vectors are 2/sqrt(3) longer: 5.77
    hexagonal = Atoms("H", cell=[[5.0, 0, 0], [-2.5, 2.5 * np.sqrt(3), 0], [0, 0, 10.0]], pbc=True)
    assert "KPOINT_MP_GRID 6 6 3\n" in castep_cell(hexagonal, spacing_per_A=0.04)


def test_r2scan_is_not_castep_s_rscan() -> None:
    param = castep_param(cutoff_eV=800.0, functional="r2SCAN")
    assert "XC_FUNCTIONAL" not in param  # its RSCAN is another functional
    assert "LIBXC_MGGA_X_R2SCAN 1.0" in param
    assert "LIBXC_MGGA_C_R2SCAN 1.0" in param


def test_castep_has_what_the_methods_state() -> None:
    atoms = read_structure("nabh4")
    cell, param = castep_cell(atoms, spacing_per_A=0.04), castep_param(cutoff_eV=800.0, functional="PBE")
    told = dict(line.split(":", 1) for line in param.splitlines())
    told = {name.strip(): value.strip() for name, value in told.items()}
    assert told["TASK"] == "MAGRES"
    assert told["MAGRES_TASK"] == "NMR"
    assert told["XC_FUNCTIONAL"] == "PBE"
    assert told["CUT_OFF_ENERGY"] == "800 eV"
    assert "KPOINT_MP_GRID 6 6 5" in cell
    assert "SPECIES_POT" not in cell

    block = cell.split("%BLOCK POSITIONS_FRAC\n")[1].split("%ENDBLOCK")[0]
    rows = [row.split() for row in block.splitlines()]
    assert [row[0] for row in rows] == atoms.get_chemical_symbols()
    assert np.array([row[1:] for row in rows], dtype=float) == pytest.approx(atoms.get_scaled_positions(), abs=1e-9)
    vectors = cell.split("ANG\n")[1].split("%ENDBLOCK")[0]
    assert np.array(vectors.split(), dtype=float).reshape(3, 3) == pytest.approx(atoms.cell.array, abs=1e-9)


def test_elk_input_is_the_structure_and_the_tasks() -> None:
    atoms = read_structure("nabh4")
    text = elk_input(atoms, spacing_per_A=0.08, functional="PBE", species_path="/species")
    symbols, cell, positions = read_geometry("scale\n1\nscale1\n1\nscale2\n1\nscale3\n1\n" + text)
    assert sorted(symbols) == sorted(atoms.get_chemical_symbols())
    assert cell == pytest.approx(atoms.cell.array, abs=1e-8)
    boron = [place for symbol, place in zip(symbols, positions, strict=True) if symbol == "B"]
    assert np.array(boron) == pytest.approx(atoms.positions[[s == "B" for s in atoms.get_chemical_symbols()]], abs=1e-7)
    blocks = text.split("\n\n")
    assert blocks[0].split() == ["tasks", "0", "115"]
    assert any("lmaxi\n  2" in block for block in blocks)  # below it Elk writes no gradients
    assert any(block.split() == ["rgkmax", "3.5"] for block in blocks)
    with pytest.raises(SettingsError, match="r2SCAN is not one of Elk's"):
        elk_input(atoms, spacing_per_A=0.08, functional="r2SCAN", species_path="/species")


def test_without_elk_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="Elk is not installed; run: apt install elk-lapw"):
        elk_run.find_elk()


def _program(folder: Path, script: str) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_elk_that_fails_says_why(tmp_path: Path) -> None:
    program = _program(tmp_path, "echo; echo 'Error(writeefg): lmaxi too small for calculating the EFG :    1'; exit 0")
    with pytest.raises(ScienceError, match=r"Error\(writeefg\): lmaxi too small"):
        elk_run.run_elk(tmp_path, program=program, cores=1, stop_if_requested=lambda: None)


def test_elk_ends_with_us(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    program = _program(tmp_path, "echo $$ > pid; sleep 1; exec sleep 60")
    with pytest.raises(KeyboardInterrupt):
        elk_run.run_elk(tmp_path, program=program, cores=1, stop_if_requested=stop)
    assert not (tmp_path / "EFG.OUT").exists()
