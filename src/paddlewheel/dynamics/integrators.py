"""Integrators of the ensembles: the same algorithms as ASE's, on arrays, with one evaluation a step.

All but `CellRescalingNPT` are ASE's `VelocityVerlet`, `NoseHooverChainNVT`, `MTKNPT` and `Langevin` restated (a test
holds them to ASE's trajectories), because ASE's own cost 0.7 to 1.3 ms a step at 128 atoms, as much as a fast
potential. The total momentum is zero, so there are 3N - 3 degrees of freedom; ASE counts 3N, which would heat the atoms
by a factor N/(N-1) (0.8 % for 128 atoms). A cell momentum that stays symmetric has 6, d(d+1)/2; ASE counts 9, at which
the cell runs at 1.5 T and the variances of volume and angles come out too large. Units are ASE's: A, eV, u, and
A sqrt(u/eV).
"""

from __future__ import annotations

import json
import math

import numpy as np

from paddlewheel.dynamics.chain import NoseHooverChain, exponential
from paddlewheel.dynamics.evaluation import Evaluation, Evaluator

State = dict[str, np.ndarray]
"""Everything that decides the next step, exactly: float64 arrays (and the random generator of Langevin)."""


CELL_DEGREES = "cell_degrees"
"""In the state of `MartynaTobiasKleinNPT`: the degrees of freedom of the cell that its thermostat counts (9 where a
state lacks it)."""
_IDENTITY = np.eye(3)
_CELL_DEGREES = 6
"""Degrees of freedom of a flexible cell: its momentum starts symmetric and the forces on it are, so it never turns."""


class Integrator:
    """What all ensembles share: where the atoms are, and the evaluation there. By itself velocity Verlet (NVE).

    Parameters
    ----------
    positions, momenta, cell
        [n_atoms, 3], [n_atoms, 3], [3, 3]; changed in place.
    masses
        [n_atoms] (u).
    evaluate
        See `paddlewheel.dynamics.evaluation.Evaluator`.
    timestep
        In ASE's unit.
    """

    needs_stress = False

    def __init__(
        self, positions: np.ndarray, momenta: np.ndarray, cell: np.ndarray, masses: np.ndarray, evaluate: Evaluator,
        timestep: float,
    ) -> None:  # fmt: skip
        self.positions: np.ndarray = positions
        self.momenta: np.ndarray = momenta
        self.cell: np.ndarray = cell
        self.masses = masses[:, None]
        self.dt = timestep
        self.has_stress = evaluate.has_stress
        self._evaluate = evaluate
        self._last: Evaluation | None = None

    def evaluation(self, *, stress: bool = False) -> Evaluation:
        """What the potential says where the atoms are now; asked for once, and again only for a stress not had."""
        if self._last is None or (stress and self.has_stress and self._last.stress_eV_per_A3 is None):
            self._last = self._evaluate(self.positions, self.cell, stress=stress or self.needs_stress)
        return self._last

    def step(self, *, stress: bool) -> None:
        """One time step; `stress` where that of the new configuration will be asked for."""
        self.momenta += 0.5 * self.dt * self.evaluation().forces_eV_per_A
        self.positions += self.dt * self.momenta / self.masses
        self._last = None
        self.momenta += 0.5 * self.dt * self.evaluation(stress=stress).forces_eV_per_A

    def kinetic_energy(self) -> float:
        """Kinetic energy (eV)."""
        return 0.5 * float(np.vdot(self.momenta, self.momenta / self.masses))

    def volume(self) -> float:
        """Volume of the cell (A3)."""
        (a, b, c), (d, e, f), (g, h, i) = self.cell.tolist()
        return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))

    def pressure(self) -> float:
        """Pressure (eV/A3), kinetic part included; nan where the calculator has no stress."""
        stress = self.evaluation(stress=True).stress_eV_per_A3
        if stress is None:
            return math.nan
        return (2 * self.kinetic_energy() / self.volume() - float(np.trace(stress))) / 3

    def conserved_energy(self) -> float:
        """The quantity the ensemble conserves (eV); nan for Langevin, which has none."""
        last = self.evaluation()
        potential = last.energy_eV if math.isnan(last.free_energy_eV) else last.free_energy_eV
        return potential + self.kinetic_energy() + self._reservoir_energy()

    def _reservoir_energy(self) -> float:
        return 0.0

    def state(self) -> State:
        """The whole state."""
        return {"positions_A": self.positions.copy(), "momenta": self.momenta.copy(), "cell_A": self.cell.copy()}

    def restore(self, state: State) -> None:
        """Go on from a state of the same ensemble and settings."""
        self.positions[:], self.momenta[:], self.cell[:] = state["positions_A"], state["momenta"], state["cell_A"]
        self._last = None


