"""The record of one sample and its cell, which every normalization goes through: die, masses, fractions, thicknesses.

A sample file is YAML. Each quantity is a number, or `{value: 310, std: 2}` with its standard uncertainty. What follows
from them (area, loading, porosity, theoretical capacity) carries the uncertainty on; what a file gives twice, as a
loading beside the mass that decides it, is compared, and a disagreement is explained where a known mistake explains it.

It may say too what the sample was made of (`components`), how (`history`), and where the records of what was measured
on it lie, so that one study reads what another found.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_yaml
from paddlewheel.lab.ranges import Size, check_quantity, question
from paddlewheel.records import Measured
from paddlewheel.units import ZERO_CELSIUS_K


def _as_measured(given: Any) -> Any:
    return {"value": given, "std": 0.0} if isinstance(given, int | float) and not isinstance(given, bool) else given


Quantity = Annotated[Measured, BeforeValidator(_as_measured)]
"""A number, or `{value, std}`."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Component(_Part):
    """One component of a composite electrode; `capacity_mAh_per_g` makes it an active material."""

    name: str
    weight_fraction: float
    density_g_per_cm3: Quantity | None = None
    capacity_mAh_per_g: Quantity | None = None


class Composite(_Part):
    """A pressed composite electrode. The loading (active mass over area) and the areal capacity follow from the mass;
    where the file gives them too, they are compared."""

    mass_mg: Quantity
    components: list[Component] = Field(min_length=1)
    thickness_um: Quantity | None = None
    loading_mg_per_cm2: Quantity | None = None
    areal_capacity_mAh_per_cm2: Quantity | None = None


class Pellet(_Part):
    """The electrolyte between the electrodes, or the pellet of an impedance measurement; `ideal_density_g_per_cm3` is
    that of the dense material."""

    thickness_um: Quantity | None = None
    mass_mg: Quantity | None = None
    ideal_density_g_per_cm3: Quantity | None = None


class Phase(_Part):
    """One phase that a sample was made of, or that it may hold.

    Attributes
    ----------
    name, formula
        As patterns and spectra call it; what one formula unit holds, such as Na3(BH4)(B12H12).
    weight_fraction
        Weighed, of the whole sample.
    cif
        Its structure, from the folder of the sample file, or a built-in name.
    nmr_sites
        Nuclei of one formula unit by the sites of the NMR record that they are seen in: {o-BH4: 1}. Sites that other
        phases have too are left out.
    left_with
        Phases that this one is left over with, by moles of it on one of theirs: {nabh4: 1} where both react one to one.
    """

    name: str
    formula: str | None = None
    weight_fraction: Quantity | None = None
    density_g_per_cm3: Quantity | None = None
    cif: str | None = None
    nmr_sites: dict[str, float] = Field(default_factory=dict)
    left_with: dict[str, float] = Field(default_factory=dict)


class History(_Part):
    """How a sample was made."""

    synthesis: str | None = None
    cooling: str | None = None
    cooling_rate_K_per_min: Quantity | None = None
    notes: str | None = None


RECORDS = ("eis", "nmr", "xrd", "dsc", "tomography", "cycling")
"""Records that a sample file names."""


