"""The files of a run directory beside its inputs: tables, the simulated cell, and last the record."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.errors import writing
from paddlewheel.records import (
    write_atomically,
    write_record,
)
from paddlewheel.studies.conduct.record import ConductivityRecord

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.conduct.measure import (
        Analysed,
    )
    from paddlewheel.studies.conduct.runs import (
        TemperatureRuns,
    )
from paddlewheel.records.tables import write_table


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


def _cif(atoms: Atoms) -> str:
    from ase.io.cif import write_cif

    buffer = io.BytesIO()
    write_cif(buffer, atoms)
    return buffer.getvalue().decode("latin-1")
