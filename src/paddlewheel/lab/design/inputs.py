"""What a cell design is made of: every input with its value, where it is from, and between what it is swept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from ase.data import atomic_masses, atomic_numbers
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from paddlewheel.crystals.charges import cation_charge
from paddlewheel.errors import DataError
from paddlewheel.foreign import read_yaml
from paddlewheel.lab.design.tomography import inputs_of_tomography
from paddlewheel.lab.ranges import question
from paddlewheel.lab.sample import Component
from paddlewheel.records import Measured
from paddlewheel.units import FARADAY_C_PER_MOL, ZERO_CELSIUS_K

_BUILT_IN = Path(__file__).resolve().parent / "fig5a.yaml"
_ROUNDING = 0.005
SODIUM = "Na"
"""The metal of the built-in design."""
_AGAINST = re.compile(r"_vs_[A-Z][a-z]?$")
_BOUNDS = {
    "conductivity_temperature_C": (-273.15, 1000.0, "give degrees Celsius"),
    "packaging_mass_fraction": (0.0, 1.0, "give a fraction below 1: the cell is the rest"),
    "electrolyte_weight_fraction": (0.0, 1.0, "give a fraction below 1: the anode is the rest"),
    "mean_potential_V": (-0.5, 3.0, "an anode is between -0.5 and 3 V against the metal of the ion"),
}
"""Where zero, or less, can be: lower end (included), upper end, remedy."""
USER, ASSUMED = "user", "assumed"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Assumption(_Input):
    """One input: `low` and `high` are the ends of its sweep, and absent where it is given for this very figure; `std`
    is the standard uncertainty of a measured one. What is assumed has the one or the other."""

    value: float
    std: float = Field(default=0.0, ge=0)
    low: float | None = None
    high: float | None = None
    given_by: str = USER
    note: str = ""

    @property
    def assumed(self) -> bool:
        """Whether no source gives it."""
        return self.given_by.startswith(ASSUMED)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("give both low and high, or neither")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} is not between {self.low:g} and {self.high:g}")
        if self.assumed and self.low is None and not self.std:
            raise ValueError(f"{self.value:g} is assumed: give low and high, between which it is swept")
        return self

    def measured(self) -> Measured:
        """Value and standard uncertainty."""
        return Measured(value=self.value, std=self.std)


def _as_assumption(given: Any) -> Any:
    return {"value": given} if isinstance(given, int | float) and not isinstance(given, bool) else given


Given = Annotated[Assumption, BeforeValidator(_as_assumption)]
"""A number, which then is the user's, or an `Assumption`."""


class Anode(_Input):
    """An anode; without a capacity it is what the cathode plates. The density is that of the charged anode.

    `mean_potential_V` is against the metal of the ion; a file names it, as in `mean_potential_V_vs_Na`.
    """

    name: str
    capacity_mAh_per_g: Given | None = None
    electrolyte_weight_fraction: Given = Field(
        default_factory=lambda: Assumption(value=0.0, low=0.0, high=0.3, given_by=ASSUMED, note="the file gives none")
    )
    mean_potential_V: Given = Field(validation_alias=AliasChoices("mean_potential_V", "mean_potential_V_vs_Na"))
    charged_density_g_per_cm3: Given


class MeasuredThickness(_Input):
    """A pressed composite of a loading."""

    loading_mg_per_cm2: float = Field(gt=0)
    thickness_um: Given


class DesignComponent(_Input):
    """A component of the composite; `active` marks what `active_weight_fraction` is the sum of."""

    name: str
    weight_fraction: Given
    density_g_per_cm3: Given | None = None
    active: bool = False


class OtherValue(_Input):
    """What the source says elsewhere about the same input."""

    name: str
    value: float
    given_by: str


