"""The error of the energies themselves: of a potential against its reference, or of a functional against experiment.

Errors of phases that are alike cancel in the reaction between them, those of unlike phases do not. So each draw is

    e_phase = sigma [sqrt(s) u_family + sqrt(1 - s) u_phase]

with normal deviates u, a family being the phases of the same elements, and s the share of the variance that a family
has in common. For any reaction within a family, whose atomic shares x add up to one, the common part drops out, and
sigma sqrt((1 - s) (1 + sum x^2)) is left.

s is not known of a potential; it is a half here, between two findings:

- Potentials cancel little between compounds of different elements: errors of decomposition energies of four universal
  potentials are 1.4 to 1.6 times those of the energies (Huang et al., npj Comput. Mater. (2025), doi
  10.1038/s41524-025-01796-y, table 1), as those of independent errors would be, sqrt(1 + sum x^2).
- Functionals cancel a great deal between compounds that are alike: 24 meV/atom for ternary oxides from binary ones
  (Hautier et al., Phys. Rev. B 85, 155208 (2012), doi 10.1103/PhysRevB.85.155208); SCAN about 35 meV/atom for reactions
  of compounds alone, 59 for all decompositions (Bartel et al., npj Comput. Mater. 5, 4 (2019), doi
  10.1038/s41524-018-0143-2), which is s of about two thirds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paddlewheel.thermodynamics.phase_entry import PhaseEntry

SHARED = 0.5
STD_OVER_MAE = math.sqrt(math.pi / 2)
"""Of a normal distribution."""


@dataclass(frozen=True, kw_only=True)
class EnergyError:
    """Standard error of the energies, and the share of its variance that phases of the same elements have in common."""

    std_eV_per_atom: float
    shared: float = SHARED

    def draw(
        self, entries: Sequence[PhaseEntry], n_samples: int, generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """[n_samples, n] eV/atom; see the module."""
        families = list(dict.fromkeys(entry.elements for entry in entries))
        of_family = generator.normal(size=(n_samples, len(families)))
        own = generator.normal(size=(n_samples, len(entries)))
        common = of_family[:, [families.index(entry.elements) for entry in entries]]
        return self.std_eV_per_atom * (math.sqrt(self.shared) * common + math.sqrt(1 - self.shared) * own)
