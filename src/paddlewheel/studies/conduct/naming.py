"""What a conductivity is, in words: of the tracer or of all ions, at what density and pressure, in how large a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from paddlewheel.crystals.supercell import alternative_text, repeats_text
from paddlewheel.page.numbers import enumeration, interval, kelvin, measured, percent, plain
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import TemperatureStatus
from paddlewheel.studies.conduct.record import (
    CellSize,
    CollectiveAtRoom,
    CollectiveResult,
    Conditions,
    Equilibration,
    OrderingResult,
    SizeResult,
)

STATUS_WORDS: dict[TemperatureStatus, str] = {
    "ok": "ok",
    "not-diffusive": "not diffusive",
    "not-stationary": "not stationary",
    "broken": "broken",
    "too-short": "too short",
    "extrapolating": "extrapolating",
}
TRACER = "tracer, by Nernst-Einstein"
"""What the conductivity is that stands first everywhere: n (Z e)^2 D / (k T), of ions taken one by one."""
LARGEST_PRESSURE_GPA = 0.5
"""Of a fixed cell, beyond which it is told: an activation volume of 3 cm3/mol (5 A^3, a usual one of ions that jump
into vacancies) makes 0.5 GPa a factor of 1.3 in D at 700 K, and 1.8 at 300 K: exp(P V / k T)."""
_NAMES = {"npt": "NPT", "nvt": "NVT", "langevin": "NVT (Langevin)", "nve": "NVE"}


class HasConditions(Protocol):
    """A temperature of a record."""

    @property
    def temperature_K(self) -> float: ...
    @property
    def conditions(self) -> Conditions | None: ...


class HasEquilibration(Protocol):
    """A temperature of a record."""

    @property
    def temperature_K(self) -> float: ...
    @property
    def equilibration(self) -> Equilibration | None: ...


class HasConductivity(Protocol):
    """A temperature of a record, with what is known of its conductivities."""

    @property
    def temperature_K(self) -> float: ...
    @property
    def conductivity_mS_per_cm(self) -> Measured | None: ...
    @property
    def conductivity_collective_mS_per_cm(self) -> Measured | None: ...
    @property
    def conductivity_collective_upper_bound_95_mS_per_cm(self) -> float | None: ...


def collective_sentences(told: CollectiveResult | None, temperatures: Sequence[HasConductivity]) -> list[str]:
    """What the collective conductivity is, at 300 K too, or what is known where it is not."""
    rows = [row for row in temperatures if row.conductivity_mS_per_cm is not None]
    if told is None or not rows:
        return []
    if told.haven_ratio is None:
        bounds = [
            f"below {plain(row.conductivity_collective_upper_bound_95_mS_per_cm)} mS/cm at {kelvin(row.temperature_K)}"
            for row in rows
            if row.conductivity_collective_upper_bound_95_mS_per_cm is not None
        ]
        known = f"; with 95 % confidence it is {enumeration(bounds)}" if bounds else ""
        return [
            "The collective conductivity, of all ions together, is not known from these runs: they are too short to "
            f"tell how much ions move together (the Haven ratio){known}."
        ]
    ratio = f"{measured(told.haven_ratio)} ({_at(told.haven_temperatures_K)})"
    if not told.at_300K:
        values = [
            f"{measured(row.conductivity_collective_mS_per_cm)} mS/cm at {kelvin(row.temperature_K)}"
            for row in rows
            if row.conductivity_collective_mS_per_cm is not None
        ]
        return [f"Collective conductivity, of all ions together: {enumeration(values)}; Haven ratio {ratio}."]
    first, *others = told.at_300K
    text = f"Collective conductivity at 300 K, of all ions together: {_value(first)}; Haven ratio {ratio}."
    return [text, *(f"Or {_value(other)}." for other in others)]


def _value(found: CollectiveAtRoom) -> str:
    """`value mS/cm (95 %: ends), where it comes from`."""
    where = {
        "own line": f"by its own line of {_at(found.temperatures_K)}",
        "Haven ratio": f"the tracer's over the Haven ratio of {_at(found.temperatures_K)}, if that holds at 300 K",
    }[found.how]
    ends = interval(found.conductivity_300K_95_mS_per_cm)
    return f"{plain(found.conductivity_300K_mS_per_cm.value, 2)} mS/cm (95 %: {ends}), {where}"


def _at(temperatures_K: Sequence[float]) -> str:
    return f"{enumeration(f'{value:g}' for value in temperatures_K)} K"


def equilibration_sentences(rows: Sequence[HasEquilibration]) -> list[str]:
    """What was left out before the runs had settled, by the setting and by the data; a line more where a change may go
    on."""
    known = [(row.temperature_K, row.equilibration) for row in rows if row.equilibration is not None]
    if not known:
        return []
    before = {each.before_ps for _, each in known}
    asked_ps = before.pop() if len(before) == 1 else None
    start = f"after the {asked_ps:g} ps of the setting" if asked_ps is not None else "from the start of what was given"
    cut = [
        f"at {kelvin(at)} {each.t0_ps:.3g} ps more ({100 * each.fraction_discarded:.0f} %, {' and '.join(each.by)})"
        for at, each in known
        if each.by
    ]
    tested = enumeration(dict.fromkeys(name for _, each in known for name in each.tested))
    found = f"leave out {'; '.join(cut)}" if cut else "leave out nothing more"
    lines = [f"Equilibration: {start} the data ({tested}) {found}."]
    lasting = [
        f"{each.lasts} at {kelvin(at)}" + (f" (over in runs of about {each.needs_ps:.2g} ps)" if each.needs_ps else "")
        for at, each in known
        if each.lasts is not None
    ]
    if lasting:
        remedy = "Run longer (--production-ps), or give longer files."
        lines.append(f"Not settled, or perhaps not: {'; '.join(lasting)}. {remedy}")
    return lines


def condition_sentences(rows: Sequence[HasConditions], densities_g_per_cm3: Sequence[float | None]) -> list[str]:
    """Ensemble, density and pressure of the runs, and a caveat for a pressure that D cannot be read without."""
    found = [
        (row.temperature_K, row.conditions, density)
        for row, density in zip(rows, densities_g_per_cm3, strict=True)
        if row.conditions is not None and density is not None
    ]
    if not found:
        return []
    ensembles = {each.ensemble for _, each, _ in found}
    ensemble = ensembles.pop() if len(ensembles) == 1 else None
    fixed = all(each.volume_is_fixed for _, each, _ in found)
    name = _NAMES[ensemble] if ensemble else "Ensemble not known, the cell " + ("fixed" if fixed else "not fixed")
    ends = [plain(found[0][2], 3), plain(found[-1][2], 3)]
    density = f"{' to '.join(dict.fromkeys(ends))} g/cm3"
    pressures = [(at, each.mean_pressure_GPa) for at, each, _ in found if each.mean_pressure_GPa is not None]
    if ensemble == "npt":
        asked = {each.pressure_asked_GPa for _, each, _ in found if each.pressure_asked_GPa is not None}
        at = "/".join(f"{value:g}" for value in sorted(asked)) + " GPa" if asked else "a pressure that is not known"
        return [f"{name} at {at}, {density}."]
    if not pressures:
        return [f"{name} at {density}; the pressure is not known from these files."]
    shown = [pressures[0], pressures[-1]] if len(pressures) > 1 else pressures
    told = " to ".join(f"{measured(value)} GPa at {kelvin(at)}" for at, value in shown)
    return [f"{name} at {density}, mean pressure {told}.", *_caveat(pressures)]


def _caveat(pressures: Sequence[tuple[float, Measured]]) -> list[str]:
    strained = [(at, value) for at, value in pressures if abs(value.value) - 2.0 * value.std > LARGEST_PRESSURE_GPA]
    if not strained:
        return []
    at, value = max(strained, key=lambda each: abs(each[1].value))
    direction = "compressed" if value.value > 0 else "stretched"
    return [
        f"The cell is {direction}: its mean pressure of {measured(value)} GPa at {kelvin(at)} is over "
        f"{LARGEST_PRESSURE_GPA:g} GPa, and D depends on it, as exp(-P V/kT) with the activation volume V. --ensemble "
        "npt lets the cell find its density."
    ]


def size_sentences(cell: CellSize | None, sizes: SizeResult | None) -> list[str]:
    """That one cell was simulated, and how large; or whether D depends on the size."""
    if sizes is not None:
        return _of_sizes(sizes)
    if cell is None:
        return []
    lengths = " x ".join(f"{length:.1f}" for length in cell.lengths_A)
    made = f" = {repeats_text(cell.repeats)} of the given" if cell.repeats is not None else ""
    told = f"One cell of {cell.n_atoms} atoms{made} ({lengths} A{_narrower(cell)})"
    others = [
        alternative_text(each.repeats, n_atoms=each.n_atoms, short=each.short, of_atoms=cell.n_atoms)
        for each in cell.alternatives
    ]
    return [f"{told}: its size is not tested (conduct --sizes).", *(f"{other}." for other in others)]


def _narrower(cell: CellSize) -> str:
    """The narrowest width, where it is no lattice parameter."""
    width_A = cell.narrowest_width_A
    return (
        "" if width_A is None or width_A > 0.99 * min(cell.lengths_A) else f", {width_A:.1f} A across at its narrowest"
    )


def ordering_sentences(orderings: OrderingResult | None) -> list[str]:
    """How far ordered cells of a disordered crystal differ."""
    if orderings is None:
        return []
    what = f"{len(orderings.cells)} ordered cells of a disordered crystal were simulated"
    if orderings.spread_factor is None:
        return [f"{what}: no temperature has a diffusivity in two, so how far they differ is not known."]
    at = _at(orderings.temperatures_compared_K)
    chance = f"chance {percent(orderings.probability)} if all had one" if orderings.probability is not None else ""
    if orderings.spread_factor <= 1.0:
        seen = f"their diffusivities differ by no more than the errors of their runs ({at}; {chance})"
    else:
        factor = plain(orderings.spread_factor, 2)
        seen = f"their diffusivities differ by a factor of {factor} (68 %) beyond their runs' errors ({at}; {chance})"
    return [f"{what}: {seen}. The intervals hold this, as the replicas are of different cells."]


def _of_sizes(sizes: SizeResult) -> list[str]:
    atoms = sorted({value.n_atoms for row in sizes.temperatures for value in row.cells})
    cells = f"cells of {enumeration(map(str, atoms))} atoms"
    if sizes.slope_atoms is None or sizes.slope_95_atoms is None:
        return [f"Of {cells} no temperature has a diffusivity in two: whether D depends on the size is not known."]
    compared = [row for row in sizes.temperatures if row.pooled_cm2_per_s is not None]
    at = _at([row.temperature_K for row in compared])
    apart = 1.0 / atoms[0] - 1.0 / atoms[-1]
    low, high = (math.exp(end * apart) for end in sizes.slope_95_atoms)
    factor = f"D in the smallest is {plain(math.exp(sizes.slope_atoms.value * apart))} times that in the largest"
    told = f"{factor} (95 %: {interval((low, high))}; {at})"
    if not sizes.trend:
        return [
            f"Between {cells} no trend is seen: {told}. An extrapolation has a larger error than the difference; the "
            "pooled diffusivities are in the table, and the Arrhenius line is that of the largest cell."
        ]
    lines = [f"D depends on the size of the cell: of {cells}, {told}. The Arrhenius line is that of the largest cell."]
    fit = sizes.arrhenius
    if fit is not None and fit.conductivity_300K_mS_per_cm is not None:
        value = plain(fit.conductivity_300K_mS_per_cm.value, 2)
        lines.append(
            f"Extrapolated to an infinite cell (ln D in 1/N): σ(300 K) = {value} mS/cm "
            f"(95 %: {interval(fit.conductivity_300K_95_mS_per_cm)}; {TRACER}), Eₐ = "
            f"{measured(fit.activation_energy_eV)} eV, from {_at(fit.temperatures_used_K)}."
        )
    return lines
