"""Molecular dynamics: the right ensemble, and a continued run equals the unbroken one."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from paddlewheel.dynamics import MDRun, MDSettings
from paddlewheel.studies.simulation.settings import DynamicsSettings
from paddlewheel.units import BOLTZMANN_eV_PER_K


class Springs(Calculator):
    """Each atom on a spring to its starting place, plus a bulk modulus: a function of positions and cell alone, with
    known averages. Springs act on fractional displacements, so that the cell carries them along."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, atoms: Atoms, *, constant_eV_per_A2: float = 1.0) -> None:
        super().__init__()
        self._sites = atoms.get_positions()
        self._constant = constant_eV_per_A2

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        shift = self.atoms.positions - self._sites
        energy = 0.5 * self._constant * float((shift**2).sum())
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": -self._constant * shift,
            "stress": np.zeros(6),
        }


def _crystal() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
    return atoms


def _settings(ensemble: str, **more: float | str) -> MDSettings:
    values: dict[str, float | str] = {
        "temperature_K": 40.0,
        "timestep_fs": 2.0,
        "equilibrate_ps": 0.0,
        "production_ps": 0.4,
    } | more
    return MDSettings(ensemble=ensemble, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("equilibrate_ps", [0.0, 0.1])  # the state is of the production, or of the equilibration
@pytest.mark.parametrize(
    ("ensemble", "barostat"),
    [("nvt", "mtk"), ("npt", "mtk"), ("npt", "rescaling"), ("nve", "mtk"), ("langevin", "mtk")],
)
def test_continued_run_equals_the_unbroken_one_to_the_bit(ensemble: str, barostat: str, equilibrate_ps: float) -> None:
    atoms = _crystal()
    settings = _settings(ensemble, equilibrate_ps=equilibrate_ps, production_ps=0.3, barostat=barostat)
    whole = MDRun(atoms, Springs(atoms), settings)
    state = None
    for _ in range(100):
        whole.step()
        if whole.step_number == 37:  # between two frames
            state = whole.state()
    assert state is not None
    continued = MDRun(atoms, Springs(atoms), settings, state=state)
    frame = None
    while continued.step_number < 100:
        frame = continued.step()
    assert frame is not None
    np.testing.assert_array_equal(frame.positions_A, whole.first_frame().positions_A)
    np.testing.assert_array_equal(continued.state()["momenta"], whole.state()["momenta"])
    np.testing.assert_array_equal(continued.state()["cell_A"], whole.state()["cell_A"])
    ends = [run.first_frame().thermo["conserved_energy_eV"] for run in (continued, whole)]
    assert ends[0] == ends[1] or np.isnan(ends).all()  # Langevin has none


def test_same_seed_same_run_other_seed_other_run() -> None:
    atoms = _crystal()
    frames = []
    for seed in (1, 1, 2):
        run = MDRun(atoms, Springs(atoms), _settings("langevin", seed=seed))
        for _ in range(20):
            run.step()
        frames.append(run.first_frame().positions_A)
    np.testing.assert_array_equal(frames[0], frames[1])
    assert np.abs(frames[0] - frames[2]).max() > 1e-3


def test_velocity_verlet_conserves_the_energy_of_a_crystal() -> None:
    atoms = _crystal()
    run = MDRun(
        atoms, LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, smooth=True), _settings("nve", production_ps=2.0)
    )
    energies = [run.first_frame().thermo["conserved_energy_eV"]]
    while not run.finished:
        frame = run.step()
        if frame:
            energies.append(frame.thermo["conserved_energy_eV"])
    drift = np.polyfit(np.arange(len(energies)) * 0.01, energies, 1)[0] / len(atoms)
    # second-order integrator: the bound is the issue's, 0.5 meV/atom/ps; the truth is zero
    assert abs(drift) < 5e-5


@pytest.mark.parametrize("ensemble", ["nvt", "langevin"])
def test_thermostat_gives_the_temperature_of_3n_minus_3_degrees_of_freedom(ensemble: str) -> None:
    # 4 atoms make the difference between 3N and 3N - 3 a third; springs on relative displacements keep the momentum
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True)

    class Relative(Springs):
        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
            Calculator.calculate(self, atoms, properties, system_changes)
            shift = self.atoms.positions - self._sites
            shift = shift - shift.mean(axis=0)
            # unequal springs and a quartic term: a chain of equal harmonic oscillators is not ergodic
            energy = 0.5 * float((shift**2).sum()) + 2.0 * float((shift**4).sum())
            forces = -shift - 8.0 * shift**3
            forces -= forces.mean(axis=0)
            self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": np.zeros(6)}

    run = MDRun(atoms, Relative(atoms), _settings(ensemble, temperature_K=300.0, production_ps=24.0))
    temperatures = []
    while not run.finished:
        frame = run.step()
        if frame:
            temperatures.append(frame.thermo["temperature_K"])
    blocks = np.array([part.mean() for part in np.array_split(temperatures, 20)])
    error = blocks.std(ddof=1) / np.sqrt(len(blocks))
    # counting 3N would show 300 * 12/9 = 400 K
    assert abs(blocks.mean() - 300) < 4 * error + 3
    assert error < 30


