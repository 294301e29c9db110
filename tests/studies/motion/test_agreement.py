"""Runs that were given at one temperature, and are not in one state, are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel import analyze, convert, onsager
from paddlewheel.studies.motion.agreement import StateSeries, disagreements, equilibrium_checks
from paddlewheel.trajectories import read_trajectory
from paddlewheel.units import BOLTZMANN_eV_PER_K

_N_IONS = 24
_GIVEN = {"frame_interval_fs": 100, "temperature_K": 600}


def _write(path: Path, seed: int, *, energy_eV: float = -200.0, length_A: float = 12.0, npt: bool = False) -> Path:
    """24 Na that walk at random beside a lattice of 24 Cl; canonical energies at 600 K, correlated over 5 frames."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, length_A, (2 * _N_IONS, 3))
    start[_N_IONS:] = length_A * np.stack(np.meshgrid(*(np.arange(n) / n for n in (4, 3, 2))), axis=-1).reshape(-1, 3)
    steps = rng.normal(0, 0.3, (400, 2 * _N_IONS, 3))
    steps[:, _N_IONS:] = np.diff(rng.normal(0, 0.1, (401, _N_IONS, 3)), axis=0)
    positions = start + np.cumsum(steps, axis=0)
    spread = np.sqrt(1.5 * 2 * _N_IONS) * BOLTZMANN_eV_PER_K * 600
    energies = energy_eV + spread * _correlated(rng)
    lengths = length_A * (1 + 0.003 * _correlated(rng)) if npt else np.full(400, length_A)
    lines = []
    for frame, energy, length in zip(positions, energies, lengths, strict=True):
        lattice = " ".join(f"{value:.6f}" for value in (length * np.eye(3)).ravel())
        lines.append(
            f'{2 * _N_IONS}\nLattice="{lattice}" Properties=species:S:1:pos:R:3 free_energy=-1 energy={energy:.6f}'
        )
        names = ["Na"] * _N_IONS + ["Cl"] * _N_IONS
        lines += [f"{name} {x:.5f} {y:.5f} {z:.5f}" for name, (x, y, z) in zip(names, frame, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _correlated(rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(size=420)
    for index in range(1, 420):
        values[index] = np.exp(-1 / 5) * values[index - 1] + np.sqrt(1 - np.exp(-2 / 5)) * values[index]
    return values[20:]


def test_runs_of_one_state_agree_and_another_energy_is_told(tmp_path: Path) -> None:
    """3/2 k an atom: 100 K more are 0.62 eV in 48 atoms."""
    one, two = _write(tmp_path / "one.xyz", 1), _write(tmp_path / "two.xyz", 2)
    hotter = _write(tmp_path / "hotter.xyz", 3, energy_eV=-200 + 1.5 * 48 * BOLTZMANN_eV_PER_K * 100)
    agreeing = analyze([one, two], specie="Na", charge=1, **_GIVEN)
    assert [check.agrees for check in agreeing.temperatures[0].equilibrium] == [True, True]
    assert not any("one state" in text for text in agreeing.warnings)
    told = analyze([one, hotter], specie="Na", charge=1, **_GIVEN)
    check = told.temperatures[0].equilibrium[1]
    assert (check.quantity, check.agrees) == ("potential_energy_eV_per_atom", False)
    # of 48 atoms 100 K apart; each mean has an error of 0.044 eV (8.5 k 600 K, 400 frames, 10 of them one)
    assert check.largest_difference * 48 == pytest.approx(0.62, abs=4 * np.sqrt(2) * 0.07)
    assert any("potential energies of the 2 runs given at 600 K differ" in text for text in told.warnings)
    record = onsager([one, hotter], species={"Na": 1}, **_GIVEN)
    assert [each.agrees for each in record.equilibrium] == [True, False]
    assert any("one state" in text for text in record.warnings)


def test_densities_are_compared_with_and_without_fluctuations(tmp_path: Path) -> None:
    one, two = (_write(tmp_path / f"npt{seed}.xyz", seed, npt=True) for seed in (1, 2))
    denser = _write(tmp_path / "denser.xyz", 3, length_A=11.85, npt=True)  # 4 % in volume
    assert all(check.agrees for check in onsager([one, two], species={"Na": 1}, **_GIVEN).equilibrium)
    check = onsager([one, denser], species={"Na": 1}, **_GIVEN).equilibrium[0]
    assert (check.quantity, check.agrees) == ("density_g_per_cm3", False)
    assert check.probability is not None
    fixed, other = _write(tmp_path / "fixed.xyz", 1), _write(tmp_path / "other.xyz", 2, length_A=11.9)
    check = onsager([fixed, other], species={"Na": 1}, **_GIVEN).equilibrium[0]  # 2.5 % in volume
    assert (check.agrees, check.probability) == (False, None)


def test_energies_of_a_file_go_with_its_frames(tmp_path: Path) -> None:
    path = _write(tmp_path / "one.xyz", 1)
    read = read_trajectory(path, frame_interval_fs=100)
    energies = read.potential_energies_eV
    assert energies is not None
    assert energies.shape == (400,)
    assert energies.mean() == pytest.approx(-200, abs=1.5)
    later = read.after(5.0).potential_energies_eV
    np.testing.assert_array_equal(later, energies[50:])
    together = read_trajectory([path, _write(tmp_path / "two.xyz", 2)], frame_interval_fs=100)
    assert together.potential_energies_eV is not None
    assert len(together.potential_energies_eV) == together.n_frames
    convert(path, out=tmp_path / "run.zarr", frame_interval_fs=100)
    kept = read_trajectory(tmp_path / "run.zarr").potential_energies_eV
    assert kept is not None
    np.testing.assert_allclose(kept, energies)


def test_a_run_alone_and_what_two_percent_of_the_temperature_explain_are_not_told() -> None:
    rng = np.random.default_rng(4)
    given = {"temperature_K": 600.0, "n_atoms": 48, "mass_u": 1400.0}
    runs = [StateSeries(volumes_A3=np.full(9000, 1700.0), energies_eV=rng.normal(0, 0.3, 9000)) for _ in range(2)]
    assert equilibrium_checks(runs[:1], **given) == []
    by_8_K = 1.5 * 48 * BOLTZMANN_eV_PER_K * 8
    shifted = [runs[0], StateSeries(volumes_A3=np.full(9000, 1700.0), energies_eV=rng.normal(by_8_K, 0.3, 9000))]
    check = equilibrium_checks(shifted, **given)[1]
    assert check.probability is not None
    assert check.probability < 0.001
    assert check.agrees
    assert disagreements([check]) == []


def test_runs_of_differently_ordered_cells_are_not_called_one_state() -> None:
    rng = np.random.default_rng(5)
    shift = 1.5 * 48 * BOLTZMANN_eV_PER_K * 100
    runs = [
        StateSeries(volumes_A3=np.full(900, 1700.0), energies_eV=rng.normal(mean, 0.3, 900)) for mean in (0.0, shift)
    ]
    checks = equilibrium_checks(runs, temperature_K=600.0, n_atoms=48, mass_u=1400.0)
    assert "not one state" in disagreements(checks)[0]
    assert "differently ordered cells" in disagreements(checks, one_cell=False)[0]
