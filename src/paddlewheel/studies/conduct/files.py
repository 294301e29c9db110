"""The files beside a conductivity record: MSD, thermodynamics, the simulated cell; written and read here."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.page.cell_picture import CellPicture, read_cell
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.conduct.record import ConductivityRecord

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
    from paddlewheel.study.run import Run

MSD_COLUMNS = ("lag_ps", "msd_A2", "std_A2")
THERMO_COLUMNS = (
    "time_ps",
    "temperature_K",
    "potential_energy_eV",
    "kinetic_energy_eV",
    "conserved_energy_eV",
    "pressure_GPa",
    "volume_A3",
)
GRADE = "extrapolation_grade"
"""A further column; runs made before there was one have none."""
_CELL = "structure.cif"


def msd_name(temperature_K: float) -> str:
    """The table of the MSD at one temperature."""
    return f"msd/T={temperature_K:g}K.csv"


def thermo_name(run: str) -> str:
    """The table of the thermodynamics of one run."""
    return f"thermo/{run}.csv"


def keep_run(runs: Sequence[TemperatureRuns], analysed: Sequence[Analysed], *, cell: Atoms, run: Run) -> None:
    """Write the tables that the record names, and the cell."""
    for each in runs:
        for name, columns in each.thermo.items():
            there = [column for column in ("step", *THERMO_COLUMNS, GRADE) if column in columns]
            run.table(thermo_name(name), {column: columns[column] for column in there})
    for each in analysed:
        if each.tracer is not None and each.row.msd_file is not None:
            curve = each.tracer.curve
            values = (curve.lag_ps, curve.msd_A2, curve.std_A2)
            run.table(each.row.msd_file, dict(zip(MSD_COLUMNS, values, strict=True)))
    run.text(_CELL, _cif(cell))


def _cif(atoms: Atoms) -> bytes:
    from ase.io.cif import write_cif

    buffer = io.BytesIO()
    write_cif(buffer, atoms)
    return buffer.getvalue()


@dataclass(frozen=True)
class RunTables:
    """What lies beside a record, as far as it can be read.

    Attributes
    ----------
    msd, thermo
        By the index of the temperature in `record.temperatures`; temperatures without tables are not in them.
    cell
        The simulated cell; None where there is none.
    notes
        What was named and could not be read, a line each: the record holds the result, the report goes on without.
    """

    msd: dict[int, Columns] = field(default_factory=dict)
    thermo: dict[int, list[Columns]] = field(default_factory=dict)
    cell: CellPicture | None = None
    notes: list[str] = field(default_factory=list)


def read_tables(record: ConductivityRecord, beside: Beside) -> RunTables:
    """Everything that the record names, and the cell."""
    notes: list[str] = []
    msd: dict[int, Columns] = {}
    thermo: dict[int, list[Columns]] = {}
    for index, row in enumerate(record.temperatures):
        if row.msd_file is not None and (table := _read(beside, row.msd_file, MSD_COLUMNS, notes)):
            msd[index] = table
        tables = [_read(beside, name, THERMO_COLUMNS, notes) for name in row.thermo_files]
        if readable := [table for table in tables if table]:
            thermo[index] = readable
    return RunTables(msd, thermo, _read_cell(record, beside, notes), notes)


def _read(beside: Beside, name: str, wanted: Sequence[str], notes: list[str]) -> Columns | None:
    if not _is_inside(beside, name):
        notes.append(f"{name} lies outside the run directory and was not read.")
        return None
    try:
        columns = beside.columns(name)
    except InputError as error:
        notes.append(f"{name} could not be read ({error.problem}); the figure is drawn without it.")
        return None
    problem = _problem(columns, wanted)
    if problem:
        notes.append(f"{name} could not be read ({problem}); the figure is drawn without it.")
        return None
    rows = columns[wanted[0]].size
    return {GRADE: np.full(rows, np.nan), **columns} if wanted is THERMO_COLUMNS else columns


def _problem(columns: Mapping[str, np.ndarray], wanted: Sequence[str]) -> str | None:
    missing = [name for name in wanted if name not in columns]
    if missing:
        return f"column {missing[0]} is missing"
    return None if columns[wanted[0]].size else "it has no rows"


def _is_inside(beside: Beside, name: str) -> bool:
    if beside.directory is None:
        return True
    return (beside.directory / name).resolve().is_relative_to(beside.directory.resolve())


def _read_cell(record: ConductivityRecord, beside: Beside, notes: list[str]) -> CellPicture | None:
    try:
        path = beside.file(_CELL)
        return read_cell(path, specie=record.specie) if path is not None else None
    except InputError as error:
        notes.append(f"The cell is not shown: {_CELL} {error.problem}.")
        return None
