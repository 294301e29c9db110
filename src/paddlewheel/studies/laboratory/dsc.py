"""What studies of calorimetry are told beside the files: mass, sign, rate, sensitivity, columns, range, empty run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import field_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.dsc.blank import likely_exothermic, within, without_blank
from paddlewheel.lab.dsc.calibration import read_calibration
from paddlewheel.lab.dsc.readers import read_scans
from paddlewheel.lab.dsc.readers.header import Direction
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.transitions import with_exothermic_settled
from paddlewheel.lab.sample import load_sample
from paddlewheel.studies.laboratory.settings import LaboratorySettings
from paddlewheel.study.settings import NamedColumns, Numbers, bad_value, setting
from paddlewheel.study.study import Argument

Scans = str | Path | ThermalScan | Sequence[str | Path | ThermalScan]
"""What studies of calorimetry take: files, or runs read already."""
THERMAL_SCANS = Argument(
    name="scans",
    metavar="FILE...",
    help="of a calorimeter: TA, TRIOS, Netzsch, Setaram, PerkinElmer, Mettler, CSV, .xls, JSON",
    many=True,
    annotation="str | Path | paddlewheel.lab.dsc.scan.ThermalScan"
    " | Sequence[str | Path | paddlewheel.lab.dsc.scan.ThermalScan]",
)
"""What studies of calorimetry are about: what `paddlewheel.lab.dsc.readers.read_scans` reads."""


class DscSettings(LaboratorySettings):
    """What files of calorimeters do not say, or say wrong."""

    sample: Path | None = setting(
        None, "File of the sample (YAML), whose masses_mg: {dsc: 9} is taken for a mass.", may_change=True
    )
    mass_mg: Numbers = setting((), "Mass of the sample, mg, one for all files or one a file, over what they say.")
    exothermic: Direction | None = setting(
        None, "Which way is exothermic in the files' signal, over what they say (heat capacities need none)."
    )
    rate_K_per_min: Numbers = setting(
        (), "Rate of the ramps, K/min, one for all files or one a file, for files without time.", each=(1e-3, 1e6)
    )
    sensitivity_uV_per_mW: float | None = setting(
        None, "Of the sensor, uV/mW, for files in uV, over what they say.", ge=1e-4, le=1e4
    )
    columns: NamedColumns | None = setting(
        None, "Columns that the reader does not find, such as time_s=t,temperature_C=Ts,heat_flow_mW=-Q."
    )
    temperature_range_C: Numbers = setting(
        (), "Lowest and highest temperature that is used, degrees Celsius.", each=(-273.15, 4000.0),
    )  # fmt: skip
    calibration: Path | None = setting(
        None, "File of measured standards (YAML), by which temperatures and heats are corrected."
    )
    blank: Path | None = setting(
        None,
        "File of a run with empty pans under the same programme, to subtract; of a .ngb-ds3 itself, the one in it.",
    )

    @field_validator("temperature_range_C")
    @classmethod
    def _low_then_high(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if given and not (len(given) == 2 and given[0] < given[1]):
            raise bad_value(",".join(f"{value:g}" for value in given), "give the lowest and the highest, as 20,180")
        return given

    @field_validator("mass_mg", "rate_K_per_min")
    @classmethod
    def _above_zero(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if any(value <= 0 for value in given):
            raise bad_value(",".join(f"{value:g}" for value in given), "give what is above 0")
        return given

    def read(self, given: Scans) -> list[ThermalScan]:
        """The runs of everything given, endothermic positive, with what the settings say of them.

        Raises
        ------
        InputError
            For what cannot be read, for a way of exothermic that neither file nor settings say, for masses or rates
            that are not as many as the files, and for a range that leaves nothing.
        """
        sources = [given] if isinstance(given, str | Path | ThermalScan) else list(given)
        if not sources:
            raise DataError("no run", where="scans", remedy="give a file of a calorimeter")
        masses, rates = self._masses(len(sources)), self._each("rate_K_per_min", len(sources))
        found: list[ThermalScan] = []
        for source, mass_mg, rate in zip(sources, masses, rates, strict=True):
            found += (
                [self._told(source, mass_mg)] if isinstance(source, ThermalScan) else self._file(source, mass_mg, rate)
            )
        if self.blank is not None:
            own = any(isinstance(source, str | Path) and Path(source) == self.blank for source in sources)
            empty = self._file(self.blank, None, rates[0], correction=own)
            if len(empty) != 1:
                raise DataError(f"{len(empty)} runs", where=self.blank, remedy="give a file of one empty run")
            found = [without_blank(scan, empty[0]) for scan in found]
        found = [scan if scan.exothermic_known else _settled(scan) for scan in found]
        if self.calibration is not None:
            calibration = read_calibration(self.calibration)
            found = [calibration.applied(scan) for scan in found]
        if self.temperature_range_C:
            found = [within(scan, *self.temperature_range_C) for scan in found]
        return found

    def _file(
        self, path: str | Path, mass_mg: float | None, rate_K_per_min: float | None, *, correction: bool = False
    ) -> list[ThermalScan]:
        return read_scans(
            path, columns=self.columns, mass_mg=mass_mg, rate_K_per_min=rate_K_per_min, exothermic=self.exothermic,
            sensitivity_uV_per_mW=self.sensitivity_uV_per_mW, correction=correction,
        )  # fmt: skip

    def _masses(self, count: int) -> tuple[float | None, ...]:
        """The masses that are told, a file each: those of the settings, else the sample's."""
        if self.mass_mg or self.sample is None:
            return self._each("mass_mg", count)
        known = load_sample(self.sample).masses_mg.get("dsc")
        return (None if known is None else known.value,) * count

    def _each(self, name: str, count: int) -> tuple[float | None, ...]:
        values = getattr(self, name)
        if len(values) not in (0, 1, count):
            raise SettingsError(f"{len(values)} values for {count} files", where=name,
                                remedy="give one for all, or one a file")  # fmt: skip
        return (values or (None,)) * (count if len(values) < 2 else 1)

    def _told(self, scan: ThermalScan, mass_mg: float | None) -> ThermalScan:
        """A run that was read already, with what the settings say over it."""
        if mass_mg is not None:
            scale = mass_mg if scan.mass_is_nominal else 1.0
            scan = replace(scan, mass_mg=mass_mg, mass_is_nominal=False, signal=scan.signal * scale)
        if self.exothermic is not None and not scan.exothermic_known:
            turned = -scan.signal if self.exothermic == "up" else scan.signal
            scan = replace(scan, signal=turned, exothermic_known=True)
        if self.sensitivity_uV_per_mW is not None and scan.signal_unit == "uV":
            scan = replace(scan, signal=scan.signal / self.sensitivity_uV_per_mW, signal_unit="mW")
        return scan


def scan_inputs(scans: Sequence[ThermalScan]) -> list[dict[str, str | int | float | None]]:
    """Name, size, mass and sha256 over the points of each, for `inputs.yaml`."""
    return [
        {
            "name": scan.name,
            "n_points": scan.time_s.size,
            "mass_mg": None if scan.mass_is_nominal else scan.mass_mg,
            "sha256": hashlib.sha256(
                np.stack([scan.time_s, scan.temperature_C, scan.signal]).astype("<f8").tobytes()
            ).hexdigest(),
        }
        for scan in scans
    ]


def _settled(scan: ThermalScan) -> ThermalScan:
    """The run, turned so by what melts on heating and crystallizes on cooling; where nothing does, it is asked."""
    settled = with_exothermic_settled(scan)
    if settled is None:
        raise DataError(_which_way(scan), where=scan.source, remedy="give --exothermic up or down")
    return settled


def _which_way(scan: ThermalScan) -> str:
    likely = likely_exothermic(scan)
    hint = f" (a heat capacity above zero speaks for {likely})" if likely else ""
    return f"does not say which way is exothermic{hint}"
