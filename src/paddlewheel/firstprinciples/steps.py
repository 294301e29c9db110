"""Ionic steps as an output has them, in one set of units and signs, whatever the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.firstprinciples.setups import Setup

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One ionic step.

    Attributes
    ----------
    number
        From 0, in the order of the output.
    atoms
        Species, positions and cell of this step, in the order of the output; no calculator.
    energy_eV
        The energy whose derivatives the forces are: with smearing the free energy (VASP's ``e_fr_energy``).
    forces_eV_per_A
        [n_atoms, 3]; None where the output has none.
    stress_eV_per_A3
        [6] as ASE has it: xx, yy, zz, yz, xz, xy, positive under tension; None where the output has none. A
        pressure that the program adds (VASP's PSTRESS) is not in it.
    converged
        Whether the electrons of this step converged; None where the output does not say.
    electronic
        What it says of them, in words: ``60 of at most 60 steps, last change 3e-3 eV``.
    """

    number: int
    atoms: Atoms
    energy_eV: float | None
    forces_eV_per_A: np.ndarray | None
    stress_eV_per_A3: np.ndarray | None
    converged: bool | None
    electronic: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Calculation:
    """An output, read up to its last whole step.

    Attributes
    ----------
    source
        The file.
    setup
        What it says of the calculation.
    steps
        Whole ones.
    cut
        Why the output ends early, in words; None where it ends as it should.
    contradictions
        Places of the output that contradict each other (``GGA is PE, the POTCAR titles are LDA``): no step of it can be
        taken.
    """

    source: str
    setup: Setup
    steps: tuple[Step, ...]
    cut: str | None = None
    contradictions: tuple[str, ...] = ()
