"""`analyze`: known diffusivities come back, and nothing about the representation of the trajectory changes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel import Trajectory, analyze, read_trajectory
from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import TrajectoryWriter

N_FRAMES, N_IONS, L = 3000, 24, 18.0
STEP_A = 0.12
INTERVAL_FS = 20.0
# D of a random walk: variance of a step per component over twice its time
TRUE_CM2_PER_S = STEP_A**2 / (2 * INTERVAL_FS / 1000) * 1e-4


def _walk(seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Unwrapped fractional paths [n_frames, n_atoms, 3] of walking Na among Cl that vibrate, in a box of 18 A."""
    rng = np.random.default_rng(seed)
    start = rng.random((N_IONS, 3))
    steps = STEP_A / L * rng.standard_normal((N_FRAMES, N_IONS, 3))
    steps[0] = 0
    sites = rng.random((N_IONS, 3)) + 0.01 * rng.standard_normal((N_FRAMES, N_IONS, 3))
    return np.concatenate([start + np.cumsum(steps, axis=0), sites], axis=1), ["Na"] * N_IONS + ["Cl"] * N_IONS


FRACTIONAL, SYMBOLS = _walk()
CUBE = np.eye(3) * L


def _diffusivity(positions_A: np.ndarray, cell_A: np.ndarray, symbols: list[str] | None = None, **more) -> tuple:
    run = Trajectory.from_arrays(
        positions_A=positions_A, cell_A=cell_A, symbols=symbols or SYMBOLS, frame_interval_fs=INTERVAL_FS
    )
    row = analyze(run, specie="Na", temperature_K=600.0, **more).temperatures[0]
    assert row.diffusivity_cm2_per_s is not None, row.reason
    assert row.conductivity_mS_per_cm is not None
    return row.diffusivity_cm2_per_s.value, row.diffusivity_cm2_per_s.std, row.conductivity_mS_per_cm.value


@pytest.fixture(scope="module")
def plain() -> tuple:
    return _diffusivity(FRACTIONAL @ CUBE, CUBE)


def test_random_walk_and_its_conductivity_by_hand(plain: tuple) -> None:
    value, std, sigma = plain
    assert abs(value - TRUE_CM2_PER_S) < 4 * std
    assert std < 0.1 * value
    # n e^2 D / (k T) in SI, then mS/cm (1 S/m = 10 mS/cm)
    expected = N_IONS / (L * 1e-10) ** 3 * (1.602176634e-19) ** 2 * value * 1e-4 / (1.380649e-23 * 600.0) * 10
    assert sigma == pytest.approx(expected, rel=1e-9)


def test_offset_wrapping_supercell_and_order_change_nothing(plain: tuple) -> None:
    # the same numbers up to rounding: the issue allows 200 A of offset at float64, 1e-6 is far above its rounding
    variants = {
        "offset": (FRACTIONAL @ CUBE + 200.0, CUBE, SYMBOLS),
        "wrapped": (np.mod(FRACTIONAL, 1.0) @ CUBE, CUBE, SYMBOLS),
        "order": (FRACTIONAL[:, ::-1] @ CUBE, CUBE, SYMBOLS[::-1]),
    }
    for name, (positions, cell, symbols) in variants.items():
        assert _diffusivity(positions, cell, symbols) == pytest.approx(plain, rel=1e-6), name


def test_supercell_has_the_same_diffusivity_and_conductivity(plain: tuple) -> None:
    doubled = np.concatenate([FRACTIONAL @ CUBE, FRACTIONAL @ CUBE + [L, 0, 0]], axis=1)
    value, _, sigma = _diffusivity(doubled, np.diag([2 * L, L, L]), SYMBOLS * 2)
    # copies of the same ions: the same mean; the fit's range may move by the smaller error it believes in
    assert value == pytest.approx(plain[0], rel=0.02)
    assert sigma == pytest.approx(plain[2], rel=0.02)


def test_another_lattice_basis_changes_nothing(plain: tuple) -> None:
    basis = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]])  # the same lattice, skewed
    triclinic = basis @ CUBE
    fractional = np.mod(FRACTIONAL @ np.linalg.inv(basis), 1.0)
    assert _diffusivity(fractional @ triclinic, triclinic) == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("amplitude", [0.01, 0.03])
def test_breathing_cell_changes_no_more_than_half_a_percent(amplitude: float, plain: tuple) -> None:
    breath = 1 + amplitude * np.sin(2 * np.pi * np.arange(N_FRAMES) / 37.3)
    cells = CUBE * breath[:, None, None]
    value, _, _ = _diffusivity(np.einsum("nax,nxy->nay", FRACTIONAL, cells), cells)
    # fractional paths are those of the fixed cell; only <h> differs, by the mean of the sine over the run
    assert value == pytest.approx(plain[0], rel=0.005)


