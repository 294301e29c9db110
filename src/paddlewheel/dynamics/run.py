"""One molecular-dynamics run as a resumable object: it steps, yields frames, and gives its whole state.

It knows nothing of files: who drives it (studies) stores the frames and the state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.dynamics.ensembles import make_integrator
from paddlewheel.dynamics.evaluation import Evaluation, Evaluator
from paddlewheel.dynamics.extrapolation import ExtrapolatingFrame, ExtrapolationWatch
from paddlewheel.dynamics.integrators import State
from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.units import BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class MDFrame:
    """One kept frame: unwrapped `positions_A` [n_atoms, 3], `cell_A` [3, 3] and the thermodynamic columns.

    The column `extrapolation_grade` is the largest of all steps since the last frame, nan where none is given.
    """

    step: int
    positions_A: np.ndarray
    cell_A: np.ndarray
    thermo: dict[str, float]


AT_REST_eV_PER_A = 0.3
"""Thermal forces are larger: in o-NBH at 300 K their rms component is about 0.6 eV/A."""


class MDRun:
    """Molecular dynamics of `atoms` under `settings`, one step at a time.

    Velocities are drawn with zero total momentum at the temperature asked for; at twice that where the start is at rest
    (rms force under `AT_REST_eV_PER_A`), since half of the kinetic energy of a minimum goes into its potential
    within a fraction of a picosecond.

    The equilibration has a thermostat in every ensemble. An ``nve`` run is released after it, with the total energy
    that it had on average over the second half of it, since the energy of an instant scatters: by T / sqrt(3N) of
    temperature, 40 K of 800 K for 128 atoms. A ``langevin`` run is released to its own friction.

    Deterministic: the same atoms, calculator, settings and seed give the same trajectory, and a run continued from
    `state()` gives the frames that the unbroken run gives, provided that the calculator's answer is a function of
    the positions and the cell alone.

    Parameters
    ----------
    atoms
        Starting structure; it is copied.
    calculator
        Any ASE calculator with energy and forces (and stress for ``npt``).
    settings
        See `MDSettings`.
    state
        A state given by `state()` of a run with the same arguments, to go on from there.
    """

    def __init__(self, atoms: Atoms, calculator: Calculator, settings: MDSettings, state: State | None = None) -> None:
        self.settings = settings
        self.step_number = 0
        self.relaxed_max_force_eV_per_A: float | None = None
        self.extrapolation = ExtrapolationWatch(settings)
        self._kept: list[ExtrapolatingFrame] = []
        self._atoms = atoms.copy()
        self._atoms.set_constraint()
        if state is None:
            self._atoms.calc = calculator
            self._prepare()
            self._atoms.calc = None
        self._evaluator = Evaluator(self._atoms, calculator)
        self._energies_eV: list[float] = [0.0, 0.0]
        """Sum and number of the total energies in the second half of the equilibration."""
        self._to_release = settings.ensemble in ("nve", "langevin") and settings.n_equilibration_steps > 0
        if state is not None:  # a checkpoint of before 0.1.0 has no thermostat, and nothing to release from
            self._to_release = bool(state.get("to_release", False))
        self._md = make_integrator(self._atoms, self._evaluator, settings, equilibrates=self._to_release)
        if state is None:
            self.extrapolation.look(0, self._here().extrapolation_grade)
        else:
            self._restore(state)

    def _restore(self, state: State) -> None:
        self._md.restore(state)
        self.extrapolation.restore(state)
        self._energies_eV = state.get("equilibration_energies_eV", np.zeros(2)).tolist()
        self.step_number = int(state["step_number"])
        relaxed = float(state["relaxed_max_force_eV_per_A"])
        self.relaxed_max_force_eV_per_A = None if math.isnan(relaxed) else relaxed

    def _prepare(self) -> None:
        """Take the worst forces out of an unrelaxed start, then draw velocities."""
        from ase.md.velocitydistribution import Stationary, thermalize_momenta
        from ase.optimize import FIRE

        limit = self.settings.relax_above_eV_per_A
        if limit and np.abs(self._atoms.get_forces()).max() > limit:
            FIRE(self._atoms, logfile=None).run(fmax=limit / 2, steps=300)  # type: ignore[arg-type]
            self.relaxed_max_force_eV_per_A = float(np.abs(self._atoms.get_forces()).max())
        rng = np.random.Generator(np.random.PCG64([self.settings.seed, 0]))
        at_rest = float(np.sqrt(np.mean(self._atoms.get_forces() ** 2))) < AT_REST_eV_PER_A
        drawn_K = self.settings.temperature_K * (2 if at_rest else 1)
        thermalize_momenta(self._atoms, temperature_K=drawn_K, rng=rng)
        Stationary(self._atoms, preserve_temperature=False)  # leaves the Maxwell distribution of 3N - 3 momenta

    @property
    def finished(self) -> bool:
        """True when all steps are done."""
        return self.step_number >= self.settings.n_steps

    def first_frame(self) -> MDFrame:
        """The frame at step 0, before any step."""
        return self._frame()

    def step(self) -> MDFrame | None:
        """Do one time step; return a frame where one is due, or at once where the energy is no number any more."""
        self.step_number += 1
        due = self._frame_is_due()
        self._md.step(stress=due)
        if self._to_release:
            self._look_to_release()
        here = self._here()
        grade = here.extrapolation_grade
        if grade == grade and self.extrapolation.look(self.step_number, grade):  # not nan: the potential gives one
            self._keep(grade)
        return self._frame() if due or not math.isfinite(here.energy_eV) else None

    def _look_to_release(self) -> None:
        """Take note of the total energy; after the equilibration go over to the ensemble's own integrator."""
        n_steps, md = self.settings.n_equilibration_steps, self._md
        potential_eV = md.evaluation().energy_eV
        if 2 * self.step_number > n_steps:
            self._energies_eV[0] += potential_eV + md.kinetic_energy()
            self._energies_eV[1] += 1
        if self.step_number < n_steps:
            return
        self._to_release = False
        momenta = md.momenta
        if self.settings.ensemble == "nve":
            wanted_eV = self._energies_eV[0] / self._energies_eV[1] - potential_eV
            if wanted_eV > 0:  # else the barrier of the instant is above the mean energy: released as it is
                momenta = momenta * math.sqrt(wanted_eV / md.kinetic_energy())
        self._atoms.set_positions(md.positions)
        self._atoms.set_momenta(momenta)
        self._md = make_integrator(self._atoms, self._evaluator, self.settings)

    def take_extrapolating(self) -> list[ExtrapolatingFrame]:
        """The frames past the threshold since this was last asked for (see `paddlewheel.dynamics.extrapolation`)."""
        kept, self._kept = self._kept, []
        return kept

    def state(self) -> State:
        """The whole state, for `MDRun(..., state=...)`; the frames that `take_extrapolating` gives are not in it."""
        relaxed = self.relaxed_max_force_eV_per_A
        own = {
            "step_number": np.array(self.step_number),
            "relaxed_max_force_eV_per_A": np.array(math.nan if relaxed is None else relaxed),
            "to_release": np.array(self._to_release),
            "equilibration_energies_eV": np.array(self._energies_eV),
        }
        return self._md.state() | self.extrapolation.state() | own

    def _frame_is_due(self) -> bool:
        return self.step_number % self.settings.steps_per_frame == 0

    def _here(self) -> Evaluation:
        return self._md.evaluation(stress=self._frame_is_due())

    def _keep(self, grade: float) -> None:
        md = self._md
        self._kept.append(
            ExtrapolatingFrame(
                self.step_number, grade, self._temperature_K(), md.positions.copy(), md.cell.copy()
            )
        )  # fmt: skip

    def _temperature_K(self) -> float:
        return 2 * self._md.kinetic_energy() / ((3 * len(self._atoms) - 3) * BOLTZMANN_eV_PER_K)

    def _frame(self) -> MDFrame:
        md = self._md
        return MDFrame(
            step=self.step_number,
            positions_A=md.positions.copy(),
            cell_A=md.cell.copy(),
            thermo={
                "temperature_K": self._temperature_K(),
                "potential_energy_eV": self._here().energy_eV,
                "kinetic_energy_eV": md.kinetic_energy(),
                "conserved_energy_eV": md.conserved_energy(),
                "pressure_GPa": md.pressure() * eV_PER_A3_IN_GPA,
                "volume_A3": md.volume(),
                "extrapolation_grade": self.extrapolation.take_max_since_frame(),
            },
        )
