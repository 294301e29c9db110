"""What the studies of measurements are told: the sample or the sizes of its pellet, temperatures, columns of files."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.pellets import given_pellet
from paddlewheel.lab.ranges import Size, check_quantity
from paddlewheel.records import Measured
from paddlewheel.study.settings import NamedColumns, Settings, setting
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
