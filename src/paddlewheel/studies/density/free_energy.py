"""The free energy of a density as it stands in the record."""

from __future__ import annotations

import numpy as np

from paddlewheel.records.base import Measured
from paddlewheel.studies.density.record import (
    DensityFreeEnergy,
    FreeEnergyBarrier,
    SmoothedBarrier,
)
from paddlewheel.transport.density import IonDensity
from paddlewheel.transport.free_energy import Barrier, FreeEnergy, barriers_at

_OTHER_WIDTHS = (0.5, 1.5)


def free_energy_result(counted: IonDensity, found: FreeEnergy) -> DensityFreeEnergy:
    """Barriers with their saddles and paths; beside them those at half and one and a half times the smoothing."""
    return DensityFreeEnergy(
        floor_eV=found.floor_eV,
        frames_per_visit=found.frames_per_visit,
        barriers=[_barrier(one, found) for one in found.barriers.values()],
        sensitivity=[
            SmoothedBarrier(
                smoothing_A=factor * found.smoothing_A,
                barrier_eV=barriers_at(
                    counted, temperature_K=found.temperature_K, smoothing_A=factor * found.smoothing_A
                ),
            )
            for factor in _OTHER_WIDTHS
            if found.smoothing_A > 0
        ],
    )


def _barrier(one: Barrier, found: FreeEnergy) -> FreeEnergyBarrier:
    measured = None
    if one.value_eV is not None and one.std_eV is not None:
        measured = Measured(value=one.value_eV, std=one.std_eV)
    path = found.paths.get(one.direction)
    saddle = None
    if path is not None:
        top = path.fractional[int(np.argmax(found.values_eV.ravel()[path.voxels]))] % 1.0
        saddle = (float(top[0]), float(top[1]), float(top[2]))
    return FreeEnergyBarrier(
        direction=one.direction,
        status=one.status,
        reason=one.reason,
        barrier_eV=measured,
        at_least_eV=one.at_least_eV,
        winding=one.winding,
        path_A=None if path is None else float(path.distance_A[-1]),
        saddle_fractional=saddle,
    )
