"""What the sample says elsewhere: recipe, thickness, loading and porosity against the stack; measured resistances."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.lab.geometry import deviation, geometry, nominal
from paddlewheel.lab.tomography.voxels import Axis
from paddlewheel.records import Measured
from paddlewheel.studies.tomography_measure.inputs import MeasureInputs
from paddlewheel.studies.tomography_measure.record import MeasuredResistance, PhaseResult

_SURE = 3.0
"""Standard deviations by which two numbers must differ."""
_MODEL = 0.05
"""Of two numbers that are no contradiction in any case, relative to the larger, or points of a fraction over three."""


def contradictions(inputs: MeasureInputs, phases: Sequence[PhaseResult], through: Axis) -> list[str]:
    """What does not fit the sample, a line each."""
    return [*_thickness(inputs, through), *_recipe(inputs, phases), *_loading(inputs, phases), *_pores(inputs, phases)]


def _thickness(inputs: MeasureInputs, through: Axis) -> list[str]:
    if inputs.thickness_um is None:
        return []
    edge, given = inputs.labels.size_um["xyz".index(through)], inputs.thickness_um
    if edge <= given.value * (1 + _MODEL) + _SURE * given.std:
        return []
    return [
        f"the stack is {edge:.4g} um along {through}, and the electrode {given.value:.4g} um thick "
        f"({inputs.thickness_from}): the size of the voxels, the direction (--through) or the thickness is wrong"
    ]


def _recipe(inputs: MeasureInputs, phases: Sequence[PhaseResult]) -> list[str]:
    told = []
    if inputs.recipe is not None:
        names = {part for phase in phases for part in phase.name.split("+")}
        missing = [name for name in inputs.recipe.solid_fractions() if name not in names]
        if missing:
            told.append(f"of the recipe, {', '.join(missing)} is no phase of the stack (--names gives names to labels)")
    for phase in phases:
        wanted, found = phase.recipe_fraction, phase.volume_fraction
        if wanted is not None and _apart(found.value, found.std, wanted, 0.0):
            told.append(
                f"{phase.name}: {100 * found.value:.1f} % of the volume in the stack, {100 * wanted:.1f} % by weights "
                "and densities: the stack is no fair sample, labels are mixed up, or a density is another"
            )
    return told


def _loading(inputs: MeasureInputs, phases: Sequence[PhaseResult]) -> list[str]:
    """The active mass over the area by thickness, fraction and density, against what was weighed."""
    recipe, sample, thickness = inputs.recipe, inputs.sample, inputs.thickness_um
    if recipe is None or sample is None or sample.composite is None or thickness is None:
        return []
    loading = geometry(sample, where=str(inputs.sample_file)).loading_mg_per_cm2
    densities = {phase.name: phase.density_g_per_cm3 for phase in recipe.phases}
    active = [phase for phase in phases if phase.role == "active" and phase.name in densities]
    if loading is None or not active:
        return []
    parts = [0.1 * thickness.value * phase.volume_fraction.value * densities[phase.name].value for phase in active]
    relative = [
        math.hypot(phase.volume_fraction.std / phase.volume_fraction.value,
                   densities[phase.name].std / densities[phase.name].value)
        for phase in active if phase.volume_fraction.value > 0
    ]  # fmt: skip
    by_stack = sum(parts)
    std = by_stack * math.hypot(max(relative, default=0.0), thickness.std / thickness.value)
    gap, joint = abs(by_stack - nominal(loading)), math.hypot(std, deviation(loading))
    if gap <= _SURE * joint or gap <= 2 * _MODEL * nominal(loading):
        return []
    return [
        f"loading: {nominal(loading):.3g} mg/cm2 of active material was weighed, {by_stack:.3g} +- {std:.2g} follows "
        f"from the stack's fraction over {thickness.value:.4g} um: thickness, density or labels do not fit"
    ]


def _pores(inputs: MeasureInputs, phases: Sequence[PhaseResult]) -> list[str]:
    sample = inputs.sample
    if sample is None or sample.composite is None:
        return []
    porosity = geometry(sample, where=str(inputs.sample_file)).porosity
    pores = [phase for phase in phases if phase.role == "pore"]
    if porosity is None or not pores:
        return []
    found, std = sum(phase.volume_fraction.value for phase in pores), max(phase.volume_fraction.std for phase in pores)
    if not _apart(found, std, nominal(porosity), deviation(porosity)):
        return []
    return [
        f"porosity: {100 * found:.1f} % in the stack, {100 * nominal(porosity):.1f} % by mass, thickness and densities"
    ]


def _apart(value: float, std: float, other: float, other_std: float) -> bool:
    gap = abs(value - other)
    return gap > _SURE * math.hypot(std, other_std) and gap > _MODEL / 3


def measured_resistances(inputs: MeasureInputs) -> list[MeasuredResistance]:
    """R A of the first spectrum of the `eis` record that the sample names; empty where it names none.

    Raises
    ------
    DataError
        For another record.
    """
    if inputs.sample is None or inputs.sample_file is None:
        return []
    path = inputs.sample.record_path("eis", sample=inputs.sample_file)
    if path is None:
        return []
    document = read_json(path, DataError, remedy="give the run directory of `eis`")
    if not isinstance(document, Mapping) or document.get("kind") != "eis" or not document.get("spectra"):
        raise DataError("is no record of eis", where=path, remedy="give the run directory of `eis`")
    try:
        return _areal(document, path)
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise DataError("is no record of eis that can be read", where=path, remedy="run eis again") from error


def _areal(document: Mapping[str, Any], path: Path) -> list[MeasuredResistance]:
    spectrum = document["spectra"][0]
    found = []
    area = None if document.get("geometry") is None else Measured.model_validate(document["geometry"]["area_cm2"])
    if area is not None:
        for part in ("total", "unclear"):
            if spectrum["resistances_ohm"].get(part) is not None:
                ohm = Measured.model_validate(spectrum["resistances_ohm"][part])
                std = math.hypot(ohm.std * area.value, ohm.value * area.std)
                found.append((part, Measured(value=ohm.value * area.value, std=std)))
    if spectrum.get("interface_ohm_cm2") is not None:
        found.append(("interface", Measured.model_validate(spectrum["interface_ohm_cm2"])))
    return [
        MeasuredResistance(
            file=spectrum["file"], temperature_K=spectrum["temperature_K"], part=part, areal_resistance_ohm_cm2=each,
            source=str(path.parent.name),
        )
        for part, each in found
    ]  # fmt: skip
