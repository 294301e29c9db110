"""What runs were held at: density and pressure from their thermodynamics, and the size of the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.supercell import CellChoice, narrowest_width_A
from paddlewheel.dynamics.health import block_mean
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.record import CellSize, Conditions, SmallerCell
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.motion.agreement import FIXED_VOLUME

if TYPE_CHECKING:
    from ase import Atoms
_DECIMALS = 6
"""Of a pressure in GPa: a virial is summed in another order after a restart, and the record stays the same."""


def conditions_of(runs: TemperatureRuns, *, left_out_ps: float) -> Conditions:
    """Of the sane runs at one temperature; their mean pressure without what the analysis leaves out at their start."""
    volumes = np.concatenate([paths.volumes_A3 for paths in runs.displacements])
    means = [
        block_mean(columns["pressure_GPa"][columns["time_ps"] >= left_out_ps])
        for columns in (runs.thermo[name] for name in runs.sane)
    ]
    pressure = None
    if means:
        values, stds = np.array(means).T
        std_GPa = float(np.sqrt(np.sum(stds**2))) / len(means)
        pressure = Measured.or_none(round(float(values.mean()), _DECIMALS), round(std_GPa, _DECIMALS))
    return Conditions(
        ensemble=runs.ensemble,
        pressure_asked_GPa=runs.pressure_asked_GPa,
        mean_pressure_GPa=pressure,
        volume_is_fixed=bool(np.ptp(volumes) <= FIXED_VOLUME * volumes.mean()),
    )


def cell_size(cell: Atoms, size: CellChoice | None) -> CellSize:
    """Of the simulated cell at its start; with what it was made of, where that is known."""
    a, b, c = (float(length) for length in cell.cell.lengths())
    told = CellSize(n_atoms=len(cell), lengths_A=(a, b, c), narrowest_width_A=narrowest_width_A(np.array(cell.cell)))
    if size is None:
        return told
    others = [SmallerCell(repeats=each.repeats, n_atoms=each.n_atoms, short=each.short) for each in size.alternatives]
    return told.model_copy(update={"repeats": size.repeats, "alternatives": others})
