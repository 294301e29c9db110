"""Can these labels be what they say they are? Missing ones, ones of impossible size, units mixed up.

Sizes come from physics, with room: at 900 K and 10 % compression the forces of a hydride stay under 50 eV/A and its
stress under 0.3 eV/A^3. Units of a whole set are told by the work of its cells: where cells of one composition have
different volumes, the stress has to give the difference of their energies.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

LARGEST_FORCE_eV_PER_A = 100.0
"""Two hydrogens pushed to half of their bond repel with about this; meV/A taken for eV/A is a thousand times more."""
LARGEST_STRESS_eV_PER_A3 = 1.0
"""160 GPa."""
LARGEST_ENERGY_RESIDUAL_eV = 5.0
"""Per atom, from a sum over elements fitted to the set: no change of structure is worth the atomization energy."""
LARGEST_WORK_RATIO = 8.0
"""Work and energy differ by the heat between the frames compared, and by the width of the volumes put together."""
