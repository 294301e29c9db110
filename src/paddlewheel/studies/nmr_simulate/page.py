"""The report of `nmr simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, Drawing, series_styles
from paddlewheel.page.numbers import plain
from paddlewheel.page.page import Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.nmr_simulate.record import CURVES, SPECTRA, NmrSimulateRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 6
_TITLES = {
    "spectrum": "11B of a mixture of o-NBH, NaBH4 and Na2B12H12",
    "recovery": "23Na recoveries over temperature",
    "exchange": "1H exchange over mixing times",
}


def figures(record: NmrSimulateRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    text = ("site",) if record.experiment == "spectrum" else ()
    return {
        "simulated": (
            _figure(record, beside.columns(SPECTRA), beside.columns(CURVES, text=text)),
            f"Spectra of the simulated decays, and what they hold: {_TITLES[record.experiment]}.",
        )
    }


def _figure(record: NmrSimulateRecord, spectra: Columns, curves: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = _spread(len(record.measurements))
    top = float(np.abs(spectra["real"]).max())
    for place, (number, style) in enumerate(zip(shown, series_styles(len(shown)), strict=True)):
        row = spectra["measurement"] == number
        x, y = spectra["shift_ppm"][row], spectra["real"][row] / top
        left.plot(x, y + 0.25 * place, color=style.colour, lw=1.0, label=_named(record, number))
    low, high = _window(spectra)
    left.set(xlim=(high, low), xlabel=f"{record.nucleus} shift  (ppm)", ylabel="spectrum, shifted", yticks=[])
    left.set_title(
        {"exchange": "First row of some", "recovery": "Last delay of some"}.get(record.experiment, "Spectrum")
    )
    if len(shown) > 1:
        left.legend(loc="upper right")
    {"spectrum": _shares, "recovery": _recoveries, "exchange": _buildup}[record.experiment](right, record, curves)
    return figure


def _spread(count: int) -> list[int]:
    return [int(place) + 1 for place in np.unique(np.linspace(0, count - 1, min(_MOST, count)).astype(int))]


def _window(spectra: Columns) -> tuple[float, float]:
    """Where the spectra stand out: 99 % of their magnitude, and as much again on both sides."""
    x, weight = spectra["shift_ppm"], np.abs(spectra["real"])
    strong = x[weight > 0.05 * weight.max()]
    width = max(float(np.ptp(strong)), 1.0)
    return float(strong.min()) - width, float(strong.max()) + width


def _named(record: NmrSimulateRecord, number: int) -> str:
    value = record.measurements[number - 1].value
    if value is None:
        return record.measurements[number - 1].path
    return f"{value:g} K" if record.experiment == "recovery" else f"{1e3 * value:g} ms"


def _shares(axes: Axes, _record: NmrSimulateRecord, curves: Columns) -> None:
    places = np.arange(curves["fraction"].size)
    axes.barh(places - 0.2, curves["fraction"], height=0.36, color=INK, label="of the nuclei")
    axes.barh(places + 0.2, curves["share_of_signal"], height=0.36, color=MUTED, label="of the signal at time 0")
    axes.set_yticks(places, [str(name) for name in curves["site"]])
    axes.invert_yaxis()
    axes.set(xlabel="share", title="Truth")
    axes.legend(loc="lower right")


def _recoveries(axes: Axes, record: NmrSimulateRecord, curves: Columns) -> None:
    shown = _spread(len(record.measurements))
    for number, style in zip(shown, series_styles(len(shown)), strict=True):
        row = curves["temperature_K"] == record.measurements[number - 1].value
        axes.plot(1e3 * curves["delay_s"][row], curves["magnetization"][row], color=style.colour, ls=style.line,
                  marker=style.marker, ms=3, label=_named(record, number))  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlabel="delay  (ms)", ylabel="magnetization", title="Truth: recovery of the line")
    axes.legend(loc="best")


def _buildup(axes: Axes, _record: NmrSimulateRecord, curves: Columns) -> None:
    names = [name for name in curves if name != "mixing_s"]
    for name, style in zip(names, series_styles(len(names)), strict=True):
        axes.plot(1e3 * curves["mixing_s"], curves[name], color=style.colour, ls=style.line, marker=style.marker, ms=3,
                  label=name)  # fmt: skip
    axes.set(xlabel="mixing time  (ms)", ylabel="volume of the peak", title="Truth: volumes")
    axes.legend(loc="best")


def page(record: NmrSimulateRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    made = Table("Measurements", [("At", ""), ("Value", _unit(record)), ("Rows", ""), ("Points", "")])
    for row in record.measurements:
        made.rows.append([Cell(row.path), Cell(plain(row.value, 4)), Cell(f"{row.n_rows}"), Cell(f"{row.n_points}")])
    return Page(
        eyebrow="Simulated NMR",
        title=_TITLES[record.experiment],
        facts=[
            ("Nucleus", record.nucleus),
            ("Carrier", f"{record.carrier_MHz:.3f} MHz"),
            ("Spectral width", f"{record.spectral_width_Hz / 1e3:g} kHz"),
            ("Seed", f"{record.truth.get('seed', 0)}"),
        ],
        headline=f"{len(record.measurements)} simulated, with the truth in {record.files['truth']}",
        warnings=record.warnings,
        sections=[
            Section(
                id="simulated",
                title="What was made",
                paragraphs=[_METHODS[record.experiment]],
                drawings=[(drawings["simulated"], "Left: with the noise and the flaws. Right: the truth.")],
                tables=[filled(made), _truth_table(record)],
            )
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=_MOST,
    )


_METHODS = {
    "spectrum": "Each crystallite's frequencies, of first and second order in the quadrupolar coupling, are followed "
    "through a turn of the rotor; the pulse acts on its density matrix. Decays are summed over the powder in time.",
    "recovery": "The four levels of spin 3/2 jump by W1 = K J(ω) and W2 = K J(2ω), J = τ / (1 + (ωτ)^β); the central "
    "line is the difference of the middle two.",
    "exchange": "Magnetization precesses at one site, is exchanged by exp(L tm), and precesses at another; rows hold "
    "cosine and sine as the spectrometer would.",
}


def _unit(record: NmrSimulateRecord) -> str:
    return {"recovery": "K", "exchange": "s"}.get(record.experiment, "")


def _truth_table(record: NmrSimulateRecord) -> Table | None:
    if record.experiment == "recovery":
        table = Table("Truth", [("Temperature", "K"), ("τ", "s"), ("W1", "1/s"), ("W2", "1/s"), ("T1", "s")])
        for row in record.truth["temperatures"]:
            numbers = (row["tau_s"], row["w1_per_s"], row["w2_per_s"], 1 / row["r1_per_s"])
            table.rows.append([Cell(f"{row['temperature_K']:g}"), *(Cell(plain(number)) for number in numbers)])
        return table
    if record.experiment == "spectrum":
        table = Table("Truth", [("Site", ""), ("Shift", "ppm"), ("Fraction", ""), ("Cq", "MHz"), ("Excited", "")])
        for row in record.truth["sites"]:
            table.rows.append(
                [
                    Cell(row["name"]),
                    Cell(plain(row["shift_ppm"])),
                    Cell(plain(row["fraction"])),
                    Cell(plain(row["cq_MHz"])),
                    Cell(plain(row["excited_share_of_central_line"])),
                ]
            )
        return table
    sites = record.truth["sites"]
    table = Table("Truth", [("From", ""), ("To", ""), ("Rate", "1/s")])
    generator = np.array(record.truth["generator_per_s"])
    for start, begins in enumerate(sites["names"]):
        for end, ends in enumerate(sites["names"]):
            if start != end:
                table.rows.append([Cell(begins), Cell(ends), Cell(plain(float(generator[end, start])))])
    return table
