"""Settings of a study, each declared once: its name with its unit, help, default, bounds and choices.

A study's settings are a frozen pydantic model; the command line, the Python call, the checks and `inputs.yaml` come
from its fields. Lists and maps may be given as text, as the command line does: ``600,700,800`` or ``1=Na,2=B``.
"""

from __future__ import annotations

import difflib
import functools
import math
import operator
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError, PydanticUndefined

from paddlewheel.errors import SettingsError
from paddlewheel.records.base import Measured


def bad_value(problem: str, remedy: str) -> PydanticCustomError:
    """What a validator of a setting raises: the value and what is wrong with it, and what to write instead."""
    return PydanticCustomError("setting", "{problem}", {"problem": problem, "remedy": remedy})


def listed(convert: Callable[[str], Any], what: str, example: str) -> BeforeValidator:
    """Reads a list from text, for the type of a setting; what is no list of `what` is refused with `example`."""

    def parse(given: Any) -> Any:
        given = given.tolist() if hasattr(given, "tolist") else given  # an array of numpy, or one of its numbers
        if not isinstance(given, str):
            return (given,) if isinstance(given, int | float) and not isinstance(given, bool) else given
        try:
            return tuple(convert(part.strip()) for part in given.split(",")) if given else ()
        except ValueError:
            raise bad_value(f"'{given}' is no list of {what}", f"write {example}") from None

    return BeforeValidator(parse)


