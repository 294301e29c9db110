"""The report of `sites`."""

from __future__ import annotations

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import interval, measured, percent, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.motion.page import facts
from paddlewheel.studies.sites.figures import MOST_CURVES, families_figure, jumps_figure, map_figure, survival_figure
from paddlewheel.studies.sites.record import (
    JUMPS,
    PAIR_NAMES,
    PAIRS,
    SURVIVAL,
    SURVIVAL_NAMES,
    SiteFamily,
    SiteResult,
    SitesRecord,
)

_MOST_ROWS = 60


def figures(record: SitesRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    survival = beside.columns(SURVIVAL, text=SURVIVAL_NAMES)
    drawn = {
        "sites-map": (
            map_figure(record, beside.columns(PAIRS, text=PAIR_NAMES)),
            f"{record.n_sites} sites in the mean cell, coloured by occupancy, with lines for the jumps.",
        ),
        "families": (
            families_figure(record),
            "Occupancy and mean residence time of each family of sites, with their errors.",
        ),
    }
    if record.n_jumps:
        drawn["jumps"] = (
            jumps_figure(record, beside.columns(JUMPS, text=PAIR_NAMES)["length_A"]),
            "Histogram of the lengths of the jumps, and the number of jumps between families.",
        )
    if len(survival["family"]):
        drawn["survival"] = (
            survival_figure(record, survival),
            "Share of stays longer than a time, by family, with the exponential of the mean residence time.",
        )
    return drawn


def page(record: SitesRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    where = [(
        drawings["sites-map"],
        "Sites in the mean cell, seen along its shortest axis: colour is the occupancy, size the volume of the "
        "nearest-site cell; a line joins sites between which ions jumped, wider for more jumps (jumps across the "
        "border of the cell are drawn on one side). +1 at a label: one more site is seen there."
    )]  # fmt: skip
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
            *facts(record),
            ("Ions", str(record.n_ions)),
            ("Sites from", "maxima of the density" if record.site_source == "density" else record.site_source),
            ("Families by", record.families_by + (f" ({record.space_group})" if record.space_group else "")),
        ],
        headline=headline(record),
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


def headline(record: SitesRecord) -> str:
    """What was found, in one sentence."""
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
    for family in record.families[:_MOST_ROWS]:
        bounds = interval(family.residence_time_95_ps) if family.residence_time_95_ps else None
        table.rows.append(
            [Cell(family.name), Cell(str(family.n_sites)), Cell(plain(family.volume_A3)),
             Cell(plain(family.core_radius_A)), Cell(occupancy(family)), Cell(plain(family.occupancy_nearest)),
             Cell(plain(family.occupancy_core)), Cell(str(family.exits)),
             Cell(residence(family), f"95 %: {bounds}" if bounds else None)]
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
    for jumps in record.family_jumps[:_MOST_ROWS]:
        table.rows.append(
            [Cell(jumps.origin), Cell(jumps.destination), Cell(str(jumps.count)), Cell(measured(jumps.rate_per_ps)),
             Cell(interval(jumps.rate_95_per_ps)), Cell(plain(jumps.length_A)),
             Cell(measured(jumps.activation_free_energy_eV))]
        )  # fmt: skip
    return table


def _site_table(record: SitesRecord) -> Table | None:
    if len(record.families) == record.n_sites:
        return None
    table = Table(
        f"Sites{_first(record.n_sites)}",
        [("Site", ""), ("x", ""), ("y", ""), ("z", ""), ("Occupancy", ""), ("Exits", ""), ("Residence time", "ps")],
    )
    for site in record.sites[:_MOST_ROWS]:
        table.rows.append(
            [Cell(site.label), *(Cell(f"{x:.4f}") for x in site.fractional), Cell(occupancy(site)),
             Cell(str(site.exits)), Cell(measured(site.residence_time_ps))]
        )  # fmt: skip
    return table


def occupancy(place: SiteFamily | SiteResult) -> str:
    """Ions on a site, or on each of a family."""
    return measured(place.occupancy) if place.occupancy else f"{plain(place.occupancy_seen)} (error not determined)"


def residence(place: SiteFamily | SiteResult) -> str:
    """Mean residence time, ps."""
    return measured(place.residence_time_ps)


def _first(count: int) -> str:
    return f" (the first {_MOST_ROWS} of {count}; all are in the tables beside this file)" if count > _MOST_ROWS else ""


def _s(count: int) -> str:
    return "" if count == 1 else "s"