class CellDesign(_Input):
    """A whole design; see `fig5a.yaml` beside this file for what each field means."""

    name: str
    metal: str = SODIUM
    die_diameter_mm: Given
    loadings_mg_per_cm2: list[float] = Field(min_length=1)
    temperatures_C: list[float] = Field(min_length=1)
    c_rates_per_h: list[float] = Field(min_length=1)
    assumptions: dict[str, Assumption]
    thicknesses: list[MeasuredThickness]
    components: list[DesignComponent]
    anodes: list[Anode] = Field(min_length=1)
    also_stated: list[OtherValue] = Field(default_factory=list)

    def values(self) -> dict[str, float]:
        """The value of every assumption, by name."""
        return {name: assumption.value for name, assumption in self.assumptions.items()}

    @property
    def cathode_voltage(self) -> str:
        """Name of the assumption that is the cathode's mean voltage."""
        return f"cathode_voltage_V_vs_{self.metal}"

    @property
    def metal_capacity_mAh_per_g(self) -> float:
        """Of the metal of the ion: z F / M, 1166 for Na, 3862 for Li."""
        charge = cation_charge(self.metal)
        assert charge is not None  # a design of another metal is refused
        return charge * FARADAY_C_PER_MOL / 3.6 / atomic_masses[atomic_numbers[self.metal]]

    def inputs(self) -> dict[str, Assumption]:
        """Every input that a result depends on, by name: those of anodes and components too."""
        found = {"die_diameter_mm": self.die_diameter_mm, **self.assumptions}
        for anode in self.anodes:
            found[f"{anode.name} mean_potential_V_vs_{self.metal}"] = anode.mean_potential_V
            fields = ["charged_density_g_per_cm3"]
            if anode.capacity_mAh_per_g is not None:
                fields += ["capacity_mAh_per_g", "electrolyte_weight_fraction"]
            found |= {f"{anode.name} {field}": getattr(anode, field) for field in fields}
        for measurement in self.thicknesses:
            found[f"thickness_um at {measurement.loading_mg_per_cm2:g} mg/cm2"] = measurement.thickness_um
        for component in self.components:
            found[f"{component.name} weight_fraction"] = component.weight_fraction
            if component.density_g_per_cm3 is not None:
                found[f"{component.name} density_g_per_cm3"] = component.density_g_per_cm3
        return found

    def changed(self, name: str, value: float) -> Self:
        """The same design with another value of one of `inputs`."""
        other = self.model_copy(deep=True)
        other.inputs()[name].value = value
        return other

    def composite_components(self) -> list[Component]:
        """The components as a sample has them."""
        return [
            Component(
                name=component.name,
                weight_fraction=component.weight_fraction.value,
                density_g_per_cm3=None
                if component.density_g_per_cm3 is None
                else component.density_g_per_cm3.measured(),
            )
            for component in self.components
        ]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if cation_charge(self.metal) is None:
            raise ValueError(
                f"metal is {self.metal}: give one whose ion has one charge, such as Na, Li, K, Mg, Zn or Al"
            )
        if self.cathode_voltage not in self.assumptions:
            raise ValueError(f"assumptions: there is no {self.cathode_voltage}: give it")
        for what, names in (
            ("anodes", [anode.name for anode in self.anodes]),
            ("components", [component.name for component in self.components]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"{what}: two have the same name ({', '.join(names)})")
        for name, assumption in self.inputs().items():
            _check_value(name, assumption.value, assumption.std)
            for end in (assumption.low, assumption.high):
                if end is not None:
                    _check_value(name, end)
        for name, values in (
            ("loading_mg_per_cm2", self.loadings_mg_per_cm2),
            ("temperature_K", [celsius + ZERO_CELSIUS_K for celsius in self.temperatures_C]),
            ("c_rates_per_h", self.c_rates_per_h),
        ):
            for value in values:
                _check_value(name, value)
        if self.components:
            total = sum(component.weight_fraction.value for component in self.components)
            if abs(total - 1) > _ROUNDING:
                raise ValueError(f"components: weight fractions sum to {total:.4g}, not to 1")
        active = sum(component.weight_fraction.value for component in self.components if component.active)
        stated = self.assumptions["active_weight_fraction"].value
        if self.components and abs(active - stated) > _ROUNDING:
            raise ValueError(
                f"active_weight_fraction is {stated:g}, that of the components with `active: true` {active:.4g}: "
                "give both alike"
            )
        return self


def _of_the_metal(
    document: dict[str, Any], given: Mapping[str, Any], assumptions: Mapping[str, Any], path: Path
) -> None:
    """Potentials are named by the metal that they are against; those built in are of sodium, and of no other one.

    Raises
    ------
    DataError
        For a potential against another metal, or a metal without a cathode and anodes of its own.
    """
    metal = str(given.get("metal", SODIUM))
    voltage = f"cathode_voltage_V_vs_{metal}"
    anodes = given.get("anodes")
    each = [anode for anode in anodes if isinstance(anode, dict)] if isinstance(anodes, list) else []
    for named in [name for keys in (assumptions, *each) for name in keys if _AGAINST.search(str(name))]:
        if not str(named).endswith(f"_vs_{metal}"):
            raise DataError(
                f"{named} in a cell of {metal}", where=path, remedy=f"give it against {metal}, or the metal"
            )
    for anode in each:
        if (own := f"mean_potential_V_vs_{metal}") in anode:
            anode["mean_potential_V"] = anode.pop(own)
    if metal != SODIUM:
        if voltage not in assumptions or not each or "active_capacity_mAh_per_g" not in assumptions:
            raise DataError(
                f"metal is {metal}, cathode and anodes built in are of sodium", where=path,
                remedy=f"give assumptions {voltage} and active_capacity_mAh_per_g, and anodes",
            )  # fmt: skip
        del document["assumptions"][f"cathode_voltage_V_vs_{SODIUM}"]
        document["assumptions"][voltage] = {}
        document |= {"components": [], "thicknesses": []}


def _check_value(name: str, value: float, std: float = 0.0) -> None:
    field = _AGAINST.sub("", name.split(" at ")[0].split()[-1])
    if field in _BOUNDS:
        low, high, remedy = _BOUNDS[field]
        possible = low <= value < high
    else:
        known = "composite.thickness_um" if " at " in name else field
        if (asked := question(known, value, std)) is not None:
            raise ValueError(f"{name}: {'; '.join(asked)}")
        possible, remedy = value > 0, "give a number above 0"
    if not possible:
        raise ValueError(f"{name} is {value:g}: {remedy}")


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
    given = read_yaml(path, DataError, remedy="give a YAML file")
    if not isinstance(given, Mapping):
        raise DataError("is no list of fields", where=path, remedy="see `paddlewheel cell --template`")
    merged = _merged(document, dict(given), path)
    try:
        return CellDesign.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise DataError(
            f"{name}: {message}" if name else message, where=path, remedy="see `paddlewheel cell --template`"
        ) from error


def _merged(document: dict[str, Any], given: dict[str, Any], path: Path) -> dict[str, Any]:
    assumptions = given.pop("assumptions", None) or {}
    if not isinstance(assumptions, Mapping):
        raise DataError("assumptions is no list of names", where=path, remedy="give name: value")
    _of_the_metal(document, given, assumptions, path)
    if (tomography := given.pop("tomography", None)) is not None:
        _add_tomography(document, str(tomography), assumptions, path)
    for name, value in assumptions.items():
        if name not in document["assumptions"]:
            raise DataError(
                f"assumptions.{name}: there is no such input", where=path,
                remedy=f"there are {', '.join(document['assumptions'])}",
            )  # fmt: skip
        new = dict(value) if isinstance(value, Mapping) else {"value": value}
        document["assumptions"][name] = {"given_by": USER} | new
    if given or tomography:  # another cell than the paper's: what that says elsewhere no longer concerns it
        document["also_stated"] = []
    return document | given


def _add_tomography(document: dict[str, Any], given: str, assumptions: Mapping[str, Any], path: Path) -> None:
    """The inputs that a record of `tomography measure` gives, from the folder of the design.

    Raises
    ------
    DataError
        Where it gives none, or the design gives one of them too.
    """
    for name, value in inputs_of_tomography(path.parent / given).items():
        if name in assumptions:
            raise DataError(f"assumptions.{name} and tomography: {given} both give it", where=path,
                            remedy="leave one of them out")  # fmt: skip
        document["assumptions"][name] = value
