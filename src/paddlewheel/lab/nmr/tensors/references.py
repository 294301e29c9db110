"""From absolute shielding to the shift that is measured: delta = offset + slope sigma, given or fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The line delta = offset_ppm + slope sigma of one nucleus.

    Attributes
    ----------
    offset_ppm
        Of slope -1: the shielding of the compound at 0 ppm.
    slope
        -1 in theory; lines through calculated and measured values have -0.8 to -1.1.
    covariance
        [2, 2] of offset and slope; None where the line was given, or goes through all of its points.
    scatter_ppm
        Root mean square deviation of measured shifts from a fitted line, for the degrees of freedom; else None.
    n_pairs
        Points of a fitted line; 0 where it was given.
    """

    offset_ppm: float
    slope: float
    covariance: np.ndarray | None = None
    scatter_ppm: float | None = None
    n_pairs: int = 0

    def shift_ppm(self, shielding_ppm: float) -> float:
        """The shift of an isotropic shielding."""
        return self.offset_ppm + self.slope * shielding_ppm

    def shift_std_ppm(self, shielding_ppm: float) -> float | None:
        """Standard error of the shift of another compound, of line and scatter together; None if unknown."""
        if self.covariance is None or self.scatter_ppm is None:
            return None
        at = np.array([1.0, shielding_ppm])
        return float(np.sqrt(at @ self.covariance @ at + self.scatter_ppm**2))


def fit_reference(pairs: Sequence[tuple[float, float]], *, nucleus: str) -> Reference:
    """The line through calculated shieldings and measured shifts by least squares.

    Two pairs give a line without an error. The shift is what scatters: a shielding has no noise.

    Raises
    ------
    SettingsError
        For fewer than two pairs, shieldings that are all the same, and a rising line (exchanged numbers).
    """
    sigma, delta = np.array(pairs, dtype=float).reshape(-1, 2).T
    if len(sigma) < 2 or np.ptp(sigma) < 1e-6:
        raise SettingsError(
            f"{len(sigma)} pairs of {nucleus} give no line", where="calibration",
            remedy="give two pairs or more, of compounds with different shieldings, as 23Na=560.1:-8,552.4:7.2",
        )  # fmt: skip
    middle = sigma.mean()
    design = np.column_stack([np.ones_like(sigma), sigma - middle])
    (at_middle, slope), *_ = np.linalg.lstsq(design, delta, rcond=None)
    if slope >= 0:
        raise SettingsError(
            f"the line of {nucleus} rises, with {slope:.3g} ppm of shift for one of shielding", where="calibration",
            remedy="give each pair as shielding:shift",
        )  # fmt: skip
    covariance = scatter = None
    if len(sigma) > 2:
        residual = delta - design @ np.array([at_middle, slope])
        variance = float(residual @ residual) / (len(sigma) - 2)
        shifted = np.array([[1.0, -middle], [0.0, 1.0]])
        covariance = shifted @ (variance * np.linalg.inv(design.T @ design)) @ shifted.T
        scatter = float(np.sqrt(variance))
    return Reference(
        offset_ppm=float(at_middle - slope * middle),
        slope=float(slope),
        covariance=covariance,
        scatter_ppm=scatter,
        n_pairs=len(sigma),
    )
