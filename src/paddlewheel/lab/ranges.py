"""The ranges of sense of what laboratories measure: one table for options, sample records and files.

What leaves its range is asked back in one line, with the unit in which the same number would make sense. The ranges
are wide: they tell a wrong unit, not an unusual sample. Sizes have three, by what is measured (`Size`): a film is as
thin as a pellet in the wrong unit, and only who measured it knows which it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.units import ZERO_CELSIUS_K

Size = Literal["usual", "micro", "large"]
"""What is measured: a pressed cell or a pellet; a microelectrode, a film or a sheet; a pouch or a stack."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Where a quantity makes sense.

    Attributes
    ----------
    quantity, unit
        In words, and the unit of `low` and `high`.
    low, high
        Ends, included, of a usual sample.
    why
        What lies at the ends.
    units
        Other units that the number may have been meant in, by their size in `unit`.
    micro_low, large_high
        The end of a microelectrode or film, and of a pouch cell, where these have another.
    celsius
        Whether the number may have been meant in degrees Celsius.
    """

    quantity: str
    unit: str
    low: float
    high: float
    why: str
    units: Mapping[str, float] = field(default_factory=dict)
    micro_low: float | None = None
    large_high: float | None = None
    celsius: bool = False

    def ends(self, size: Size = "usual") -> tuple[float, float]:
        """Lower and upper end for a sample of this size."""
        low = self.micro_low if size == "micro" and self.micro_low is not None else self.low
        high = self.large_high if size == "large" and self.large_high is not None else self.high
        return low, high

    def holds(self, value: float, size: Size = "usual") -> bool:
        """Whether a value, in `unit`, lies inside."""
        low, high = self.ends(size)
        return low * (1 - 1e-9) <= value <= high * (1 + 1e-9)


_LENGTHS_CM = {"um": 1e-4, "mm": 0.1, "cm": 1.0, "m": 100.0}
_LENGTHS_UM = {"nm": 1e-3, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
_MASSES_MG = {"ug": 1e-3, "mg": 1.0, "g": 1e3, "kg": 1e6}
_CONDUCTIVITIES_MS_PER_CM = {"uS/cm": 1e-3, "mS/cm": 1.0, "S/m": 10.0, "S/cm": 1e3}
RANGES: Mapping[str, Range] = {
    "diameter": Range(
        quantity="diameter", unit="cm", low=0.2, high=5.0, why="dies and pellets have 2 to 50 mm",
        units=_LENGTHS_CM, micro_low=1e-4, large_high=30.0,
    ),
    "pellet thickness": Range(
        quantity="thickness", unit="cm", low=0.01, high=2.0, why="pellets have 0.1 to 20 mm",
        units=_LENGTHS_CM, micro_low=1e-6,
    ),
    "layer thickness": Range(
        quantity="thickness", unit="um", low=1.0, high=5000.0, why="layers have 1 um to 5 mm",
        units=_LENGTHS_UM, micro_low=1e-2,
    ),
    "composite thickness": Range(
        quantity="composite thickness", unit="um", low=5.0, high=3000.0, why="pressed composites have 5 um to 3 mm",
        units=_LENGTHS_UM, micro_low=1e-2,
    ),
    "area": Range(
        quantity="area", unit="cm2", low=0.03, high=50.0, why="dies and electrodes have 0.03 to 50 cm2",
        units={"um2": 1e-8, "mm2": 0.01, "cm2": 1.0, "m2": 1e4}, micro_low=1e-8, large_high=1e5,
    ),
    "mass": Range(
        quantity="mass", unit="mg", low=0.05, high=2e4, why="electrodes and pellets have 50 ug to 20 g",
        units=_MASSES_MG, micro_low=1e-6, large_high=1e7,
    ),
    "mass per area": Range(
        quantity="mass over area", unit="mg/cm2", low=0.3, high=3000.0,
        why="electrodes have 0.3 to 500 mg/cm2, pellets up to 3000",
        units={"ug/cm2": 1e-3, "mg/cm2": 1.0, "g/cm2": 1e3}, micro_low=1e-4,
    ),
    "loading": Range(
        quantity="loading", unit="mg/cm2", low=0.05, high=500.0, why="electrodes have 0.05 to 500 mg/cm2",
        units={"ug/cm2": 1e-3, "mg/cm2": 1.0, "g/cm2": 1e3}, micro_low=1e-4,
    ),
    "areal capacity": Range(
        quantity="areal capacity", unit="mAh/cm2", low=0.005, high=100.0, why="electrodes have 0.005 to 100 mAh/cm2",
        units={"uAh/cm2": 1e-3, "mAh/cm2": 1.0, "Ah/m2": 0.1, "Ah/cm2": 1e3}, micro_low=1e-6,
    ),
    "specific capacity": Range(
        quantity="specific capacity", unit="mAh/g", low=10.0, high=5000.0, why="active materials have 10 to 5000 mAh/g",
        units={"mAh/g": 1.0, "Ah/g": 1e3, "mAh/kg": 1e-3},
    ),
    "density": Range(
        quantity="density", unit="g/cm3", low=0.05, high=25.0, why="solids have 0.05 to 25 g/cm3",
        units={"g/cm3": 1.0, "kg/m3": 1e-3},
    ),
    "temperature": Range(
        quantity="temperature", unit="K", low=50.0, high=2000.0, why="laboratories have 50 to 2000 K", celsius=True,
    ),
    "conductivity": Range(
        quantity="conductivity", unit="mS/cm", low=1e-9, high=1e4, why="solid electrolytes have 1e-9 to 1e4 mS/cm",
        units=_CONDUCTIVITIES_MS_PER_CM,
    ),
    "activation energy": Range(
        quantity="activation energy", unit="eV", low=0.01, high=3.0, why="conduction has 0.01 to 3 eV",
        units={"meV": 1e-3, "eV": 1.0, "kJ/mol": 0.0103643},
    ),
    "resistance": Range(
        quantity="resistance", unit="ohm", low=1e-4, high=1e13, why="impedances are 0.1 mohm to 10 Tohm",
    ),
    "frequency": Range(
        quantity="frequency", unit="Hz", low=1e-7, high=1e11, why="impedance is measured from 0.1 uHz to 100 GHz",
    ),
    "voltage": Range(
        quantity="voltage", unit="V", low=-20.0, high=20.0, why="a cell and its potentiostat have at most 20 V",
        units={"mV": 1e-3, "V": 1.0},
    ),
    "current": Range(
        quantity="current", unit="A", low=-1000.0, high=1000.0, why="cells take up to 1000 A",
        units={"nA": 1e-9, "uA": 1e-6, "mA": 1e-3, "A": 1.0},
    ),
    "current over the counter's": Range(
        quantity="the charge of the current over that of the file's counter", unit="", low=0.02, high=50.0,
        why="current and counter are of one test, and a unit is wrong where they differ by a thousand",
    ),
    "capacity over theory": Range(
        quantity="the largest capacity over the theoretical one of the sample", unit="", low=0.002, high=20.0,
        why="current and mass are of one cell, and a unit is wrong where they differ by a thousand",
    ),
    "C-rate": Range(
        quantity="C-rate", unit="1/h", low=1e-4, high=1e4, why="cells are cycled at 1e-4 to 1e4 C",
    ),
    "threshold": Range(
        quantity="threshold", unit="uA/cm2", low=1e-4, high=1e6, why="onsets are told at 1e-4 to 1e6 uA/cm2",
        units={"nA/cm2": 1e-3, "uA/cm2": 1.0, "mA/cm2": 1e3, "A/cm2": 1e6},
    ),
    "molar volume": Range(
        quantity="molar volume", unit="cm3/mol", low=1.0, high=1e4, why="electrodes have 1 to 1e4 cm3/mol",
        units={"cm3/mol": 1.0, "L/mol": 1e3, "m3/mol": 1e6},
    ),
    "concentration": Range(
        quantity="concentration", unit="mol/cm3", low=1e-9, high=0.5, why="solids hold up to 0.5 mol/cm3",
        units={"mol/m3": 1e-6, "mol/L": 1e-3, "mol/cm3": 1.0},
    ),
    "diffusion length": Range(
        quantity="diffusion length", unit="cm", low=1e-7, high=1.0, why="particles and pellets have 1 nm to 1 cm",
        units={"nm": 1e-7} | _LENGTHS_CM,
    ),
    "slope": Range(
        quantity="slope of the voltage against the content", unit="V", low=-100.0, high=100.0,
        why="electrodes have up to some volts", units={"mV": 1e-3, "V": 1.0},
    ),
    "charge number": Range(
        quantity="charge number", unit="", low=1.0, high=6.0, why="ions have 1 to 6 charges",
    ),
    "quadrupole coupling": Range(
        quantity="quadrupole coupling", unit="MHz", low=0.0, high=100.0,
        why="couplings of half-integer nuclei in solids that give lines are below 100 MHz",
        units={"Hz": 1e-6, "kHz": 1e-3, "MHz": 1.0},
    ),
    "spin-lattice relaxation": Range(
        quantity="T1", unit="s", low=1e-9, high=1e6, why="T1 of nuclei in solids is below 1e6 s (12 days)",
        units={"us": 1e-6, "ms": 1e-3, "s": 1.0},
    ),
    "nutation": Range(
        quantity="nutation frequency", unit="Hz", low=1e3, high=1e6, why="pulses have fields of 1 kHz to 1 MHz",
        units={"Hz": 1.0, "kHz": 1e3, "MHz": 1e6},
    ),
    "spinning": Range(
        quantity="rate of spinning", unit="Hz", low=100.0, high=3e5, why="rotors turn at 100 Hz to 300 kHz; 0 is none",
        units={"Hz": 1.0, "kHz": 1e3},
    ),
    "fraction": Range(
        quantity="fraction", unit="", low=1e-6, high=1.0, why="fractions sum to 1", units={"%": 0.01},
    ),
}  # fmt: skip
"""By what is measured."""

FIELDS: Mapping[str, tuple[str, str]] = {
    "diameter_cm": ("diameter", "cm"),
    "die_diameter_mm": ("diameter", "mm"),
    "thickness_cm": ("pellet thickness", "cm"),
    "pellet.thickness_um": ("pellet thickness", "um"),
    "composite.thickness_um": ("composite thickness", "um"),
    "thickness_um": ("layer thickness", "um"),
    "area_cm2": ("area", "cm2"),
    "mass_mg": ("mass", "mg"),
    "mass_mg_per_cm2": ("mass per area", "mg/cm2"),
    "loading_mg_per_cm2": ("loading", "mg/cm2"),
    "capacity_mAh_per_cm2": ("areal capacity", "mAh/cm2"),
    "capacity_mAh_per_g": ("specific capacity", "mAh/g"),
    "density_g_per_cm3": ("density", "g/cm3"),
    "temperature_K": ("temperature", "K"),
    "temperatures_K": ("temperature", "K"),
    "conductivity_mS_per_cm": ("conductivity", "mS/cm"),
    "activation_energy_eV": ("activation energy", "eV"),
    "resistance_ohm": ("resistance", "ohm"),
    "c_rates_per_h": ("C-rate", "1/h"),
    "thresholds_uA_per_cm2": ("threshold", "uA/cm2"),
    "molar_volume_cm3_per_mol": ("molar volume", "cm3/mol"),
    "concentration_mol_per_cm3": ("concentration", "mol/cm3"),
    "diffusion_length_cm": ("diffusion length", "cm"),
    "dE_dx_V": ("slope", "V"),
    "charge_number": ("charge number", ""),
    "cq_MHz": ("quadrupole coupling", "MHz"),
    "t1_s": ("spin-lattice relaxation", "s"),
    "nutation_Hz": ("nutation", "Hz"),
    "spinning_Hz": ("spinning", "Hz"),
    "weight_fraction": ("fraction", ""),
    "volume_fraction": ("fraction", ""),
    "frequency_Hz": ("frequency", "Hz"),
    "impedance_ohm": ("resistance", "ohm"),
    "voltage_V": ("voltage", "V"),
    "current_A": ("current", "A"),
    "charge_of_current_over_counter": ("current over the counter's", ""),
    "capacity_over_theory": ("capacity over theory", ""),
}
"""Names of fields and settings, or how they end, and the quantity and unit of their numbers; the longest counts."""


def range_of(name: str) -> tuple[Range, str] | None:
    """Range and unit of the field, setting or input `name`; None for one that is no quantity of the table."""
    ends = [known for known in FIELDS if name == known or name.endswith(("." + known, "_" + known, " " + known))]
    if not ends:
        return None
    quantity, unit = FIELDS[max(ends, key=len)]
    return RANGES[quantity], unit


def check_quantity(
    name: str,
    value: float,
    std: float = 0.0,
    *,
    where: str | Path | None = None,
    size: Size = "usual",
    error: type[InputError] = DataError,
) -> None:
    """Ask back what leaves its range; names that the table does not know pass.

    Parameters
    ----------
    name
        Of the field, with its unit, such as ``pellet.thickness_um``.
    value, std
        In that unit.
    where
        The file or option; without it the name itself.
    size
        What is measured.
    error
        What to raise.

    Raises
    ------
    InputError
        With the likely unit, for a value outside its range, and for a standard uncertainty larger than the value.
    """
    if (found := question(name, value, std, size=size)) is not None:
        problem, remedy = found
        raise error(problem if where is None else f"{name}: {problem}", where=where or name, remedy=remedy)


def beyond_range(name: str, values: np.ndarray, *, size: Size = "usual") -> np.ndarray:
    """Which of many values of a quantity of the table leave its range, `[n]`; nan does not."""
    known = range_of(name)
    assert known is not None
    limits, unit = known
    low, high = (end / limits.units.get(unit, 1.0) for end in limits.ends(size))
    return (values < low) | (values > high)


def question(name: str, value: float, std: float = 0.0, *, size: Size = "usual") -> tuple[str, str] | None:
    """What is wrong with a value and what to ask, for `check_quantity` and for validators; None where nothing is."""
    known = range_of(name)
    if known is None:
        return None
    limits, unit = known
    factor = limits.units.get(unit, 1.0)
    given = f"{limits.quantity} {value:g} {unit}".strip()
    if math.isfinite(value) and limits.holds(value * factor, size):
        if math.isfinite(std) and 0 <= std <= abs(value):
            return None
        return f"{given} +- {std:g}: the uncertainty is larger than the value", "give a standard uncertainty below it"
    if value <= 0 < limits.low:
        return f"{given} is not above 0", "give a number above 0"
    low, high = (f"{end / factor:g}" for end in limits.ends(size))
    return f"{given} is outside {low} to {high} ({limits.why})", _likely(limits, unit, value, size)


def _likely(limits: Range, unit: str, value: float, size: Size) -> str:
    """The question: which unit makes sense of the number, or what kind of sample does."""
    if limits.celsius and limits.holds(value + ZERO_CELSIUS_K):
        return f"did you mean {value:g} C? Then give {value + ZERO_CELSIUS_K:g} K"
    factor = limits.units.get(unit, 1.0)
    fits = {other: value * scale for other, scale in limits.units.items() if limits.holds(value * scale, size)}
    asked = []
    if fits:
        meant = " or ".join(f"{value:g} {other}" for other in fits)
        converted = " or ".join(f"{number / factor:.4g}" for number in fits.values())
        asked.append(f"did you mean {meant}? Then give {converted} {unit}".strip())
    asked += [
        f"say size {kind} for {what}"
        for kind, what in _SIZES.items()
        if math.isfinite(value) and limits.holds(value * factor, kind)
    ]
    return "; ".join(asked) or f"check its unit: it is wanted in {unit or 'no unit'}"


_SIZES: Mapping[Size, str] = {"micro": "a microelectrode, film or sheet", "large": "a pouch or stack"}