class Sample(_Part):
    """One sample, as its file says it; the area is that of the die, or given.

    `thickness_um` is that of the pellet, or of the electrode where a study measures one (`tomography measure`).
    `eis`, `nmr`, `xrd`, `dsc`, `tomography` and `cycling` are the run directories (or records) of what was measured on
    it; paths start from the folder of the sample file.

    Raises
    ------
    DataError
        For a quantity outside its range of sense (`paddlewheel.lab.ranges`), which `size` sets for microelectrodes,
        films and sheets (``micro``) and for pouches and stacks (``large``).
    """

    name: str = "sample"
    size: Size = "usual"
    die_diameter_mm: Quantity | None = None
    area_cm2: Quantity | None = None
    temperature_K: Quantity | None = None
    composite: Composite | None = None
    pellet: Pellet | None = None
    temperature_C: Quantity | None = None
    thickness_um: Quantity | None = None
    masses_mg: dict[str, Quantity] = Field(default_factory=dict)
    components: list[Phase] = Field(default_factory=list)
    history: History | None = None
    eis: str | None = None
    nmr: str | None = None
    xrd: str | None = None
    dsc: str | None = None
    tomography: str | None = None
    cycling: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_way_each(cls, given: Any) -> Any:
        """The temperature in K and the thickness of the pellet, whichever way the file gives them.

        A thickness that no pellet has, such as 50 um, is that of an electrode alone.
        """
        if not isinstance(given, Mapping):
            return given
        document = dict(given)
        celsius, kelvin = _as_measured(document.get("temperature_C")), document.get("temperature_K")
        if isinstance(celsius, Mapping) and isinstance(celsius.get("value"), int | float) and kelvin is None:
            document["temperature_K"] = {**celsius, "value": celsius["value"] + ZERO_CELSIUS_K}
        thickness, pellet = document.get("thickness_um"), document.get("pellet")
        if _may_be_of_a_pellet(thickness, given.get("size")) and (pellet is None or isinstance(pellet, Mapping)):
            document["pellet"] = {"thickness_um": thickness, **(pellet or {})}
        return document

    def model_post_init(self, _context: Any) -> None:
        _check(self, "", self.size)
        if self.temperature_C is not None and self.temperature_K is not None:
            celsius = self.temperature_K.value - ZERO_CELSIUS_K
            if abs(celsius - self.temperature_C.value) > 0.5:
                raise DataError(
                    f"{self.temperature_C.value:g} C, and temperature_K says {celsius:g} C", where="temperature_C",
                    remedy="give one of them",
                )  # fmt: skip
        thick = self.pellet.thickness_um if self.pellet is not None else None
        if self.thickness_um is not None and thick is not None and thick.value != self.thickness_um.value:
            raise DataError(
                f"{self.thickness_um.value:g} um, and that of the pellet is {thick.value:g} um", where="thickness_um",
                remedy="give one of them",
            )  # fmt: skip
        names = [phase.name for phase in self.components]
        if len(set(names)) < len(names):
            raise DataError("two of one name", where="components", remedy="give each its own name")
        weighed = [phase.weight_fraction.value for phase in self.components if phase.weight_fraction is not None]
        if weighed and (min(weighed) < 0 or sum(weighed) > 1.001):
            raise DataError(
                f"weight fractions of {', '.join(f'{value:g}' for value in weighed)}", where="components",
                remedy="give fractions of the whole, at most 1 together",
            )  # fmt: skip
        for phase in self.components:
            for other in phase.left_with:
                if other not in names:
                    raise DataError(f"{phase.name} is left with {other!r}", where="components",
                                    remedy=f"name one of {', '.join(names)}")  # fmt: skip

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = whole(self)
        return {
            name: value
            for name, value in found.items()
            if (name, value) != ("size", "usual") and not (name in _LATER and not value)
        }

    def record_path(self, kind: str, *, sample: str | Path) -> Path | None:
        """Where the record of a kind (`RECORDS`) lies, None where none is named.

        Parameters
        ----------
        kind
            Such as ``nmr``.
        sample
            The sample file.

        Raises
        ------
        DataError
            Where it is not there.
        """
        given = getattr(self, kind)
        if not given:
            return None
        path = Path(sample).parent / given
        path = path / "result.json" if path.is_dir() else path
        if not path.is_file():
            raise DataError(f"its {kind} record {given} is not there", where=sample,
                            remedy="give the run directory, from the folder of the sample file")  # fmt: skip
        return path


def _may_be_of_a_pellet(thickness_um: Any, size: Any) -> bool:
    """Whether the thickness of a sample, as its file gives it, lies where pellets have theirs."""
    given = _as_measured(thickness_um)
    value = given.get("value") if isinstance(given, Mapping) else None
    if not isinstance(value, int | float):
        return False
    return question("pellet.thickness_um", value, size=size if size in get_args(Size) else "usual") is None


_LATER = ("temperature_C", "thickness_um", "masses_mg", "components", "history", *RECORDS)
"""Fields that earlier versions did not have: left out where they are empty, so that old documents stay."""


def _check(part: _Part, path: str, size: Size) -> None:
    """Every quantity of a part and of the parts in it, by its path in the file."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Measured):
            check_quantity(path + name, value.value, value.std, size=size)
        elif isinstance(value, float):
            check_quantity(path + name, value, size=size)
        elif isinstance(value, _Part):
            _check(value, f"{path}{name}.", size)
        elif isinstance(value, list):
            for place, each in enumerate(value):
                _check(each, f"{path}{name}.{place}.", size)
        elif isinstance(value, dict) and name == "masses_mg":
            for what, mass in value.items():
                check_quantity(f"{path}masses.{what}.mass_mg", mass.value, mass.std, size=size)


def load_sample(path: str | Path) -> Sample:
    """Read a sample file and check that its numbers can be.

    Raises
    ------
    DataError
        If it cannot be read, has an unknown or a missing field, or a value out of range; what cannot be for its
        geometry is refused by `paddlewheel.lab.geometry.geometry`.
    """
    path = Path(path)
    return make_sample(read_yaml(path, DataError, remedy="give a YAML file"), where=path)


def make_sample(document: Mapping[str, Any] | Any, *, where: str | Path = "sample") -> Sample:
    """The sample of a document, checked as `load_sample` does."""
    if not isinstance(document, Mapping):
        raise DataError("is no list of fields", where=where, remedy="give fields such as die_diameter_mm: 10")
    try:
        sample = Sample.model_validate(dict(document))
    except DataError as error:  # a quantity outside its range, by its field
        raise DataError(f"{error.where}: {error.problem}", where=where, remedy=error.remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"{name or 'sample'}: {first['msg']} ({_short(first['input'])})", where=where,
            remedy=f"fields are {', '.join(Sample.model_fields)}",
        ) from error  # fmt: skip
    return sample


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
