"""`density`: counts, files and report of a run that is known, and what must not change them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io.cube import read_cube

from paddlewheel import Trajectory, density
from paddlewheel.errors import InputError, RunDirectoryError, SettingsError, TrajectoryError
from paddlewheel.records import read_record
from paddlewheel.studies.density.record import DensityRecord
from report_page import Page

L, N_FRAMES = 10.0, 400
SITES = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
PS4 = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 2.05 / np.sqrt(3)
SYMBOLS = ["Na"] * 4 + ["P", "S", "S", "S", "S"] * 4
CELL = L * np.eye(3)


def _fractional(seed: int = 0, n_frames: int = N_FRAMES) -> np.ndarray:
    """Na about (1/4, 1/4, 1/4) and its fcc images, vibrating by 0.4 A, between PS4 on an fcc lattice, `[n, 24, 3]`."""
    rng = np.random.default_rng(seed)
    na = SITES + 0.25 + 0.04 * rng.standard_normal((n_frames, 4, 3))
    anions = (SITES[:, None] + PS4 / L).reshape(-1, 3) + 0.003 * rng.standard_normal((n_frames, 20, 3))
    return np.concatenate([na, anions], axis=1)


def _run(fractional: np.ndarray, cell: np.ndarray = CELL, symbols: list[str] = SYMBOLS) -> Trajectory:
    positions = np.einsum("nax,nxy->nay", fractional, np.broadcast_to(cell, (len(fractional), 3, 3)))
    return Trajectory.from_arrays(positions_A=positions, cell_A=cell, symbols=symbols, frame_interval_fs=10.0)


def _grid(directory: Path, name: str = "ions_per_voxel") -> np.ndarray:
    with np.load(directory / "density.npz") as data:
        return data[name].astype(float)


def test_record_files_and_report(tmp_path: Path) -> None:
    record = density(_run(_fractional()), temperature_K=600.0, spacing_A=0.52, iso_per_A3=[0.05], out=tmp_path)
    assert record == read_record(tmp_path / "result.json", DensityRecord, made_by="density")
    assert (record.specie, record.n_ions, record.grid) == ("Na", 4, (20, 20, 20))
    assert record.integral_ions == pytest.approx(4.0, rel=1e-9)
    # a Gaussian of 0.4 A widened by the smoothing of 0.3 A and by the voxel
    expected = (2 * np.pi * (0.16 + 0.09 + 0.5**2 / 12)) ** -1.5
    assert record.maximum_per_A3 == pytest.approx(expected, rel=0.1)
    (surface,) = record.isosurfaces
    # share of a Gaussian inside the radius at which it falls to the level: chi^2 with three degrees of freedom
    from scipy.stats import chi2

    assert surface.ion_share.value == pytest.approx(chi2.cdf(2 * np.log(expected / 0.05), 3), abs=0.05)
    assert {one.status for one in record.free_energy.barriers} == {"not-visited"}
    for name in record.files.values():
        assert (tmp_path / name).stat().st_size > 0
    with open(tmp_path / "density.cube", encoding="ascii") as file:
        cube = read_cube(file)
    assert cube["data"].sum() * record.voxel_A3 == pytest.approx(4.0, rel=1e-4)
    assert sorted(cube["atoms"].get_chemical_symbols()) == sorted(SYMBOLS[4:])
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    assert "PS4" in page.words()
    assert "never visited" in page.words()
    (data,) = [json.loads(text) for attributes, text in page.scripts if attributes.get("id") == "cell-data"]
    assert data["density"]["shape"] == [20, 20, 20]
    assert len(data["polyhedra"]) == 1
    # the same again is the same run; another spacing is another one
    density(_run(_fractional()), temperature_K=600.0, spacing_A=0.52, iso_per_A3=[0.05], out=tmp_path)
    with pytest.raises(RunDirectoryError, match=r"spacing_A is 0\.52 there"):
        density(_run(_fractional()), temperature_K=600.0, iso_per_A3=[0.05], out=tmp_path)


def test_breathing_drift_rotation_and_wrapping_change_nothing(tmp_path: Path) -> None:
    fractional = _fractional()
    density(_run(fractional), spacing_A=0.52, out=tmp_path / "plain")
    plain = _grid(tmp_path / "plain")
    times = np.arange(N_FRAMES)
    breath = 1 + 0.03 * np.sin(times / 7.0)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    variants = {
        "breathing": _run(fractional, CELL * breath[:, None, None]),
        "drift": _run(fractional + np.outer(times, [1, -2, 3])[:, None, :] * 1e-3),
        "rotation": _run(fractional, CELL @ turn),
        "wrapped": _run(np.mod(fractional, 1.0)),
    }
    for name, run in variants.items():
        density(run, spacing_A=0.52, out=tmp_path / name)
        # rounding may carry a position on a border into the next voxel: no more than 4 of 1,600
        assert np.abs(_grid(tmp_path / name) - plain).sum() <= 8.1 / N_FRAMES, name


def test_runs_are_laid_over_each_other_by_their_frameworks(tmp_path: Path) -> None:
    first, second = _fractional(1), _fractional(2, n_frames=200)
    density([_run(first), _run(second)], spacing_A=0.52, out=tmp_path / "together")
    density([_run(first), _run(second + np.array([0.13, -0.4, 0.77]))], spacing_A=0.52, out=tmp_path / "moved")
    # the frameworks' means are known to 0.03 A / sqrt(4,000): as good as the same
    apart = np.abs(_grid(tmp_path / "together") - _grid(tmp_path / "moved")).sum()
    assert apart < 0.05
    other = np.concatenate([second[:, :4], second[:, 4:] + np.random.default_rng(0).random((1, 20, 3))], axis=1)
    with pytest.raises(TrajectoryError, match="does not lie on that of"):
        density([_run(first), _run(other)])


def test_symmetrized_by_the_mean_framework_and_by_a_structure(tmp_path: Path) -> None:
    fractional = np.mod(_fractional(3) + np.array([0.211, 0.037, 0.68]), 1.0)  # an origin that is none of the group's
    record = density(_run(fractional), spacing_A=0.52, symmetry="framework", out=tmp_path / "own")
    assert record.symmetry is not None
    assert (record.symmetry.number, record.symmetry.n_operations) == (225, 192)
    own = _grid(tmp_path / "own")
    np.testing.assert_allclose(own, own.transpose(1, 2, 0), atol=1e-7)
    np.testing.assert_allclose(own, np.roll(own, (10, 10, 0), axis=(0, 1, 2)), atol=1e-7)
    assert own.sum() == pytest.approx(4.0, rel=1e-5)
    # Na fills half of the tetrahedral holes: the group of the anions' centres knows two of them, so a half moves
    assert record.symmetry.asymmetry == pytest.approx(0.5, abs=0.05)
    assert record.mean_cell_A[0][0] == pytest.approx(L)

    atoms = _structure()
    atoms.write(tmp_path / "phase.cif")
    by_file = density(_run(fractional), spacing_A=0.52, symmetry=tmp_path / "phase.cif", out=tmp_path / "file")
    assert by_file.symmetry is not None
    assert by_file.symmetry.number == 225
    # the centres of the structure lie on the mean ones to 0.01 A: some ions at a border change voxel
    file = _grid(tmp_path / "file")
    best = min(np.abs(np.roll(file, (i, i, i), axis=(0, 1, 2)) - own).sum() for i in (0, 10))
    assert best < 0.4


def _structure():
    from ase import Atoms

    positions = np.concatenate([SITES + 0.25, (SITES[:, None] + PS4 / L).reshape(-1, 3)]) * L + 1.3
    return Atoms(SYMBOLS, positions=positions, cell=CELL, pbc=True)


def test_bad_input_is_refused(tmp_path: Path) -> None:
    run = _run(_fractional())
    with pytest.raises(TrajectoryError, match="no 'Li' in it"):
        density(run, specie="Li")
    with pytest.raises(SettingsError, match="free energy needs the temperature"):
        density(run, with_free_energy=True)
    with pytest.raises(SettingsError, match="more than half of the cell"):
        density(run, spacing_A=8.0)
    with pytest.raises(SettingsError, match="voxels"):
        density(run, spacing_A=0.01)
    with pytest.raises(SettingsError, match="iso"):
        density(run, iso_per_A3=[-1.0])
    with pytest.raises(InputError, match="does not fit the run"):
        density(run, symmetry="nabh4")
    shear = np.eye(3)[None] + np.linspace(0, 1.2, N_FRAMES)[:, None, None] * np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    with pytest.raises(TrajectoryError, match=r"changes shape without bound: strained by \d+ %.*degrees at its end"):
        density(_run(_fractional(), L * shear), out=tmp_path / "sheared")
    assert not (tmp_path / "sheared").exists()


def test_real_run_has_its_counts(tmp_path: Path, shared: Path) -> None:
    record = density(
        shared / "data/trajectories/oNBH_800K.npz", temperature_K=800.0, frame_interval_fs=10.0, smoothing_A=0.0,
        spacing_A=0.4, out=tmp_path,
    )  # fmt: skip
    assert record.integral_ions == pytest.approx(12.0, rel=1e-9)
    counts = _grid(tmp_path) * 1850
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-2)  # 1,850 frames, kept in float32
    assert record.symmetry is None
