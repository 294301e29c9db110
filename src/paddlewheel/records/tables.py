"""Tables beside a record, as CSV: written whole or not at all; those of numbers are read back for figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.foreign import array_archive
from paddlewheel.records.atomic import write_atomically
from paddlewheel.records.seals import check_sealed

Columns = dict[str, np.ndarray]
"""Column name -> values `[n_rows]` float64, nan where the file says nothing; text in memory may be a column too."""


_AGAIN = "run the command again with --again"


class _Read(dict[str, np.ndarray]):
    """Columns or arrays of a file; one that is asked for and absent is told in one line."""

    def __init__(self, path: Path, contents: Mapping[str, np.ndarray]) -> None:
        super().__init__(contents)
        self._path = path

    def __missing__(self, name: str) -> np.ndarray:
        raise InputError(f"holds no '{name}'", where=self._path, remedy=_AGAIN)


@dataclass(frozen=True)
class Beside:
    """What lies beside a record: files of its run directory, or tables in memory where nothing was written.

    Attributes
    ----------
    directory
        The run directory; None where the study wrote nothing.
    tables
        The tables and arrays of such a study, by the name that their file would have.
    """

    directory: Path | None = None
    tables: dict[str, Columns] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether there is such a table."""
        return name in self.tables or (self.directory is not None and (self.directory / name).is_file())

    def columns(self, name: str, *, text: Collection[str] = ()) -> Columns:
        """The columns of a table; those named in `text` hold text.

        Raises
        ------
        InputError
            If there is none, its file is no table of numbers, or was changed since it was written.
        """
        if name in self.tables:
            return self.tables[name]
        return read_columns(self._path(name), text=text)

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of a file of NumPy (.npz), by their names.

        Raises
        ------
        InputError
            If there is none, it is damaged, or was changed since it was written.
        """
        if name in self.tables:
            return self.tables[name]
        path = self._path(name)
        with array_archive(path, InputError, problem="holds no arrays", remedy=_AGAIN) as archive:
            return _Read(path, dict(archive))

    def _path(self, name: str) -> Path:
        if self.directory is None:
            raise InputError("no such table", where=name, remedy="run the study with out=DIR")
        check_sealed(self.directory, name)
        return self.directory / name

    def file(self, name: str) -> Path | None:
        """The path of a file of the run directory; None where it is absent.

        Raises
        ------
        InputError
            If it was changed since it was written.
        """
        if self.directory is None or not (self.directory / name).is_file():
            return None
        check_sealed(self.directory, name)
        return self.directory / name


def read_columns(path: Path, *, text: Collection[str] = ()) -> Columns:
    """The columns of a CSV file of numbers, and of text where that is named.

    Raises
    ------
    InputError
        If it cannot be read, or is no table of numbers.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream))
        columns = dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))
        read = {name: np.array(cells) if name in text else _numbers(cells) for name, cells in columns.items()}
    except (OSError, ValueError) as error:
        raise InputError(f"no table of numbers ({error})", where=path, remedy=_AGAIN) from error
    return _Read(path, read)


def _numbers(cells: Sequence[str]) -> np.ndarray:
    return np.array([float(cell) if cell else np.nan for cell in cells])


def write_table(path: Path, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> None:
    """Write equally long columns of numbers or text as CSV, atomically; None and what is not finite are empty cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    write_atomically(path, buffer.getvalue())


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.10g}" if np.isfinite(value) else ""


def as_column(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """A column of a table in memory: float64 with nan for None, or text."""
    if any(isinstance(value, str) for value in values):
        return np.array([value or "" for value in values])
    return np.asarray(values, dtype=float)


def stacked(names: Sequence[str], parts: Sequence[Sequence[np.ndarray]]) -> Columns:
    """Stretches of the same columns, one after the other; each part has a column for each name."""
    return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}
