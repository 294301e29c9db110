"""Readers of calorimeters: whatever instrument wrote it becomes a list of `ThermalScan`.

The format is taken from the content. What each column is its header and its unit say, and the numbers are held against
it: the time against the programme's rate, two heat flows against the mass, temperatures against what K and C can be.
What had to be guessed is a warning, what cannot be known is asked for in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.foreign import open_unpacked, parsing, read_json
from paddlewheel.lab.dsc.readers import document, netzsch, text
from paddlewheel.lab.dsc.readers.columns import Role
from paddlewheel.lab.dsc.readers.header import Direction, read_header
from paddlewheel.lab.dsc.readers.table import FIELDS, Told, joined, scans_of
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.readers import old_workbook, spreadsheet
from paddlewheel.lab.readers.text_table import read_text

__all__ = ["FIELDS", "read_scans"]

_SETARAM: Mapping[Role, str] = {"time": "s", "temperature": "C", "furnace": "C", "signal": "mW"}
"""What its columns are in where they do not say it."""
_REMEDY = "give a file of a calorimeter: text, CSV, a workbook, Netzsch .ngb, JSON"


def read_scans(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    mass_mg: float | None = None,
    rate_K_per_min: float | None = None,
    exothermic: Direction | None = None,
    sensitivity_uV_per_mW: float | None = None,
    correction: bool = False,
) -> list[ThermalScan]:
    """The runs of a calorimeter's file, in the order in which it has them.

    Parameters
    ----------
    path
        Text of TA (old, Thermal Advantage, TRIOS), Netzsch, Setaram, PerkinElmer (Pyris), Mettler, or any columns; a
        workbook; Netzsch .ngb; JSON with `T` and `rate`. Text may be packed by gzip, bzip2 or xz.
    columns
        Field -> name (or number, from 1) of its column, where the reader does not find it: the fields are `FIELDS`.
    mass_mg, exothermic, sensitivity_uV_per_mW
        Of the sample, of the signal and of the thermocouple, over what the file says.
    rate_K_per_min
        Of a file without time; elsewhere it tells the unit of the time.
    correction
        The empty run that a .ngb-ds3 holds with its sample's, instead of that.

    Raises
    ------
    DataError
        If the file cannot be read, is no run of a calorimeter, or contradicts itself.
    """
    path = Path(path)
    told = Told(
        columns=dict(columns or {}), mass_mg=mass_mg, rate_K_per_min=rate_K_per_min, exothermic=exothermic,
        sensitivity_uV_per_mW=sensitivity_uV_per_mW,
    )  # fmt: skip
    with parsing(path, DataError, problem="cannot be read", remedy=_REMEDY), open_unpacked(path, DataError) as stream:
        begin = stream.read(4096)
    is_ngb = begin.startswith(b"PK") and netzsch.is_ngb(path)
    if correction and not is_ngb:
        raise DataError("holds no correction", where=path, remedy="give the file of an empty run")
    if begin.startswith(b"PK"):
        if is_ngb:
            return netzsch.read_ngb_scans(path, told, correction=correction)
        of_zip = spreadsheet.ods_sheets if spreadsheet.is_ods(path) else spreadsheet.xlsx_sheets
        return _of_text("\n".join(of_zip(path).values()), path, told, [])
    if begin.startswith(old_workbook.BEGINNING):
        return _of_text("\n".join(old_workbook.xls_sheets(path).values()), path, told, [])
    if begin.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[{")):
        return document.scans_of_document(read_json(path, DataError, remedy=_REMEDY), path, told)
    written, warnings = read_text(path)
    return _of_text(written, path, told, warnings)


def _of_text(written: str, path: Path, told: Told, warnings: list[str]) -> list[ThermalScan]:
    """The runs of a text's tables; what a table does not say of itself, the first says for it."""
    blocks = text.blocks_of(written, source=str(path), warnings=warnings)
    name = Path(path.name.removesuffix(".gz")).stem
    first = read_header(blocks[0].lines)
    scans: list[ThermalScan] = []
    for block in blocks:
        header = read_header(block.lines).over(first)
        setaram = any(line.strip().startswith("HeatFlow :") for line in header.lines)
        if setaram and header.name is None:  # its first line
            header = replace(header, name=header.lines[0].strip())
        scans += scans_of(block.table, header, told, name=name, units=_SETARAM if setaram else None)
    return joined(scans)
