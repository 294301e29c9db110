"""What `tomography measure` is given: labels, phases by name, their roles and conductivities, the sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.lab.tomography.readers import labels_of, stack_of_array
from paddlewheel.lab.tomography.recipe import Recipe, recipe_of
from paddlewheel.lab.tomography.voxels import Axis, Labels
from paddlewheel.records import Measured
from paddlewheel.records.seals import check_sealed
from paddlewheel.studies.laboratory.tomography import (
    LABEL_NUMBERS,
    LabelNames,
    PhaseConductivities,
    PhaseNames,
    StackSettings,
)
from paddlewheel.studies.tomography_measure.flows import Conductors
from paddlewheel.studies.tomography_measure.record import Role
from paddlewheel.study.settings import Integers, Names, Quantity, setting

LABELS, FAMILY_FOLDER = "labels.tif", "family"
"""Of a run directory of `tomography segment`: its labels, and a folder with those of the other segmentations."""
_CONDUCTIVITY = (1e-12, 1e8)
_EACH_ONCE = "give each once"


class TomographyMeasureSettings(StackSettings):
    """Settings of `tomography measure`; phases are named by number or by name."""

    names: LabelNames = setting(
        {}, "Names of phases by their number in the file: 0=pore,1=NBH,2=NCO.", each=LABEL_NUMBERS
    )
    conducting: PhaseNames = setting(
        (), "Phases that conduct ions, all alike unless conductivities are given: 1 or NBH,NZC.", distinct=_EACH_ONCE
    )
    conductivities_mS_per_cm: PhaseConductivities = setting(
        {}, "Ionic conductivities, mS/cm: NBH=4.6,NZC=0.06; phases that are not named conduct no ions.",
        each=_CONDUCTIVITY,
    )  # fmt: skip
    electronic_mS_per_cm: PhaseConductivities = setting(
        {}, "Electronic conductivities, mS/cm: NCO=0.01,C=1e4; flows of electrons are solved apart.",
        each=_CONDUCTIVITY,
    )  # fmt: skip
    axes: Names = setting(("x", "y", "z"), "Directions of flow: x, y, z.", distinct="give each axis once")
    through: Literal["x", "y", "z"] = setting(
        "z", "From the separator (the first slice) to the current collector, for the resistance of the electrode."
    )
    active: PhaseNames = setting((), "Active materials.", distinct=_EACH_ONCE)
    electrolyte: PhaseNames = setting((), "Electrolytes; without it the phases that conduct ions.", distinct=_EACH_ONCE)
    carbon: PhaseNames = setting((), "Electronic conductors that are not active.", distinct=_EACH_ONCE)
    pores: PhaseNames = setting((), "Pores; without it phases of the name pore or void.", distinct=_EACH_ONCE)
    sample: Path | None = setting(
        None, "File of the sample (YAML): its recipe, thickness and eis record are set beside the stack."
    )
    thickness_um: Quantity | None = setting(
        None, "Thickness of the electrode, um (value or value,std); without it that of the sample."
    )
    sub_volumes: Integers = setting(
        (2, 3), "Into how many parts each edge is cut: tau against sub-volume, and the errors by the size of the body.",
        each=(2, 8), distinct=_EACH_ONCE,
    )  # fmt: skip
    members: int = setting(
        16, "Segmentations of a family that are measured, of those that the run of `tomography segment` made.",
        ge=0, le=200,
    )  # fmt: skip
    tolerance: float = setting(1e-4, "Largest |F_in - F_out| / F of a flow.", ge=1e-9, le=1e-2)
    periodic_sides: bool = setting(False, "Whether the sides go on periodically; by default nothing passes them.")
    most_memory_GB: float | None = setting(
        None, "Memory that a flow may take, GB; by default what is free.", ge=0.01, le=10_000, in_document=False
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for axis in self.axes:
            if axis not in ("x", "y", "z"):
                raise SettingsError(f"no axis {axis}", where="axes", remedy="give some of x,y,z")
        if not self.axes:
            raise SettingsError("none", where="axes", remedy="give some of x,y,z")
        if self.thickness_um is not None and not self.thickness_um.value > 0:
            raise SettingsError(f"{self.thickness_um.value:g}", where="thickness_um", remedy="give one above 0")
        return self


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasureInputs:
    """What is measured.

    Attributes
    ----------
    name
        For titles.
    labels, family
        The body, and the labels of other segmentations of it.
    segmented
        Whether `tomography segment` made them.
    conductors
        Of ions and of electrons; none where nothing was said to conduct.
    roles
        By label, of those that have one.
    sample, sample_file, recipe
        None where none was given.
    thickness_um, thickness_from
        Of the electrode.
    """

    name: str
    labels: Labels
    family: Sequence[np.ndarray]
    segmented: bool
    conductors: Sequence[Conductors]
    roles: Mapping[int, Role]
    sample: Sample | None
    sample_file: Path | None
    recipe: Recipe | None
    thickness_um: Measured | None
    thickness_from: str

    def named(self, role: Role) -> list[int]:
        """Labels of a role."""
        return [number for number, each in self.roles.items() if each == role]

    def document(self) -> dict[str, Any]:
        """What was resolved, and the labels by their content; phases by their numbers in the file."""
        in_file = self.labels.number_in_file
        return {
            "voxels": list(self.labels.shape[::-1]),
            "labels_sha256": [_digest(self.labels.labels), *(_digest(member) for member in self.family)],
            "voxel_nm": list(self.labels.voxel_nm),
            "names": {str(in_file(number)): name for number, name in self.labels.names.items()},
            "conductors": [
                {"carrier": of.carrier, "absolute": of.absolute,
                 "conductivities": {str(in_file(number)): value for number, value in of.conductivities.items()}}
                for of in self.conductors
            ],
            "roles": {str(in_file(number)): role for number, role in self.roles.items()},
            "sample": None if self.sample is None else self.sample.model_dump(mode="json"),
            "thickness_um": None if self.thickness_um is None else self.thickness_um.model_dump(mode="json"),
        }  # fmt: skip


def _digest(labels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(labels).data).hexdigest()


def open_inputs(labels: str | Path | np.ndarray | Labels, settings: TomographyMeasureSettings) -> MeasureInputs:
    """Read and resolve what was given.

    Raises
    ------
    DataError
        For files that cannot be read.
    SettingsError
        For phases that the body does not have, or that were given two roles.
    """
    if isinstance(labels, Labels):
        body, family, segmented = _as_set(labels, settings), (), False
    elif isinstance(labels, np.ndarray):
        stack = stack_of_array(labels, voxel_nm=settings.given_voxel_nm())
        body, family, segmented = labels_of(stack, names=settings.names or None), (), False
    else:
        segmented = (Path(labels) / LABELS).is_file()
        body, family = _read_run(Path(labels), settings) if segmented else (_read(labels, settings), ())
    sample = None if settings.sample is None else load_sample(settings.sample)
    conductors = _conductors(body, settings)
    thickness, thickness_from = _thickness(settings, sample)
    return MeasureInputs(
        name=Path(body.source).stem or body.source if sample is None or sample.name == "sample" else sample.name,
        labels=body,
        family=family,
        segmented=segmented,
        conductors=conductors,
        roles=_roles(body, settings, conductors, sample),
        sample=sample,
        sample_file=settings.sample,
        recipe=None if sample is None else recipe_of(sample, where=str(settings.sample)),
        thickness_um=thickness,
        thickness_from=thickness_from,
    )


def _read(path: str | Path, settings: TomographyMeasureSettings) -> Labels:
    """The labels of a file or folder."""
    return labels_of(settings.read_stack(path), names=settings.names or None)


def _read_run(directory: Path, settings: TomographyMeasureSettings) -> tuple[Labels, Sequence[np.ndarray]]:
    """The labels of a run directory with the other segmentations of its family."""
    body = _read(_sealed(directory, LABELS), settings)
    family = []
    for member in sorted((directory / FAMILY_FOLDER).glob("*.tif"))[: settings.members]:
        file = _sealed(directory, f"{FAMILY_FOLDER}/{member.name}")
        stack = settings.read_stack(file)
        if stack.shape != body.shape:
            raise DataError("has another size than the labels beside it", where=file, remedy="segment the stack again")
        family.append(labels_of(stack).labels)
    return body.replaced(source=str(directory)), family


def _sealed(directory: Path, name: str) -> Path:
    check_sealed(directory, name)
    return directory / name


def _thickness(settings: TomographyMeasureSettings, sample: Sample | None) -> tuple[Measured | None, str]:
    """Of the electrode, and who gave it."""
    if settings.thickness_um is not None:
        return settings.thickness_um, "--thickness-um"
    if sample is not None and sample.composite is not None and sample.composite.thickness_um is not None:
        return sample.composite.thickness_um, "composite.thickness_um of the sample"
    if sample is not None and sample.thickness_um is not None:
        return sample.thickness_um, "thickness_um of the sample"
    return None, ""


def _as_set(labels: Labels, settings: TomographyMeasureSettings) -> Labels:
    """Labels of Python with the names and the size of voxels that were set."""
    by_number = {labels.number_in_file(label): label for label in labels.names}
    absent = [number for number in settings.names if number not in by_number]
    if absent:
        raise SettingsError(f"there is no phase {absent[0]}", where="names",
                            remedy=f"name those that are there: {', '.join(map(str, by_number))}")  # fmt: skip
    names = dict(labels.names) | {by_number[number]: name for number, name in settings.names.items()}
    size = settings.given_voxel_nm()
    return labels.replaced(names=names) if size is None else labels.replaced(names=names, voxel_nm=size)


def number_of(labels: Labels, given: str, *, where: str) -> int:
    """The label of a phase by its name, or by its number in the file.

    Raises
    ------
    SettingsError
        Where the body has no such phase.
    """
    known = {str(labels.number_in_file(label)): label for label in labels.names}
    known |= {name: label for label, name in labels.names.items()}
    if given in known:
        return known[given]
    listed = ", ".join(f"{labels.number_in_file(label)} {name}" for label, name in labels.names.items())
    raise SettingsError(f"no phase {given}", where=where, remedy=f"give a number or a name of {listed}")


def _numbers(labels: Labels, given: Sequence[str], *, where: str) -> list[int]:
    found = [number_of(labels, each, where=where) for each in given]
    if len(set(found)) < len(found):
        raise SettingsError(f"{','.join(given)} names a phase twice", where=where, remedy=_EACH_ONCE)
    return found


def _conductors(labels: Labels, settings: TomographyMeasureSettings) -> list[Conductors]:
    found = []
    ionic = _by_number(labels, settings.conductivities_mS_per_cm, where="conductivities_mS_per_cm")
    conducting = _numbers(labels, settings.conducting or (() if ionic else settings.electrolyte), where="conducting")
    if ionic and conducting and set(conducting) != set(ionic):
        raise SettingsError(
            f"{', '.join(settings.conducting)} conduct, conductivities are those of "
            f"{', '.join(settings.conductivities_mS_per_cm)}", where="conducting",
            remedy="give a conductivity to each, or leave one of the two options out",
        )  # fmt: skip
    if ionic:
        found.append(Conductors(carrier="ionic", conductivities=ionic, absolute=True))
    elif conducting:
        found.append(Conductors(carrier="ionic", conductivities=dict.fromkeys(conducting, 1.0), absolute=False))
    electronic = _by_number(labels, settings.electronic_mS_per_cm, where="electronic_mS_per_cm")
    if electronic:
        found.append(Conductors(carrier="electronic", conductivities=electronic, absolute=True))
    return found


def _by_number(labels: Labels, given: Mapping[str, float], *, where: str) -> dict[int, float]:
    numbers = _numbers(labels, list(given), where=where)
    return dict(zip(numbers, given.values(), strict=True))


def _roles(
    labels: Labels, settings: TomographyMeasureSettings, conductors: Sequence[Conductors], sample: Sample | None
) -> dict[int, Role]:
    """What was said, then what follows: active materials of the sample, conductors of ions, pores by their name."""
    roles: dict[int, Role] = {}
    said: Sequence[tuple[Role, Sequence[str], str]] = (
        ("active", settings.active, "active"),
        ("electrolyte", settings.electrolyte, "electrolyte"),
        ("carbon", settings.carbon, "carbon"),
        ("pore", settings.pores, "pores"),
    )
    for role, given, option in said:
        for number in _numbers(labels, given, where=option):
            if number in roles:
                raise SettingsError(f"{labels.names[number]} is {roles[number]} too", where=option,
                                    remedy="give each phase one role")  # fmt: skip
            roles[number] = role
    composite = [] if sample is None or sample.composite is None else sample.composite.components
    active = {part.name for part in composite if part.capacity_mAh_per_g is not None}
    ionic = {number for of in conductors if of.carrier == "ionic" for number in of.conductivities}
    for number, name in labels.names.items():
        if number in roles:
            continue
        if name in active and not settings.active:
            roles[number] = "active"
        elif number in ionic and not settings.electrolyte:
            roles[number] = "electrolyte"
        elif name.lower() in ("pore", "pores", "void", "voids") and not settings.pores:
            roles[number] = "pore"
    return roles


def axes_of(settings: TomographyMeasureSettings) -> list[Axis]:
    """The axes in order."""
    every: tuple[Axis, ...] = ("x", "y", "z")
    return [axis for axis in every if axis in settings.axes]
