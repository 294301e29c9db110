"""What a cell design is made of: every input with its value, where it is from, and between what it is swept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from paddlewheel.errors import DataError
from paddlewheel.lab.sample import Component, Quantity

_BUILT_IN = Path(__file__).resolve().parent / "fig5a.yaml"
_ANY_SIGN = ("conductivity_temperature_C", "packaging_mass_fraction")
USER = "user"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Assumption(_Input):
    """One input: `low` and `high` are the ends of its sweep, and absent where it is given for this very figure."""

    value: float
    low: float | None = None
    high: float | None = None
    given_by: str = USER
    note: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("give both low and high, or neither")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} is not between {self.low:g} and {self.high:g}")
        return self


class Anode(_Input):
    """An anode; without a capacity it is what the cathode plates. The density is that of the charged anode."""

    name: str
    capacity_mAh_per_g: float | None = Field(default=None, gt=0)
    electrolyte_weight_fraction: float = Field(default=0.0, ge=0, lt=1)
    mean_potential_V_vs_Na: float = Field(ge=-0.5, le=3)
    charged_density_g_per_cm3: float = Field(gt=0, lt=25)
    given_by: str = USER


class MeasuredThickness(_Input):
    """A pressed composite of a loading."""

    loading_mg_per_cm2: float = Field(gt=0)
    thickness_um: Quantity


class OtherValue(_Input):
    """What the source says elsewhere about the same input."""

    name: str
    value: float
    given_by: str


class CellDesign(_Input):
    """A whole design; see `fig5a.yaml` beside this file for what each field means."""

    name: str
    die_diameter_mm: float = Field(gt=0)
    loadings_mg_per_cm2: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    temperatures_C: list[Annotated[float, Field(gt=-273.15)]] = Field(min_length=1)
    c_rates_per_h: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    assumptions: dict[str, Assumption]
    thicknesses: list[MeasuredThickness]
    thicknesses_given_by: str = USER
    components: list[Component]
    components_given_by: str = USER
    anodes: list[Anode] = Field(min_length=1)
    also_stated: list[OtherValue] = Field(default_factory=list)

    def values(self) -> dict[str, float]:
        """The value of every assumption, by name."""
        return {name: one.value for name, one in self.assumptions.items()}


def template() -> str:
    """The built-in design as text, to be copied and changed."""
    return _BUILT_IN.read_text(encoding="utf-8")


def load_design(path: str | Path | None = None) -> CellDesign:
    """The built-in design, with what the file `path` gives in its place.

    Raises
    ------
    DataError
        If the file cannot be read, has a field or an assumption that there is not, or a value out of range.
    """
    document = yaml.safe_load(template())
    if path is None:
        return CellDesign.model_validate(document)
    path = Path(path)
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"cannot be read ({str(error).splitlines()[0]})", where=path, remedy="give a YAML file"
        ) from error
    if not isinstance(given, Mapping):
        raise DataError("is no list of fields", where=path, remedy="see `paddlewheel cell --template`")
    merged = _merged(document, dict(given), path)
    try:
        design = CellDesign.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{name}: {first['msg']}", where=path, remedy="see `paddlewheel cell --template`") from error
    _check_values(design, path)
    return design


def _merged(document: dict[str, Any], given: dict[str, Any], path: Path) -> dict[str, Any]:
    assumptions = given.pop("assumptions", None) or {}
    if not isinstance(assumptions, Mapping):
        raise DataError("assumptions is no list of names", where=path, remedy="give name: value")
    for name, value in assumptions.items():
        if name not in document["assumptions"]:
            raise DataError(
                f"assumptions.{name}: there is no such input", where=path,
                remedy=f"there are {', '.join(document['assumptions'])}",
            )  # fmt: skip
        new = dict(value) if isinstance(value, Mapping) else {"value": value}
        document["assumptions"][name] = {"given_by": USER} | new
    if given:  # another cell than the paper's: what that says elsewhere no longer concerns it
        document["also_stated"] = []
    for name in ("thicknesses", "components"):
        if name in given:
            document[f"{name}_given_by"] = USER
    return document | given


def _check_values(design: CellDesign, path: Path) -> None:
    for name, one in design.assumptions.items():
        if name not in _ANY_SIGN and not one.value > 0:
            raise DataError(f"assumptions.{name} is {one.value:g}", where=path, remedy="give a number above 0")
        if "fraction" in name and not one.value <= 1:
            raise DataError(f"assumptions.{name} is {one.value:g}", where=path, remedy="a fraction is at most 1")
    fractions = sum(one.weight_fraction for one in design.components)
    if design.components and abs(fractions - 1) > 0.005:
        raise DataError(f"components: weight fractions sum to {fractions:.4g}", where=path, remedy="they sum to 1")
