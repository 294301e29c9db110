"""Readers of lab files: impedance spectra and cell tests, whatever instrument wrote them.

A reader keeps what it knows, warns of what it had to guess or leave out, and refuses what it cannot read with one line.
The format is taken from the content; the suffix only decides between readings of the same content.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import compression, open_unpacked, parsing
from paddlewheel.lab.readers import (
    arbin,
    biologic,
    biologic_text,
    eco_chemie,
    gamry,
    ivium,
    neware,
    neware_text,
    old_workbook,
    palmsens,
    parquet,
    spreadsheet,
    versastudio,
)
from paddlewheel.lab.readers.cell_tests import cell_test_of
from paddlewheel.lab.readers.spectra import spectra_of
from paddlewheel.lab.readers.text_table import TextTable, parse_table, read_text
from paddlewheel.lab.readers.write import write_bdf, write_parquet
from paddlewheel.lab.spectrum import ImpedanceOf, Spectrum
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.techniques import TECHNIQUES, other_command

__all__ = ["read_cell_test", "read_spectra", "write_bdf", "write_parquet"]


def read_spectra(
    path: str | Path, *, columns: Mapping[str, str] | None = None, impedance_of: ImpedanceOf = "Ewe"
) -> list[Spectrum]:
    """The impedance spectra of a file: Biologic .mpt and .mpr, Gamry .dta, ZPlot or Zahner .z, Ivium .idf and .ids,
    VersaStudio .par, PalmSens .pssession, Eco Chemie .dfr, workbooks, CSV and other text, with or without a header.

    Parameters
    ----------
    path
        The file.
    columns
        Field -> name (or number, from 1) of its column, where the reader does not find it: ``frequency_Hz``,
        ``real_ohm``, ``imag_ohm``, ``magnitude_ohm``, ``phase_deg``, ``time_s``, ``cycle``, ``temperature_K``. A minus
        before the name turns the sign.
    impedance_of
        Where the file has the impedance of several electrodes: the working electrode's against the reference (``Ewe``),
        the counter electrode's (``Ece``), or that of the cell (``Ewe-Ece``).

    Returns
    -------
    One spectrum for each sweep or cycle.

    Raises
    ------
    DataError
        If the file cannot be read, holds no spectrum, or gives it over an area.
    """
    path = Path(path)
    with _unpacked(path) as plain:
        table = replace(_table(plain, of_spectra=True), source=str(path))
    if (
        table.technique is not None
        and table.sweep is None
        and not columns
        and (other := other_command(table.technique, "eis"))
    ):
        raise DataError(other, where=path, remedy="give a file of an impedance measurement")
    return spectra_of(table, columns=columns, name=path.stem, impedance_of=impedance_of)


def read_cell_test(path: str | Path, *, columns: Mapping[str, str] | None = None) -> CellTest:
    """The rows of a cell test: Biologic .mpt and .mpr; Neware .nda, .ndax and CSV, layered or not; Arbin .res, CSV and
    workbooks; exports of Maccor, Novonix, Landt, PEC, Basytec, Ivium; BDF as CSV or Parquet; Gamry .dta, CSV and other
    text, .xlsx, .xls, .ods. Each may be packed by gzip, bzip2 or xz.

    Parameters
    ----------
    path
        The file.
    columns
        Field -> name (or number, from 1) of its column, where the reader does not find it: ``time_s``, ``voltage_V``,
        ``current_A``, ``net_charge_Ah``, ``charge_counter_Ah``, ``discharge_counter_Ah``, ``step_charge_Ah``, ``step``,
        ``step_kind``, ``cycle``, ``temperature_K``. A minus before the name turns the sign.

    Raises
    ------
    DataError
        If the file cannot be read, or holds no time, voltage or current.
    """
    path = Path(path)
    with _unpacked(path) as plain:
        if plain.suffix.lower() in neware.SUFFIXES and plain.is_file():
            return replace(neware.read_neware(plain), source=str(path))
        return cell_test_of(replace(_cycling_rows(_table(plain)), source=str(path)), columns=columns)


def _cycling_rows(table: TextTable) -> TextTable:
    """The table without the rows of impedance spectra.

    Raises
    ------
    DataError
        If it holds nothing else.
    """
    if table.sweep is None or not table.sweep.any():
        return table
    kept = table.sweep == 0
    if not kept.any() or (table.technique in TECHNIQUES and TECHNIQUES[table.technique].command == "eis"):
        other = other_command(table.technique, "cycling") or "holds impedance spectra, which `paddlewheel eis` takes"
        raise DataError(other, where=table.source, remedy="give the file of a cell test")
    table = table.rows(kept)
    table.warnings.append(f"{int((~kept).sum())} rows of impedance spectra left out, which `paddlewheel eis` takes")
    return table


_BINARY = (biologic.MAGIC, b"PK", b"NEWARE", old_workbook.BEGINNING, parquet.BEGINNING, *arbin.BEGINNINGS)
"""What the files of binary formats begin with."""
_LARGEST_VALUE = 1e30
"""Of any measured quantity in its unit; instruments write such numbers, or inf, where they are out of range."""


def _table(path: Path, *, of_spectra: bool = False) -> TextTable:
    """The table of a file, with nan for what no instrument measures."""
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged binary file holds signalling nan
        table, count = _as_written(path, of_spectra=of_spectra), 0
        for place, values in table.numbers.items():
            beyond = np.abs(values) > _LARGEST_VALUE
            table.numbers[place] = np.where(beyond | np.isnan(values), np.nan, values)
            count += int(beyond.sum())
    if count:
        table.warnings.append(f"{count} cells hold numbers beyond {_LARGEST_VALUE:g}: taken as empty")
    return table


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The file, or, where it is a packed one that is no text, what it holds, under the name without `.gz`, for a while.

    Text is unpacked where it is read.
    """
    with parsing(path, DataError, problem="cannot be read", remedy="give a file of measured data"):
        packed = path.is_file() and compression(path) is not None
        if packed:
            with open_unpacked(path, DataError) as stream:
                packed = stream.read(64).startswith(_BINARY)
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        with (
            parsing(path, DataError, problem="cannot be unpacked", remedy="copy it again"),
            open_unpacked(path, DataError) as stream,
            plain.open("wb") as out,
        ):
            shutil.copyfileobj(stream, out)
        try:
            yield plain
        except DataError as error:
            raise DataError(error.problem, where=path, remedy=error.remedy) from error


