"""From resistance to conductivity: the geometry of a pellet, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.ranges import Size, check_quantity

LARGEST_CONDUCTIVITY_S_PER_CM = 10.0


@dataclass(frozen=True, kw_only=True)
class Pellet:
    """A disc between two electrodes of its own diameter.

    Attributes
    ----------
    diameter_cm, thickness_cm
        Of the disc.
    diameter_std_cm, thickness_std_cm
        Standard uncertainties; 0 where nothing is known of them.
    size
        Whether it is as small as a microelectrode or a film.

    Raises
    ------
    SettingsError
        For sizes outside their range of sense (`paddlewheel.lab.ranges`), and uncertainties that are negative or
        half of the size.
    """

    diameter_cm: float
    thickness_cm: float
    diameter_std_cm: float = 0.0
    thickness_std_cm: float = 0.0
    size: Size = "usual"

    def __post_init__(self) -> None:
        for name, value in (("diameter_cm", self.diameter_cm), ("thickness_cm", self.thickness_cm)):
            check_quantity(name, value, size=self.size, error=SettingsError)
        if self.thickness_cm > 2 * self.diameter_cm:
            raise SettingsError(
                f"{self.thickness_cm:g} cm thick at {self.diameter_cm:g} cm of diameter is no pellet",
                where="thickness_cm",
                remedy="give both in cm, and the diameter as the diameter",
            )
        for name, std, value in (
            ("diameter", self.diameter_std_cm, self.diameter_cm),
            ("thickness", self.thickness_std_cm, self.thickness_cm),
        ):
            if not (np.isfinite(std) and 0 <= std < 0.5 * value):
                raise SettingsError(
                    f"an uncertainty of {std:g} cm of a {name} of {value:g} cm",
                    where=f"{name}_std_cm",
                    remedy="give a standard uncertainty in cm, well below the value",
                )

    def sizes(self) -> dict[str, float]:
        """Diameter, thickness and their uncertainties by name, for `inputs.yaml`."""
        return {name: value for name, value in vars(self).items() if name != "size"}

    @property
    def area_cm2(self) -> float:
        """pi d^2 / 4."""
        return np.pi * self.diameter_cm**2 / 4

    @property
    def cell_constant_per_cm(self) -> float:
        """L / A, 1/cm: sigma = (L / A) / R."""
        return self.thickness_cm / self.area_cm2

    @property
    def relative_std(self) -> float:
        """Of L / A: the root of (u(L) / L)^2 + (2 u(d) / d)^2; shared by every conductivity of this pellet."""
        return float(np.hypot(self.thickness_std_cm / self.thickness_cm, 2 * self.diameter_std_cm / self.diameter_cm))

    def conductivity_mS_per_cm(self, resistance_ohm: float, std_ohm: float) -> tuple[float, float]:
        """sigma = L / (A R) and its standard uncertainty from that of R and of the geometry.

        Raises
        ------
        SettingsError
            For a conductivity above 10 S/cm, which no solid electrolyte has.
        """
        value = 1e3 * self.cell_constant_per_cm / resistance_ohm
        if value > 1e3 * LARGEST_CONDUCTIVITY_S_PER_CM:
            raise SettingsError(
                f"{resistance_ohm:g} ohm with this geometry is {value / 1e3:.3g} S/cm, above any solid electrolyte",
                where="geometry",
                remedy="check that the impedance is in ohm (not kilohm) and the sizes in cm",
            )
        return value, value * float(np.hypot(std_ohm / resistance_ohm, self.relative_std))
