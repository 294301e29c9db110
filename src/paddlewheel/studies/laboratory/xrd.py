"""What the studies of powder diffraction are told beside the patterns: radiation, geometry, ranges, temperatures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import field_validator, model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.xrd.instrument import (
    KA_LINES_A,
    difference,
    doublet,
    monochromatic,
    named_radiation,
    shown,
    tube,
    tube_of,
)
from paddlewheel.lab.xrd.instrument_file import InstrumentCard, read_instrument
from paddlewheel.lab.xrd.pattern import Geometry, Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase
from paddlewheel.lab.xrd.readers import Abscissa, read_patterns
from paddlewheel.lab.xrd.wavelength import usual_radiation
from paddlewheel.study.settings import Numbers, Paths, Ranges, Settings, bad_value, setting
from paddlewheel.study.study import Argument

Patterns = str | Path | Pattern | Sequence[str | Path | Pattern]
"""What the studies of powder diffraction take: files, or patterns read already."""
POWDER_PATTERNS = Argument(
    name="patterns",
    metavar="PATTERN...",
    help="powder patterns: .xy, .xye, .fxye, GSAS, .xrdml, .raw, .brml, .ras, ...",
    many=True,
    annotation="str | Path | paddlewheel.lab.xrd.pattern.Pattern"
    " | Sequence[str | Path | paddlewheel.lab.xrd.pattern.Pattern]",
)
"""What the studies of powder diffraction are about: what `paddlewheel.lab.xrd.readers.read_patterns` reads."""
_KA1_WITHIN = 1e-4
"""Relative: how near a wavelength is to Ka1 of a tube that it is meant (Bearden's are 40 ppm off)."""
_MEAN_WITHIN = 2e-4
_COLD_K = 77.0


class XrdSettings(Settings):
    """What files of powder diffraction do not say, or say wrong."""

    radiation: str | None = setting(
        None, "What the sample was lit with, over what the file says: CuKa, 'Cu Ka1', MoKa, 16keV, 0.77489."
    )
    wavelength_A: float | None = setting(
        None, "Wavelength, A, instead of --radiation; that of a tube's Ka1 brings its Ka2 along.", ge=0.05, le=5.0
    )
    instrument: Path | None = setting(
        None,
        "File of the instrument: .prm, .instprm, lines of TOPAS, or result.json of a standard that was fitted; what it"
        " says of the radiation comes after the pattern's own file.",
    )
    monochromator_deg: float | None = setting(
        None, "Two theta of the monochromator's crystal (graphite and Cu: 26.6); 0 for none.", ge=0, lt=90
    )
    geometry: Geometry | None = setting(
        None, "Flat plate in reflection, or capillary or flat sample in transmission, over what the file says."
    )
    goniometer_radius_mm: float | None = setting(None, "Radius of the goniometer, mm.", ge=20, le=2000)
    abscissa: Abscissa | None = setting(None, "What the first column of a text is, over what it says.")
    two_theta_range_deg: Numbers = setting(
        (), "Lowest and highest two theta that is used, degrees.", each=(0.0, 180.0), option="--two-theta-range"
    )
    exclude_deg: Ranges = setting(
        (), "Ranges of two theta that are left out, degrees: 38:39,44.1:44.9.", each=(0.0, 180.0), option="--exclude"
    )
    temperatures_K: Numbers = setting(
        (), "K, one for all or one a pattern, over what the files say.", each=(0.1, 4000.0)
    )

    @field_validator("two_theta_range_deg")
    @classmethod
    def _low_then_high(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if given and not (len(given) == 2 and given[0] < given[1]):
            raise bad_value(",".join(f"{value:g}" for value in given), "give the lowest and the highest, as 10,120")
        return given

    @model_validator(mode="after")
    def _one_radiation(self) -> Self:
        if self.radiation is not None and self.wavelength_A is not None:
            raise SettingsError("given beside wavelength_A", where="radiation", remedy="give one of them")
        if self.radiation is not None:
            named_radiation(self.radiation)
        return self

    def given_radiation(self) -> tuple[Radiation | None, str | None]:
        """That of the settings, None where they say none; and what was made of a wavelength, in a line."""
        if self.radiation is not None:
            return named_radiation(self.radiation), None
        if self.wavelength_A is None:
            return None, None
        element = tube_of(self.wavelength_A)
        if element is not None:
            first, second = KA_LINES_A[element]
            if abs(self.wavelength_A / first - 1) < _KA1_WITHIN:
                told = (
                    f"{self.wavelength_A:g} A is Ka1 of {element}: its Ka2 is taken along"
                    f" (--radiation {element}Ka1 where a monochromator takes it away)"
                )
                return doublet(self.wavelength_A, second * self.wavelength_A / first), told
            if abs(self.wavelength_A / ((2 * first + second) / 3) - 1) < _MEAN_WITHIN:
                return tube(element), f"{self.wavelength_A:g} A is the mean of Ka1 and Ka2 of {element}: both are taken"
        return monochromatic(self.wavelength_A), None

    def read(self, given: Patterns) -> list[Pattern]:
        """The patterns of everything given, with what the settings say of them, cut to the range that is used.

        Raises
        ------
        InputError
            For what cannot be read, for temperatures that are not as many as the patterns, and for ranges that leave
            nothing.
        """
        radiation, told = self.given_radiation()
        card = self.instrument_card()
        found: list[Pattern] = []
        for source in [given] if isinstance(given, str | Path | Pattern) else given:
            if isinstance(source, Pattern):
                found.append(source if radiation is None else replace(source, radiation=radiation))
            else:
                found += read_patterns(source, abscissa=self.abscissa, radiation=radiation)
        if not found:
            raise DataError("no pattern", where="patterns", remedy="give a powder pattern")
        temperatures = self.temperatures_K * (len(found) if len(self.temperatures_K) == 1 else 1)
        if temperatures and len(temperatures) != len(found):
            raise SettingsError(
                f"{len(temperatures)} temperatures for {len(found)} patterns", where="temperatures_K",
                remedy="give one for all, or one a pattern",
            )  # fmt: skip
        kelvins = temperatures or (None,) * len(found)
        return [
            self._told(_by_card(pattern, card), kelvin, told) for pattern, kelvin in zip(found, kelvins, strict=True)
        ]

    def instrument_card(self) -> InstrumentCard | None:
        """What the file of the instrument says; None without one."""
        return None if self.instrument is None else read_instrument(self.instrument)

    def _told(self, pattern: Pattern, kelvin: float | None, told: str | None) -> Pattern:
        """The pattern with what the settings say over its file, in the ranges that are used."""
        said = list(pattern.warnings) + ([told] if told else [])
        if kelvin is not None:
            if kelvin < _COLD_K:
                said.append(f"{kelvin:g} K was given: in K, not in degrees Celsius?")
            if pattern.temperature_K is not None and abs(pattern.temperature_K - kelvin) > 1:
                said.append(f"the file says {pattern.temperature_K:g} K, and {kelvin:g} K was given and is taken")
        radiation = None if pattern.radiation is None else self.through_monochromator(pattern.radiation)
        kept = self._kept(pattern)
        return replace(
            pattern, two_theta_deg=pattern.two_theta_deg[kept], intensity=pattern.intensity[kept],
            std=pattern.std[kept], radiation=radiation, geometry=self.geometry or pattern.geometry,
            goniometer_radius_mm=self.goniometer_radius_mm or pattern.goniometer_radius_mm,
            temperature_K=pattern.temperature_K if kelvin is None else kelvin, warnings=tuple(said),
        )  # fmt: skip

    def through_monochromator(self, radiation: Radiation) -> Radiation:
        """The radiation with the polarization of the monochromator that the settings say."""
        if self.monochromator_deg is None:
            return radiation
        return replace(radiation, monochromator_cos2=float(np.cos(np.radians(self.monochromator_deg)) ** 2))

    def _kept(self, pattern: Pattern) -> np.ndarray:
        """Which points are used; [n_points]."""
        angles = pattern.two_theta_deg
        kept = np.ones(angles.size, dtype=bool)
        if self.two_theta_range_deg:
            kept &= (angles >= self.two_theta_range_deg[0]) & (angles <= self.two_theta_range_deg[1])
        for low, high in self.exclude_deg:
            kept &= (angles < low) | (angles > high)
        if kept.sum() < 10:
            raise SettingsError(
                f"{int(kept.sum())} points are left of {pattern.name}, which has {angles[0]:.4g} to {angles[-1]:.4g}",
                where="two_theta_range_deg" if self.two_theta_range_deg else "exclude_deg",
                remedy="give ranges inside the pattern",
            )  # fmt: skip
        return kept


class PhaseSettings(XrdSettings):
    """The phases that a pattern is looked through for."""

    phases: Paths = setting((), "CIFs, other structures or built-in names: A.cif,B.cif,o-nbh,nabh4.")
    background_order: int | None = setting(
        None, "Order of the Chebyshev polynomials; one for each 8 degrees or more by default.", ge=2, le=40
    )
    humps_deg: Ranges = setting(
        (), "From where to where broad humps of glass or capillary reach, degrees: 15:30.", each=(0.0, 180.0)
    )

    def humps(self) -> tuple[tuple[float, float], ...]:
        """Centre and full width at half maximum of each hump, degrees."""
        return tuple(((low + high) / 2, (high - low) / 2) for low, high in self.humps_deg)

    def read_phases(self) -> list[Phase]:
        """The phases, in their order.

        Raises
        ------
        InputError
            For what cannot be read, and for two of one name.
        """
        from paddlewheel.lab.xrd.structure_factors import read_phase

        found = [read_phase(source) for source in self.phases]
        for place, phase in enumerate(found):
            if any(phase.name == other.name for other in found[:place]):
                raise SettingsError(f"two phases are called {phase.name}", where="phases", remedy="rename a file")
        return found


def settle_radiation(patterns: Sequence[Pattern], phases: Sequence[Phase], settings: XrdSettings) -> list[Pattern]:
    """The patterns, with the Ka of a usual tube where neither file nor settings say the wavelength and the phases do.

    Raises
    ------
    DataError
        For one whose wavelength nothing says.
    """
    found: list[Pattern] = []
    for pattern in patterns:
        lit = None if pattern.radiation is not None or not phases else usual_radiation(pattern, phases)
        if lit is not None:
            told = (
                f"nothing says its wavelength: {shown(lit)} is taken, at which alone of the usual tubes the lines"
                " of the phases lie on the pattern (--radiation, --wavelength-A for another)"
            )
            pattern = replace(
                pattern, radiation=settings.through_monochromator(lit), warnings=(*pattern.warnings, told)
            )
        needs_radiation(pattern)
        found.append(pattern)
    return found


def _by_card(pattern: Pattern, card: InstrumentCard | None) -> Pattern:
    """The pattern with what its file does not say and that of the instrument does; a difference is told."""
    if card is None:
        return pattern
    said = [*pattern.warnings, *card.warnings]
    radiation = pattern.radiation or card.radiation
    if pattern.radiation is not None and card.radiation is not None:
        told = difference(card.radiation, pattern.radiation, stated_by=card.name)
        said += [told] if told else []
        if not told:  # only the instrument knows how the beam is polarized
            radiation = replace(pattern.radiation, monochromator_cos2=card.radiation.monochromator_cos2)
    return replace(
        pattern, radiation=radiation, geometry=pattern.geometry or card.geometry,
        goniometer_radius_mm=pattern.goniometer_radius_mm or card.goniometer_radius_mm, warnings=tuple(said),
    )  # fmt: skip


def needs_radiation(pattern: Pattern) -> Radiation:
    """The radiation of a pattern.

    Raises
    ------
    DataError
        Where neither its file nor the settings say it.
    """
    if pattern.radiation is None:
        raise DataError("does not say its wavelength", where=pattern.source,
                        remedy="give --radiation CuKa, or --wavelength-A")  # fmt: skip
    return pattern.radiation


def pattern_inputs(patterns: Sequence[Pattern]) -> list[dict[str, str | int | float | None]]:
    """Name, size, conditions and sha256 over points of each, for `inputs.yaml`."""
    return [
        {
            "name": pattern.name,
            "n_points": int(pattern.two_theta_deg.size),
            "radiation": None if pattern.radiation is None else shown(pattern.radiation),
            "temperature_K": pattern.temperature_K,
            "sha256": _digest(pattern),
        }
        for pattern in patterns
    ]


def _digest(pattern: Pattern) -> str:
    arrays = (pattern.two_theta_deg, pattern.intensity, pattern.std)
    lines = () if pattern.radiation is None else pattern.radiation.lines
    return hashlib.sha256(b"".join(map(np.ndarray.tobytes, arrays)) + np.array(lines).tobytes()).hexdigest()
