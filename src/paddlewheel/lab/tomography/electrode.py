"""An electrode as a resistor: its areal resistance from its thickness and effective conductivity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from paddlewheel.records import Measured


@dataclass(frozen=True, kw_only=True)
class ArealResistance:
    """Areal resistances of one carrier, ohm cm2.

    Attributes
    ----------
    through
        L/sigma_eff: a current that crosses the whole electrode.
    finite_length
        L/(3 sigma_eff): the low-frequency limit of a transmission line whose other rail has no resistance (Euler and
        Nonnenmacher 1960, doi 10.1016/0013-4686(60)80025-4).
    """

    through: Measured
    finite_length: Measured


def areal_resistance(thickness_um: Measured, conductivity_mS_per_cm: Measured) -> ArealResistance:
    """Both, with the errors of thickness and conductivity, as logarithms where the conductivity has intervals."""
    value = 0.1 * thickness_um.value / conductivity_mS_per_cm.value
    relative = thickness_um.std / thickness_um.value

    def scaled(share: float) -> Measured:
        def ends(interval: tuple[float, float] | None, quantile: float) -> tuple[float, float] | None:
            if interval is None:
                return None
            below, above = (math.log(conductivity_mS_per_cm.value / end) for end in interval)
            reach = quantile * relative
            low, high = -math.hypot(above, reach), math.hypot(below, reach)
            return share * value * math.exp(low), share * value * math.exp(high)

        std = math.hypot(relative, conductivity_mS_per_cm.std / conductivity_mS_per_cm.value)
        return Measured(
            value=share * value,
            std=share * value * std,
            interval_68=ends(conductivity_mS_per_cm.interval_68, 1.0),
            interval_95=ends(conductivity_mS_per_cm.interval_95, 1.96),
        )

    return ArealResistance(through=scaled(1.0), finite_length=scaled(1 / 3))