def mapped(key: Callable[[str], Any], value: Callable[[str], Any], what: str, example: str) -> BeforeValidator:
    """Reads a map from text, for the type of a setting; what is no `what` is refused with `example`."""

    def parse(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        pairs = [(name.strip(), text.strip()) for name, _, text in (part.partition("=") for part in given.split(","))]
        try:
            if not all(name and text for name, text in pairs):
                raise ValueError
            found = [(key(name), value(text)) for name, text in pairs]
        except ValueError:
            raise bad_value(f"'{given}' is no {what}", f"write {example}") from None
        names = [name for name, _ in found]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise bad_value(f"'{given}' gives {twice} twice", "give each once")
        return dict(found)

    return BeforeValidator(parse)


Numbers = Annotated[tuple[float, ...], listed(float, "numbers", "600,700,800")]
"""Numbers; as text separated by commas."""
Integers = Annotated[tuple[int, ...], listed(int, "integers", "1,2,50")]
"""Integers; as text separated by commas."""
Names = Annotated[tuple[str, ...], listed(str, "names", "BH4,B12H12")]
"""Names; as text separated by commas."""
Paths = Annotated[tuple[Path | str, ...], listed(str, "files", "a.csv,b.csv")]
"""Files or folders; as text separated by commas."""
NamedNumbers = Annotated[dict[str, float], mapped(str, float, "list of names and numbers", "Na=1,Li=1")]
"""Numbers by name; as text ``Na=1,Li=1``."""
TypeMap = Annotated[dict[int, str], mapped(int, str, "map of types", "1=Na,2=B")]
"""Elements of LAMMPS types; as text ``1=Na,2=B``."""
NamedValues = Annotated[dict[str, str | float], mapped(str, str, "list of names and values", "R0=12,CPE1_n=0.9")]
"""Numbers by name, with a unit or without; as text ``R0=12,C1=2uF``, and what reads them knows the units."""
NamedColumns = Annotated[dict[str, str], mapped(str, str, "list of field=column", "time_s=t,voltage_V=U")]
"""Columns of a file by the field that they hold; as text ``time_s=t,voltage_V=U``."""
NamedRanges = Annotated[
    dict[str, str | tuple[float, float]], mapped(str, str, "list of names and ranges", "R1=10:100,CPE1_n=0.7:1")
]
"""Two ends by name; as text ``R1=10:100``, and what reads them may know units."""


def _low_high(text: str) -> tuple[float, float]:
    low, high = (float(part) for part in text.split(":"))
    if not low < high:
        raise ValueError
    return low, high


Ranges = Annotated[
    tuple[tuple[float, float], ...], listed(_low_high, "ranges, each from low to high", "40:60,990:1010")
]
"""Ranges from a lower to a higher end; as text separated by commas."""


def _quantity(given: Any) -> Any:
    if isinstance(given, str):
        try:
            value, *std = [float(part) for part in given.split(",")]
        except ValueError:
            value, std = 0.0, [-1.0]
        if len(std) > 1 or not min(std, default=0.0) >= 0:
            raise bad_value(f"'{given}' is no number with its error", "give a value, or value,std with std 0 or above")
        return {"value": value, "std": sum(std)}
    return {"value": given, "std": 0.0} if isinstance(given, int | float) and not isinstance(given, bool) else given


Quantity = Annotated[Measured, BeforeValidator(_quantity)]
"""A number with its standard uncertainty, 0 where none is given; as text ``4.6`` or ``4.6,0.1``."""


def _factor(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return float(given.strip().removesuffix("x"))
    except ValueError:
        raise bad_value(f"'{given}' is no factor", "write 1.5x") from None


Factor = Annotated[float, BeforeValidator(_factor)]
"""By how much a number may be larger or smaller; as text ``1.5x``."""

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _time(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    text = given.strip()
    unit = text.lstrip("0123456789.")
    try:
        return float(text.removesuffix(unit)) * _SECONDS[unit.strip()]
    except (ValueError, KeyError):
        raise bad_value(f"'{given}' is no time with its unit", "write 90s, 30min, 2h or 1.5d") from None


Time = Annotated[float, BeforeValidator(_time)]
"""A time of the clock in seconds; as text ``90s``, ``30min``, ``2h`` or ``1.5d``."""


_BY_UNIT: Mapping[str, tuple[float, float]] = {
    "_K": (0.0, 1e4),
    "_fs": (0.0, 1e7),
    "_ps": (0.0, 1e7),
    "_A": (0.0, 1e3),
    "_A2": (0.0, 1e6),
    "_per_A3": (0.0, 1e4),
    "_GPa": (-10.0, 1000.0),
    "_bar": (0.0, 1e6),
    "_meV_per_atom": (0.0, 1e4),
    "_eV_per_A": (0.0, 1e3),
    "_kT": (0.0, 1e3),
    "_V": (-100.0, 100.0),
    "_mV": (0.0, 1e3),
}
"""Ends of what a number can be meant as, by the unit that the name of a setting ends in: beyond them a run would have
no end that anybody waits for. Quantities of laboratories have narrower ones (`paddlewheel.lab.ranges`)."""


MOST_SEED = 2**32 - 1
"""That every generator of random numbers takes."""


def limits_of(settings: type[Settings], name: str) -> tuple[float, float] | None:
    """Ends of each number of a setting: those of `each`, else by its unit; None where neither is known."""
    declared = extra(settings, name, "each")
    units = [unit for unit in _BY_UNIT if name.endswith(unit)]
    return declared or (_BY_UNIT[max(units, key=len)] if units else None)


def setting(
    default: Any = ...,
    help: str = "",
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    each: tuple[float, float] | None = None,
    distinct: str = "",
    only_with: Mapping[str, bool | range | tuple[Any, ...]] | None = None,
    option: str | None = None,
    aliases: tuple[str, ...] = (),
    may_change: bool = False,
    may_grow: bool = False,
    in_document: bool = True,
    on_command_line: bool = True,
    repeated: bool = False,
) -> Any:
    """Declare one setting.

    Parameters
    ----------
    default
        Without it the setting must be given.
    help
        One or two sentences, for the command line and the documentation of the Python call alike.
    ge, gt, le, lt
        Bounds, as pydantic has them; what is not finite is always refused, and what its unit excludes (`limits_of`).
    each
        Ends, included, of every number of a list or map, where its unit says none.
    distinct
        What to do instead of giving a number of a list twice, where each is a run or a curve of its own.
    only_with
        Other settings without which it has no effect, with the values that they may have; True: any that is given and
        not empty or 0, False: none. Otherwise it is refused, unless it is its default, or itself empty or 0.
    option
        Name on the command line, where it is not the field's (see `option_name`).
    aliases
        Former names, of the option or of the keyword: still understood, not shown.
    may_change
        Whether a run directory that was made with another value may go on with this one.
    may_grow
        Whether one that was made with a smaller number may: what is there is kept, and the rest is added.
    in_document
        Whether `inputs.yaml` holds it; only what cannot change a number is left out.
    on_command_line
        Whether the command has it; otherwise it belongs to the Python call alone.
    repeated
        Whether the option is given once for each value, instead of once with all.
    """
    extra = {
        "each": each,
        "distinct": distinct,
        "only_with": only_with or {},
        "option": option,
        "aliases": aliases,
        "may_change": may_change,
        "may_grow": may_grow,
        "in_document": in_document,
        "on_command_line": on_command_line,
        "repeated": repeated,
    }
    return Field(default, description=help, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=extra)


class Settings(BaseModel):
    """Base of the settings of all studies: frozen, and read from a keyword each."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True, validate_default=False
    )

    if not TYPE_CHECKING:  # the types of the fields are what a type checker is to see

        def __init__(self, **given: Any) -> None:
            """See `of`."""
            kept = {name: value for name, value in _by_field(type(self), given).items() if value is not None}
            try:
                super().__init__(**kept)
            except ValidationError as error:
                raise _first_error(type(self), error) from None

    @model_validator(mode="after")
    def _numbers_make_sense(self) -> Self:
        for name in type(self).model_fields:
            _check_numbers(type(self), name, list(_numbers(getattr(self, name))))
        return self

    @classmethod
    def of(cls, **given: Any) -> Self:
        """The settings, checked; former names are understood, None means the default.

        An object of a class that these settings derive from, such as `GateLimits` among the settings of a study, stands
        for each of its fields that were given.

        Raises
        ------
        SettingsError
            Naming the first setting that is missing or out of its range, its value and the remedy.
        TypeError
            For a name that is no setting.
        """
        return cls(**given)

    def document(self) -> dict[str, Any]:
        """The settings as `inputs.yaml` holds them: plain values under the names of the fields."""
        return {
            name: plain(getattr(self, name))
            for name in type(self).model_fields
            if extra(type(self), name, "in_document")
        }

    def may_change(self) -> frozenset[str]:
        """Keys of `inputs.yaml` that a run directory may be continued with in spite of another value.

        Those that were declared so. A study adds settings that decide nothing beside the others, such as the
        temperatures of runs that are left out; a key within a group is ``group.key``.
        """
        return frozenset(name for name in type(self).model_fields if extra(type(self), name, "may_change"))

    @classmethod
    def may_grow(cls) -> frozenset[str]:
        """Keys of `inputs.yaml` that a run directory may be continued with a larger number of."""
        return frozenset(name for name in cls.model_fields if extra(cls, name, "may_grow"))

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Default of each setting that has one, as `document` would hold it."""
        return {
            name: plain(field.get_default(call_default_factory=True))
            for name, field in cls.model_fields.items()
            if not field.is_required()
        }


def _numbers(value: Any) -> Iterator[float]:
    """Every number of a value: of lists, of maps, of a quantity; switches are none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, Measured):
        yield from (value.value, value.std)
    elif isinstance(value, Mapping):
        yield from _numbers([entry for pair in value.items() for entry in pair])
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from _numbers(entry)


def _check_numbers(settings: type[Settings], name: str, numbers: Sequence[float]) -> None:
    limits = limits_of(settings, name)
    for number in numbers:
        if not math.isfinite(number):
            raise SettingsError(f"{number:g} is no finite number", where=name, remedy="give a finite number")
        if limits is not None and not limits[0] <= number <= limits[1]:
            raise SettingsError(
                f"{number:g} is not between {limits[0]:g} and {limits[1]:g}", where=name,
                remedy="give one that is, in the unit of its name",
            )  # fmt: skip
    instead = extra(settings, name, "distinct")
    texts: dict[str, float] = {}
    for number in numbers if instead or name.endswith("_K") else ():
        text = f"{number:g}"  # as runs, files and rows are named
        if text in texts and (instead or texts[text] != number):
            same = texts[text] == number
            told = f"{text} is given twice" if same else f"{texts[text]!r} and {number!r} are both {text}, by name"
            raise SettingsError(told, where=name, remedy=instead or "give numbers that differ in six digits")
        texts[text] = number


def check_effects(settings: Settings, given: Iterable[str]) -> None:
    """Refuse what was given by its name and has no effect; what an object of settings brings along is not named.

    Raises
    ------
    SettingsError
        For the first of them (see `only_with` of `setting`).
    """
    names = former_names(type(settings))
    named = {names.get(name, name) for name in given} & settings.model_fields_set
    for name in [name for name in type(settings).model_fields if name in named]:
        value = getattr(settings, name)
        if not value or value == type(settings).model_fields[name].get_default(call_default_factory=True):
            continue
        for other, wanted in (extra(type(settings), name, "only_with") or {}).items():
            if other in type(settings).model_fields and not _is_met(getattr(settings, other), wanted):
                raise _without_effect(type(settings), name, other, getattr(settings, other), wanted)


def _is_met(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return bool(value) == wanted
    return value in wanted


def _without_effect(settings: type[Settings], name: str, other: str, value: Any, wanted: Any) -> SettingsError:
    option = option_name(settings, other)
    if isinstance(wanted, bool):
        problem = f"has no effect {'without' if wanted else 'beside'} {option}"
        return SettingsError(
            problem, where=name, remedy=f"leave it out, or {'give' if wanted else 'leave out'} {option}"
        )
    values = f"{wanted.start} or more" if isinstance(wanted, range) else " or ".join(map(str, wanted))
    return SettingsError(
        f"has no effect with {option} {value}", where=name, remedy=f"leave it out, or give {option} {values}"
    )


def _by_field(settings: type[Settings], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, by the names of the fields; objects that stand for several of them taken apart."""
    names, found, known = former_names(settings), dict[str, Any](), dict[str, Any]()
    for name, value in given.items():
        field = names.get(name, name)
        if field not in settings.model_fields:
            near = difflib.get_close_matches(field, settings.model_fields, n=1)
            raise TypeError(f"no setting '{name}'" + (f"; did you mean {near[0]}?" if near else ""))
        if field in found:
            raise SettingsError("is given twice", where=name, remedy=f"give {field} once")
        found[field] = value
    for name in [name for name, value in found.items() if _is_part(settings, value)]:
        whole = found.pop(name)
        known |= {field: getattr(whole, field) for field in whole.model_fields_set}
    return known | found


def _is_part(settings: type[Settings], value: Any) -> bool:
    return isinstance(value, Settings) and issubclass(settings, type(value))


def setting_names(settings: type[Settings]) -> list[str]:
    """The fields as they are listed to people: those of the study itself first, then those of each of its bases."""
    declared = [name for each in settings.__mro__ for name in vars(each).get("__annotations__", ())]
    return [name for name in dict.fromkeys(declared) if name in settings.model_fields]


def extra(settings: type[Settings], name: str, key: str) -> Any:
    """What `setting` was told of a field beside its type, default and bounds."""
    given = settings.model_fields[name].json_schema_extra
    value = given.get(key) if isinstance(given, dict) else None
    return value if value is not None else {"aliases": (), "in_document": True, "on_command_line": True}.get(key, False)


def option_name(settings: type[Settings], name: str) -> str:
    """The option of a field: its name with hyphens, units in their case; kelvin is understood: ``--temperature``."""
    given = extra(settings, name, "option")
    return given or "--" + name.removesuffix("_K").replace("_", "-")


@cache
def option_aliases(settings: type[Settings]) -> Mapping[str, str]:
    """Every option that is understood without being shown, and the one that it stands for."""
    shown = {option_name(settings, name): name for name in settings.model_fields}
    found: dict[str, str] = {}
    for option, name in shown.items():
        former = {f"--{alias.removeprefix('--').replace('_', '-')}" for alias in extra(settings, name, "aliases")}
        former |= {option.lower(), *_other_number(option)}
        former |= {alias.lower() for alias in former}
        found |= {alias: option for alias in former if alias not in shown}
    return types.MappingProxyType(found)


@cache
def former_names(settings: type[Settings]) -> Mapping[str, str]:
    """Every keyword that is understood beside the names of the fields, and the field that it stands for."""
    found: dict[str, str] = {}
    for name in settings.model_fields:
        former = {alias.removeprefix("--").replace("-", "_") for alias in extra(settings, name, "aliases")}
        former |= {alias.replace("-", "_") for alias in _other_number(name)}
        found |= {alias: name for alias in former if alias not in settings.model_fields}
    return types.MappingProxyType(found)


def _other_number(name: str) -> tuple[str, ...]:
    """`temperature` for `temperatures` and the other way round: whether one or several are given is for the study."""
    if "temperatures" in name:
        return (name.replace("temperatures", "temperature"),)
    return (name.replace("temperature", "temperatures"),) if "temperature" in name else ()


def plain(value: Any) -> Any:
    """A value as YAML and JSON have it: tuples as lists, paths as text, models as maps."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(exclude_none=True))
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a `Literal`, also one of an optional setting; nothing for other types."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(choice for member in get_args(annotation) for choice in choices(member))
    return choices(get_args(annotation)[0]) if get_origin(annotation) is Annotated else ()


def bare(annotation: Any) -> Any:
    """A type as a reader wants it: without what checks and parses it."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return functools.reduce(operator.or_, map(bare, get_args(annotation)))
    return annotation


_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_TYPES = {
    "float": ("no number", "give a number"),
    "int": ("no integer", "give an integer"),
    "bool": ("neither true nor false", "give true or false"),
    "finite": ("no finite number", "give a finite number"),
    "string": ("no text", "give text"),
    "tuple": ("no list", "give a list"),
    "list": ("no list", "give a list"),
    "dict": ("no map", "give a map"),
    "path": ("no path", "give a path"),
}


def _first_error(settings: type[Settings], error: ValidationError) -> SettingsError:
    first = error.errors(include_url=False)[0]
    name, kind, value, context = (
        str(first["loc"][0] if first["loc"] else ""),
        first["type"],
        first["input"],
        first.get("ctx", {}),
    )
    said = f"{value:g}" if isinstance(value, float) else f"'{value}'" if isinstance(value, str) else f"{value}"
    if kind == "setting":
        return SettingsError(context["problem"], where=name, remedy=context["remedy"])
    if kind == "missing":
        described = (settings.model_fields[name].description or "").rstrip(".")
        return SettingsError("is needed", where=name, remedy=f"give it: {described}")
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return SettingsError(
            f"{value} is not {words} {context[key]:g}", where=name, remedy=f"give {_range(settings, name)}"
        )
    if kind == "literal_error":
        known = choices(settings.model_fields[name].annotation)
        said = f"{said} is not {', '.join(map(str, known[:-1]))} or {known[-1]}"
        return SettingsError(said, where=name, remedy="give one of them")
    problem, remedy = _TYPES.get(kind.split("_")[0], ("no such value", f"give what it means: {first['msg']}"))
    return SettingsError(f"{said} is {problem}", where=name, remedy=remedy)


def _range(settings: type[Settings], name: str) -> str:
    words = {"Gt": "above", "Ge": "at least", "Lt": "below", "Le": "at most"}
    bounds = [
        f"{words[kind]} {getattr(bound, kind.lower()):g}"
        for bound in settings.model_fields[name].metadata
        if (kind := type(bound).__name__) in words
    ]
    return "a number " + " and ".join(bounds)


def is_needed(settings: type[Settings], name: str) -> bool:
    """Whether a setting has no default."""
    return settings.model_fields[name].default is PydanticUndefined and settings.model_fields[name].is_required()