class NoseHooverNVT(Integrator):
    """Nose-Hoover chain of three (Martyna, Klein, Tuckerman, doi 10.1063/1.463940)."""

    def __init__(self, *arrays, kT: float, thermostat_time: float, **more) -> None:
        super().__init__(*arrays, **more)
        n_atoms = len(self.masses)
        self._thermostat = NoseHooverChain(
            n_degrees=3 * n_atoms - 3, first_mass=3 * n_atoms * kT * thermostat_time**2, kT=kT, time=thermostat_time
        )

    def step(self, *, stress: bool) -> None:
        """One time step."""
        self._thermalize()
        super().step(stress=stress)
        self._thermalize()

    def _thermalize(self) -> None:
        factor = self._thermostat.advance(2 * self.kinetic_energy(), self.dt / 2)
        self.momenta[:] *= factor

    def _reservoir_energy(self) -> float:
        return self._thermostat.energy()

    def state(self) -> State:
        """The whole state."""
        return super().state() | {"thermostat": self._thermostat.state()}

    def restore(self, state: State) -> None:
        """Go on from a state of the same ensemble and settings."""
        super().restore(state)
        self._thermostat.restore(state["thermostat"])


class MartynaTobiasKleinNPT(NoseHooverNVT):
    """Fully flexible cell that does not turn, under a hydrostatic pressure (Martyna, Tobias, Klein,
    doi 10.1063/1.467468)."""

    needs_stress = True

    def __init__(self, *arrays, kT: float, barostat_time: float, pressure: float, **more) -> None:
        super().__init__(*arrays, kT=kT, **more)
        self._target = pressure
        self._cell_mass = (len(self.masses) + 1) * kT * barostat_time**2
        self._barostat = NoseHooverChain(
            n_degrees=_CELL_DEGREES, first_mass=_CELL_DEGREES * kT * barostat_time**2, kT=kT, time=barostat_time
        )
        self._cell_momenta = np.zeros((3, 3))

    def step(self, *, stress: bool) -> None:
        """One time step."""
        half = self.dt / 2
        self._turn_barostat()
        self._thermalize()
        self._push_cell()
        stretch, push, drag, kick = self._propagators()
        self.momenta[:] = self.momenta @ drag + half * (self.evaluation().forces_eV_per_A @ kick)
        self.positions[:] = self.positions @ stretch + self.dt * ((self.momenta / self.masses) @ push)
        self.cell[:] = self.cell @ stretch
        self._last = None
        self.momenta[:] = self.momenta @ drag + half * (self.evaluation().forces_eV_per_A @ kick)
        self._push_cell()
        self._thermalize()
        self._turn_barostat()

    def _turn_barostat(self) -> None:
        energy = float(np.vdot(self._cell_momenta, self._cell_momenta)) / self._cell_mass
        self._cell_momenta *= self._barostat.advance(energy, self.dt / 2)

    def _push_cell(self) -> None:
        """Half a step of the cell's momenta under the inner pressure tensor less the target."""
        stress = self.evaluation().stress_eV_per_A3
        assert stress is not None  # `make_integrator` refuses calculators without
        kinetic = self.momenta.T @ (self.momenta / self.masses)
        volume = self.volume()
        force = kinetic - volume * stress
        mean = float(np.trace(kinetic)) / (3 * len(self.masses) - 3)
        self._cell_momenta += self.dt / 2 * (force + (mean - volume * self._target) * _IDENTITY)

    def _propagators(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Matrices that carry positions and cell, velocities to positions, momenta, and forces to momenta."""
        if not np.isfinite(self._cell_momenta).all():  # of a run that exploded; no eigenvalues
            broken = np.full((3, 3), np.nan)
            return broken, broken, broken, broken
        rates, axes = np.linalg.eigh(self._cell_momenta)
        growth = (rates * (self.dt / self._cell_mass)).tolist()
        shrink = sum(growth) / (3 * len(self.masses) - 3)
        decay = [-(value + shrink) / 2 for value in growth]
        stretch, push = _along(axes, [exponential(value) for value in growth]), _along(axes, _mean_exponentials(growth))
        drag, kick = _along(axes, [exponential(value) for value in decay]), _along(axes, _mean_exponentials(decay))
        return stretch, push, drag, kick

    def _reservoir_energy(self) -> float:
        cell = float(np.vdot(self._cell_momenta, self._cell_momenta)) / (2 * self._cell_mass)
        return super()._reservoir_energy() + self._barostat.energy() + cell + self._target * self.volume()

    def state(self) -> State:
        """The whole state."""
        own = {"barostat": self._barostat.state(), "cell_momenta": self._cell_momenta.copy()}
        return super().state() | own | {CELL_DEGREES: np.array(_CELL_DEGREES)}

    def restore(self, state: State) -> None:
        """Go on from a state of the same ensemble and settings."""
        super().restore(state)
        self._barostat.restore(state["barostat"])
        self._cell_momenta[:] = state["cell_momenta"]


class CellRescalingNPT(NoseHooverNVT):
    """Stochastic cell rescaling of a fully flexible cell that does not turn, under a hydrostatic pressure (Bernetti,
    Bussi, doi 10.1063/5.0020514; anisotropic: Del Tatto, Raiteri, Bernetti, Bussi, doi 10.3390/app12031139).

    Of first order: the cell h has no momentum and cannot oscillate. A strain M, h -> h exp(M), follows the pressure
    tensor P in excess of the target, with the noise that belongs to it:

        M = beta / (3 tau) [(P - P0) dt + sqrt(6 tau kT dt / (beta V)) (N + N^T) / 2],    N of nine normal numbers.

    Momenta are strained by exp(-M), so that volumes of phase space stay. The volume relaxes in tau / (beta K), K the
    bulk modulus, which is `barostat_time` where the compressibility is the true one; what it samples depends on
    neither. P is that of the start of the step, so that a step needs one evaluation. The conserved energy is what is
    left when the work of the cell's heat bath is taken off, -V (P - P0) : M at the mean of both ends of the step.

    Parameters
    ----------
    compressibility
        A guess of it (A3/eV).
    """

    needs_stress = True

    def __init__(
        self, *arrays, kT: float, barostat_time: float, pressure: float, compressibility: float,
        rng: np.random.Generator, **more,
    ) -> None:  # fmt: skip
        super().__init__(*arrays, kT=kT, **more)
        self._kT, self._target, self._rng = kT, pressure, rng
        self._rate = compressibility / (3 * barostat_time)
        self._work = 0.0

    def step(self, *, stress: bool) -> None:
        """One time step."""
        half = self.dt / 2
        self._thermalize()
        pull = self._pull()
        strain = self._strain(pull)
        stretch, shrink = self._stretches(strain)
        momenta = self.momenta + half * self.evaluation().forces_eV_per_A
        self.positions[:] = (self.positions + self.dt * momenta / self.masses) @ stretch
        self.momenta[:] = momenta @ shrink
        self.cell[:] = self.cell @ stretch
        self._last = None
        self.momenta += half * self.evaluation().forces_eV_per_A
        self._work -= float(np.vdot(pull + self._pull(), strain)) / 2
        self._thermalize()

    def _pull(self) -> np.ndarray:
        """V (P - P0) [3, 3] (eV): what the strain lowers the enthalpy by."""
        stress = self.evaluation().stress_eV_per_A3
        assert stress is not None  # `make_integrator` refuses calculators without
        kinetic = self.momenta.T @ (self.momenta / self.masses)
        return kinetic - self.volume() * (stress + self._target * _IDENTITY)

    def _strain(self, pull: np.ndarray) -> np.ndarray:
        noise = self._rng.standard_normal((3, 3))
        mobility = self._rate * self.dt / self.volume()
        return mobility * pull + math.sqrt(2 * mobility * self._kT) * (noise + noise.T) / 2

    def _stretches(self, strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """exp(M) and exp(-M)."""
        if not np.isfinite(strain).all():  # of a run that exploded; no eigenvalues
            broken = np.full((3, 3), np.nan)
            return broken, broken
        rates, axes = np.linalg.eigh(strain)
        return _along(axes, [exponential(rate) for rate in rates]), _along(axes, [exponential(-rate) for rate in rates])

    def _reservoir_energy(self) -> float:
        return super()._reservoir_energy() + self._target * self.volume() - self._work

    def state(self) -> State:
        """The whole state."""
        own = {"rescaling_work_eV": np.array(self._work), "rng": np.array(json.dumps(self._rng.bit_generator.state))}
        return super().state() | own

    def restore(self, state: State) -> None:
        """Go on from a state of the same ensemble and settings."""
        super().restore(state)
        self._work = float(state["rescaling_work_eV"])
        self._rng.bit_generator.state = json.loads(str(state["rng"]))


class Langevin(Integrator):
    """Vanden-Eijnden and Ciccotti (doi 10.1016/j.cplett.2006.07.086), the centre of mass held."""

    def __init__(self, *arrays, kT: float, friction: float, rng: np.random.Generator, **more) -> None:
        super().__init__(*arrays, **more)
        dt, sigma = self.dt, np.sqrt(2 * kT * friction / self.masses)
        self._rng = rng
        self._from_force = dt / 2 - dt * dt * friction / 8
        self._from_velocity = dt * friction / 2 - dt * dt * friction * friction / 8
        self._noise = math.sqrt(dt) * sigma / 2 - dt**1.5 * friction * sigma / 8
        self._place_noise = dt**1.5 * sigma / (2 * math.sqrt(3))
        self._cross_noise = friction / 2 * self._place_noise
        self._shares = self.masses / self.masses.sum()

    def step(self, *, stress: bool) -> None:
        """One time step."""
        first = self._rng.standard_normal(self.positions.shape)
        second = self._rng.standard_normal(self.positions.shape)
        place_noise = self._place_noise * second
        noise = self._noise * first - self._cross_noise * second
        velocities = self.momenta / self.masses
        velocities += self._change(velocities, self.evaluation(), noise)
        moved = self.dt * velocities + place_noise
        moved -= (self._shares * moved).sum(axis=0)
        self.positions += moved
        self._last = None
        velocities = (moved - place_noise) / self.dt
        velocities += self._change(velocities, self.evaluation(stress=stress), noise)
        self.momenta[:] = self.masses * (velocities - (self._shares * velocities).sum(axis=0))

    def _change(self, velocities: np.ndarray, here: Evaluation, noise: np.ndarray) -> np.ndarray:
        return self._from_force * here.forces_eV_per_A / self.masses - self._from_velocity * velocities + noise

    def _reservoir_energy(self) -> float:
        return math.nan

    def state(self) -> State:
        """The whole state."""
        return super().state() | {"rng": np.array(json.dumps(self._rng.bit_generator.state))}

    def restore(self, state: State) -> None:
        """Go on from a state of the same ensemble and settings."""
        super().restore(state)
        self._rng.bit_generator.state = json.loads(str(state["rng"]))


def _along(axes: np.ndarray, values: list[float]) -> np.ndarray:
    """The symmetric matrix with these eigenvalues along the columns of `axes`."""
    return (axes * values) @ axes.T


def _mean_exponentials(exponents: list[float]) -> list[float]:
    """(exp(x) - 1) / x, the mean of exp between 0 and x."""
    return [math.expm1(min(x, 700.0)) / x if x else 1.0 for x in exponents]
