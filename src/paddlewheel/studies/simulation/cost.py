"""What a potential costs, measured on a few evaluations or steps of dynamics: for ``--dry-run``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDRun, MDSettings
from paddlewheel.studies.simulation.potentials import loaded_potential
from paddlewheel.study.forecast import MEASURED_S

if TYPE_CHECKING:
    from ase import Atoms

_MOMENT_S = 2.0
_FEW_TIMES, _MOST_TIMES = 10, 100
"""Cheap work is repeated until it can be timed: neighbour lists are made anew once in many steps."""
_TIMED_S = 0.5


class Cost:
    """The seconds of one core that a potential takes, loaded once; nothing is written.

    Parameters
    ----------
    potential
        As `potentials.potential_document` has it.
    """

    def __init__(self, potential: Mapping[str, Any]) -> None:
        self._calculator = loaded_potential(potential)

    def evaluation_s(self, cells: Sequence[Atoms]) -> float:
        """Of energy, forces and stress, so far as the potential gives one, per atom, over a few of the cells."""
        chosen = [cells[i] for i in np.unique(np.linspace(0, len(cells) - 1, _FEW_TIMES).astype(int))]
        atoms = [cell.copy() for cell in chosen]
        for cell in atoms:
            cell.calc = self._calculator

        def evaluate(turn: int) -> int:
            cell = atoms[turn % len(atoms)]
            cell.rattle(1e-4, seed=turn)  # a calculator remembers the answer to the question it had last
            cell.get_forces()
            if "stress" in getattr(self._calculator, "implemented_properties", ("stress",)):
                cell.get_stress()
            return len(cell)

        return _seconds_of_one(evaluate)

    def step_s(self, cell: Atoms, settings: MDSettings, *, n_steps: int = 0) -> float:
        """Of one step of molecular dynamics, per atom; measured no better than `n_steps` of them are worth."""
        with _one_thread():
            run = MDRun(cell, self._calculator, settings)

        def step(_turn: int) -> int:
            run.step()
            return len(cell)

        return _seconds_of_one(step, n_turns=n_steps)


def _seconds_of_one(work: Callable[[int], int], *, n_turns: int = 0) -> float:
    """Seconds of work per atom; `work` takes its turn and returns its atoms. The first one compiles, and is free.

    Where all of the `n_turns` that are wanted take a moment one is enough.
    """
    most_s = MEASURED_S.get()
    with _one_thread():
        work(0)
        began, spent, n_atoms = time.process_time(), 0.0, 0
        for turn in range(1, _MOST_TIMES + 1):
            n_atoms += work(turn)
            spent = time.process_time() - began
            if 0 < n_turns * spent / turn < _MOMENT_S:
                break
            if spent > most_s or (turn >= _FEW_TIMES and spent > _TIMED_S):
                break
    return spent / n_atoms


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch on one thread, where it is in use: more of them spend more processor time than they save of the clock's."""
    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 1
    try:
        if torch is not None:
            torch.set_num_threads(1)
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
