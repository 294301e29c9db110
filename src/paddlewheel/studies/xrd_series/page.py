"""The report of `xrd series`: the patterns over temperature, fractions with their transitions, cells and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, PAGE_INCHES, Drawing, SeriesStyle, series_colours, series_styles
from paddlewheel.page.numbers import ABSENT, measured, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.laboratory.search_tables import SEARCH_METHOD, left_out, search_tables
from paddlewheel.studies.xrd_series.record import (
    CURVES,
    PATTERNS,
    Bounds,
    CellQuantity,
    MergingAxes,
    PhaseTransition,
    SeriesCell,
    SeriesPattern,
    SeriesPhase,
    SeriesSearch,
    XrdSeriesRecord,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_SHOWN = 12
"""Patterns of the waterfall; all are in the map."""
_ANGLES = 900
_METHOD = (
    "Every pattern is fitted by all phases twice, begun at the result of its colder and of its hotter neighbour; the "
    "fit with the lower Rwp is kept. Bars are standard uncertainties; an open mark is a phase that is not seen, at its "
    "detection limit."
)
_TRANSITION_METHOD = (
    "Onset and completion are where the tangent at the steepest point meets the level before and the level after. Each "
    "model (ramp, sigmoid, Avrami) is averaged over the exposure of every frame before it is compared; intervals are "
    "over all models by their weights of AICc. The errors are those of each frame's own statistics, for what is wrong "
    "with the intensities is the same in all frames."
)
_SEARCHED = "The first, the middle and the last pattern are searched; what is found in any is fitted in all."
_CELL_METHOD = (
    "Lengths and volumes relative to their values at the lowest temperature. The coefficients of expansion are "
    "(dL/dT)/L of the model with the lowest AICc: linear, quadratic, or Debye-Grüneisen. Of axes that merge "
    "one frame knows the mean far better than each: their errors are large and opposite. Near the merging it knows the "
    "square of their difference, for the doublet is narrower than its lines; errors are counted from zero. The power "
    "law, A (1 − T/Tc)^β, is one curve through all frames: its temperature is as good as that curve."
)


def figures(record: XrdSeriesRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    drawn = {
        "waterfall": (_waterfall(record, beside), "Patterns above each other by temperature, with their fits."),
        "heat_map": (_heat_map(record, beside), "Intensity by angle and temperature."),
    }
    if len(record.phases) > 1:
        drawn["fractions"] = (
            _fractions(record, beside),
            "Weight fraction of each phase against temperature, with fitted transitions; numbers are in the table.",
        )
    if any(phase.cell is not None for pattern in record.patterns for phase in pattern.phases):
        drawn["cells"] = (_cells(record), "Lengths of the cells against temperature, relative to the coldest frame.")
        drawn["volumes"] = (
            _volumes(record),
            "Volumes of the cells against temperature, relative to the coldest.",
        )
    return drawn


def _shown(count: int) -> list[int]:
    if count <= _MOST_SHOWN:
        return list(range(count))
    return [round(place * (count - 1) / (_MOST_SHOWN - 1)) for place in range(_MOST_SHOWN)]


def _root(values: np.ndarray) -> np.ndarray:
    """Square root, by which weak lines are seen beside strong ones."""
    return np.sqrt(np.maximum(values, 0))


def _waterfall(record: XrdSeriesRecord, beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    arrays = beside.arrays(PATTERNS)
    shown = _shown(len(record.patterns))
    figure = Figure(figsize=(PAGE_INCHES, 1.6 + 0.42 * len(shown)), layout="constrained")
    panel: Any = figure.subplots()
    roots = [_root(arrays[f"measured_{number}"]) for number in shown]
    lift = 0.35 * max(float(np.max(root) - np.median(root)) for root in roots)
    for row, (number, root, colour) in enumerate(zip(shown, roots, series_colours(len(shown)), strict=True)):
        up = row * lift
        angles = arrays[f"two_theta_deg_{number}"]
        at, low, high = _envelope(angles, root, 2 * _ANGLES)
        panel.fill_between(at, low + up, high + up, color=colour, lw=0.6, alpha=0.55)
        calculated = _root(arrays[f"fit_calculated_{number}"])
        at, low, high = _envelope(arrays[f"fit_two_theta_deg_{number}"], calculated, 2 * _ANGLES)
        panel.plot(at, high + up, color=INK, lw=0.6)
        panel.annotate(
            f"{record.patterns[number].temperature_K:.4g} K", (1.0, float(np.median(root)) + up),
            xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points", va="center",
            color=MUTED, fontsize=8,
        )  # fmt: skip
    panel.set(xlabel="2θ (°)", ylabel="root of the intensity, shifted", yticks=[])
    panel.grid(visible=False, axis="y")
    panel.margins(x=0)
    return figure


def _envelope(angles: np.ndarray, values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angles with the smallest and largest value of each stretch: no peak is lost, and the page stays small."""
    if angles.size <= 2 * count:
        return angles, values, values
    edges = np.linspace(0, angles.size, count + 1).astype(int)
    low = np.minimum.reduceat(values, edges[:-1])
    high = np.maximum.reduceat(values, edges[:-1])
    return angles[(edges[:-1] + edges[1:] - 1) // 2], low, high


def _heat_map(record: XrdSeriesRecord, beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    arrays = beside.arrays(PATTERNS)
    count = len(record.patterns)
    kelvin = np.array([pattern.temperature_K for pattern in record.patterns])
    first = max(float(arrays[f"two_theta_deg_{number}"][0]) for number in range(count))
    last = min(float(arrays[f"two_theta_deg_{number}"][-1]) for number in range(count))
    edges = np.linspace(first, last, _ANGLES + 1)
    rows = []
    for number in range(count):
        angles, values = arrays[f"two_theta_deg_{number}"], arrays[f"measured_{number}"]
        place = np.clip(np.searchsorted(edges, angles) - 1, 0, _ANGLES - 1)
        highest = np.full(_ANGLES, -np.inf)
        np.maximum.at(highest, place, values)
        centre = 0.5 * (edges[1:] + edges[:-1])
        rows.append(np.where(np.isfinite(highest), highest, np.interp(centre, angles, values)))
    figure = Figure(figsize=(PAGE_INCHES, 3.6), layout="constrained")
    panel: Any = figure.subplots()
    roots = _root(np.array(rows))
    low, top = np.quantile(roots, (0.3, 0.995))
    image = panel.pcolormesh(edges, _edges(kelvin), roots, cmap="magma", vmin=low, vmax=top, rasterized=True)
    bar = figure.colorbar(image, ax=panel, pad=0.01)
    bar.set_label("root of the intensity")
    panel.grid(visible=False)
    panel.set(xlabel="2θ (°)", ylabel="temperature (K)")
    return figure


def _edges(values: np.ndarray) -> np.ndarray:
    """Between neighbours; repeated temperatures get a little room."""
    rising = np.maximum.accumulate(values + 1e-3 * np.arange(values.size))
    between = 0.5 * (rising[1:] + rising[:-1])
    return np.concatenate([[2 * rising[0] - between[0]], between, [2 * rising[-1] - between[-1]]])


def _fractions(record: XrdSeriesRecord, beside: Beside) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_INCHES, 4.0), layout="constrained")
    panel: Any = figure.subplots()
    curves = beside.columns(CURVES) if "fitted_curves" in record.files else None
    for number, (name, style) in enumerate(zip(record.phases, series_styles(len(record.phases)), strict=True)):
        rows = [(pattern, pattern.phases[number]) for pattern in record.patterns]
        if curves is not None and np.any(curves["phase"] == number):
            inside = curves["phase"] == number
            panel.plot(
                curves["temperature_K"][inside], 100 * curves["weight_fraction"][inside], color=style.colour, lw=1.3,
                ls=style.line,
            )  # fmt: skip
        seen = [(one, two) for one, two in rows if two.is_present and two.weight_fraction is not None]
        _marks(panel, seen, style, name)
        unseen = [(one, two) for one, two in rows if not two.is_present]
        panel.plot(
            [one.temperature_K for one, _ in unseen], [100 * two.detection_limit for _, two in unseen], ls="none",
            marker=style.marker, mfc="none", mec=style.colour, ms=4.5, label=None if seen else f"{name}, not seen",
        )  # fmt: skip
    for each in record.transitions:
        for value in (each.onset_K, each.completion_K):
            if value is not None:
                panel.axvline(value.value, color=MUTED, lw=0.8, ls=(0, (2, 2)))
    panel.set(xlabel="temperature (K)", ylabel="weight fraction (%)", ylim=(-3, 103))
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _marks(panel: Axes, seen: list[tuple[SeriesPattern, SeriesPhase]], style: SeriesStyle, name: str) -> None:
    """Points, bars of the statistical uncertainty and of the whole, and the exposure of each."""
    if not seen:
        return
    at = [one.temperature_K for one, _ in seen]
    spread = [
        [one.temperature_K - one.exposed_K[0] for one, _ in seen],
        [one.exposed_K[1] - one.temperature_K for one, _ in seen],
    ]
    value = [100 * two.weight_fraction.value for _, two in seen if two.weight_fraction is not None]
    std = [100 * two.weight_fraction.std for _, two in seen if two.weight_fraction is not None]
    panel.errorbar(at, value, yerr=std, xerr=spread, color=style.colour, marker=style.marker, ms=4.5, ls="none",
                   lw=0.9, label=name)  # fmt: skip


