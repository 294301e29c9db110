"""`phonons` end to end: a chain in closed form, copper against phonopy, killed runs, phases that fail, bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from paddlewheel import phonons
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError, RunDirectoryError, SettingsError
from paddlewheel.execution import DriverWatch
from paddlewheel.records.tables import read_columns
from paddlewheel.studies.phonons.inputs import choose_supercells
from paddlewheel.studies.phonons.record import read_phonon_record
from paddlewheel.studies.phonons.units import plan_displacements, run_displacement_unit
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.units import BOLTZMANN_eV_PER_K as K

EMT_NAME = "ase:ase.calculators.emt:EMT"
EMT_DOCUMENT = {"name": EMT_NAME, "three_body": "parent", "device": "cpu", "dtype": "float32"}
MASSES = (22.98976928, 10.81)


def _copper() -> Atoms:
    return bulk("Cu", a=3.6)


def _chain() -> Atoms:
    return Atoms("NaB", positions=[[0.3, 1.25, 1.25], [2.8, 1.25, 1.25]], cell=[5.0, 2.5, 2.5], pbc=True, masses=MASSES)


@pytest.fixture(scope="module")
def copper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("phonons") / "cu"
    phonons(_copper(), potential=EMT_NAME, out=directory, temperatures_K=[0, 100, 300, 600], max_atoms=130, cores=1)
    return directory


def test_copper_is_relaxed_converged_and_reported(copper: Path) -> None:
    record = read_phonon_record(copper / "result.json")
    assert record.status == "ok", record.reason
    assert (record.space_group_start, record.space_group) == ("Fm-3m", "Fm-3m")
    assert record.imaginary is None
    assert record.largest_force_eV_per_A is not None
    assert record.largest_force_eV_per_A < 1e-4
    # EMT copper: a 3.59 A, 11.57 A^3
    assert record.volume_A3_per_atom == pytest.approx(11.57, abs=0.05)
    convergence = record.convergence
    assert convergence is not None
    assert convergence.converged is True
    assert [point.repeats for point in convergence.supercells] == [(3, 3, 3), (4, 4, 4)]
    assert abs(convergence.displacements[0].difference_meV_per_atom) < 0.1
    hot = record.thermal[-1]
    assert hot.heat_capacity_eV_per_K_per_atom.value == pytest.approx(3 * K, rel=0.02)
    assert record.thermal[0].free_energy_eV_per_atom.value == pytest.approx(record.zero_point_eV_per_atom, abs=1e-12)
    assert (copper / "report.html").stat().st_size > 10_000
    assert {"bands", "thermal", "convergence"} <= {path.stem for path in (copper / "figures").iterdir()}


def test_copper_has_phonopy_s_own_thermal_functions(copper: Path) -> None:
    """phonopy's thermal properties of its own file, on the same mesh."""
    import phonopy

    record = read_phonon_record(copper / "result.json")
    phonon = phonopy.load(copper / record.files["phonopy"], log_level=0)
    phonon.run_mesh(60.0)
    phonon.run_thermal_properties(temperatures=[300.0, 600.0], exclude_gamma_acoustic=True)
    theirs = phonon.thermal_properties
    kJ = 96.48533212331
    for row, free, entropy, capacity in zip(
        record.thermal[2:], theirs.free_energy, theirs.entropy, theirs.heat_capacity, strict=True
    ):
        # both leave out the three translations at Gamma
        assert row.free_energy_eV_per_atom.value * kJ == pytest.approx(free, rel=1e-5, abs=1e-5)
        assert row.entropy_eV_per_K_per_atom.value * kJ * 1000 == pytest.approx(entropy, rel=1e-5)
        assert row.heat_capacity_eV_per_K_per_atom.value * kJ * 1000 == pytest.approx(capacity, rel=1e-5)


def test_derivatives_of_a_written_curve(copper: Path) -> None:
    curve = read_columns(copper / "thermal.csv")
    T, F = curve["temperature_K"], curve["free_energy_eV_per_atom"]
    S, C = curve["entropy_eV_per_K_per_atom"], curve["heat_capacity_eV_per_K_per_atom"]
    inside = slice(10, -2)  # central differences of 10 K steps are good to 1e-3 above 100 K
    np.testing.assert_allclose(-np.gradient(F, T)[inside], S[inside], rtol=2e-3)
    np.testing.assert_allclose((T * np.gradient(S, T))[inside], C[inside], rtol=5e-3)


