"""What studies of calorimetry are told beside the files: mass, sign, rate, sensitivity, columns, range, empty run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import field_validator, model_validator

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
    """What files of calorimeters do not say, or say wrong.

    Paths of the sample, the calibration and of the empty and sapphire runs may change: `inputs.yaml` has the content of
    the runs that comes of them.
    """

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
        None, "File of measured standards (YAML), by which temperatures and heats are corrected.", may_change=True
    )
    blank: Path | None = setting(
        None,
        "File of a run with empty pans under the same programme, to subtract; of a .ngb-ds3 itself, the one in it.",
        may_change=True,
    )

    sapphire: Path | None = setting(
        None,
        "File of a run with sapphire under the same programme: with --blank it gives heat capacities.",
        may_change=True,
    )
    sapphire_mass_mg: float | None = setting(
        None, "Mass of the sapphire, mg, over what its file says.", gt=0, only_with={"sapphire": True}
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

    @model_validator(mode="after")
    def _sapphire_needs_a_blank(self) -> Self:
        if self.sapphire is not None and self.blank is None:
            raise SettingsError("given without an empty run", where="sapphire", remedy="give --blank FILE too")
        return self

    def read(self, given: Scans) -> list[ThermalScan]:
        """The runs of everything given, endothermic positive, with what the settings say of them.

        Raises
        ------
        InputError
            For what cannot be read, for a way of exothermic that neither file nor settings say, for masses or rates
            that are not as many as the files, and for a range that leaves nothing.
        """
        found = self._raw(given)
        if self.blank is not None:
            empty = self._one(self.blank, "an empty run", correction=self._is_own(given))
            found = [without_blank(scan, empty) for scan in found]
        found = [scan if scan.exothermic_known else _settled(scan) for scan in found]
        if self.calibration is not None:
            calibration = read_calibration(self.calibration)
            found = [calibration.applied(scan) for scan in found]
        if self.temperature_range_C:
            found = [within(scan, *self.temperature_range_C) for scan in found]
        return found

    def read_with_references(self, given: Scans) -> list[tuple[ThermalScan, ThermalScan, ThermalScan]]:
        """Of each run itself, sapphire and the empty pans, for heat capacities; nothing is subtracted. Empty without
        `sapphire`.

        Raises
        ------
        InputError
            As `read`, and for a sapphire of no known mass.
        """
        if self.sapphire is None or self.blank is None:
            return []
        sapphire = self._one(self.sapphire, "sapphire")
        sapphire = replace(sapphire, mass_mg=self.sapphire_mass_mg or sapphire.mass_mg)
        if sapphire.mass_mg is None:
            raise DataError("the mass of the sapphire is not stated", where=self.sapphire,
                            remedy="give --sapphire-mass-mg")  # fmt: skip
        empty = self._one(self.blank, "an empty run", correction=self._is_own(given))
        calibration = None if self.calibration is None else read_calibration(self.calibration)
        if calibration is not None:
            sapphire, empty = calibration.applied(sapphire), calibration.applied(empty)
        return [
            (scan if calibration is None else calibration.applied(scan), sapphire, empty) for scan in self._raw(given)
        ]

    def _raw(self, given: Scans) -> list[ThermalScan]:
        """The runs of everything given, as their files have them and the settings say."""
        sources = _listed(given)
        if not sources:
            raise DataError("no run", where="scans", remedy="give a file of a calorimeter")
        masses, rates = self._masses(len(sources)), self._each("rate_K_per_min", len(sources))
        found: list[ThermalScan] = []
        for source, mass_mg, rate in zip(sources, masses, rates, strict=True):
            found += (
                [self._told(source, mass_mg)] if isinstance(source, ThermalScan) else self._file(source, mass_mg, rate)
            )
        return found

    def _one(self, path: Path, what: str, *, correction: bool = False) -> ThermalScan:
        """The one run of a file that goes with the others."""
        rates = self.rate_K_per_min
        found = self._file(path, None, rates[0] if rates else None, correction=correction)
        if len(found) != 1:
            raise DataError(f"{len(found)} runs", where=path, remedy=f"give a file of one run of {what}")
        return found[0]

    def _is_own(self, given: Scans) -> bool:
        """Whether the empty run is asked of a file itself."""
        return any(isinstance(source, str | Path) and Path(source) == self.blank for source in _listed(given))

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


def _listed(given: Scans) -> list[str | Path | ThermalScan]:
    return [given] if isinstance(given, str | Path | ThermalScan) else list(given)


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