def _as_written(path: Path, *, of_spectra: bool) -> TextTable:
    """The table of a file; `of_spectra` chooses where a format holds spectra beside other tables."""
    try:
        with path.open("rb") as stream:
            begin = stream.read(64)
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror})", where=path, remedy="give a file of measured data"
        ) from error
    if begin.startswith(biologic.MAGIC):
        return biologic.read_mpr(path)
    if begin.startswith(arbin.BEGINNINGS):
        return arbin.read_res(path)
    if begin.startswith(old_workbook.BEGINNING):
        return old_workbook.read_xls(path)
    if begin.startswith(parquet.BEGINNING):
        return parquet.read_parquet(path)
    if begin.startswith(b"PK"):
        return spreadsheet.read_ods(path) if spreadsheet.is_ods(path) else spreadsheet.read_xlsx(path)
    if of_spectra and begin.startswith(palmsens.BEGINNINGS):
        return palmsens.read_session(path)
    if of_spectra and b"\x00" in begin and not begin.startswith((b"\xff\xfe", b"\xfe\xff")) and ivium.is_ivium(path):
        return ivium.read_impedances(path)
    text, warnings = read_text(path)
    if text.startswith(biologic_text.MAGIC):
        return biologic_text.read_mpt(text, source=str(path), warnings=warnings)
    if neware_text.is_layered(text):
        return neware_text.read_layered(text, source=str(path), warnings=warnings)
    if of_spectra and gamry.has_spectra(text):
        return gamry.read_spectra_tables(text, source=str(path), warnings=warnings)
    if eco_chemie.is_dfr(text):
        return eco_chemie.read_dfr(text, source=str(path), warnings=warnings)
    if versastudio.is_versastudio(text):
        return versastudio.read_segments(text, source=str(path), warnings=warnings)
    return parse_table(text, source=str(path), warnings=warnings)
