"""`sites`: the command and its report, breathing cells, families, and bad input in one line with nothing written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import Trajectory, sites
from paddlewheel.cli.main import status_of
from paddlewheel.crystals import read_site_list
from paddlewheel.records import read_record
from paddlewheel.studies.sites.record import SitesRecord
from report_page import Page

N_FRAMES, EDGE_A, STEP_FS, N_IONS = 1500, 12.0, 50.0, 15
CHLORINE = np.stack(np.meshgrid(*[np.arange(3) / 3] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
PLACES = CHLORINE + 1 / 6
"""Sites of Na: the 27 cube centres between the Cl, alike by symmetry, 4 A apart."""


def _frames(seed: int = 0, n_ions: int = N_IONS) -> tuple[np.ndarray, list[str], int]:
    """Fractional unwrapped positions, symbols, and the number of jumps: along an axis, to an empty neighbour."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(27)[:n_ions]
    at = PLACES[cells].copy()
    path, n_jumps = np.empty((N_FRAMES, n_ions, 3)), 0
    stay = np.zeros(n_ions, dtype=int)
    for frame in range(N_FRAMES):
        ion = rng.integers(n_ions)
        target = at[ion].copy()
        target[rng.integers(3)] += rng.choice([-1, 1]) / 3
        taken = (np.abs((at - target) - np.rint(at - target)) < 0.1).all(axis=1).any()
        if frame and not taken and stay[ion] > 5:
            at[ion], stay[ion], n_jumps = target, 0, n_jumps + 1
        stay += 1
        path[frame] = at
    still = np.broadcast_to(CHLORINE, (N_FRAMES, 27, 3))
    noise = 0.1 / EDGE_A * rng.normal(size=(N_FRAMES, n_ions + 27, 3))
    return np.concatenate([path, still], axis=1) + noise, ["Na"] * n_ions + ["Cl"] * 27, n_jumps


FRACTIONAL, SYMBOLS, N_JUMPS = _frames()


def _trajectory(cells: np.ndarray) -> Trajectory:
    positions = FRACTIONAL @ (cells if cells.ndim == 3 else cells[None])
    return Trajectory.from_arrays(positions_A=positions, cell_A=cells, symbols=SYMBOLS, frame_interval_fs=STEP_FS)


@pytest.fixture(scope="module")
def plain() -> SitesRecord:
    return sites(_trajectory(np.eye(3) * EDGE_A), specie="Na", temperature_K=600.0)


def test_sites_jumps_and_one_family_are_found(plain: SitesRecord) -> None:
    assert plain.n_sites == 27
    assert plain.n_jumps == N_JUMPS > 50
    assert plain.families_by == "symmetry"
    assert plain.space_group == "Pm-3m"
    assert [(one.name, one.n_sites) for one in plain.families] == [("Na-a", 27)]
    assert plain.families[0].occupancy_seen == pytest.approx(N_IONS / 27, abs=1e-3)
    assert plain.families[0].volume_A3 == pytest.approx(4.0**3, rel=1e-6)
    assert plain.jump_length_A == pytest.approx(4.0, abs=0.1)
    (hops,) = plain.family_jumps
    time = N_IONS * N_FRAMES * STEP_FS / 1000
    assert hops.rate_per_ps.value == pytest.approx(N_JUMPS / time, rel=0.01)
    # Eyring by hand: kT ln(kT / (h rate)) at 600 K, kT 0.051704 eV, h 4.135667e-3 eV ps
    assert hops.activation_free_energy_eV is not None
    assert hops.activation_free_energy_eV.value == pytest.approx(
        0.0517040 * np.log(0.0517040 / (4.135667e-3 * hops.rate_per_ps.value)), rel=1e-4
    )
    assert plain.jump_diffusivity_cm2_per_s is not None
    assert plain.jump_diffusivity_cm2_per_s.value == pytest.approx(N_JUMPS * 16.0 / (6 * time) * 1e-4, rel=0.05)


def test_a_breathing_cell_and_a_turned_one_change_nothing(plain: SitesRecord) -> None:
    rng = np.random.default_rng(1)
    scale = 1 + 0.01 * rng.normal(size=(N_FRAMES, 1, 1))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for cells in (np.eye(3) * EDGE_A * scale, turn * EDGE_A):
        found = sites(_trajectory(cells), specie="Na", temperature_K=600.0)
        assert (found.n_sites, found.n_jumps, found.families_by) == (27, N_JUMPS, "symmetry")
        assert found.core_share == pytest.approx(plain.core_share, abs=0.01)
        assert found.jump_length_A == pytest.approx(plain.jump_length_A, rel=0.01)


