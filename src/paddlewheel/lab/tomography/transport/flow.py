"""What a flow through voxels gives: effective conductivity, tortuosity, and where the current goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from paddlewheel.lab.tomography.voxels import Axis

FaceMean = Literal["harmonic", "geometric", "arithmetic"]
"""Of the conductivities of two voxels, at their common face: the lower end, the estimate, the upper end."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Flow:
    """Flow along one axis between two electrodes that touch the outer faces.

    Attributes
    ----------
    axis
        Direction of flow.
    conductivities
        Of each conducting label, in any one unit; those that are not named do not conduct.
    volume_fraction
        Of all conducting phases together, whether connected or not.
    connected_fraction
        Of the conducting voxels, those that reach both faces.
    mean_conductivity
        <sigma>: over the whole volume, of every conducting voxel.
    effective_conductivity
        sigma_eff: flux density over the gradient of the potential; 0 where nothing reaches across.
    lower, upper
        sigma_eff by harmonic and arithmetic face means, where several conductivities meet; both equal to
        `effective_conductivity` for one.
    imbalance
        |F_in - F_out|/F of the solution.
    iterations, seconds
        What it took.
    slice_flux_share
        Largest flux density through a voxel over the mean one, per slice across the flow; [n_slices]. Empty where
        nothing flows.
    slice_potential
        Mean potential of what is connected, per slice, 1 at the first face and 0 at the last; [n_slices].
    flux
        |flux density| of each voxel over the mean one, float32 [n_z, n_y, n_x], where it was asked for.
    potential
        Of each voxel, NaN where no current can go, float32 [n_z, n_y, n_x], where it was asked for.
    warnings
        A line each.
    """

    axis: Axis
    conductivities: Mapping[int, float]
    volume_fraction: float
    connected_fraction: float
    mean_conductivity: float
    effective_conductivity: float
    lower: float
    upper: float
    imbalance: float
    iterations: int
    seconds: float
    slice_flux_share: np.ndarray = field(default_factory=lambda: np.zeros(0))
    slice_potential: np.ndarray = field(default_factory=lambda: np.zeros(0))
    flux: np.ndarray | None = None
    potential: np.ndarray | None = None
    warnings: tuple[str, ...] = ()

    @property
    def percolates(self) -> bool:
        """Whether anything reaches across."""
        return self.effective_conductivity > 0

    @property
    def tortuosity_factor(self) -> float:
        """tau = <sigma>/sigma_eff; infinite where nothing reaches across (doi 10.1016/j.softx.2016.09.002)."""
        return self.mean_conductivity / self.effective_conductivity if self.percolates else math.inf

    @property
    def square_root(self) -> float:
        """sqrt(tau): the tortuosity as a ratio of lengths."""
        return math.sqrt(self.tortuosity_factor)

    @property
    def macmullin_number(self) -> float:
        """sigma_0/sigma_eff, with the largest conductivity as sigma_0."""
        return max(self.conductivities.values()) / self.effective_conductivity if self.percolates else math.inf

    @property
    def bruggeman_exponent(self) -> float | None:
        """b of sigma_eff/sigma_0 = eps^b for one conducting phase; None for several, without flow, or if eps is 1."""
        single = len(set(self.conductivities.values())) == 1
        if not single or not self.percolates or self.volume_fraction in (0.0, 1.0):
            return None
        return -math.log(self.macmullin_number) / math.log(self.volume_fraction)
