"""What the studies of measurements are told: the sample or the sizes of its pellet, temperatures, columns of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.geometry import Uncertain, disc_area_cm2, geometry, to_uncertain
from paddlewheel.lab.pellets import given_pellet
from paddlewheel.lab.ranges import Size, check_quantity
from paddlewheel.lab.sample import load_sample
from paddlewheel.records import Measured
from paddlewheel.study.settings import NamedColumns, Numbers, Quantity, Settings, bad_value, setting
from paddlewheel.study.study import Argument

CELL_TESTS = Argument(
    name="files",
    metavar="FILE...",
    help="of a potentiostat: .mpr, .mpt, CSV, ...; of one cell",
    many=True,
    annotation="str | Path | paddlewheel.lab.table.CellTest | Sequence[str | Path | paddlewheel.lab.table.CellTest]",
)
"""What the studies of cell tests are about: what `paddlewheel.lab.readers.read_cell_test` reads."""


class LaboratorySettings(Settings):
    """Settings of measurements: each quantity is inside its range of sense (`paddlewheel.lab.ranges`)."""

    @model_validator(mode="after")
    def _in_their_ranges(self) -> Self:
        for name in type(self).model_fields:
            given = getattr(self, name)
            for each in given if isinstance(given, tuple) else (given,):
                quantity, _, unit = name.rpartition("_")
                std = getattr(self, f"{quantity}_std_{unit}", 0.0)
                value, std = (each.value, each.std) if isinstance(each, Measured) else (each, std)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    check_quantity(name, value, std, size=getattr(self, "size", "usual"), error=SettingsError)
        return self


class DiscSettings(LaboratorySettings):
    """The disc that was measured: its area, by the file of the sample or by its diameter.

    `sample` may change: `inputs.yaml` has the name that the file gives, and beside it the sizes, which decide.
    """

    sample: Path | None = setting(
        None, "File of the sample (YAML), for the geometry instead of the sizes.", may_change=True
    )
    diameter_cm: float | None = setting(None, "Diameter of the pellet or electrode, cm.")
    diameter_std_cm: float = setting(
        0.0, "Standard uncertainty of the diameter, cm.", ge=0, only_with={"diameter_cm": True}
    )
    size: Size = setting(
        "usual",
        "What the sizes are of: a pellet or die, a microelectrode or film, a pouch or stack",
        only_with={"diameter_cm": True},
    )

    def area_cm2(self) -> tuple[str, Uncertain]:
        """Name of the sample, and the area of the electrode.

        Raises
        ------
        InputError
            For no area, two, or one that no electrode has.
        """
        if self.sample is not None:
            if self.diameter_cm is not None:
                raise SettingsError("a diameter and a sample file", where="geometry", remedy="give one of them")
            sample = load_sample(self.sample)
            return sample.name, geometry(sample, where=self.sample).area_cm2
        if self.diameter_cm is None:
            raise SettingsError(
                "no area, so no current density", where="diameter_cm", remedy="give it, or a sample file"
            )
        if not self.diameter_std_cm < 0.5 * self.diameter_cm:
            raise SettingsError(
                f"{self.diameter_cm:g} +- {self.diameter_std_cm:g} cm",
                where="diameter_cm",
                remedy="give it in cm, such as 1.0",
            )
        return "", disc_area_cm2(to_uncertain(Measured(value=self.diameter_cm, std=self.diameter_std_cm)))


class PelletSettings(DiscSettings):
    """The pellet that was measured: area and thickness."""

    thickness_cm: float | None = setting(None, "Thickness of the pellet, cm.")
    thickness_std_cm: float = setting(
        0.0, "Standard uncertainty of the thickness, cm.", ge=0, only_with={"thickness_cm": True}
    )

    def pellet(self) -> tuple[str, Pellet | None]:
        """Name of the sample and its pellet; no name and None where nothing is given (see `given_pellet`)."""
        return given_pellet(
            sample=self.sample,
            diameter_cm=self.diameter_cm,
            thickness_cm=self.thickness_cm,
            diameter_std_cm=self.diameter_std_cm,
            thickness_std_cm=self.thickness_std_cm,
            size=self.size,
        )


class ColumnSettings(LaboratorySettings):
    """How the file of a cell test is read."""

    columns: NamedColumns | None = setting(
        None, "Columns that the reader does not find, such as time_s=t,voltage_V=U,current_A=-I."
    )


class ReferenceSettings(LaboratorySettings):
    """Against which electrode voltages are, and are wanted."""

    measured_against: str = setting(
        "the electrode of the file", "Electrode that the file's voltages are against, such as Na9Sn4"
    )
    reference: str | None = setting(None, "Electrode that they are wanted against, such as Na.")
    reference_shift_V: Annotated[Quantity, Field(validate_default=True)] = setting(
        0.0, "Potential of the first against the second, added to every voltage: value or value,std"
    )

    @field_validator("reference_shift_V")
    @classmethod
    def _in_volts(cls, given: Measured) -> Measured:
        if abs(given.value) > 10:
            raise bad_value(f"{given.value:g} V", "give it in V, as 0.1")
        return given

    @model_validator(mode="after")
    def _shifted_to_what(self) -> Self:
        if self.reference_shift_V.value and self.reference is None:
            raise SettingsError("not given", where="reference", remedy="name the electrode that the shift leads to: Na")
        return self


class DrawnSettings(LaboratorySettings):
    """The range of voltages that figures show."""

    voltage_range_V: Numbers = setting((), "Lowest and highest voltage to draw; all by default.", may_change=True)

    @field_validator("voltage_range_V")
    @classmethod
    def _two(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if given and not (len(given) == 2 and given[0] < given[1]):
            raise bad_value(",".join(f"{value:g}" for value in given), "give the lowest and the highest, as 2.5,4.5")
        return given

    def drawn_V(self) -> tuple[float, float] | None:
        """The range, or None for all."""
        return (self.voltage_range_V[0], self.voltage_range_V[1]) if self.voltage_range_V else None


def check_drawn(name: str, numbers: Sequence[int], count: int) -> None:
    """Refuse the number of a sweep, scan or hold to draw that is not there.

    Raises
    ------
    SettingsError
        For it.
    """
    for number in numbers:
        if not 1 <= number <= count:
            raise SettingsError(f"{number}", where=name, remedy=f"there are {name} 1 to {count}")


def spread(count: int, *, most: int) -> list[int]:
    """The first, the last, and some between: numbers from 1."""
    return [1 + round(place * (count - 1) / max(min(count, most) - 1, 1)) for place in range(min(count, most))]
