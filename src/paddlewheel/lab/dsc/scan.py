"""A calorimeter's run as every reader gives it and every analysis takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np

from paddlewheel.errors import DataError

SignalUnit = Literal["mW", "uV"]
"""Heat flow; or the thermocouple's voltage, which a sensitivity turns into heat flow."""


class Corrected(Protocol):
    """What a run says of the calibration that it went through (`paddlewheel.lab.dsc.calibration.Calibration`)."""

    @property
    def has_temperature(self) -> bool:
        """Whether temperatures were corrected."""
        ...

    @property
    def has_heat(self) -> bool:
        """Whether heat flows were."""
        ...

    def temperature_std_C(self, temperature_C: float, rate_K_per_min: float) -> float:
        """Standard uncertainty of a temperature by the calibration alone."""
        ...

    def heat_factor(self, temperature_C: np.ndarray | float) -> np.ndarray:
        """By which a heat was multiplied."""
        ...

    def heat_factor_std(self, temperature_C: float) -> float:
        """Standard uncertainty of that factor."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class ThermalScan:
    """One run: heating, holding, cooling, in the order they were measured; what the file does not say is None.

    Attributes
    ----------
    time_s, temperature_C, signal
        Time from the start (rising), temperature of the sample, and heat flow **into** the sample (endothermic
        positive, ICTAC), of the whole sample; [n_points].
    signal_unit
        Of `signal`; readers turn mW/mg into mW by the mass.
    exothermic_known
        Whether the file says which way is exothermic. Where not, `signal` is as the file has it, and who analyses asks.
    programme_C
        Temperature that the programme asked for; [n_points].
    mass_mg, reference_mass_mg
        Of the sample and of the reference.
    mass_is_nominal
        Where a file has its signal over mass and no mass: `signal` is that of 1 mg, as `mass_mg` says.
    calibration
        By which standards temperature and signal were corrected (`paddlewheel.lab.dsc.calibration`); None: they are as
        the instrument has them.
    metadata
        What else the file says, by its own names.
    warnings
        What was odd in the file, a line each.
    """

    name: str
    source: str
    time_s: np.ndarray
    temperature_C: np.ndarray
    signal: np.ndarray
    signal_unit: SignalUnit = "mW"
    exothermic_known: bool = False
    programme_C: np.ndarray | None = None
    mass_mg: float | None = None
    reference_mass_mg: float | None = None
    mass_is_nominal: bool = False
    instrument: str | None = None
    started: datetime | None = None
    calibration: Corrected | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = self.time_s.size
        if size < 3 or self.temperature_C.shape != (size,) or self.signal.shape != (size,):
            raise DataError(f"{size} points are no run of a calorimeter", where=self.source, remedy="give another file")
        if not (np.diff(self.time_s) > 0).all():
            raise DataError("times do not rise", where=self.source, remedy="sort the points by time")
        for values in (self.temperature_C, self.signal):
            if not np.isfinite(values).all():
                raise DataError("not a finite number", where=self.source, remedy="drop these points")