def test_densities_of_states_of_elements_add_up_to_three_modes_an_atom(copper: Path) -> None:
    dos = read_columns(copper / "dos.csv")
    step = dos["wavenumber_per_cm"][1] - dos["wavenumber_per_cm"][0]
    assert dos["total_modes_cm_per_atom"].sum() * step == pytest.approx(3.0, rel=1e-3)
    np.testing.assert_allclose(dos["total_modes_cm_per_atom"], dos["Cu_modes_cm_per_atom"], atol=1e-9)


def test_finished_run_costs_nothing_and_temperatures_may_change(copper: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (copper / "units").glob("*/result.json")}
    record = phonons(_copper(), potential=EMT_NAME, out=copper, temperatures_K=[450], max_atoms=130, cores=1)
    assert [row.temperature_K for row in record.thermal] == [450]
    assert before == {path: path.stat().st_mtime_ns for path in (copper / "units").glob("*/result.json")}
    told = yaml.safe_load((copper / "inputs.yaml").read_text())
    assert (told["temperatures_K"], told["max_atoms"]) == ([450.0], 130)
    written = (copper / "result.json").stat().st_mtime_ns
    again = phonons(_copper(), potential=EMT_NAME, out=copper, temperatures_K=[450], max_atoms=130, cores=1)
    assert again == record
    assert (copper / "result.json").stat().st_mtime_ns == written
    with pytest.raises(RunDirectoryError, match=r"displacement_A is 0\.01 there and 0\.02 now"):
        phonons(_copper(), potential=EMT_NAME, out=copper, displacement_A=0.02, max_atoms=130, cores=1)


