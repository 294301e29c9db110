"""A powder pattern as every reader gives it, every fit takes it, and the simulation makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError

Geometry = Literal["bragg-brentano", "debye-scherrer"]
"""Flat plate in reflection (divergent or fixed), or capillary in transmission (laboratory or synchrotron)."""


@dataclass(frozen=True, kw_only=True)
class Radiation:
    """What the sample was lit with.

    Attributes
    ----------
    lines
        Wavelength in A and weight of each line, the strongest first; the weights sum to one. Ka1 and Ka2 of a tube are
        two lines, a synchrotron has one.
    monochromator_cos2
        K of the polarization factor (1 + K cos^2 2theta) / (1 + K): cos^2 2theta_m of the monochromator's crystal, 1
        without one, about 0 at a synchrotron in the vertical plane.
    """

    lines: tuple[tuple[float, float], ...]
    monochromator_cos2: float = 1.0

    @property
    def wavelength_A(self) -> float:
        """Wavelength of the strongest line."""
        return self.lines[0][0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pattern:
    """One powder pattern; what the file does not say is None.

    Attributes
    ----------
    two_theta_deg, intensity
        Rising angles and the intensity at each; [n_points].
    std
        Standard uncertainty of the intensity: of the file, or the root of the counts; [n_points].
    counts
        Whether the intensities are raw counts, so that their variance is their mean.
    radiation, geometry, goniometer_radius_mm
        Of the instrument.
    temperature_K, exposure_s, started
        Of the sample; of the whole pattern; its beginning.
    metadata
        What else the file says, by its own names.
    warnings
        What was odd in the file, a line each.
    """

    name: str
    source: str
    two_theta_deg: np.ndarray
    intensity: np.ndarray
    std: np.ndarray
    counts: bool
    radiation: Radiation | None = None
    geometry: Geometry | None = None
    goniometer_radius_mm: float | None = None
    temperature_K: float | None = None
    exposure_s: float | None = None
    started: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = self.two_theta_deg.size
        if size < 10 or self.intensity.shape != (size,) or self.std.shape != (size,):
            raise DataError(f"{size} points are no powder pattern", where=self.source, remedy="give another file")
        if not (np.diff(self.two_theta_deg) > 0).all():
            raise DataError("angles do not rise", where=self.source, remedy="sort the points by two theta")
        if not (np.isfinite(self.intensity).all() and np.isfinite(self.std).all() and (self.std > 0).all()):
            raise DataError("intensity without a finite value or error", where=self.source, remedy="drop these points")
