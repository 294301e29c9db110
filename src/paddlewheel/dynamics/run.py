"""One molecular-dynamics run as a resumable object: it steps, yields frames, and gives its whole state.

It knows nothing of files: who drives it (studies) stores the frames and the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.dynamics.ensembles import (
    State,
    conserved_energy_eV,
    integrator_state,
    make_integrator,
    restore_integrator,
)
from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class MDFrame:
    """One kept frame: unwrapped `positions_A` [n_atoms, 3], `cell_A` [3, 3] and the thermodynamic columns."""

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
        self._atoms = atoms.copy()
        self._atoms.set_constraint()
        self._atoms.calc = calculator
        self._has_stress = "stress" in getattr(calculator, "implemented_properties", ())
        if state is None:
            self._prepare()
        self._md = make_integrator(self._atoms, settings)
        if state is not None:
            restore_integrator(self._md, state)
            self.step_number = int(state["step_number"])
            relaxed = float(state["relaxed_max_force_eV_per_A"])
            self.relaxed_max_force_eV_per_A = None if np.isnan(relaxed) else relaxed

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
        """Do one time step; return a frame where one is due."""
        self._md.step()
        self.step_number += 1
        return self._frame() if self.step_number % self.settings.steps_per_frame == 0 else None

    def state(self) -> State:
        """The whole state, for `MDRun(..., state=...)`."""
        relaxed = self.relaxed_max_force_eV_per_A
        return integrator_state(self._md) | {
            "step_number": np.array(self.step_number),
            "relaxed_max_force_eV_per_A": np.array(np.nan if relaxed is None else relaxed),
        }

    def _frame(self) -> MDFrame:
        from ase import units

        atoms = self._atoms
        kinetic = float(atoms.get_kinetic_energy())
        pressure = float("nan")
        if self._has_stress:
            pressure = -float(np.trace(atoms.get_stress(voigt=False, include_ideal_gas=True))) / 3 * eV_PER_A3_IN_GPA
        return MDFrame(
            step=self.step_number,
            positions_A=atoms.get_positions(),
            cell_A=np.array(atoms.cell),
            thermo={
                "temperature_K": 2 * kinetic / ((3 * len(atoms) - 3) * units.kB),
                "potential_energy_eV": float(atoms.get_potential_energy()),
                "kinetic_energy_eV": kinetic,
                "conserved_energy_eV": conserved_energy_eV(self._md),
                "pressure_GPa": pressure,
                "volume_A3": float(atoms.get_volume()),
            },
        )
