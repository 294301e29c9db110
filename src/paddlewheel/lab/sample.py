"""The record of one sample and its cell, which every normalization goes through: die, masses, fractions, thicknesses.

A sample file is YAML. Each quantity is a number, or `{value: 310, std: 2}` with its standard uncertainty. What follows
from them (area, loading, porosity, theoretical capacity) carries the uncertainty on; what a file gives twice, as a
loading beside the mass that decides it, is compared, and a disagreement is explained where a known mistake explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_yaml
from paddlewheel.lab.ranges import Size, check_quantity
from paddlewheel.records import Measured


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


class Sample(_Part):
    """One sample, as its file says it; the area is that of the die, or given.

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

    def model_post_init(self, _context: Any) -> None:
        _check(self, "", self.size)

    @model_serializer(mode="wrap")
    def _without_usual_size(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if (name, value) != ("size", "usual")}


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