def _cells(record: XrdSeriesRecord) -> Figure:
    """A panel for each phase; lengths that symmetry makes alike are one."""
    from matplotlib.figure import Figure

    shown = [number for number in range(len(record.phases)) if any(row.phases[number].cell for row in record.patterns)]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    wide = (PAGE_INCHES, 3.4 * down) if across > 1 else (6.6, 3.8)
    figure = Figure(figsize=wide, layout="constrained")
    panels: Any = figure.subplots(down, across, squeeze=False)
    for place, number in enumerate(shown):
        panel = panels[place // across][place % across]
        rows = [(row.temperature_K, row.phases[number].cell) for row in record.patterns]
        seen = [(kelvin, cell) for kelvin, cell in rows if cell is not None]
        axes = [axis for axis in ("a_A", "b_A", "c_A") if not _is_repeated(axis, [cell for _, cell in seen])]
        merging = [each.axes for each in record.merging_axes if each.phase == record.phases[number]]
        for axis, style in zip(axes, series_styles(3), strict=False):
            values = [getattr(cell, axis) for _, cell in seen]
            pair = next((one for one in merging if axis in one), None)
            label = axis[0] if pair is None or axis == pair[0] else f"{axis[0]} over {pair[0][0]}"
            first = getattr(seen[0][1], pair[0] if pair else axis).value
            panel.errorbar(
                [kelvin for kelvin, _ in seen], [100 * (value.value / first - 1) for value in values],
                yerr=[100 * value.std / first for value in values], color=style.colour, marker=style.marker, ms=4,
                lw=1.0, ls=style.line, label=label,
            )  # fmt: skip
        panel.set_title(record.phases[number])
        drawn = np.concatenate([line.get_ydata() for line in panel.get_lines()])
        spread = 0.15 * float(np.ptp(drawn)) + 1e-4  # bars that are longer are cut, not the axes stretched
        panel.set_ylim(float(drawn.min()) - spread, float(drawn.max()) + spread)
        panel.set(xlabel="temperature (K)", ylabel="change of length (%)")
        panel.legend(loc="best")
    for place in range(len(shown), down * across):
        panels[place // across][place % across].set_axis_off()
    return figure


def _is_repeated(axis: str, cells: list[Any]) -> bool:
    earlier = {"a_A": (), "b_A": ("a_A",), "c_A": ("a_A", "b_A")}[axis]
    return any(
        all(abs(getattr(cell, axis).value - getattr(cell, other).value) < 1e-9 for cell in cells) for other in earlier
    )


def _volumes(record: XrdSeriesRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.8), layout="constrained")
    panel: Any = figure.subplots()
    for number, (name, style) in enumerate(zip(record.phases, series_styles(len(record.phases)), strict=True)):
        rows = [(row.temperature_K, row.phases[number].volume_A3) for row in record.patterns]
        seen = [(kelvin, volume) for kelvin, volume in rows if volume is not None]
        if not seen:
            continue
        first = seen[0][1].value
        panel.errorbar(
            [kelvin for kelvin, _ in seen], [100 * (volume.value / first - 1) for _, volume in seen],
            yerr=[100 * volume.std / first for _, volume in seen], color=style.colour, marker=style.marker, ms=4,
            lw=1.0, ls=style.line, label=name,
        )  # fmt: skip
    panel.set(xlabel="temperature (K)", ylabel="change of volume (%)")
    panel.legend(loc="upper left")
    return figure


def page(record: XrdSeriesRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    del beside
    first, last = record.patterns[0], record.patterns[-1]
    facts = [
        ("Patterns", str(len(record.patterns))),
        ("Temperatures", f"{plain(first.temperature_K, 4)} to {plain(last.temperature_K, 4)} K, {record.direction}"),
        ("Wavelength", f"{record.wavelength_A:.6g} Å"),
    ]
    if record.rate_K_per_min is not None and record.exposure_s is not None:
        facts.append(("Ramp", f"{plain(record.rate_K_per_min)} K/min, {plain(record.exposure_s)} s a frame"))
    return Page(
        eyebrow="Powder diffraction against temperature",
        title=", ".join(record.phases),
        facts=facts,
        headline=_headline(record),
        tone="partial" if record.jumps else "good",
        numbers=_numbers(record),
        remarks=[f"{note}." for note in record.notes],
        lists=[Listing(title="Jumps between the two directions of fitting", lines=record.jumps)],
        warnings=record.warnings,
        sections=[
            Section(
                id="candidates",
                title="Which phases there are",
                paragraphs=[SEARCH_METHOD, _SEARCHED] if record.searches else [],
                tables=[
                    table for each in record.searches for table in search_tables(each.identification, _where(each))
                ],
                lists=left_out(record.searches[0].identification if record.searches else None),
            ),
            Section(
                id="patterns",
                title="Patterns",
                paragraphs=["The roots of the intensities are drawn, so that weak lines are seen beside strong ones."],
                drawings=_of(drawings, ("waterfall", "Measured patterns and their fits."),
                             ("heat_map", "All patterns.")),
            ),
            Section(
                id="fractions",
                title="Phase fractions",
                paragraphs=[_METHOD, _TRANSITION_METHOD] if record.transitions else [_METHOD],
                drawings=_of(drawings, ("fractions", "Weight fractions with the fitted transitions.")),
                tables=[_transition_table(record), _fraction_table(record)],
            ),
            Section(
                id="cells",
                title="Cells and thermal expansion",
                paragraphs=[_CELL_METHOD] if record.expansions else [],
                drawings=_of(drawings, ("cells", "Lengths of the cells."), ("volumes", "Volumes of the cells.")),
                tables=[_merging_table(record), _expansion_table(record), _cell_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(len(record.phases), 3, len(_shown(len(record.patterns)))),
    )  # fmt: skip


def _where(search: SeriesSearch) -> str:
    return f", {search.file} ({plain(search.temperature_K, 4)} K)"


def _of(drawings: dict[str, Drawing], *named: tuple[str, str]) -> list[tuple[Drawing, str]]:
    return [(drawings[name], caption) for name, caption in named if name in drawings]


def _headline(record: XrdSeriesRecord) -> str:
    for each in record.transitions:
        if each.onset_K is not None:
            return f"{each.phase} {each.direction} from {measured(each.onset_K)} K on"
    merging = [each for each in record.merging_axes if each.temperature_K is not None or each.bracket_K[0] is not None]
    if merging:
        return told_merging(merging[0])
    changed = [each for each in record.transitions if each.direction is not None]
    if changed:
        return f"{changed[0].phase} {changed[0].direction}; the frames give bounds"
    count = len(record.patterns)
    for number, name in enumerate(record.phases):
        seen = sum(pattern.phases[number].is_present for pattern in record.patterns)
        if 0 < seen < count:
            return f"{name} is seen in {seen} of {count} patterns"
    return f"{count} patterns fitted; no phase begins or ends"


def told_merging(each: MergingAxes) -> str:
    """In words where two axes become alike: the frames first, unless the power law says more than they do."""
    one, two = (axis.partition("_")[0] for axis in each.axes)
    law = f"no temperature by a power law: {each.refused}"
    if each.temperature_K is not None:
        low, high = each.temperature_K.interval_95 or (None, None)
        law = (
            f"they merge at {measured(each.temperature_K)} K by a power law (95 %: {plain(low, 4)} to {plain(high, 4)})"
        )
    (apart, alike), (by, by_next) = each.bracket_K, each.bracket_errors
    if apart is None:
        return f"{each.phase}, {one} and {two}: {law}"
    frames = f"told apart up to {plain(apart, 4)} K" + (f" ({plain(by, 2)} errors)" if by is not None else "")
    if alike is not None:
        frames += f", not at {plain(alike, 4)} K" + (f" ({plain(by_next, 2)})" if by_next is not None else "")
    told = (law, frames) if each.is_within_bracket else (frames, law)
    return f"{each.phase}, {one} and {two}: {'; '.join(told)}"


def _numbers(record: XrdSeriesRecord) -> list[Number]:
    numbers = []
    for each in record.transitions:
        for name, value in (("onset", each.onset_K), ("completion", each.completion_K)):
            if value is not None:
                numbers.append(Number(name=f"{name}, {each.phase} {each.direction}", value=measured(value), unit="K"))
    for each in record.merging_axes:
        if each.bracket_K[0] is not None and not each.is_within_bracket:
            one, two = (axis.partition("_")[0] for axis in each.axes)
            told = f"{one} and {two} of {each.phase} told apart up to"
            numbers.append(Number(name=told, value=plain(each.bracket_K[0], 4), unit="K"))
        if each.temperature_K is not None:
            one, two = (axis.partition("_")[0] for axis in each.axes)
            name = f"{one} = {two}, {each.phase}, by a power law"
            numbers.append(Number(name=name, value=measured(each.temperature_K), unit="K"))
    for each in record.expansions:
        if each.quantity == "volume_A3" and len(numbers) < 6:
            told = f"expansion of the volume, {each.phase}, {plain(each.temperature_K)} K"
            numbers.append(Number(name=told, value=measured(each.alpha_per_K), unit="1/K"))
    return numbers[:6]


def _bounds(bounds: Bounds | None) -> str:
    if bounds is None or bounds == (None, None):
        return ABSENT
    low, high = bounds
    if low is None:
        return f"below {plain(high, 4)}"
    return f"above {plain(low, 4)}" if high is None else f"{plain(low, 4)} to {plain(high, 4)}"


def _value_or_bounds(value: Measured | None, bounds: Bounds | None) -> Cell:
    return value_cell(value) if value is not None else Cell(_bounds(bounds), "95 % bounds" if bounds else "")


def _model(each: PhaseTransition) -> str:
    return ", ".join(f"{model.model} {100 * model.weight:.0f} %" for model in each.models if model.weight > 0.005)


def _transition_table(record: XrdSeriesRecord) -> Table | None:
    if not record.transitions:
        return None
    table = Table(
        "Transitions (± is the 68 % standard uncertainty)",
        [("Phase", ""), ("Change", ""), ("Onset", "K"), ("Midpoint", "K"), ("Completion", "K"), ("From", "wt%"),
         ("To", "wt%"), ("Models", ""), ("Scatter over error", ""), ("Remark", "")],
    )  # fmt: skip
    for each in record.transitions:
        table.rows.append(
            [
                Cell(each.phase),
                Cell(each.direction or "stays"),
                _value_or_bounds(each.onset_K, each.onset_bounds_K),
                _value_or_bounds(each.midpoint_K, each.midpoint_bounds_K),
                _value_or_bounds(each.completion_K, each.completion_bounds_K),
                Cell(plain(100 * each.fraction_before)),
                Cell(plain(100 * each.fraction_after)),
                Cell(_model(each) if each.direction else ABSENT),
                Cell(plain(each.scatter, 2)),
                Cell(each.refused or ""),
            ]
        )
    return filled(table)


def _fraction_table(record: XrdSeriesRecord) -> Table:
    table = Table(
        "Weight fractions, % (± is the 68 % standard uncertainty; < is a detection limit)",
        [("Temperature", "K"), *((name, "wt%") for name in record.phases), ("Rwp", "%"), ("Begun at", ""),
         ("Pattern", "")],
    )  # fmt: skip
    for row in record.patterns:
        cells = []
        for phase in row.phases:
            if phase.weight_fraction is None:
                cells.append(Cell(ABSENT))
            elif not phase.is_present:
                cells.append(Cell(f"< {plain(100 * phase.detection_limit, 2)}"))
            else:
                whole = phase.weight_fraction
                cells.append(Cell(measured(Measured(value=100 * whole.value, std=100 * whole.std))))
        table.rows.append(
            [Cell(plain(row.temperature_K, 4)), *cells, Cell(plain(100 * row.rwp)), Cell(_begun(record, row)),
             Cell(row.file)]
        )  # fmt: skip
    return table


def _begun(record: XrdSeriesRecord, row: SeriesPattern) -> str:
    """Where the fit that was kept began: the ends of a series have a neighbour on one side only."""
    end = record.patterns[0 if row.start == "colder" else -1]
    return "the files" if row is end else f"the {row.start} neighbour"


def _merging_table(record: XrdSeriesRecord) -> Table | None:
    if not record.merging_axes:
        return None
    table = Table(
        "Axes that become alike (one frame tells them apart where they differ by three errors from zero)",
        [("Phase", ""), ("Axes", ""), ("Told apart up to the frame at", "K"), ("Differ there by", "errors"),
         ("Not told apart in the frame at", "K"), ("Differ there by", "errors"), ("Power law", "K"),
         ("Exponent", ""), ("Remark", "")],
    )  # fmt: skip
    for each in record.merging_axes:
        told = "no frame lies above it" if each.is_extrapolated else ""
        frames = [
            Cell(ABSENT if value is None else plain(value, digits))
            for kelvin, errors in zip(each.bracket_K, each.bracket_errors, strict=True)
            for value, digits in ((kelvin, 4), (errors, 2))
        ]
        table.rows.append(
            [Cell(each.phase), Cell(" and ".join(axis.partition("_")[0] for axis in each.axes)), *frames,
             value_cell(each.temperature_K), value_cell(each.exponent),
             Cell(each.refused or told)]
        )  # fmt: skip
    return filled(table)


def _expansion_table(record: XrdSeriesRecord) -> Table | None:
    if not record.expansions:
        return None
    table = Table(
        "Thermal expansion (± is the 68 % standard uncertainty)",
        [("Phase", ""), ("Of", ""), ("(dL/dT)/L", "10⁻⁶/K"), ("At", "K"), ("Model", ""), ("Debye temperature", "K"),
         ("Kink between", "K")],
    )  # fmt: skip
    for each in record.expansions:
        alpha = Measured(value=1e6 * each.alpha_per_K.value, std=1e6 * each.alpha_per_K.std)
        table.rows.append(
            [Cell(each.phase), Cell(each.quantity.partition("_")[0].replace("volume", "V")), value_cell(alpha),
             Cell(plain(each.temperature_K)), Cell(each.model), value_cell(each.debye_temperature_K),
             Cell(_bounds(each.kink_K))]
        )  # fmt: skip
    return filled(table)


def _cell_table(record: XrdSeriesRecord) -> Table:
    merging = {each.phase: each.axes for each in record.merging_axes}
    table = Table(
        "Cells (± is the 68 % standard uncertainty)",
        [("Temperature", "K"), ("Phase", ""), ("a", "Å"), ("b", "Å"), ("c", "Å"),
         *([("Mean of the axes that merge", "Å")] if merging else []), ("V", "Å³")],
    )  # fmt: skip
    for row in record.patterns:
        for phase in row.phases:
            if phase.cell is not None:
                cell, axes = phase.cell, merging.get(phase.name)
                mean = [] if not merging else [Cell(measured(mean_length_A(cell, axes)) if axes else "")]
                table.rows.append(
                    [Cell(plain(row.temperature_K, 4)), Cell(phase.name), Cell(measured(cell.a_A)),
                     Cell(measured(cell.b_A)), Cell(measured(cell.c_A)), *mean, Cell(measured(phase.volume_A3))]
                )  # fmt: skip
    return table


def mean_length_A(cell: SeriesCell, axes: tuple[CellQuantity, CellQuantity]) -> Measured:
    """Mean of two axes, with the correlation of their errors: it is well known where their difference is not."""
    one, two = (getattr(cell, axis) for axis in axes)
    others: tuple[CellQuantity, CellQuantity, CellQuantity] = ("a_A", "b_A", "c_A")
    third = next(place for place, axis in enumerate(others) if axis not in axes)
    variance = one.std**2 + two.std**2 + 2 * cell.correlation[third] * one.std * two.std
    return Measured(value=0.5 * (one.value + two.value), std=0.5 * max(variance, 0.0) ** 0.5)
