"""The record of `dc`: steady currents, and what follows from them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.lab.ohmic import BlockingElectrode
from paddlewheel.records import Measured, Record, StudyRecord

CURRENTS, LINE = "currents.csv", "line.csv"
"""The tables beside the record; the line where one was fitted."""
DcMeasures = Literal["electronic", "hebb-wagner", "transference", "leakage"]


class CurrentDecay(Record):
    """One exponential of the fit to a hold."""

    tau_s: float
    amplitude_A: float


class DcHold(Record):
    """A stretch at constant voltage; rows count from 0, `remaining_share` is of the steady current.

    `steady_A` is the offset of the fit, `tail_A` the mean of the last fifth, which no model has touched.
    """

    file: str
    first_row: int
    last_row: int
    voltage_V: float
    length_s: float
    initial_A: Measured
    steady_A: Measured
    steady_A_per_cm2: Measured | None
    tail_A: float
    decays: list[CurrentDecay]
    remaining_share: float
    steady: bool
    reason: str | None


class OhmicResult(Record):
    """The line I = G V + I0 through the steady currents; `scatter_probability` is that of so large a scatter."""

    conductance_S: Measured
    offset_A: Measured | None
    scatter_probability: float | None
    conductivity_mS_per_cm: Measured | None


class HebbWagnerResult(Record):
    """Electrons and holes at 0 V against the reversible electrode; conductances where no geometry is given.

    `blocking_electrode` is the one that was told to block ions (null in records from before it was asked for).
    """

    blocking_electrode: BlockingElectrode | None = None
    electron_conductance_S: Measured
    hole_conductance_S: Measured
    electron_conductivity_mS_per_cm: Measured | None
    hole_conductivity_mS_per_cm: Measured | None
    scatter_probability: float


class DcRecord(StudyRecord):
    """The record of `dc`; `refused` says why there is no result, `notes` what to know of the one there is.

    The upper bound (95 %) stands in place of an electronic conductivity that is not told from zero, and where a hold
    has not come to rest: then it is that of the last fifth of the current, which still falls.
    """

    rows_in: ClassVar[str] = "holds"
    kind: Literal["dc"] = "dc"
    measures: DcMeasures
    sample: str | None
    temperature_K: float | None
    diameter_cm: Measured | None
    thickness_cm: Measured | None
    holds: list[DcHold]
    drawn_holds: list[int] = Field(default=list(range(1, 13)))
    largest_drift: float
    electronic: OhmicResult | None = None
    electronic_upper_bound_95_mS_per_cm: float | None = None
    hebb_wagner: HebbWagnerResult | None = None
    ionic_conductivity_mS_per_cm: Measured | None = None
    ionic_transference: Measured | None = None
    electronic_transference: Measured | None = None
    bruce_vincent: Measured | None = None
    watanabe: Measured | None = None
    refused: str | None
    notes: list[str]
    files: dict[str, str]

    def results(self) -> list[tuple[str, Measured, str]]:
        """Name, value and unit of every result that there is."""
        found: list[tuple[str, Measured | None, str]] = []
        if self.electronic is not None:
            found.append(_conduction(self.electronic, "", "electronic {}"))
        if self.hebb_wagner is not None:
            found.append(_conduction(self.hebb_wagner, "electron_", "{} of electrons"))
            found.append(_conduction(self.hebb_wagner, "hole_", "{} of holes"))
        found += [
            ("transference number of electrons", self.electronic_transference, ""),
            ("transference number (Bruce, Vincent)", self.bruce_vincent, ""),
            ("transference number (Watanabe)", self.watanabe, ""),
        ]
        if self.measures == "leakage":
            for hold in self.holds:
                per_area = hold.steady_A_per_cm2
                value, unit = (hold.steady_A, "A") if per_area is None else (per_area, "A/cm²")
                found.append((f"leakage at {hold.voltage_V:.4g} V", value, unit))
        return [(name, value, unit) for name, value, unit in found if value is not None]


def _conduction(fitted: OhmicResult | HebbWagnerResult, of: str, name: str) -> tuple[str, Measured | None, str]:
    """The conductivity, or the conductance where no geometry is given."""
    specific = getattr(fitted, f"{of}conductivity_mS_per_cm")
    if specific is None:
        return name.format("conductance"), getattr(fitted, f"{of}conductance_S"), "S"
    return name.format("conductivity"), specific, "mS/cm"
