"""The files of a run directory beside its inputs: tables, the simulated cell, and last the record."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import writing
from paddlewheel.records import ConductivityRecord, write_atomically, write_record

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.conductivity import Analysed, TemperatureRuns


def write_run(
    record: ConductivityRecord,
    *,
    runs: Sequence[TemperatureRuns],
    analysed: Sequence[Analysed],
    directory: Path,
    cell: Atoms,
) -> None:
    """Write the tables the record names, the simulated cell, and last the record itself; each atomically.

    Raises
    ------
    RunDirectoryError
        If the directory cannot be written.
    """
    with writing(directory):
        for one in runs:
            for name, columns in one.thermo.items():
                write_table(directory / "thermo" / f"{name}.csv", columns)
        for one in analysed:
            if one.tracer is not None and one.row.msd_file is not None:
                curve = one.tracer.curve
                columns = {"lag_ps": curve.lag_ps, "msd_A2": curve.msd_A2, "std_A2": curve.std_A2}
                write_table(directory / one.row.msd_file, columns)
        write_atomically(directory / "structure.cif", _cif(cell))
        write_record(record, directory / "result.json")


def write_table(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write equally long columns as CSV, atomically; what is not finite is an empty cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([f"{value:.10g}" if np.isfinite(value) else "" for value in row])
    write_atomically(path, buffer.getvalue())


def write_stacked_table(path: Path, names: Sequence[str], parts: Sequence[Sequence[np.ndarray]]) -> None:
    """Write stretches of the same columns, one after the other, as one CSV; each part has a column for each name."""
    write_table(path, {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)})


def _cif(atoms: Atoms) -> str:
    from ase.io.cif import write_cif

    buffer = io.BytesIO()
    write_cif(buffer, atoms)
    return buffer.getvalue().decode("latin-1")