def test_a_dry_run_counts_displaced_supercells_and_writes_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    _copper().write("cu.vasp", format="vasp")
    arguments = ["phonons", "cu.vasp", "--potential", EMT_NAME, "--max-atoms", "130", "--dry-run"]
    assert status_of(arguments) == 0
    told = capsys.readouterr().out
    assert "2 of 3x3x3 (27 atoms) by 0.01 A, 2 of 4x4x4 (64 atoms) by 0.01 A, 2 of 3x3x3 (27 atoms) by 0.02 A" in told
    assert "units of work: 3, the largest of 64 atoms" in told
    assert status_of([*arguments, "--json", "--quasi-harmonic"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    assert forecast["n_units"] == 3 + 8
    assert forecast["core_hours"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["cu.vasp"]


def _branches(qa: np.ndarray, spring: float) -> np.ndarray:
    """Wavenumbers of both branches [2, n_q] of a chain of two masses; qa in turns of the cell of two atoms."""
    unit = np.sqrt(1.602176634e-19 * 1e20 / 1.66053906660e-27) / (2 * np.pi * 2.99792458e10)
    one, two = MASSES
    root = np.sqrt((1 / one + 1 / two) ** 2 - 4 * np.sin(np.pi * qa) ** 2 / (one * two))
    squared = spring * np.stack([1 / one + 1 / two - root, 1 / one + 1 / two + root])
    return np.sqrt(np.maximum(squared, 0.0)) * unit


def test_chain_of_two_masses_has_its_closed_form(tmp_path: Path) -> None:
    """Relaxation, supercell, phonopy and mesh together give the six branches, and F, S and Cv of them."""
    from springs import SIDE_eV_PER_A2, SPRING_eV_PER_A2

    temperatures = [300.0, 900.0]
    record = phonons(
        _chain(), potential="ase:springs:DiatomicChain", out=tmp_path / "chain", supercell="6x1x1",
        temperatures_K=temperatures, keep_symmetry=False, cores=1,
    )  # fmt: skip
    assert record.thermal, record.reason
    bands = read_columns(tmp_path / "chain" / "bands.csv")
    found = np.array([values for name, values in bands.items() if name.startswith("mode")])
    stiff, weak = (_branches(bands["qa"], spring) for spring in (SPRING_eV_PER_A2, SIDE_eV_PER_A2))
    expected = np.sort(np.concatenate([stiff, weak, weak]), axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=0.3)  # atol: the root of a rounded zero
    q = np.arange(12) / 12  # the mesh: 60 A over a cell of 5 A
    numbers = np.concatenate([_branches(q, spring) for spring in (SPRING_eV_PER_A2, SIDE_eV_PER_A2, SIDE_eV_PER_A2)])
    kept = numbers[numbers > 0.1]  # translations are left out
    exact = harmonic_functions(kept, temperatures, weights=np.full(kept.size, 1 / q.size), n_atoms=2)
    for i, row in enumerate(record.thermal):
        assert row.free_energy_eV_per_atom.value == pytest.approx(exact.free_energy_eV_per_atom[i], abs=2e-5)
        assert row.entropy_eV_per_K_per_atom.value == pytest.approx(exact.entropy_eV_per_K_per_atom[i], rel=1e-3)
        capacity = exact.heat_capacity_eV_per_K_per_atom[i]
        assert row.heat_capacity_eV_per_K_per_atom.value == pytest.approx(capacity, rel=1e-4)


def test_killed_displacements_go_on(tmp_path: Path) -> None:
    """Stopped after each evaluation, a unit ends with the forces of one that was not."""

    class Impatient(DriverWatch):
        def __init__(self) -> None:
            pass

        def should_stop(self) -> bool:
            return True

    class Patient(Impatient):
        def should_stop(self) -> bool:
            return False

    from paddlewheel.potentials import identify_potential

    document = EMT_DOCUMENT | {"identity": identify_potential(EMT_NAME)}
    atoms = bulk("CuAu", "zincblende", a=5.8)
    made = [
        plan_displacements(atoms, repeats=(2, 2, 2), displacement_A=0.01, potential=document, directory=tmp_path / name)
        for name in ("stopped", "whole")
    ]
    for displaced in made:
        for unit in displaced.units:
            unit.prepare()
    stops = 0
    while not run_displacement_unit(made[0].units[0], Impatient(), 1):
        stops += 1
    assert stops == made[0].n_displacements - 1
    assert run_displacement_unit(made[1].units[0], Patient(), 1)
    np.testing.assert_allclose(made[0].forces(), made[1].forces(), atol=1e-12)  # EMT's lists of neighbours have a past
    cell = made[0].phonon.supercells_with_displacements[0]
    check = Atoms(cell.symbols, scaled_positions=cell.scaled_positions, cell=cell.cell, pbc=True)
    check.calc = EMT()
    np.testing.assert_allclose(made[0].forces()[0], check.get_forces(), atol=1e-12)


def test_soft_mode_is_flagged_with_both_treatments(tmp_path: Path) -> None:
    """EMT copper in the simple cubic lattice, held there by its symmetry, is no minimum."""
    record = phonons(
        bulk("Cu", "sc", a=2.4), potential=EMT_NAME, out=tmp_path / "sc", supercell="3x3x3", temperatures_K=[300],
        cores=1,
    )  # fmt: skip
    assert record.status == "imaginary"
    assert record.imaginary is not None
    assert record.imaginary.share_of_modes > 0.05
    assert record.imaginary.lowest_THz < -0.5
    effect = record.imaginary.effect[0]
    row = record.thermal[0].free_energy_eV_per_atom
    assert row.value == pytest.approx(effect.as_real_eV_per_atom)
    assert row.std >= abs(effect.as_real_eV_per_atom - effect.left_out_eV_per_atom) / 2
    assert "no minimum" in str(record.reason)
    assert (tmp_path / "sc" / "report.html").exists()


def test_phase_that_loses_its_symmetry_is_told(tmp_path: Path) -> None:
    """Simple cubic copper, a hair off its lattice and relaxed freely, does not stay what it came as."""
    atoms = bulk("Cu", "sc", a=2.4).repeat((2, 2, 2))
    atoms.rattle(2e-3, rng=np.random.default_rng(0))  # within the 0.01 A of the space group
    record = phonons(
        atoms, potential=EMT_NAME, out=tmp_path / "free", keep_symmetry=False, supercell="1x1x1",
        temperatures_K=[300], cores=1,
    )  # fmt: skip
    assert record.space_group_start == "Pm-3m"
    assert record.status == "left-symmetry", record.status
    assert "came as Pm-3m and relaxed to" in str(record.reason)


def test_molecule_that_breaks_has_no_numbers_and_status_1(tmp_path: Path) -> None:
    atoms = Atoms("H2", positions=[[2.0, 2.0, 2.0], [2.74, 2.0, 2.0]], cell=[6.0, 6.0, 6.0], pbc=True)
    atoms.write(tmp_path / "h2.cif")
    status = status_of(
        ["phonons", str(tmp_path / "h2.cif"), "--potential", "ase:springs:Repulsion", "--out", str(tmp_path / "run"),
         "--no-keep-symmetry", "--cores", "1", "--json"]
    )  # fmt: skip
    assert status == 1
    record = read_phonon_record(tmp_path / "run" / "result.json")
    assert record.status == "broken"
    assert "1 H2 became" in str(record.reason)
    assert record.thermal == []
    assert record.static_energy_eV_per_atom is None
    written = (tmp_path / "run" / "result.json").stat().st_mtime_ns
    again = phonons(
        tmp_path / "h2.cif", potential="ase:springs:Repulsion", out=tmp_path / "run", keep_symmetry=False, cores=1
    )
    assert again == record  # a phase that breaks is a result: it is not tried again
    assert (tmp_path / "run" / "result.json").stat().st_mtime_ns == written
    assert "No phonons" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_phase_that_the_potential_does_not_know_has_no_numbers(tmp_path: Path) -> None:
    """nep-nabh was never shown sodium metal, whose volume it changes by more than a third."""
    record = phonons(bulk("Na", "bcc", a=4.23), out=tmp_path / "na", temperatures_K=[300], cores=1)
    assert record.status == "broken"
    assert "the volume changed by" in str(record.reason)
    assert record.thermal == []
    assert record.static_energy_eV_per_atom is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temperatures_K": [-5.0]}, "-5"),
        ({"temperatures_K": []}, "none"),
        ({"displacement_A": 0.0}, "displacement"),
        ({"fmax_eV_per_A": 1.0}, "fmax"),
        ({"max_atoms": 1}, "27 atoms"),
        ({"supercell": "0x1x1"}, "no supercell"),
        ({"potential": "nep-nabh"}, "does not know Cu"),
        ({"tolerance_meV_per_atom": float("nan")}, "tolerance"),
    ],
)
def test_bad_input_leaves_nothing(tmp_path: Path, settings: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        phonons(_copper(), **({"potential": EMT_NAME, "out": tmp_path / "run"} | settings))
    assert not (tmp_path / "run").exists()


def test_born_charges_are_read_before_any_work_and_may_come_later(copper: Path, tmp_path: Path) -> None:
    """Without charges a metal's modes stay where they are, in every direction; a file that does not fit is refused."""
    run, born = tmp_path / "run", tmp_path / "BORN"
    shutil.copytree(copper, run)
    arguments = {"potential": EMT_NAME, "out": run, "temperatures_K": [0, 100, 300, 600], "max_atoms": 130, "cores": 1}
    born.write_text("14.4\n2 0 0 0 2 0 0 0 2\n" + 2 * "0 0 0 0 0 0 0 0 0\n")
    with pytest.raises(InputError, match=r"BORN.*no Born charges of Cu: Too many atoms"):
        phonons(_copper(), born=born, **arguments)
    without = phonons(_copper(), **arguments)
    before = (run / "result.json").read_bytes()
    born.write_text("14.4\n2 0 0 0 2 0 0 0 2\n0 0 0 0 0 0 0 0 0\n")
    record = phonons(_copper(), born=born, **arguments)
    assert (run / "result.json").read_bytes() != before  # made again, from the forces that are there
    for row, plain in zip(record.thermal, without.thermal, strict=True):
        assert row.free_energy_eV_per_atom.value == pytest.approx(plain.free_energy_eV_per_atom.value, abs=1e-9)
    gamma = np.genfromtxt(run / "gamma.csv", delimiter=",", names=True)
    for axis in "abc":
        np.testing.assert_allclose(gamma[f"along_{axis}_star_per_cm"], gamma["wavenumber_per_cm"], atol=0.5)
    assert (gamma["parity"] == -1).all()  # translations
    assert "Born charges are given" in (run / "report.html").read_text()
    assert [label.name for label in record.band_labels][-1] == "X"
    ticks = [tick.get_text() for tick in record.plot()["bands"].axes[0].get_xticklabels()]
    assert ticks == ["Γ", "X", "U|K", "Γ", "L", "W", "X"]


def test_supercells_grow_until_they_are_too_large() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    assert choose_supercells(atoms, "auto", max_atoms=600) == ((2, 2, 2), (3, 3, 3), (4, 4, 4))
    assert choose_supercells(atoms, "3x2x1", max_atoms=10) == ((2, 1, 1), (3, 2, 1))
    assert choose_supercells(atoms, (1, 1, 1), max_atoms=10) == ((1, 1, 1),)
    with pytest.raises(SettingsError, match="64 atoms"):
        choose_supercells(atoms, "auto", max_atoms=20)


def test_record_is_json_with_the_contract_s_form(copper: Path) -> None:
    document = json.loads((copper / "result.json").read_text(encoding="utf-8"))
    assert document["kind"] == "phonons"
    assert set(document["thermal"][0]["free_energy_eV_per_atom"]) == {"value", "std"}
