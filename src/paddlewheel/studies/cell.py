"""`cell`: the design of a cell from stated inputs, each with where it is from and what follows if it is another."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from scipy.constants import zero_Celsius

from paddlewheel.errors import DataError
from paddlewheel.lab.design import CellDesign, ThicknessLine, estimate, fit_thickness_line, load_design, sweep
from paddlewheel.lab.design.model import composite_mg_per_cm2, resistance
from paddlewheel.lab.geometry import compare, deviation, geometry, ideal_density, nominal, to_measured
from paddlewheel.lab.sample import Composite, make_sample
from paddlewheel.records import (
    CellAssumption,
    CellRecord,
    CellResistance,
    CellRow,
    CellSweep,
    Citation,
    Measured,
    ThicknessFit,
    write_record,
)
from paddlewheel.studies.motion import run_directory
from paddlewheel.studies.provenance import provenance

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


def cell(design: CellDesign | str | Path | None = None, *, out: str | Path | None = None) -> CellRecord:
    """Layers, masses, thicknesses, porosity, energy density and ionic resistance of a stack, as in Fig. 5a.

    Parameters
    ----------
    design
        A design or its YAML file, which need only hold what differs from the built-in one (the paper's Fig. 5a); see
        `paddlewheel.lab.design.template`.
    out
        Run directory for the record and the report; nothing is written without it.

    Raises
    ------
    InputError
        For an input out of range, a composite denser than its dense components, or a directory that holds something
        else.

    Examples
    --------
    >>> from paddlewheel import cell
    >>> [round(layers, 2) for layers in cell().layers]
    [4.0, 2.0, 1.33, 1.0]
    """
    given = design if isinstance(design, CellDesign) else load_design(design)
    where = "design" if design is None or isinstance(design, CellDesign) else str(design)
    document = given.model_dump(mode="json")
    settings: dict[str, Any] = {
        "command": "cell",
        "design": document,
        "design_sha256": hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest(),
    }
    record = _record(given, settings, where)
    with run_directory(out, settings) as directory:
        if directory is not None:
            write_record(record, directory / "result.json")
    return record


def _record(design: CellDesign, settings: dict[str, Any], where: str) -> CellRecord:
    values = design.values()
    loadings = design.loadings_mg_per_cm2
    area_cm2 = math.pi / 4 * (design.die_diameter_mm / 10) ** 2
    line = _line(design, where)
    rows, sweeps = [], []
    for anode in design.anodes:
        rows += [
            estimate(design, loading_mg_per_cm2=loading, anode=anode, line=line, values=values) for loading in loadings
        ]
    largest = max(loadings)
    for anode in design.anodes:
        for name, (low, high) in sweep(design, loading_mg_per_cm2=largest, anode=anode, line=line).items():
            one = design.assumptions[name]
            assert one.low is not None  # only such are swept
            assert one.high is not None
            sweeps.append(
                CellSweep(
                    name=name, loading_mg_per_cm2=largest, anode=anode.name, low=one.low, high=one.high,
                    energy_density_at_low_Wh_per_kg=low.energy_density_Wh_per_kg,
                    energy_density_at_high_Wh_per_kg=high.energy_density_Wh_per_kg,
                )
            )  # fmt: skip
    by_anode = {anode.name: [row for row in rows if row.anode == anode.name] for anode in design.anodes}
    ideal = _ideal_density(design)
    thicknesses = [line.thickness_um(composite_mg_per_cm2(loading, values)) for loading in loadings]
    resistances = [
        resistance(design, loading_mg_per_cm2=loading, temperature_K=celsius + zero_Celsius, line=line, values=values)
        for loading in loadings
        for celsius in design.temperatures_C
    ]
    return CellRecord(
        name=design.name,
        loadings_mg_per_cm2=loadings,
        layers=[row.layers for row in rows[: len(loadings)]],
        composite_mg=[composite_mg_per_cm2(loading, values) * area_cm2 for loading in loadings],
        thickness_um=[to_measured(one) for one in thicknesses],
        porosity=[
            _porosity(design, composite_mg_per_cm2(loading, values) * area_cm2, thickness, where)
            for loading, thickness in zip(loadings, thicknesses, strict=True)
        ],
        energy_density_Wh_per_kg={name: [row.energy_density_Wh_per_kg for row in of] for name, of in by_anode.items()},
        energy_density_Wh_per_L={name: [row.energy_density_Wh_per_L for row in of] for name, of in by_anode.items()},
        cells=[CellRow(**vars(row)) for row in rows],
        resistances=[
            CellResistance(
                loading_mg_per_cm2=one.loading_mg_per_cm2,
                temperature_K=one.temperature_K,
                separator_ohm_cm2=one.separator_ohm_cm2,
                composite_ohm_cm2=one.composite_ohm_cm2,
                polarization_V={f"{rate:g}": volts for rate, volts in one.polarization_V.items()},
            )
            for one in resistances
        ],
        sweeps=sweeps,
        thickness_line=ThicknessFit(
            density_g_per_cm3=to_measured(line.density_g_per_cm3),
            offset_um=to_measured(line.offset_um),
            chi2=line.chi2,
            degrees_of_freedom=line.degrees_of_freedom,
            density_ideal_g_per_cm3=None if ideal is None else to_measured(ideal),
        ),
        assumptions=_assumptions(design),
        contradictions=_contradictions(design, area_cm2),
        warnings=_warnings(design, line, ideal),
        citations=list(_CITATIONS),
        provenance=provenance(settings),
    )


def _line(design: CellDesign, where: str) -> ThicknessLine:
    """Through the measured thicknesses, or, without any, through zero with the density of the dense components."""
    values = design.values()
    if design.thicknesses:
        return fit_thickness_line(
            [composite_mg_per_cm2(one.loading_mg_per_cm2, values) for one in design.thicknesses],
            [one.thickness_um for one in design.thicknesses],
        )
    ideal = _ideal_density(design)
    if ideal is None:
        raise DataError(
            "neither thicknesses nor the densities of all components", where=where, remedy="give one of them"
        )
    return ThicknessLine(density_g_per_cm3=ideal, offset_um=0.0, chi2=0.0, degrees_of_freedom=0)


def _ideal_density(design: CellDesign) -> Any:
    if not design.components:
        return None
    return ideal_density(Composite(mass_mg=Measured(value=1.0, std=0.0), components=design.components))


def _porosity(design: CellDesign, mass_mg: float, thickness_um: Any, where: str) -> Measured | None:
    if not design.components:
        return None
    document = {
        "die_diameter_mm": design.die_diameter_mm,
        "composite": {
            "mass_mg": mass_mg,
            "thickness_um": {"value": nominal(thickness_um), "std": deviation(thickness_um)},
            "components": [one.model_dump() for one in design.components],
        },
    }
    found = geometry(make_sample(document, where=where), where=where).porosity
    return None if found is None else to_measured(found)


def _assumptions(design: CellDesign) -> list[CellAssumption]:
    rows = [CellAssumption(name=name, **one.model_dump()) for name, one in design.assumptions.items()]

    def add(name: str, value: float, given_by: str, note: str = "") -> None:
        rows.append(CellAssumption(name=name, value=value, low=None, high=None, given_by=given_by, note=note))

    for one in design.anodes:
        if one.capacity_mAh_per_g is not None:
            add(f"{one.name} capacity_mAh_per_g", one.capacity_mAh_per_g, one.given_by)
        add(f"{one.name} electrolyte_weight_fraction", one.electrolyte_weight_fraction, one.given_by)
        add(f"{one.name} mean_potential_V_vs_Na", one.mean_potential_V_vs_Na, one.given_by)
        add(f"{one.name} charged_density_g_per_cm3", one.charged_density_g_per_cm3, one.given_by)
    for one in design.thicknesses:
        add(f"thickness_um at {one.loading_mg_per_cm2:g} mg/cm2", one.thickness_um.value, design.thicknesses_given_by,
            f"+- {one.thickness_um.std:g}")  # fmt: skip
    for one in design.components:
        add(f"{one.name} weight_fraction", one.weight_fraction, design.components_given_by)
        if one.density_g_per_cm3 is not None:
            add(f"{one.name} density_g_per_cm3", one.density_g_per_cm3.value, design.components_given_by)
    return rows


def _contradictions(design: CellDesign, area_cm2: float) -> list[str]:
    """What the source says elsewhere, where it is another number; an areal capacity is held against its loading."""
    known = {one.name: one for one in _assumptions(design)}
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
        loading = float(other.name.split(" at ")[1].split()[0])
        derived = loading * values["active_capacity_mAh_per_g"] / 1000
        share = values["active_weight_fraction"]
        found += [
            f"{one} ({other.given_by})"
            for one in compare(other.name, other.value, derived, area=area_cm2, active_share=share, unit="mAh/cm2")
        ]
    return found


def _warnings(design: CellDesign, line: ThicknessLine, ideal: Any) -> list[str]:
    warnings = []
    unknown = [name for name, one in design.assumptions.items() if one.given_by == "assumed"]
    if unknown:
        warnings.append(f"assumed, given by no source: {', '.join(unknown)}; see sweeps for what hangs on them")
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
    warnings += [
        f"a composite of {one.thickness_um.value:g} um: are the thicknesses in um?"
        for one in design.thicknesses
        if not 5 < one.thickness_um.value < 3000
    ]
    return warnings
