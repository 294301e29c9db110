"""`cycling`: the cycles of a cell test, or of several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import Json, Out, finish
from paddlewheel.cli.values import named_columns, numbers

if TYPE_CHECKING:
    from paddlewheel.studies.cycling.record import (
        CyclingRecord,
        CyclingSeriesRecord,
        CyclingStage,
    )


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("cycling", epilog="Example: paddlewheel cycling cell.mpr --sample sample.yaml")(cycling)


def cycling(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Of a cycler: .mpr, .mpt, .nda, .ndax, CSV, .xlsx, ...; several are a series."
        ),
    ],
    out: Out = None,
    sample: Annotated[
        Path | None, typer.Option(help="Sample file (YAML: die, masses, fractions), for capacities per g and cm2.")
    ] = None,
    working: Annotated[str, typer.Option(help="Working electrode: cathode (charged first) or anode.")] = "cathode",
    reference_cycle: Annotated[
        int | None, typer.Option(help="Cycle whose capacity is the retention's 1; the first whole one by default.")
    ] = None,
    rates: Annotated[
        str, typer.Option(help="C-rates of the files, 1/h, one for all or one a file; else current over capacity.")
    ] = "",
    temperatures: Annotated[
        str, typer.Option(help="Temperatures of the files, K, one for all or one a file, over what they say.")
    ] = "",
    curves: Annotated[str, typer.Option(help="Cycles whose curves are kept, such as 1,2,50; six by default.")] = "",
    bin_mv: Annotated[float, typer.Option("--bin-mV", help="Bins of dQ/dV, mV.")] = 2.0,
    smoothing_mv: Annotated[float, typer.Option("--smoothing-mV", help="Gaussian over dQ/dV, mV; 0: none.")] = 5.0,
    columns: Annotated[
        str, typer.Option(help="Columns that the reader does not find: time_s=t,voltage_V=U,current_A=-I.")
    ] = "",
    json: Json = False,
) -> int:
    """Capacities, efficiencies, voltages, constant-voltage share and dQ/dV of every cycle; faults of the file; of
    several files capacity against rate and temperature."""
    # not through paddlewheel.api: all other studies take longer to import than a million rows to analyse
    from paddlewheel.studies.cycling.page import write_cycling_report
    from paddlewheel.studies.cycling.record import CyclingRecord
    from paddlewheel.studies.cycling.study import cycling as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("cycling", files[0])
    record = study(
        files[0] if len(files) == 1 else files,
        out=directory,
        sample=sample,
        working=working,  # type: ignore[arg-type]
        reference_cycle=reference_cycle,
        c_rates_per_h=numbers(rates, "--rates") if rates else (),
        temperatures_K=numbers(temperatures, "--temperatures") if temperatures else (),
        curves=[int(one) for one in numbers(curves, "--curves")] if curves else None,
        bin_mV=bin_mv,
        smoothing_mV=smoothing_mv,
        columns=named_columns(columns) if columns else None,
    )
    write_cycling_report(directory)
    lines = _test_lines(record) if isinstance(record, CyclingRecord) else _series_lines(record)
    lines += [f"does not fit: {one}" for one in record.contradictions]
    lines += [f"warning: {one}" for one in record.warnings]
    return finish(record, directory, json, lines)


def _test_lines(record: CyclingRecord) -> list[str]:
    lines = [f"{record.n_rows} rows, {len(record.cycles)} cycles"]
    first, average = record.initial_coulombic_efficiency, record.average_coulombic_efficiency
    told = [] if first is None else [f"{100 * first:.2f} % at first"]
    told += [] if average is None else [f"{100 * average:.2f} % on average over {record.average_over_cycles} after it"]
    if told:
        lines.append(f"coulombic efficiency {', '.join(told)}")
    if record.efficiency_note:
        lines.append(f"note: {record.efficiency_note}")
    kept = [row for row in record.cycles if row.retention is not None and not row.cut_short]
    if kept:
        lines.append(
            f"{100 * (kept[-1].retention or 0):.1f} % of cycle {record.reference_cycle} after {kept[-1].cycle}"
        )
    if (growth := record.polarization_growth_mV_per_cycle) is not None:
        lines.append(f"polarization changes by {growth.value:.3g} +- {growth.std:.2g} mV a cycle")
    if len(record.stages) > 1:
        lines += [_stage_line(one) for one in record.stages]
    if record.fragments:
        one, whole_mAh = record.fragments[0], sum(each.charge_mAh for each in record.fragments)
        lines.append(
            f"left out: {len(record.fragments)} stretches of current, of {whole_mAh:.3g} mAh in all, "
            f"the first in rows {one.first_row} to {one.last_row} ({one.half}, {one.charge_mAh:.3g} mAh: "
            f"{one.why})"
        )
    return lines + [f"fault: {one.kind}, {one.count} ({one.detail}); {one.action}" for one in record.faults]


def _series_lines(record: CyclingSeriesRecord) -> list[str]:
    return [f"{len(record.tests)} tests, {len(record.stages)} stages", *(_stage_line(one) for one in record.stages)]


def _stage_line(one: CyclingStage) -> str:
    rate = f"{one.current_mA:.4g} mA" if one.c_rate_per_h is None else f"{one.c_rate_per_h.value:.3g} C"
    at = "" if one.temperature_K is None else f", {one.temperature_K:.4g} K"
    per_area = one.capacity_mAh_per_cm2
    capacity = (
        f"{one.capacity_mAh:.4g} mAh" if per_area is None else f"{per_area.value:.4g} +- {per_area.std:.2g} mAh/cm2"
    )
    return f"{one.file}, cycles {one.first_cycle} to {one.last_cycle}, {rate}{at}: {capacity}"
