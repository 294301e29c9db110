"""Settings of calculations by name, or from a file that changes some of them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings, Engine, Smearing
from paddlewheel.foreign import read_yaml

Name = Literal["paper", "matpes", "matpes-pbe", "mp-r2scan"]
NAMES: tuple[str, ...] = get_args(Name)

_GAUSSIAN: dict[str, Any] = {
    "cutoff_eV": 680.0, "spin_polarized": True, "smearing": "gaussian", "smearing_width_eV": 0.05,
    "most_electronic_steps": 200,
}  # fmt: skip
_NAMED: dict[str, dict[str, Any]] = {
    # Methods of the paper; what they do not say (smearing, NELM) as in MatPES, whose potential the paper fine-tunes
    "paper": {
        **_GAUSSIAN, "functional": "r2SCAN", "k_spacing_per_A": 0.35, "energy_tolerance_eV_per_atom": 1e-5,
    },
    "matpes": {**_GAUSSIAN, "functional": "r2SCAN", "k_spacing_per_A": 0.22, "energy_tolerance_eV": 1e-5},
    "matpes-pbe": {**_GAUSSIAN, "functional": "PBE", "k_spacing_per_A": 0.22, "energy_tolerance_eV": 1e-5},
    "mp-r2scan": {
        **_GAUSSIAN, "functional": "r2SCAN", "k_spacing_per_A": 0.22, "energy_tolerance_eV": 1e-5,
        "smearing": "tetrahedron",
    },
}  # fmt: skip
_FAMILIES = {"gpaw": "gpaw-data", "castep": ""}


def settings_named(name_or_path: str | Path, *, engine: Engine) -> CalculationSettings:
    """The settings of a name, or of a YAML file.

    Parameters
    ----------
    name_or_path
        ``paper`` (its Methods: r2SCAN, 680 eV, 0.35/A, 1e-5 eV an atom, both spins), ``matpes`` and ``matpes-pbe``
        (pymatgen's MatPESStaticSet), ``mp-r2scan`` (its MPScanStaticSet), or a file with fields of
        `CalculationSettings` and ``based_on``, the name that they change (``paper`` unless it says).
    engine
        The program; tags and names of potentials are its own.

    Raises
    ------
    SettingsError
        For a name that there is not, a field that is not known, a value that cannot be; one line each.
    """
    if str(name_or_path) in NAMES:
        return _built_in(str(name_or_path), engine)
    path = Path(name_or_path)
    if not path.is_file():
        raise SettingsError(f"there are no settings {str(name_or_path)!r}", where="settings",
                            remedy=f"give one of {', '.join(NAMES)}, or a YAML file")  # fmt: skip
    return _of_file(path, engine)


def _built_in(name: str, engine: Engine) -> CalculationSettings:
    if engine == "vasp":
        from paddlewheel.firstprinciples.vasp.inputs import tags_of_set

        return CalculationSettings(name=name, **_NAMED[name], **tags_of_set(name))
    return CalculationSettings(name=name, **_NAMED[name], pseudopotential_family=_FAMILIES[engine])


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("yes or no is no number")
    return value


_Number = Annotated[float, BeforeValidator(_no_truth), Field(allow_inf_nan=False)]
_Count = Annotated[int, BeforeValidator(_no_truth)]


class _SettingsFile(BaseModel):
    """The fields of a file, with what they can be."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=100)
    based_on: Name = "paper"
    functional: str | None = Field(None, min_length=1)
    cutoff_eV: _Number | None = Field(None, ge=50, le=5000)
    k_spacing_per_A: _Number | None = Field(None, ge=0.01, le=5)
    energy_tolerance_eV_per_atom: _Number | None = Field(None, ge=1e-12, le=1e-2)
    energy_tolerance_eV: _Number | None = Field(None, ge=1e-12, le=1)
    spin_polarized: bool | None = None
    smearing: Smearing | None = None
    smearing_width_eV: _Number | None = Field(None, gt=0, le=2)
    most_electronic_steps: _Count | None = Field(None, ge=1, le=10_000)
    pseudopotentials: dict[str, str] | None = None
    pseudopotential_family: str | None = None
    tags: dict[str, Any] | None = None


def _of_file(path: Path, engine: Engine) -> CalculationSettings:
    found = read_yaml(path, SettingsError, remedy="give a YAML file of settings")
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise SettingsError("is no map of fields to values", where=path, remedy="give fields such as cutoff_eV: 680")
    try:
        given = _SettingsFile.model_validate(found).model_dump(exclude_none=True)
    except ValidationError as error:
        raise _one_line(error, path) from error
    if "energy_tolerance_eV" in given and "energy_tolerance_eV_per_atom" in given:
        raise SettingsError("energy_tolerance_eV and energy_tolerance_eV_per_atom are both given", where=path,
                            remedy="give one of them")  # fmt: skip
    base = _built_in(given.pop("based_on", "paper"), engine)
    changes: dict[str, Any] = {"name": path.stem, **given, "tags": _merged(base, given.get("tags", {}))}
    if "energy_tolerance_eV" in given:
        changes["energy_tolerance_eV_per_atom"] = None
    if "energy_tolerance_eV_per_atom" in given:
        changes["energy_tolerance_eV"] = None
    _check_elements(given.get("pseudopotentials", {}), path)
    settings = replace(base, **changes)
    if engine == "vasp":
        from paddlewheel.firstprinciples.vasp.inputs import check_vasp_settings

        check_vasp_settings(settings, path)
    if engine == "castep":
        from paddlewheel.firstprinciples.castep.inputs import check_castep_settings

        check_castep_settings(settings)
    return settings


def _merged(base: CalculationSettings, tags: dict[str, Any]) -> dict[str, Any]:
    """The tags of the base with those of the file; one that is empty there is left out."""
    merged = {**base.tags, **{tag.upper(): value for tag, value in tags.items()}}
    return {tag: value for tag, value in merged.items() if value is not None}


def _check_elements(potentials: dict[str, str], path: Path) -> None:
    from ase.data import atomic_numbers

    if unknown := [symbol for symbol in potentials if symbol not in atomic_numbers]:
        raise SettingsError(f"pseudopotentials: {unknown[0]!r} is no element", where=path,
                            remedy="give lines such as Na: Na_pv")  # fmt: skip


def _one_line(error: ValidationError, path: Path) -> SettingsError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = [field.name for field in fields(CalculationSettings)]
        return SettingsError(f"{name}: there is no such field", where=path,
                             remedy=f"fields are based_on, {', '.join(known)}")  # fmt: skip
    return SettingsError(f"{name}: {first['msg']} (not {first['input']!r})", where=path, remedy="correct that line")
