"""The documents of a run directory, as the report needs them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.studies.conduct.record import (
    ConductivityRecord,
    TemperatureResult,
    read_conductivity_record,
)

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

OPTIONAL_COLUMNS = ("extrapolation_grade",)
"""All nan where the file has no such column: runs made before there was one."""

Columns = dict[str, np.ndarray]
"""Column name -> values `[n_rows]` float64, nan where the file says nothing."""


@dataclass(frozen=True)
class RunFiles:
    """A record with the files it names.

    Attributes
    ----------
    msd, thermo
        By the index of the temperature in `record.temperatures`; temperatures without files are not in them.
    notes
        What was named and could not be read, one line each; shown in the report.
    """

    directory: Path
    record: ConductivityRecord
    settings: dict[str, Any]
    msd: dict[int, Columns] = field(default_factory=dict)
    thermo: dict[int, list[Columns]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_run_files(directory: Path) -> RunFiles:
    """Read `result.json` and everything it names.

    A missing or damaged side file is a note in the report, since the record holds the result; a missing or
    damaged record is an error.

    Raises
    ------
    InputError
        If `result.json` is not a conductivity record, or `inputs.yaml` is not YAML.
    """
    record = read_conductivity_record(directory / "result.json")
    run = RunFiles(directory, record, _read_settings(directory, record))
    for index, row in enumerate(record.temperatures):
        _read_series(run, index, row)
    return run


def _read_settings(directory: Path, record: ConductivityRecord) -> dict[str, Any]:
    import yaml

    path = directory / "inputs.yaml"
    if not path.is_file():
        return record.provenance.settings
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        problem = f"not readable as YAML ({str(error).splitlines()[0]})"
        raise InputError(problem, where=path, remedy="run the command again") from error
    if not isinstance(settings, dict):
        raise InputError("holds no settings", where=path, remedy="run the command again")
    return settings


def _read_series(run: RunFiles, index: int, row: TemperatureResult) -> None:
    if row.msd_file is not None:
        table = _read_noted(run, row.msd_file, MSD_COLUMNS)
        if table is not None:
            run.msd[index] = table
    tables = [_read_noted(run, name, THERMO_COLUMNS) for name in row.thermo_files]
    readable = [table for table in tables if table is not None]
    if readable:
        run.thermo[index] = readable


def _read_noted(run: RunFiles, name: str, columns: tuple[str, ...]) -> Columns | None:
    path = run.directory / name
    if not path.resolve().is_relative_to(run.directory.resolve()):
        run.notes.append(f"{name} lies outside the run directory and was not read.")
        return None
    try:
        return _read_csv(path, columns)
    except (OSError, ValueError) as error:
        run.notes.append(f"{name} could not be read ({error}); the figure is drawn without it.")
        return None


def _read_csv(path: Path, columns: tuple[str, ...]) -> Columns:
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            raise ValueError(f"column {missing[0]} is missing")
        there = (*columns, *(name for name in OPTIONAL_COLUMNS if name in header))
        picked = [header.index(name) for name in there]
        rows = [[_number(line[i]) for i in picked] for line in reader if len(line) == len(header)]
    if not rows:
        raise ValueError("it has no rows")
    values = np.array(rows, dtype=float)
    absent = dict.fromkeys(OPTIONAL_COLUMNS, np.full(len(values), np.nan))
    return absent | {name: values[:, i] for i, name in enumerate(there)}


def _number(text: str) -> float:
    return float(text) if text.strip() else float("nan")
