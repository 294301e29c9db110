"""`cell`: the design of a cell from stated inputs, each with where it is from and what follows if it is another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddlewheel.lab.design import (
    CellDesign,
    ThicknessLine,
    composite_mg_per_cm2,
    dense_composite_g_per_cm3,
    estimate,
    load_design,
    resistance,
    resistance_sweep,
    sweep,
    template,
    thickness_line,
)
from paddlewheel.lab.design.inputs import SODIUM, USER
from paddlewheel.lab.design.tomography import MACMULLIN
from paddlewheel.lab.geometry import compare, deviation, disc_area_cm2, geometry, nominal, to_measured
from paddlewheel.lab.sample import make_sample
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.cell.record import (
    CellAssumption,
    CellRecord,
    CellResistance,
    CellResistanceSweep,
    CellRow,
    CellSweep,
    ThicknessFit,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Settings
from paddlewheel.study.study import Argument, Printed, Study
from paddlewheel.units import ZERO_CELSIUS_K

_CITATIONS = (
    Citation(
        what="cell of the built-in design",
        reference="Oh et al., Joule 9 (10), 102130 (2025)",
        doi="10.1016/j.joule.2025.102130",
    ),
    Citation(
        what="resistance of a porous electrode",
        reference="Euler and Nonnenmacher, Electrochim. Acta 2, 268 (1960)",
        doi="10.1016/0013-4686(60)80025-4",
    ),
)


class CellSettings(Settings):
    """`cell` has none: all stands in the design."""


@dataclass(frozen=True, kw_only=True)
class CellInputs:
    """The design, and the file that it is from."""

    design: CellDesign
    where: str

    def document(self) -> dict[str, Any]:
        """The whole design."""
        return _with_hash(self.design.model_dump(mode="json"))


def _with_hash(design: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps(design, sort_keys=True).encode()).hexdigest()
    return {"design": design, "design_sha256": digest}


def _of_today(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Designs of before were of sodium, and the first layer had no more foils than any other."""
    design = found.get("design")
    if not isinstance(design, dict) or "metal" in design:
        return found
    assumptions = dict(design["assumptions"])
    first = {"value": assumptions["foils_per_layer"]["value"], "std": 0.0, "low": None, "high": None}
    assumptions["foils_of_first_layer"] = first | {"given_by": USER, "note": ""}
    anodes = [{key.replace("_vs_Na", ""): value for key, value in anode.items()} for anode in design["anodes"]]
    return dict(found) | _with_hash(design | {"metal": SODIUM, "assumptions": assumptions, "anodes": anodes})


def _opens(design: CellDesign | str | Path | None, _settings: CellSettings) -> CellInputs:
    if isinstance(design, CellDesign):
        return CellInputs(design=design, where="design")
    return CellInputs(design=load_design(design), where="design" if design is None else str(design))


