"""The report: one HTML file without network, from the documents of a run directory."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import StructureError, writing
from paddlewheel.page import tables
from paddlewheel.page.cell_picture import (
    CellPicture,
    cell_figure,
    read_cell,
)
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
    series_colours,
)
from paddlewheel.page.numbers import (
    enumeration,
    kelvin,
)
from paddlewheel.page.page import (
    content_policy,
    data_url,
    environment,
    json_for_script,
    stylesheet,
    viewer_scripts,
)
from paddlewheel.records import write_atomically
from paddlewheel.studies.conduct import page_tables
from paddlewheel.studies.conduct.arrhenius import (
    arrhenius_figure,
)
from paddlewheel.studies.conduct.figures import (
    msd_figure,
    thermo_figure,
)
from paddlewheel.studies.conduct.report_files import (
    RunFiles,
    read_run_files,
)

if TYPE_CHECKING:
    from markupsafe import Markup


def write_conductivity_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and the files beside it.

    Reads `inputs.yaml`, the MSD and thermo CSV files that the record names and `structure.cif`, each of which may be
    absent. Every file is replaced atomically; the HTML loads nothing from anywhere (its content policy forbids it).

    Parameters
    ----------
    directory
        A run directory of `conduct` or `analyze`.

    Returns
    -------
    Path
        Of `report.html`.

    Raises
    ------
    InputError
        If `result.json` is no conductivity record, or `inputs.yaml` is damaged.
    RunDirectoryError
        If the directory cannot be written (full disk, permissions).
    """
    run = read_run_files(Path(directory))
    picture = _read_picture(run)
    path = run.directory / "report.html"
    with writing(path):
        drawings = _draw(run, picture)
        write_atomically(path, _render(run, picture, drawings))
    return path


def _read_picture(run: RunFiles) -> CellPicture | None:
    path = run.directory / "structure.cif"
    if not path.is_file():
        return None
    try:
        return read_cell(path, specie=run.record.specie)
    except StructureError as error:
        run.notes.append(f"The cell is not shown: structure.cif {error.problem}.")
        return None


def _draw(run: RunFiles, picture: CellPicture | None) -> dict[str, Any]:
    """All figures, saved: `arrhenius`, `msd`, `cell` (each may be missing) and `thermo` by index of temperature."""
    folder = run.directory / "figures"
    rows = run.record.temperatures
    drawings: dict[str, Any] = {"thermo": {}}
    with house_style():
        save = partial(save_figure, folder=folder)
        if (figure := arrhenius_figure(run.record)) is not None:
            drawings["arrhenius"] = save(figure, name="arrhenius", alt=_arrhenius_alt(run))
        if (figure := msd_figure(rows, run.msd)) is not None:
            at = enumeration(kelvin(rows[i].temperature_K) for i in sorted(run.msd))
            drawings["msd"] = save(
                figure, name="msd", alt=f"Mean squared displacement against time lag at {at}, with the fits."
            )
        colours = series_colours(len(rows)) if rows else []
        for index, runs in run.thermo.items():
            row = rows[index]
            figure = thermo_figure(row, runs, colour=colours[index], n_atoms=len(picture.symbols) if picture else None)
            at = kelvin(row.temperature_K)
            alt = f"Temperature, energy drift, pressure, volume and grade against time of the run at {at}."
            drawings["thermo"][index] = save(figure, name=f"thermo_T={row.temperature_K:g}K", alt=alt)
        if picture is not None:
            counts = enumeration(f"{count} {symbol}" for symbol, count in picture.counts.items())
            drawings["cell"] = save(cell_figure(picture), name="cell", alt=f"The simulated cell: {counts} atoms.")
    return drawings


def _arrhenius_alt(run: RunFiles) -> str:
    at = enumeration(kelvin(row.temperature_K) for row in run.record.temperatures)
    quantity = (
        "conductivity" if run.record.arrhenius is None or "sigma" in run.record.arrhenius.fitted else "diffusivity"
    )
    return f"Arrhenius plot: {quantity}, logarithmic, against 1000/T at {at}. The numbers are in the tables below."


def _render(run: RunFiles, picture: CellPicture | None, drawings: dict[str, Any]) -> str:
    from paddlewheel.studies.conduct.verdict import judge

    record = run.record
    scripts = viewer_scripts("viewer.js") if picture is not None else []
    made = environment()
    made.globals.update(kelvin=kelvin)
    thermo = [
        (record.temperatures[index], len(run.thermo[index]), drawing)
        for index, drawing in sorted(drawings["thermo"].items())
    ]
    return made.get_template("report.html.j2").render(
        record=record,
        policy=content_policy(scripts),
        css=stylesheet(max(1, len(record.temperatures))),
        scripts=scripts,
        ion=tables.ion_html(record.specie, record.charge_e),
        formula=tables.formula_html(record.formula),
        verdict=judge(record),
        warnings=_warnings(run),
        arrhenius=_inline(drawings.get("arrhenius")),
        models=page_tables.model_table(record),
        published=page_tables.published_table(record),
        transport=page_tables.transport_table(record.temperatures),
        runs=page_tables.run_table(record.temperatures),
        directions=page_tables.direction_table(record.temperatures),
        extrapolation=page_tables.extrapolation_table(record.temperatures),
        health=page_tables.health_table(record.temperatures),
        msd=_inline(drawings.get("msd")),
        thermo=[(row, replicas, _inline(drawing)) for row, replicas, drawing in thermo],
        cell=picture,
        cell_png=data_url(run.directory / "figures" / "cell.png") if picture is not None else None,
        cell_alt=drawings["cell"].alt if picture is not None else None,
        cell_data=json_for_script(picture.viewer_data()) if picture is not None else None,
        settings=tables.settings_groups(run.settings),
        provenance=tables.provenance_rows(record.provenance),
    )


def _warnings(run: RunFiles) -> list[tuple[str, str]]:
    """(where, text) of every warning: of the record, of its temperatures, of the files beside it."""
    by_row = [(kelvin(row.temperature_K), text) for row in run.record.temperatures for text in row.warnings]
    said = {f"{where}: {text}" for where, text in by_row}  # the record repeats its rows' warnings
    listed = [("", text) for text in run.record.warnings if text not in said] + by_row
    return list(dict.fromkeys(listed + [("report", text) for text in run.notes]))


def _inline(drawing: Drawing | None) -> tuple[Markup, str] | None:
    from markupsafe import Markup

    return None if drawing is None else (Markup(drawing.svg), drawing.alt)
