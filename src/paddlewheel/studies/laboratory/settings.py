"""What the studies of measurements are told: the sample or the sizes of its pellet, temperatures, columns of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.pellets import COLDEST_K, HOTTEST_K, given_pellet
from paddlewheel.study.settings import NamedColumns, Numbers, Settings, bad_value, setting
from paddlewheel.study.study import Argument
from paddlewheel.units import ZERO_CELSIUS_K


def _of_a_laboratory(given_K: float) -> float:
    if not COLDEST_K <= given_K <= HOTTEST_K:
        problem = "not above 0" if given_K <= 0 else "no temperature of a laboratory"
        raise bad_value(f"{given_K:g} K is {problem}", f"give K: {given_K:g} C is {given_K + ZERO_CELSIUS_K:g} K")
    return given_K


CELL_TESTS = Argument(
    name="files",
    metavar="FILE...",
    help="of a potentiostat: .mpr, .mpt, CSV, ...; of one cell",
    many=True,
    annotation="str | Path | paddlewheel.lab.table.CellTest | Sequence[str | Path | paddlewheel.lab.table.CellTest]",
)
"""What the studies of cell tests are about: what `paddlewheel.lab.readers.read_cell_test` reads."""
Kelvin = Annotated[float, AfterValidator(_of_a_laboratory)]
"""A temperature that a laboratory has."""
Kelvins = Annotated[Numbers, AfterValidator(lambda given: tuple(_of_a_laboratory(each) for each in given))]
"""Temperatures that a laboratory has; as text separated by commas."""


class DiscSettings(Settings):
    """The disc that was measured: its area, by the file of the sample or by its diameter.

    `sample` may change: `inputs.yaml` has the name that the file gives, and beside it the sizes, which decide.
    """

    sample: Path | None = setting(
        None, "File of the sample (YAML), for the geometry instead of the sizes.", may_change=True
    )
    diameter_cm: float | None = setting(None, "Diameter of the pellet or electrode, cm.")
    diameter_std_cm: float = setting(0.0, "Standard uncertainty of the diameter, cm.", ge=0)


class PelletSettings(DiscSettings):
    """The pellet that was measured: area and thickness."""

    thickness_cm: float | None = setting(None, "Thickness of the pellet, cm.")
    thickness_std_cm: float = setting(0.0, "Standard uncertainty of the thickness, cm.", ge=0)

    def pellet(self) -> tuple[str, Pellet | None]:
        """Name of the sample and its pellet; no name and None where nothing is given (see `given_pellet`)."""
        return given_pellet(
            sample=self.sample,
            diameter_cm=self.diameter_cm,
            thickness_cm=self.thickness_cm,
            diameter_std_cm=self.diameter_std_cm,
            thickness_std_cm=self.thickness_std_cm,
        )


class ColumnSettings(Settings):
    """How the file of a cell test is read."""

    columns: NamedColumns | None = setting(
        None, "Columns that the reader does not find, such as time_s=t,voltage_V=U,current_A=-I."
    )
