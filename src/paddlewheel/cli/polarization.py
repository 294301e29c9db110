"""`dc` and `lsv`: currents at constant voltage, and sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddlewheel.cli.motion import Json, Out, finish
from paddlewheel.cli.values import named_columns, numbers

if TYPE_CHECKING:
    from paddlewheel.records import Measured
    from paddlewheel.studies.dc.record import (
        DcRecord,
    )
    from paddlewheel.studies.lsv.record import (
        LsvRecord,
    )

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Of a potentiostat: .mpr, .mpt, CSV, ...; of one cell.")
]
Columns = Annotated[str, typer.Option(help="Columns that the reader does not find: time_s=t,voltage_V=U,current_A=-I.")]
Sample = Annotated[Path | None, typer.Option(help="File of the sample (YAML), for the geometry instead of the sizes.")]
Diameter = Annotated[float | None, typer.Option(help="Diameter of the pellet or electrode, cm.")]
DiameterStd = Annotated[float, typer.Option(help="Standard uncertainty of the diameter, cm.")]


def register(app: typer.Typer) -> None:
    """Add both commands to `app`."""
    app.command(
        "dc", epilog="Example: paddlewheel dc steel.mpt --diameter-cm 1.0 --thickness-cm 0.1 --ionic-mS-per-cm 4.6"
    )(dc)
    app.command(
        "lsv",
        epilog="Example: paddlewheel lsv sweep.mpt --diameter-cm 1.0 --measured-against Na9Sn4 --reference Na "
        "--reference-shift-V 0.1",
    )(lsv)


def dc(
    files: Files,
    out: Out = None,
    measures: Annotated[
        str,
        typer.Option(help="electronic (blocking electrodes), hebb-wagner (one reversible), transference, or leakage."),
    ] = "electronic",
    sample: Sample = None,
    diameter_cm: Diameter = None,
    thickness_cm: Annotated[float | None, typer.Option(help="Thickness of the pellet, cm.")] = None,
    diameter_std_cm: DiameterStd = 0.0,
    thickness_std_cm: Annotated[float, typer.Option(help="Standard uncertainty of the thickness, cm.")] = 0.0,
    temperature: Annotated[float | None, typer.Option("--temperature", help="K, over what the file says.")] = None,
    ionic: Annotated[
        str, typer.Option("--ionic-mS-per-cm", help="Ionic conductivity, value or value,std: for the ions' share.")
    ] = "",
    initial_resistance: Annotated[
        str, typer.Option("--initial-resistance-ohm", help="Of both interfaces before (transference): value,std.")
    ] = "",
    steady_resistance: Annotated[
        str, typer.Option("--steady-resistance-ohm", help="Of both interfaces after (transference): value,std.")
    ] = "",
    bulk_resistance: Annotated[
        str, typer.Option("--bulk-resistance-ohm", help="Of the electrolyte, for Watanabe's number: value,std.")
    ] = "",
    largest_drift: Annotated[
        float, typer.Option(help="Share of the steady current that may still decay at the end of a hold.")
    ] = 0.05,
    columns: Columns = "",
    json: Json = False,
) -> int:
    """Steady currents of holds at constant voltage: electronic conductivity, transference number or leakage."""
    # not through paddlewheel.api: all other studies take longer to import than a hold to analyse
    from paddlewheel.studies.dc.page import write_dc_report
    from paddlewheel.studies.dc.study import dc as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("dc", files[0])
    record = study(
        files,
        out=directory,
        measures=measures,  # type: ignore[arg-type]
        sample=sample,
        diameter_cm=diameter_cm,
        thickness_cm=thickness_cm,
        diameter_std_cm=diameter_std_cm,
        thickness_std_cm=thickness_std_cm,
        temperature_K=temperature,
        ionic_conductivity_mS_per_cm=_with_error(ionic, "--ionic-mS-per-cm"),
        initial_resistance_ohm=_with_error(initial_resistance, "--initial-resistance-ohm"),
        steady_resistance_ohm=_with_error(steady_resistance, "--steady-resistance-ohm"),
        bulk_resistance_ohm=_with_error(bulk_resistance, "--bulk-resistance-ohm"),
        largest_drift=largest_drift,
        columns=named_columns(columns) if columns else None,
    )
    write_dc_report(directory)
    return finish(record, directory, json, _dc_lines(record), status=1 if record.refused else 0)


def lsv(
    files: Files,
    out: Out = None,
    sample: Sample = None,
    diameter_cm: Diameter = None,
    diameter_std_cm: DiameterStd = 0.0,
    thresholds: Annotated[
        str, typer.Option("--thresholds-uA-per-cm2", help="Densities over the background that count as an onset.")
    ] = "1,10",
    resistance: Annotated[
        str, typer.Option("--resistance-ohm", help="Ohmic resistance of the cell, for V - I R: value or value,std.")
    ] = "",
    measured_against: Annotated[
        str, typer.Option(help="Electrode that the file's voltages are against, such as Na9Sn4.")
    ] = "the electrode of the file",
    reference: Annotated[str | None, typer.Option(help="Electrode that they are wanted against, such as Na.")] = None,
    reference_shift: Annotated[
        str, typer.Option("--reference-shift-V", help="Potential of the first against the second: value or value,std.")
    ] = "0",
    no_background: Annotated[
        bool, typer.Option("--no-background", help="Count currents from zero, not from the background.")
    ] = False,
    columns: Columns = "",
    json: Json = False,
) -> int:
    """Onsets of oxidation and reduction by tangent and by thresholds, and the window between them."""
    from paddlewheel.studies.lsv.page import write_lsv_report
    from paddlewheel.studies.lsv.study import lsv as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("lsv", files[0])
    record = study(
        files,
        out=directory,
        sample=sample,
        diameter_cm=diameter_cm,
        diameter_std_cm=diameter_std_cm,
        thresholds_uA_per_cm2=numbers(thresholds, "--thresholds-uA-per-cm2"),
        resistance_ohm=_with_error(resistance, "--resistance-ohm"),
        measured_against=measured_against,
        reference=reference,
        reference_shift_V=_with_error(reference_shift, "--reference-shift-V") or 0.0,
        subtract_background=not no_background,
        columns=named_columns(columns) if columns else None,
    )
    write_lsv_report(directory)
    return finish(record, directory, json, _lsv_lines(record))


def _dc_lines(record: DcRecord) -> list[str]:
    from paddlewheel.studies.dc.page import dc_results

    lines = []
    for one in record.holds:
        state = "steady" if one.steady else f"not steady: {one.reason}"
        lines.append(f"{one.voltage_V:.4g} V, {one.length_s / 3600:.3g} h: {_measured(one.steady_A, 'A')}, {state}")
    lines += [f"{name}: {_measured(value, unit)}".rstrip() for name, value, unit in dc_results(record)]
    if record.refused:
        lines.append(f"no result: {record.refused}")
    if record.electronic_upper_bound_95_mS_per_cm is not None:
        lines.append(f"electronic conductivity below {record.electronic_upper_bound_95_mS_per_cm:.3g} mS/cm")
    return [*lines, *(f"note: {one}" for one in record.notes), *(f"warning: {one}" for one in record.warnings)]


def _lsv_lines(record: LsvRecord) -> list[str]:
    lines = []
    for one in record.sweeps:
        told = [f"tangent {_measured(one.tangent_V, 'V')}" if one.tangent_V else f"no tangent ({one.tangent_reason})"]
        told += [
            f"{each.threshold_uA_per_cm2:g} uA/cm2 at {_measured(each.onset_V, 'V')}"
            for each in one.thresholds
            if each.onset_V is not None
        ]
        lines.append(f"{one.direction}, {one.first_V:.3g} to {one.last_V:.3g} V: {', '.join(told)}")
    for each in record.windows:
        name = "tangent" if each.threshold_uA_per_cm2 is None else f"{each.threshold_uA_per_cm2:g} uA/cm2"
        if each.width_V is not None:
            lines.append(f"window by {name}: {_measured(each.width_V, 'V')} against {record.reference}")
    return [*lines, *(f"note: {one}" for one in record.notes), *(f"warning: {one}" for one in record.warnings)]


def _with_error(text: str, option: str) -> Measured | None:
    from paddlewheel.errors import SettingsError
    from paddlewheel.records import Measured

    if not text:
        return None
    given = numbers(text, option)
    if len(given) > 2 or (len(given) == 2 and not given[1] >= 0):
        raise SettingsError(f"'{text}'", where=option, remedy="give a value, or value,std with std 0 or above")
    return Measured(value=given[0], std=given[1] if len(given) == 2 else 0.0)


def _measured(value: Measured, unit: str) -> str:
    return f"{value.value:.5g} +- {value.std:.2g} {unit}"