def test_two_runs_count_together_and_families_can_be_single_sites(plain: SitesRecord) -> None:
    runs = [_trajectory(np.eye(3) * edge) for edge in (EDGE_A, 1.0001 * EDGE_A)]
    found = sites(runs, specie="Na", families="site")
    assert found.n_jumps == 2 * plain.n_jumps
    assert len(found.families) == 27
    assert found.space_group is None


def test_the_command_writes_record_tables_report_and_a_list_that_can_be_used_again(tmp_path: Path, capsys) -> None:
    path, out = tmp_path / "run.npz", tmp_path / "out"
    np.savez(path, positions_A=FRACTIONAL * EDGE_A, cell_A=np.eye(3) * EDGE_A, symbols=SYMBOLS)
    arguments = ["sites", str(path), "--frame-interval-fs", "50", "--specie", "Na", "--temperature", "600"]
    assert status_of([*arguments, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "15 Na on 27 sites of 1 kind" in printed
    record = read_record(out / "result.json", SitesRecord, made_by="paddlewheel sites")
    for name in record.files.values():
        assert (out / name).exists()
    with open(out / "jumps.csv", newline="") as stream:
        jumps = list(csv.DictReader(stream))
    assert len(jumps) == record.n_jumps == N_JUMPS
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    assert "Correlation factor" in page.text
    assert "Na-a" in page.text

    assert len(read_site_list(out / "sites.txt", specie="Na").families) == 27
    again = tmp_path / "again"
    assert status_of([*arguments, "--out", str(again), "--sites", str(out / "sites.txt"), "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["n_jumps"] == N_JUMPS
    assert second["families_by"] == "label"
    assert second["site_source"] == "sites.txt"
    assert status_of([*arguments, "--out", str(out), "--barrier-kT", "2"]) == 2
    assert "other inputs (barrier_kT" in capsys.readouterr().err


def _squashed() -> np.ndarray:
    stretch = np.linspace(0.8, 1.25, N_FRAMES)[:, None, None]
    return EDGE_A * np.eye(3) * np.concatenate([stretch, 1 / stretch, np.ones_like(stretch)], axis=2)


@pytest.mark.parametrize(
    ("options", "cells", "words"),
    [
        (["--specie", "Li"], None, ["no 'Li'", "--specie"]),
        (["--sites", "LIST", "--specie", "Na"], None, ["overlap: 0.60 A apart"]),
        (["--sites", "o-nbh", "--specie", "Na"], None, ["o-nbh-sites.txt", "8.01, 21.88, 7.77 A", "12.00, 12.00"]),
        (["--sites", "nowhere.txt", "--specie", "Na"], None, ["nowhere.txt", "no such file"]),
        (["--specie", "Na", "--skip-ps", "73"], None, ["too few for a density"]),
        (["--specie", "Na", "--families", "all"], None, ["families", "label, symmetry or site"]),
        (["--specie", "Na", "--core-radius-A", "4"], None, ["cores of 4 A overlap"]),
        (["--specie", "Na", "--temperature", "-3"], None, ["-3 K"]),
        (["--specie", "Na"], _squashed, ["does not keep its shape", "--skip-ps"]),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(options, cells, words, tmp_path: Path, capsys) -> None:
    path, out, listed = tmp_path / "run.npz", tmp_path / "out", tmp_path / "list.txt"
    listed.write_text("Na1 0.17 0.17 0.17\nNa2 0.22 0.17 0.17\n")
    cell = np.eye(3) * EDGE_A if cells is None else cells()
    positions = FRACTIONAL @ (cell if cell.ndim == 3 else cell[None])
    np.savez(path, positions_A=positions, cell_A=cell, symbols=SYMBOLS)
    given = [str(listed) if option == "LIST" else option for option in options]
    status = status_of(["sites", str(path), "--frame-interval-fs", "50", "--out", str(out), *given])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    for text in words:
        assert text in captured.err
    assert not out.exists()


def test_real_runs_of_o_nbh_hold_their_ions(shared: Path) -> None:
    """Twelve Na in 17 ps at 600 K: every ion is somewhere, cores are visited, few jumps, no correlation factor."""
    found = sites(shared / "data/trajectories/oNBH_600K.npz", frame_interval_fs=10.0, temperature_K=600.0)
    assert found.n_ions == 12
    assert sum(one.occupancy_seen for one in found.sites) == pytest.approx(12)
    assert sum(one.occupancy_nearest for one in found.sites) == pytest.approx(12)
    assert sum(one.volume_A3 for one in found.sites) == pytest.approx(abs(np.linalg.det(found.mean_cell_A)), rel=1e-6)
    assert 5 < found.n_jumps < 60
    assert found.correlation_factor is None
    assert found.correlation_status != "ok"