def test_momentum_starts_and_stays_zero() -> None:
    atoms = _crystal()
    run = MDRun(atoms, LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, smooth=True), _settings("nvt"))
    for _ in range(50):
        run.step()
    momenta = run.state()["momenta"]
    assert np.abs(momenta.sum(axis=0)).max() < 1e-9 * np.abs(momenta).max() * len(atoms)


def test_npt_relaxes_a_compressed_crystal_towards_zero_pressure() -> None:
    atoms = bulk("Ar", "fcc", a=5.2, cubic=True) * (2, 2, 2)
    settings = _settings("npt", temperature_K=20.0, timestep_fs=5.0, frame_interval_fs=20.0, production_ps=6.0)
    run = MDRun(atoms, LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, smooth=True), settings)
    first = run.first_frame().thermo["pressure_GPa"]
    late = []
    while not run.finished:
        frame = run.step()
        if frame and run.step_number > settings.n_steps // 2:
            late.append(frame.thermo["pressure_GPa"])
    assert abs(np.mean(late)) < 0.15 * abs(first)


def test_forces_of_an_unrelaxed_start_are_taken_out() -> None:
    atoms = _crystal()
    atoms.positions[0] += 1.3  # onto its neighbour
    run = MDRun(atoms, LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, smooth=True), _settings("nve"))
    assert run.relaxed_max_force_eV_per_A is not None
    assert run.relaxed_max_force_eV_per_A <= 5.0  # half of the limit


def test_start_at_rest_has_the_temperature_asked_for_after_equipartition() -> None:
    # NVE keeps what it was given: of 2 T in a harmonic minimum, T is left; a start with thermal forces gets T
    atoms = _crystal()
    run = MDRun(atoms, Springs(atoms), _settings("nve", temperature_K=200.0, production_ps=4.0))
    kinetic = [run.first_frame().thermo["temperature_K"]]
    while not run.finished:
        frame = run.step()
        if frame:
            kinetic.append(frame.thermo["temperature_K"])
    # 93 momenta: the temperature of one draw scatters by sqrt(2/93) = 15 %
    assert kinetic[0] == pytest.approx(400, rel=0.45)
    assert np.mean(kinetic[100:]) == pytest.approx(kinetic[0] / 2, rel=0.1)
    shaken = _crystal()
    shaken.rattle(0.5, seed=1)
    warm = MDRun(shaken, Springs(atoms), _settings("nve", temperature_K=200.0))
    assert warm.first_frame().thermo["temperature_K"] == pytest.approx(200, rel=0.45)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nve_runs_at_the_temperature_asked_for(seed: int) -> None:
    """Half of a thermal start's kinetic energy may be missing or twice there: the thermostat sets it, then lets go."""
    atoms = _crystal()
    springs = Springs(atoms)
    settings = _settings("nve", temperature_K=300.0, equilibrate_ps=4.0, production_ps=2.0, seed=seed)
    start = atoms.copy()
    start.rattle(0.05, seed=seed)  # too cold a place: velocities at 300 K alone leave about 200 K
    run = MDRun(start, springs, settings)
    production = []
    while not run.finished:
        frame = run.step()
        if frame and run.step_number >= settings.n_equilibration_steps:
            production.append(frame.thermo)
    conserved = [thermo["conserved_energy_eV"] for thermo in production]
    # the total energy is a mean over 2 ps of thermostat: a few per cent; that of an instant scatters by 10 % (96 modes)
    assert np.mean([thermo["temperature_K"] for thermo in production]) == pytest.approx(300, rel=0.05)
    assert np.ptp(conserved) < 1e-3 * abs(conserved[0])  # of the production alone: no jump of a thermostat's energy


def test_langevin_of_transport_forgets_a_velocity_in_ten_picoseconds() -> None:
    """Free atoms: <v(0).v(t)> / <v^2> = exp(-friction t), 0.67 after 4 ps at 0.1/ps; at 10/ps it is exp(-40)."""

    class Free(Springs):
        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
            Calculator.calculate(self, atoms, properties, system_changes)
            forces = np.zeros((len(self.atoms), 3))
            self.results = {"energy": 0.0, "free_energy": 0.0, "forces": forces, "stress": np.zeros(6)}

    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * (5, 5, 5)
    settings = DynamicsSettings(
        ensemble="langevin", timestep_fs=5.0, equilibrate_ps=1.0, production_ps=4.0
    ).dynamics(temperature_K=300.0)  # fmt: skip
    run = MDRun(atoms, Free(atoms), settings)
    momenta = {}
    while not run.finished:
        run.step()
        if run.step_number in (settings.n_equilibration_steps, settings.n_steps):
            momenta[run.step_number] = run.state()["momenta"]
    first, last = momenta.values()
    correlation = float(np.vdot(first, last)) / np.linalg.norm(first) / np.linalg.norm(last)
    assert correlation == pytest.approx(np.exp(-0.4), abs=4 / np.sqrt(first.size))  # 1500 components: 0.1
    assert np.vdot(first, first / atoms.get_masses()[:, None]) / (first.size - 3) == pytest.approx(
        BOLTZMANN_eV_PER_K * 300, rel=0.15
    )