def _measures(inputs: CellInputs, _settings: CellSettings, run: Run) -> CellRecord:
    design, where = inputs.design, inputs.where
    values = design.values()
    loadings = design.loadings_mg_per_cm2
    area_cm2 = disc_area_cm2(design.die_diameter_mm.value / 10)
    line = thickness_line(design, where=where)
    rows = [
        estimate(design, loading_mg_per_cm2=loading, anode=anode, line=line)
        for anode in design.anodes
        for loading in loadings
    ]
    by_anode = {anode.name: [row for row in rows if row.anode == anode.name] for anode in design.anodes}
    ideal = dense_composite_g_per_cm3(design)
    thicknesses = [line.thickness_um(composite_mg_per_cm2(loading, values)) for loading in loadings]
    resistances = [
        resistance(design, loading_mg_per_cm2=loading, temperature_K=celsius + ZERO_CELSIUS_K, line=line)
        for loading in loadings
        for celsius in design.temperatures_C
    ]
    return CellRecord(
        name=design.name,
        loadings_mg_per_cm2=loadings,
        layers=[row.layers for row in rows[: len(loadings)]],
        composite_mg=[composite_mg_per_cm2(loading, values) * area_cm2 for loading in loadings],
        thickness_um=[to_measured(thickness) for thickness in thicknesses],
        porosity=[
            _porosity(design, composite_mg_per_cm2(loading, values) * area_cm2, thickness, where)
            for loading, thickness in zip(loadings, thicknesses, strict=True)
        ],
        energy_density_Wh_per_kg={name: [row.energy_density_Wh_per_kg for row in of] for name, of in by_anode.items()},
        energy_density_Wh_per_L={name: [row.energy_density_Wh_per_L for row in of] for name, of in by_anode.items()},
        cells=[CellRow(**vars(row)) for row in rows],
        resistances=[
            CellResistance(
                loading_mg_per_cm2=found.loading_mg_per_cm2,
                temperature_K=found.temperature_K,
                separator_ohm_cm2=found.separator_ohm_cm2,
                composite_ohm_cm2=found.composite_ohm_cm2,
                polarization_V={f"{rate:g}": volts for rate, volts in found.polarization_V.items()},
            )
            for found in resistances
        ],
        sweeps=_sweeps(design),
        resistance_sweeps=_resistance_sweeps(design),
        thickness_line=ThicknessFit(
            density_g_per_cm3=to_measured(line.density_g_per_cm3),
            offset_um=to_measured(line.offset_um),
            chi2=line.chi2,
            degrees_of_freedom=line.degrees_of_freedom,
            density_ideal_g_per_cm3=None if ideal is None else to_measured(ideal),
        ),
        assumptions=[CellAssumption(name=name, **given.model_dump()) for name, given in design.inputs().items()],
        contradictions=_contradictions(design, area_cm2),
        warnings=_warnings(design, line, ideal),
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _sweeps(design: CellDesign) -> list[CellSweep]:
    loading, inputs = max(design.loadings_mg_per_cm2), design.inputs()
    return [
        CellSweep(
            name=name, loading_mg_per_cm2=loading, anode=anode.name, low=_end(inputs[name].low),
            high=_end(inputs[name].high),
            energy_density_at_low_Wh_per_kg=low.energy_density_Wh_per_kg,
            energy_density_at_high_Wh_per_kg=high.energy_density_Wh_per_kg,
            energy_density_at_low_Wh_per_L=low.energy_density_Wh_per_L,
            energy_density_at_high_Wh_per_L=high.energy_density_Wh_per_L,
        )
        for anode in design.anodes
        for name, (low, high) in sweep(design, loading_mg_per_cm2=loading, anode=anode.name).items()
    ]  # fmt: skip


def _resistance_sweeps(design: CellDesign) -> list[CellResistanceSweep]:
    loading, inputs = max(design.loadings_mg_per_cm2), design.inputs()
    coldest_K = min(design.temperatures_C) + ZERO_CELSIUS_K
    ends = resistance_sweep(design, loading_mg_per_cm2=loading, temperature_K=coldest_K)
    return [
        CellResistanceSweep(
            name=name, loading_mg_per_cm2=loading, temperature_K=coldest_K, low=_end(inputs[name].low),
            high=_end(inputs[name].high), resistance_at_low_ohm_cm2=low.total_ohm_cm2,
            resistance_at_high_ohm_cm2=high.total_ohm_cm2,
        )
        for name, (low, high) in ends.items()
    ]  # fmt: skip


def _end(value: float | None) -> float:
    assert value is not None  # only such are swept
    return value


def _porosity(design: CellDesign, mass_mg: float, thickness_um: Any, where: str) -> Measured | None:
    if not design.components:
        return None
    document = {
        "die_diameter_mm": design.die_diameter_mm.value,
        "composite": {
            "mass_mg": mass_mg,
            "thickness_um": {"value": nominal(thickness_um), "std": deviation(thickness_um)},
            "components": [component.model_dump() for component in design.composite_components()],
        },
    }
    found = geometry(make_sample(document, where=where), where=where).porosity
    return None if found is None else to_measured(found)


def _contradictions(design: CellDesign, area_cm2: float) -> list[str]:
    """What the source says elsewhere, where it is another number; an areal capacity is held against its loading."""
    known = design.inputs()
    values = design.values()
    found = []
    for other in design.also_stated:
        if other.name in known:
            used = known[other.name]
            if abs(other.value - used.value) > 1e-9 * abs(used.value):
                found.append(
                    f"{other.name}: {used.value:g} is used ({used.given_by}), {other.value:g} is in {other.given_by}"
                )
            continue
        if (loading := _areal_loading(other.name)) is None:
            continue
        derived = loading * values["active_capacity_mAh_per_g"] / 1000
        share = values["active_weight_fraction"]
        found += [
            f"{contradiction} ({other.given_by})"
            for contradiction in compare(
                other.name, other.value, derived, area=area_cm2, active_share=share, unit="mAh/cm2"
            )
        ]
    return found


def _warnings(design: CellDesign, line: ThicknessLine, ideal: Any) -> list[str]:
    warnings = []
    unknown = [name for name, given in design.inputs().items() if given.assumed]
    if unknown:
        warnings.append(
            f"assumed, given by no source: {', '.join(unknown)}; what hangs on them is in sweeps, resistance_sweeps "
            "and the errors of the porosities"
        )
    if design.metal != SODIUM:
        borrowed = [name for name, given in design.inputs().items() if given.given_by.startswith(("paper", "derived"))]
        warnings.append(f"as in the built-in cell of sodium: {', '.join(borrowed)}; give those of {design.metal}")
    at_an_end = [
        name for name, given in design.inputs().items() if given.assumed and given.value in (given.low, given.high)
    ]
    if at_an_end:
        warnings.append(
            f"assumed at an end of what they may be: {', '.join(at_an_end)}; what follows is a best or a worst case"
        )
    if ideal is not None and nominal(line.density_g_per_cm3) > nominal(ideal):
        warnings.append(
            f"each further layer of composite has {nominal(line.density_g_per_cm3):.2f} +- "
            f"{deviation(line.density_g_per_cm3):.2f} g/cm3, the dense components {nominal(ideal):.2f} +- "
            f"{deviation(ideal):.2f}: no pore is left, or a density is too low"
        )
    if nominal(line.offset_um) > 2 * deviation(line.offset_um) > 0:
        warnings.append(
            f"{nominal(line.offset_um):.0f} um of every thickness do not come from the composite's mass: a layer that "
            "is measured along, or a systematic error; porosities of thin electrodes are too high by it"
        )
    by_tomography = design.assumptions.get(MACMULLIN)
    if by_tomography is not None and by_tomography.low is None:
        warnings.append(
            f"{by_tomography.given_by} has no error of the effective conductivity by the size of its body: how unsure "
            "the composite's resistance is cannot be told"
        )
    fractions = [
        design.assumptions["active_weight_fraction"],
        *(component.weight_fraction for component in design.components),
    ]
    others = sorted({point.thickness_um.given_by for point in design.thicknesses} - {USER})
    if others and any(fraction.given_by == USER for fraction in fractions):
        warnings.append(
            f"thicknesses are of another composite ({', '.join(others)}): give yours, or `thicknesses: []` for "
            "a dense one"
        )
    return warnings + [
        f"{other.name} is stated by {other.given_by}, and is no input of this design: not compared"
        for other in design.also_stated
        if other.name not in design.inputs() and _areal_loading(other.name) is None
    ]


def _areal_loading(name: str) -> float | None:
    """The loading of a statement `areal_capacity_mAh_per_cm2 at 15 mg/cm2`; None for others."""
    matched = re.fullmatch(r"areal_capacity_mAh_per_cm2 at ([\d.]+) mg/cm2", name)
    return float(matched[1]) if matched else None


def _says(record: CellRecord) -> list[str]:
    lines = []
    for index, loading in enumerate(record.loadings_mg_per_cm2):
        energies = ", ".join(f"{name} {row[index]:.0f}" for name, row in record.energy_density_Wh_per_kg.items())
        lines.append(
            f"{loading:g} mg/cm2: {record.composite_mg[index]:.2f} mg, {record.thickness_um[index].value:.0f} um, "
            f"{record.layers[index]:.2f} layers; Wh/kg: {energies}"
        )
    return [*lines, *(f"does not fit: {text}" for text in record.contradictions)]


STUDY = Study(
    command="cell",
    arguments=(
        Argument(
            name="design",
            metavar="DESIGN.yaml",
            help="what differs from the built-in cell, the paper's Fig. 5a",
            required=False,
            absent="fig5a",
            annotation="paddlewheel.lab.design.CellDesign | str | Path",
        ),
    ),
    settings=CellSettings,
    record=CellRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    of_today=_of_today,
    prints=(Printed(option="--template", help="Print the built-in design, to be changed.", text=template),),
    example="paddlewheel cell; paddlewheel cell --template > mine.yaml",
    notes="A file need only hold what differs from the built-in design.",
)
