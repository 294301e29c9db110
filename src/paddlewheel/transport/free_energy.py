"""Free energy of an ion from where it has been, and the barriers between a cell and its images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.percolation import AXES, DIMENSIONS, Path, least_resistance_path, percolation
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from paddlewheel.transport.density import IonDensity

DEFAULT_SMOOTHING_A = 0.3
LEAST_VISITS = 3.0
"""A density at which this many independent visits are expected is missed in 5 % of runs (Poisson: exp(-3))."""
LARGEST_STD_KT = 1.0
"""A barrier known to no better than kT (a factor e in the rate) is none."""

BarrierStatus = Literal["ok", "not-visited", "not-converged"]


@dataclass(frozen=True)
class Barrier:
    """Least free energy that a region must be filled to before it connects to its own images.

    Attributes
    ----------
    direction
        ``a``, ``b``, ``c``: along that vector; ``1D``, ``2D``, ``3D``: in so many independent directions.
    status
        ``ok``; ``not-visited``: not below what the statistics reach, `at_least_eV`; ``not-converged``: see `reason`.
    value_eV, std_eV
        The barrier and its standard error; None unless ``ok``.
    at_least_eV
        Lower bound (95 %) where the region between was never visited.
    winding
        How often the loop goes around the cell along a, b and c; None for ``1D`` to ``3D``.
    """

    direction: str
    status: BarrierStatus
    reason: str
    value_eV: float | None = None
    std_eV: float | None = None
    at_least_eV: float | None = None
    winding: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class FreeEnergy:
    """Free energy on the grid of a density.

    Attributes
    ----------
    values_eV
        `[*shape]`, -kT ln(p / p_max); infinite where too little was seen to tell (above `floor_eV`).
    density_per_A3
        `[*shape]`, the smoothed density that it is of.
    floor_eV
        What the statistics reach: the free energy of a place that is visited three times on average.
    barriers
        By direction.
    paths
        By axis, where a path is known (also of a barrier that is not converged).
    frames_per_visit
        Frames that one passage through the smoothing volume leaves.
    """

    values_eV: np.ndarray
    density_per_A3: np.ndarray
    temperature_K: float
    smoothing_A: float
    floor_eV: float
    barriers: dict[str, Barrier]
    paths: dict[str, Path]
    frames_per_visit: float


def free_energy(density: IonDensity, *, temperature_K: float, smoothing_A: float = DEFAULT_SMOOTHING_A) -> FreeEnergy:
    """F = -kT ln(p / p_max), its barriers by direction with their errors, and the paths over them.

    The density is first smoothed by a Gaussian (0: by the voxels alone), which lowers a barrier whose top is narrower
    than that; take it smaller and look. A place counts as seen where at least three independent visits fell into
    the volume that the smoothing averages over, (4 pi)^(3/2) smoothing^3; a visit is as many frames as an ion takes to
    cross that volume at its rms step. Errors are the larger of two delete-one jackknives, over stretches of time and
    over groups of ions; a barrier that disappears without one of them rests on a single passage, and is refused.

    Parameters
    ----------
    density
        Counts by stretch of time and by group of ions.
    temperature_K
        Of the run.
    smoothing_A
        Standard deviation of the Gaussian.

    Raises
    ------
    SettingsError
        A temperature that is not positive, or a negative width.
    """
    kT = _kT(temperature_K)
    per_visit, least = _least_density(density, smoothing_A)
    p = density.total(smoothing_A=smoothing_A)
    whole = percolation(p, known=p >= least)
    energies = {name: kT * float(np.log(p.max() / level)) for name, level in whole.levels.items()}
    # what was not seen anywhere has a density below the least that would have been: the bound holds everywhere
    floor = kT * float(np.log(p.max() / np.max(least)))

    without = {"stretch of time": density.without_block, "group of ions": density.without_group}
    counts = {"stretch of time": len(density.frames_by_block), "group of ions": len(density.ions_by_group)}
    jackknives = {
        unit: [_barriers(make(k, smoothing_A=smoothing_A), least, kT) for k in range(counts[unit])]
        for unit, make in without.items()
        if counts[unit] > 1
    }
    barriers = {
        name: _judged(name, energies.get(name), jackknives, floor_eV=floor, kT=kT, winding=whole.windings.get(name))
        for name in (*AXES, *DIMENSIONS)
    }
    paths = {axis: least_resistance_path(p, whole, axis, cell_A=density.cell_A) for axis in AXES}
    with np.errstate(divide="ignore"):
        values = np.where(p >= least, -kT * np.log(np.maximum(p, 1e-300) / p.max()), np.inf)
    return FreeEnergy(
        values_eV=values,
        density_per_A3=p,
        temperature_K=float(temperature_K),
        smoothing_A=float(smoothing_A),
        floor_eV=max(0.0, floor),
        barriers=barriers,
        paths={axis: path for axis, path in paths.items() if path is not None},
        frames_per_visit=float(per_visit),
    )


def barriers_at(density: IonDensity, *, temperature_K: float, smoothing_A: float) -> dict[str, float | None]:
    """The barriers (eV) by direction without errors, None where not reached: to see what the smoothing does to them."""
    least = _least_density(density, smoothing_A)[1]
    found = _barriers(density.total(smoothing_A=smoothing_A), least, _kT(temperature_K))
    return {name: found.get(name) for name in (*AXES, *DIMENSIONS)}


def _kT(temperature_K: float) -> float:
    if not (np.isfinite(temperature_K) and temperature_K > 0):
        raise SettingsError(f"{temperature_K:g} K is no temperature", where="temperature", remedy="give kelvin above 0")
    return BOLTZMANN_eV_PER_K * temperature_K


def _least_density(density: IonDensity, smoothing_A: float) -> tuple[float, np.ndarray | float]:
    """Frames that a visit leaves, and the density (1/A^3) that three visits make; by voxel where orbits differ."""
    volume_A3 = max(density.voxel_A3, (4 * np.pi) ** 1.5 * smoothing_A**3)
    crossing = volume_A3 ** (1 / 3) / density.rms_step_A if density.rms_step_A > 0 else np.inf
    per_visit = float(min(max(1.0, crossing), density.n_frames))
    multiplicity = 1.0 if density.orbits is None else density.orbits.multiplicity.astype(np.float64)
    return per_visit, LEAST_VISITS * per_visit / (volume_A3 * density.n_frames * multiplicity)


def _barriers(p: np.ndarray, least: np.ndarray | float, kT: float) -> dict[str, float]:
    return {
        name: kT * float(np.log(p.max() / level)) for name, level in percolation(p, known=p >= least).levels.items()
    }


def _judged(
    name: str,
    value_eV: float | None,
    jackknives: dict[str, list[dict[str, float]]],
    *,
    floor_eV: float,
    kT: float,
    winding: tuple[int, int, int] | None,
) -> Barrier:
    if value_eV is None:
        reason = f"never visited often enough to tell: at least {max(0.0, floor_eV):.3f} eV (95 %)"
        return Barrier(name, "not-visited", reason, at_least_eV=max(0.0, floor_eV))
    std = 0.0
    for unit, samples in jackknives.items():
        kept = [sample[name] for sample in samples if name in sample]
        if len(kept) < len(samples):
            lost = len(samples) - len(kept)
            return Barrier(
                name,
                "not-converged",
                f"rests on too few passages: without one {unit} ({lost} of {len(samples)}) nothing connects",
                winding=winding,
            )
        std = max(std, float(np.sqrt((len(kept) - 1) * np.var(kept))))
    if not jackknives:
        return Barrier(name, "not-converged", "one frame of one ion: no error can be told", winding=winding)
    if std > LARGEST_STD_KT * kT:
        reason = f"known to {std:.3f} eV only, more than kT ({kT:.3f} eV)"
        return Barrier(name, "not-converged", reason, winding=winding)
    return Barrier(name, "ok", "", value_eV=value_eV, std_eV=std, winding=winding)
