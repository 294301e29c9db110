"""The report of `sites`: one HTML file without network, from its record and the tables that it names."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, writing
from paddlewheel.page.drawing import (
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    ABSENT,
    interval,
    kelvin,
    measured,
    percent,
    plain,
)
from paddlewheel.page.page import (
    Number,
    Page,
    Section,
    render_page,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.records import (
    read_record,
    write_atomically,
)
from paddlewheel.studies.sites.figures import (
    MOST_CURVES,
    families_figure,
    jumps_figure,
    map_figure,
    survival_figure,
)
from paddlewheel.studies.sites.record import SitesRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddlewheel.page.drawing import Drawing

_MOST_ROWS = 60


def write_sites_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and the tables beside it.

    Raises
    ------
    InputError
        If `result.json` is no record of `sites`, or a table is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", SitesRecord, made_by="paddlewheel sites")
    jumps = _read(directory / record.files["jumps"])
    pairs = _read(directory / record.files["pairs of sites"])
    survival = _read(directory / record.files["survival"])
    path = directory / "report.html"
    with writing(path), house_style():
        folder = directory / "figures"
        drawings = {
            "map": save_figure(
                map_figure(record, pairs), folder, "sites-map",
                f"{record.n_sites} sites in the mean cell, coloured by occupancy, with lines for the jumps.",
            ),
            "families": save_figure(
                families_figure(record), folder, "families",
                "Occupancy and mean residence time of each family of sites, with their errors.",
            ),
        }  # fmt: skip
        if record.n_jumps:
            drawings["jumps"] = save_figure(
                jumps_figure(record, np.array([float(row["length_A"]) for row in jumps])), folder, "jumps",
                "Histogram of the lengths of the jumps, and the number of jumps between families.",
            )  # fmt: skip
        if survival:
            drawings["survival"] = save_figure(
                survival_figure(record, survival), folder, "survival",
                "Share of stays longer than a time, by family, with the exponential of the mean residence time.",
            )  # fmt: skip
        write_atomically(path, render_page(_page(record, drawings)))
    return path


def summary_lines(record: SitesRecord) -> list[str]:
    """What a reader wants to know first, as lines of text."""
    lines = [_headline(record)]
    lines += [
        f"  {one.name}: {one.n_sites} sites, occupancy {_occupancy(one)}, residence {_residence(one)}"
        for one in record.families[:12]
    ]
    if len(record.families) > 12:
        lines.append(f"  ... and {len(record.families) - 12} more families")
    return [*lines, *(f"warning: {text}" for text in record.warnings)]


def _page(record: SitesRecord, drawings: dict[str, Drawing]) -> Page:
    temperature = [("Temperature", kelvin(record.temperature_K))] if record.temperature_K is not None else []
    length = sum(one.length_ps for one in record.trajectories)
    where = [(drawings["map"], "Sites in the mean cell, seen along its shortest axis: colour is the occupancy, size "
              "the volume of the nearest-site cell; a line joins sites between which ions jumped, wider for more jumps "
              "(jumps across the border of the cell are drawn on one side).")]  # fmt: skip
    stays = [(drawings["families"], "Left: ions per site, with the standard error from ten blocks of each run where "
              "enough ions came and went. Right: mean residence time of one ion, with its 95 % interval.")]  # fmt: skip
    if "survival" in drawings:
        stays.append((drawings["survival"], f"Stays longer than t (Kaplan and Meier; at most {MOST_CURVES} families, "
                      "those with the most exits). Dashed: exponential with the mean residence time. A curve "
                      "that falls faster at first holds quick returns."))  # fmt: skip
    hops = [(drawings["jumps"], "Left: lengths of the jumps, from site to site. Right: number of jumps from a family "
             "(row) to another (column).")] if "jumps" in drawings else []  # fmt: skip
    return Page(
        eyebrow="sites and jumps",
        title=f"Sites of {record.specie} in {record.formula}",
        facts=[
            ("Mobile ions", f"{record.n_ions} {record.specie}"),
            *temperature,
            ("Time analysed", f"{plain(length)} ps in {len(record.trajectories)} run{_s(len(record.trajectories))}"),
            ("Sites from", "maxima of the density" if record.site_source == "density" else record.site_source),
            ("Families by", record.families_by + (f" ({record.space_group})" if record.space_group else "")),
        ],
        headline=_headline(record),
        tone="good" if record.n_jumps else "none",
        numbers=_numbers(record),
        remarks=[] if record.correlation_status == "ok" else [f"No correlation factor: {record.correlation_status}."],
        warnings=record.warnings,
        sections=[
            Section(id="where", title="Where the sites are", paragraphs=[_sites_text(record)], drawings=where),
            Section(id="stays", title="How full, and for how long", drawings=stays, tables=[_family_table(record)]),
            Section(id="hops", title="Jumps", paragraphs=[_jumps_text(record)], drawings=hops,
                    tables=[_jump_table(record), _site_table(record)]),
        ],
        citations=record.citations,
        provenance=record.provenance,
    )  # fmt: skip


def _headline(record: SitesRecord) -> str:
    families = len(record.families)
    kinds = f" of {families} kind{_s(families)}" if families < record.n_sites else ""
    where = f"{record.n_ions} {record.specie} on {record.n_sites} sites{kinds}"
    if not record.n_jumps:
        return f"{where}; no ion jumped."
    text = (
        f"{where}; {record.n_jumps} jump{_s(record.n_jumps)} seen, {measured(record.jump_rate_per_ps)} per ion and ps"
    )
    factor = record.correlation_factor
    return f"{text}." if factor is None else f"{text}; correlation factor {measured(factor)}."


def _numbers(record: SitesRecord) -> list[Number]:
    return [
        Number(name="Jump rate of an ion", value=measured(record.jump_rate_per_ps), unit="1/ps",
               note="" if record.n_jumps else f"95 %: {interval(record.jump_rate_95_per_ps)}"),
        Number(name="Jump length", value=plain(record.jump_length_A), unit="Å", note="root mean square"),
        Number(name="Jump diffusivity", value=measured(record.jump_diffusivity_cm2_per_s), unit="cm²/s"),
        Number(name="Tracer diffusivity", value=measured(record.tracer_diffusivity_cm2_per_s), unit="cm²/s",
               note="of the paths from site to site"),
        Number(name="Correlation factor", value=measured(record.correlation_factor),
               note=f"95 %: {interval(record.correlation_factor_95)}" if record.correlation_factor_95 else ""),
        Number(name="Jumps undone by the next", value=percent(record.return_share)),
    ]  # fmt: skip


def _sites_text(record: SitesRecord) -> str:
    return (
        "A site is a point in fractional coordinates of the mean cell, and breathes with it. An ion belongs to the "
        "site whose core, a ball about it, it visited last; a jump is its arrival in another core, so that crossings "
        f"of a border and back do not count. Ions are inside a core for {percent(record.core_share)} of the time; "
        f"{percent(record.unassigned_share)} of it lies before the first visit to one."
    )


def _jumps_text(record: SitesRecord) -> str:
    if record.dispersion is None:
        return "Too few jumps to say whether ions jump alike."
    return (
        f"The number of jumps of an ion has a variance {plain(record.dispersion, 2)} times its mean (1 where jumps are "
        f"independent and all ions alike). {percent(record.unseen_share)} of the jumps took place between two "
        "consecutive frames. Intervals of rates are those of a Poisson count."
    )


def _family_table(record: SitesRecord) -> Table:
    table = Table(
        "Families of sites",
        [("Family", ""), ("Sites", ""), ("Volume", "Å³"), ("Core radius", "Å"), ("Occupancy", "ions/site"),
         ("by nearest site", ""), ("in the core", ""), ("Exits", ""), ("Residence time", "ps")],
    )  # fmt: skip
    for one in record.families[:_MOST_ROWS]:
        bounds = interval(one.residence_time_95_ps) if one.residence_time_95_ps else None
        table.rows.append(
            [Cell(one.name), Cell(str(one.n_sites)), Cell(plain(one.volume_A3)), Cell(plain(one.core_radius_A)),
             Cell(_occupancy(one)), Cell(plain(one.occupancy_nearest)), Cell(plain(one.occupancy_core)),
             Cell(str(one.exits)), Cell(_residence(one), f"95 %: {bounds}" if bounds else None)]
        )  # fmt: skip
    return table


def _jump_table(record: SitesRecord) -> Table | None:
    if not record.family_jumps:
        return None
    table = Table(
        f"Jumps between families{_first(len(record.family_jumps))}",
        [("From", ""), ("To", ""), ("Jumps", ""), ("Rate per ion", "1/ps"), ("95 %", "1/ps"), ("Length", "Å"),
         ("Activation free energy", "eV")],
    )  # fmt: skip
    for one in record.family_jumps[:_MOST_ROWS]:
        table.rows.append(
            [Cell(one.origin), Cell(one.destination), Cell(str(one.count)), Cell(measured(one.rate_per_ps)),
             Cell(interval(one.rate_95_per_ps)), Cell(plain(one.length_A)),
             Cell(measured(one.activation_free_energy_eV))]
        )  # fmt: skip
    return table


def _site_table(record: SitesRecord) -> Table | None:
    if len(record.families) == record.n_sites:
        return None
    table = Table(
        f"Sites{_first(record.n_sites)}",
        [("Site", ""), ("x", ""), ("y", ""), ("z", ""), ("Occupancy", ""), ("Exits", ""), ("Residence time", "ps")],
    )
    for one in record.sites[:_MOST_ROWS]:
        table.rows.append(
            [Cell(one.label), *(Cell(f"{x:.4f}") for x in one.fractional), Cell(_occupancy(one)),
             Cell(str(one.exits)), Cell(measured(one.residence_time_ps))]
        )  # fmt: skip
    return table


def _occupancy(one) -> str:
    return measured(one.occupancy) if one.occupancy else f"{plain(one.occupancy_seen)} (error not determined)"


def _residence(one) -> str:
    return f"{measured(one.residence_time_ps)}" if one.residence_time_ps else ABSENT


def _first(count: int) -> str:
    return f" (the first {_MOST_ROWS} of {count}; all are in the tables beside this file)" if count > _MOST_ROWS else ""


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _read(path: Path) -> Sequence[dict[str, str]]:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", where=path, remedy="run paddlewheel sites again") from error