def test_two_temperatures_give_an_arrhenius_fit_and_one_gives_none(tmp_path: Path) -> None:
    runs = []
    for seed, scale in ((1, 1.0), (2, 1.6)):
        fractional, _ = _walk(seed)
        moved = (fractional - fractional[:1]) * scale + fractional[:1]
        runs.append(
            Trajectory.from_arrays(
                positions_A=moved @ CUBE, cell_A=CUBE, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS,
            )
        )  # fmt: skip
    record = analyze(runs, specie="Na", temperature_K=[600.0, 800.0], out=tmp_path / "run")
    fit = record.arrhenius
    assert fit is not None
    assert fit.activation_energy_eV is not None
    # sigma T ~ D: Ea = k ln(1.6^2) / (1/600 - 1/800)
    truth = 8.617333262e-5 * np.log(1.6**2) / (1 / 600 - 1 / 800)
    assert abs(fit.activation_energy_eV.value - truth) < 4 * fit.activation_energy_eV.std
    assert any("extrapolated" in warning for warning in record.warnings)
    assert (tmp_path / "run/msd/T=600K.csv").exists()
    single = analyze(runs[0], specie="Na", temperature_K=600.0)
    assert single.arrhenius is None


def test_files_at_one_temperature_are_replicas() -> None:
    walks = [_walk(seed)[0] for seed in (3, 4, 5, 6)]
    runs = [
        Trajectory.from_arrays(positions_A=walk @ CUBE, cell_A=CUBE, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS)
        for walk in walks
    ]
    one = analyze(runs[0], specie="Na", temperature_K=600.0).temperatures[0]
    four = analyze(runs, specie="Na", temperature_K=600.0).temperatures[0]
    assert four.n_replicas == 4
    assert one.diffusivity_cm2_per_s is not None
    assert four.diffusivity_cm2_per_s is not None
    # four times the data: half the error, within its own scatter
    ratio = one.diffusivity_cm2_per_s.std / four.diffusivity_cm2_per_s.std
    assert 1.3 < ratio < 3.1
    assert abs(four.diffusivity_cm2_per_s.value - TRUE_CM2_PER_S) < 4 * four.diffusivity_cm2_per_s.std


def test_broken_polyanion_takes_the_run_out(tmp_path: Path) -> None:
    # BH4 around a corner, one hydrogen leaves for good half-way
    tetrahedron = 1.2 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    anion = np.concatenate([[[0, 0, 0]], tetrahedron])
    positions = np.zeros((400, 6, 3))
    positions[:, :5] = anion
    positions[:, 5] = 5.0 + np.cumsum(0.1 * np.random.default_rng(0).standard_normal((400, 3)), axis=0)
    positions[200:, 1] += np.minimum(np.arange(200) * 0.05, 3.0)[:, None]
    run = Trajectory.from_arrays(
        positions_A=positions, cell_A=np.eye(3) * 10, symbols=["B", *"HHHH", "Na"], frame_interval_fs=10.0
    )
    row = analyze(run, specie="Na", temperature_K=600.0).temperatures[0]
    assert row.status == "broken"
    assert "polyanion-bonds" in (row.reason or "")
    assert row.diffusivity_cm2_per_s is None


def test_truncated_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.zarr"
    writer = TrajectoryWriter.create(path, symbols=["Na"], masses_u=[23.0], frame_interval_fs=10.0)
    for step in range(5):
        writer.append(positions_A=[[0.1 * step, 0, 0]], cell_A=CUBE, step=step, thermo={"temperature_K": 1.0})
    writer.flush()
    next((path / "positions").glob("c*")).unlink()
    with pytest.raises(TrajectoryError, match=r"run\.zarr"):
        analyze(read_trajectory(path), specie="Na", temperature_K=600.0, charge=1.0)


def test_the_issue_s_trajectories(shared: Path) -> None:
    rows = []
    for name in ("oNBH_600K", "oNBH_800K"):
        run = read_trajectory(shared / f"data/trajectories/{name}.npz", frame_interval_fs=10.0)
        rows.append(analyze(run, specie="Na", temperature_K=float(name[5:8])).temperatures[0])
    # the cell of o-NBH: 128 atoms, 12 Na; density and volume from its CIF lengths by hand (7.77 x 21.57 x 7.80 A)
    for row in rows:
        assert row.n_ions == 12
        assert row.density_g_per_cm3 == pytest.approx(1.146, abs=0.002)
        assert all(check.status == "ok" for check in row.health)
    # more of everything at 800 K; which of the two short runs is diffusive is for the estimator to say
    assert rows[1].msd_final_A2 > rows[0].msd_final_A2  # type: ignore[operator]
    assert rows[1].diffusivity_cm2_per_s is not None
