"""The report of `nmr tensors`: sites with their shifts and couplings, and the spectra that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, Drawing, series_styles
from paddlewheel.page.numbers import ABSENT, enumeration, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled, formula_html
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.nmr_tensors.record import MEASURED, NmrTensorsRecord, TensorSite, spectrum_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_DRAWN = 8
_METHOD = (
    "Atoms that the space group carries into each other are one site, and a number is the mean over them. Shielding: "
    "ζ = σzz − σiso with |σzz − σiso| ≥ |σxx − σiso| ≥ |σyy − σiso|, η = (σyy − σxx)/ζ (Haeberlen); span σ33 − σ11, "
    "skew 3(σiso − σ22)/span with σ11 ≤ σ22 ≤ σ33. Field gradient: |Vzz| ≥ |Vyy| ≥ |Vxx|, C_Q = e Q Vzz / h with "
    "its sign, η = (Vxx − Vyy)/Vzz. Calculations are of atoms at rest: motion averages couplings."
)


_MOTION = (
    "Field gradients of point charges (Ewald) in each frame, times one factor an element that makes them the "
    "calculated tensors. What is left of an atom's tensor in the mean is what a spectrum shows where the motion is "
    "fast; the deviations from it relax the nucleus. The factor takes in all that the charges lack, and the model is "
    "no better than the share that it leaves unexplained, which a given factor does not tell."
)


def figures(record: NmrTensorsRecord, beside: Beside) -> Figures:
    """The figures of the report: a spectrum a nucleus."""
    drawn: Figures = {}
    for nucleus in record.spectra:
        is_measured = record.measured is not None and record.measured.nucleus == nucleus
        measured = beside.columns(MEASURED) if is_measured else None
        drawn[f"spectrum-{nucleus}"] = (
            _spectrum(record, nucleus, beside.columns(spectrum_table(nucleus)), measured),
            f"Simulated {nucleus} spectrum with the part of each site"
            + (", and the measured one." if measured else "."),
        )
    if any(site.cq_MHz is not None for site in record.sites):
        drawn["couplings"] = (_couplings(record), "Quadrupole coupling against asymmetry of each kind of site.")
    return drawn


def _couplings(record: NmrTensorsRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.6), layout="constrained")
    panel: Any = figure.subplots()
    sites = [site for site in record.sites if site.cq_MHz is not None]
    nuclei = list(dict.fromkeys(site.nucleus for site in sites))
    for nucleus, style in zip(nuclei, series_styles(len(nuclei)), strict=True):
        points = [(site.eta, site.cq_MHz) for site in sites if site.nucleus == nucleus]
        panel.plot(*zip(*points, strict=True), ls="none", marker=style.marker, ms=7, color=style.colour, label=nucleus)
    panel.axhline(0.0, color=MUTED, lw=0.8)
    panel.set(xlim=(-0.04, 1.04), xlabel="asymmetry η", ylabel="C_Q  (MHz)")
    panel.margins(y=0.15)
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def _spectrum(record: NmrTensorsRecord, nucleus: str, table: Columns, measured: Columns | None) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 4.2), layout="constrained")
    panel: Any = figure.subplots()
    sites = _shifted(record, nucleus)
    largest = float(np.max(table["total"])) or 1.0
    styles = series_styles(min(len(sites), _MOST_DRAWN))
    shift = table["shift_ppm"]
    if measured is not None:
        shown = (measured["shift_ppm"] >= shift[0]) & (measured["shift_ppm"] <= shift[-1])
        panel.plot(measured["shift_ppm"][shown], measured["intensity"][shown], color=MUTED, lw=1.2, label="measured")
    if len(sites) > 1:
        panel.plot(shift, table["total"] / largest, color=INK, lw=1.6, label="all sites")
    for k, (site, style) in enumerate(zip(sites, styles, strict=False), start=1):
        label = f"{site.multiplicity} × {site.label}" + (f", {site.structure}" if len(record.structures) > 1 else "")
        panel.plot(shift, table[f"site_{k}"] / largest, color=style.colour, ls=style.line, lw=1.3, label=label)
    panel.set(xlim=(shift[-1], shift[0]), xlabel=f"{nucleus} shift  (ppm)", ylabel="intensity", yticks=[])
    panel.axhline(0.0, color=MUTED, lw=0.6)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _shifted(record: NmrTensorsRecord, nucleus: str) -> list[TensorSite]:
    """The sites of a simulated spectrum, in the order of its columns."""
    return [site for site in record.sites if site.nucleus == nucleus and site.isotropic_shift_ppm is not None]


def page(record: NmrTensorsRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    sections = [
        Section(
            id="sites",
            title="Sites",
            paragraphs=[_METHOD] if record.sites else [],
            drawings=[(drawing, _caption(record, name)) for name, drawing in drawings.items()],
            tables=[_shift_table(record), _coupling_table(record), _shielding_table(record), _reference_table(record)],
        )
    ]
    if record.motion:
        sections.append(
            Section(id="motion", title="Over the trajectory", paragraphs=[_MOTION], tables=[_motion_table(record)])
        )
    names = enumeration([structure.name for structure in record.structures])
    groups = enumeration(list(dict.fromkeys(each.space_group for each in record.structures if each.space_group)))
    return Page(
        eyebrow="NMR tensors",
        title=formula_html(enumeration([structure.formula for structure in record.structures])),
        facts=[
            ("Files", names),
            ("Program", enumeration(list(dict.fromkeys(each.code for each in record.structures)))),
            ("Space group", groups or ABSENT),
            ("Field", f"{record.field_T:.4g} T"),
        ],
        headline=_headline(record),
        tone="good" if record.sites else "partial",
        numbers=_numbers(record),
        remarks=[f"{note[0].upper()}{note[1:]}." for note in record.notes],
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=min(max((len(_shifted(record, nucleus)) for nucleus in record.spectra), default=1), _MOST_DRAWN),
    )  # fmt: skip


def _caption(record: NmrTensorsRecord, name: str) -> str:
    if name == "couplings":
        return "Each point is a kind of site; the sign of C_Q does not show in a spectrum of the central transition."
    nucleus = name.removeprefix("spectrum-")
    spinning = f"{record.spinning_Hz:g} Hz of spinning" if record.spinning_Hz else "static"
    told = f"Areas by the number of atoms; {record.field_T:.4g} T, {spinning}, lines of {record.line_width_Hz:g} Hz."
    if len(_shifted(record, nucleus)) > _MOST_DRAWN:
        told += f" Of the sites the first {_MOST_DRAWN} are drawn."
    if record.measured is not None and record.measured.nucleus == nucleus:
        each = record.measured
        told += f" Measured ({each.name}): highest at {each.highest_ppm:.2f} ppm; "
        told += f"simulated: at {each.simulated_highest_ppm:.2f} ppm."
    return told


def _headline(record: NmrTensorsRecord) -> str:
    if record.written:
        return f"Written: {enumeration(record.written)}"
    n_atoms = sum(structure.n_atoms for structure in record.structures)
    shifted = sum(site.isotropic_shift_ppm is not None for site in record.sites)
    told = f"{shifted} of them with a shift" if shifted else "without shifts, for want of a reference"
    if all(site.shielding_ppm is None for site in record.sites):
        told = "field gradients alone"
    return f"{len(record.sites)} kinds of sites of {n_atoms} atoms, {told}"


def _numbers(record: NmrTensorsRecord) -> list[Number]:
    """The first sites of the nuclei with a coupling, at most four."""
    chosen = [site for site in record.sites if site.cq_MHz is not None][:4]
    return [
        Number(
            name=f"C_Q of {site.nucleus} ({site.label})", value=plain(site.cq_MHz), unit="MHz",
            note=f"η = {site.eta or 0.0:.2f}",
        )
        for site in chosen
    ]  # fmt: skip


def _first(record: NmrTensorsRecord, site: TensorSite) -> list[Cell]:
    structure = [Cell(site.structure)] if len(record.structures) > 1 else []
    return [Cell(f"{site.label}", site.nucleus or site.element), *structure, Cell(str(site.multiplicity))]


def _columns(record: NmrTensorsRecord) -> list[tuple[str, str]]:
    return [("Site", ""), *([("Structure", "")] if len(record.structures) > 1 else []), ("Atoms", "")]


def _decimals(value: float | None, count: int) -> Cell:
    """A number with so many decimals, without the sign of a zero."""
    if value is None:
        return Cell(ABSENT)
    return Cell(f"{round(value, count) + 0.0:.{count}f}".replace("-", "\u2212"))


def _shift_table(record: NmrTensorsRecord) -> Table | None:
    rows = [site for site in record.sites if site.shielding_ppm is not None]
    if not rows:
        return None
    table = Table(
        f"Shifts, and where the line of the central transition is at {record.field_T:.4g} T",
        [*_columns(record), ("Shielding", "ppm"), ("Isotropic shift", "ppm"), ("Second-order shift", "ppm"),
         ("Observed under spinning", "ppm")],
    )  # fmt: skip
    for site in rows:
        std = None if site.isotropic_shift_std_ppm is None else f"± {site.isotropic_shift_std_ppm:.2g}"
        shift = _decimals(site.isotropic_shift_ppm, 2)
        table.rows.append(
            [*_first(record, site), _decimals(site.shielding_ppm, 2), Cell(shift.text, std),
             _decimals(site.second_order_shift_ppm, 2), _decimals(site.observed_shift_ppm, 2)]
        )  # fmt: skip
    return filled(table)


def _coupling_table(record: NmrTensorsRecord) -> Table | None:
    rows = [site for site in record.sites if site.largest_gradient_au is not None]
    if not rows:
        return None
    table = Table(
        "Field gradients and quadrupole couplings",
        [*_columns(record), ("Vzz", "a.u."), ("C_Q", "MHz"), ("η", ""), ("Spread over the atoms", "MHz"),
         ("Second-order shift", "ppm")],
    )  # fmt: skip
    for site in rows:
        table.rows.append(
            [*_first(record, site), _decimals(site.largest_gradient_au, 5), _decimals(site.cq_MHz, 4),
             _decimals(site.eta, 3), _decimals(site.cq_spread_MHz, 4),
             Cell(ABSENT) if site.shielding_ppm is not None else _decimals(site.second_order_shift_ppm, 2)]
        )  # fmt: skip
    return filled(table)


def _shielding_table(record: NmrTensorsRecord) -> Table | None:
    rows = [site for site in record.sites if site.shielding_ppm is not None]
    if not rows:
        return None
    table = Table(
        "Anisotropy of the shielding",
        [*_columns(record), ("ζ", "ppm"), ("η", ""), ("Span", "ppm"), ("Skew", ""), ("Spread over the atoms", "ppm")],
    )
    for site in rows:
        table.rows.append(
            [*_first(record, site), _decimals(site.shielding_zeta_ppm, 2), _decimals(site.shielding_eta, 2),
             _decimals(site.span_ppm, 2), _decimals(site.skew, 2), _decimals(site.shielding_spread_ppm, 2)]
        )  # fmt: skip
    return filled(table)


def _motion_table(record: NmrTensorsRecord) -> Table:
    table = Table(
        "P = C_Q √(1 + η²/3), root mean squares over the atoms",
        [("Nucleus", ""), ("Atoms", ""), ("Frames", ""), ("At an instant", "MHz"), ("Of the mean tensors", "MHz"),
         ("Fluctuating", "MHz"), ("Factor 1 − γ", ""), ("Left unexplained", "%")],
    )  # fmt: skip
    for each in record.motion:
        std = None if each.fluctuating_std_MHz is None else f"± {plain(each.fluctuating_std_MHz, 2)}"
        spread = "given" if each.sternheimer_std is None else f"± {plain(each.sternheimer_std, 2)}"
        left = ABSENT if each.unexplained_share is None else f"{100 * each.unexplained_share:.0f}"
        length = None if each.length_ps is None else f"{plain(each.length_ps)} ps"
        table.rows.append(
            [
                Cell(each.nucleus),
                Cell(str(each.n_atoms)),
                Cell(str(each.n_frames), length),
                Cell(plain(each.instant_MHz)),
                Cell(plain(each.averaged_MHz)),
                Cell(plain(each.fluctuating_MHz), std),
                Cell(plain(each.sternheimer_factor), spread),
                Cell(left),
            ]
        )
    return filled(table)


def _reference_table(record: NmrTensorsRecord) -> Table | None:
    if not record.references:
        return None
    table = Table(
        "References: shift = offset + slope × shielding",
        [("Nucleus", ""), ("Offset", "ppm"), ("Slope", ""), ("Pairs", ""), ("Scatter about the line", "ppm")],
    )
    for each in record.references:
        offset = None if each.offset_std_ppm is None else f"± {plain(each.offset_std_ppm, 2)}"
        slope = None if each.slope_std is None else f"± {plain(each.slope_std, 2)}"
        table.rows.append(
            [Cell(each.nucleus), Cell(plain(each.offset_ppm, 5), offset), Cell(plain(each.slope, 4), slope),
             Cell(str(each.n_pairs) if each.n_pairs else "given"), Cell(plain(each.scatter_ppm, 2))]
        )  # fmt: skip
    return filled(table)
