"""Impedance files made after the formats' descriptions: Ivium, PalmSens, OpenDocument; one spectrum in all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FREQUENCY_HZ = np.logspace(5, 0, 26)


def randles(frequency_Hz: np.ndarray) -> NDArray[np.complex128]:
    """50 ohm, then 200 ohm parallel to 1 uF."""
    return 50 + 200 / (1 + 2j * np.pi * frequency_Hz * 200 * 1e-6)


Z = randles(FREQUENCY_HZ)


def ivium(*measurements: tuple[str, str, np.ndarray], cut: int = 0) -> bytes:
    """A file of Ivium with measurements of a method, a title and rows of three numbers."""
    text = b"\x00" * 16 + b"\x48\x00\x00\x00\r\nPeaks=false\r\n"
    for method, title, rows in measurements:
        text += f"config1=80\r\nMethod={method}\r\nTechnique=Constant E\r\nTitle={title}\r\n".encode("latin-1")
        text += f"2\r\nData Objects    \r\n0\r\nprimary_data    \r\n3\r\n{len(rows)}\r\n".encode()
        text += b"".join(f"{a:.5E}  {b:.5E}\t{c:.5E} \r\n".encode() for a, b, c in rows)
    return text[: len(text) - cut]


def ivium_rows(z: NDArray[np.complex128]) -> np.ndarray:
    return np.column_stack([z.real, z.imag, FREQUENCY_HZ])


def session(*spectra: NDArray[np.complex128], lower: bool = False, listed: bool = True) -> bytes:
    """A .pssession with a voltammetry and impedance spectra."""

    def column(kind: str, quantity: str, values: np.ndarray) -> dict:
        unit = {"Type": f"PalmSens.Units.{kind}", "S": "", "Q": quantity, "A": ""}
        return {
            "Type": "PalmSens.Data.DataArray",
            "Unit": unit,
            "DataValues": [{"V": x, "S": 0} for x in values.tolist()],
        }

    measurements = [
        {"Title": "CV", "DataSet": {"Type": "PalmSens.Data.DataSetCommon", "Values": []}, "EISDataList": []}
    ]
    for z in spectra:
        values = [column("Time", "Time", FREQUENCY_HZ), column("Hertz", "Frequency", FREQUENCY_HZ),
                  column("ZRe", "Z'", z.real), column("ZIm", "-Z''", -z.imag)]  # fmt: skip
        data = {"Type": "PalmSens.Data.DataSetEIS", "Values": values}
        measurements.append(
            {"Title": "EIS", "DataSet": data, "EISDataList": [{"Title": "e", "DataSet": data}] * listed}
        )
    text = json.dumps({"Type": "PalmSens.DataFiles.SessionFile", "CoreVersion": "5.8", "Measurements": measurements})
    if lower:
        for key in (
            "Measurements",
            "DataSet",
            "Values",
            "Unit",
            "DataValues",
            "EISDataList",
            "Title",
            "Type",
            "Q",
            "V",
        ):
            text = text.replace(f'"{key}":', f'"{key.lower()}":')
    return (text + "\ufeff").encode("utf-16")


_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def ods(path: Path, rows: str, *, before: str = "") -> Path:
    """A spreadsheet of OpenDocument with one sheet of these rows."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {_NAMESPACES}><office:body>'
        f'<office:spreadsheet><table:table table:name="EIS">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return path


def ods_row(cells: list[str | float], *, repeated: int = 1) -> str:
    written = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        if isinstance(cell, str)
        else f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>{cell:.1f}</text:p>'
        "</table:table-cell>"
        for cell in cells
    )
    rest = '<table:table-cell table:number-columns-repeated="16380"/>'
    return f'<table:table-row table:number-rows-repeated="{repeated}">{written}{rest}</table:table-row>'


def ods_rows() -> str:
    header = ods_row(["Frequency (Hz)", "Z' (ohm)", "-Z'' (ohm)"])
    rows = [ods_row([f, z.real, -z.imag]) for f, z in zip(FREQUENCY_HZ.tolist(), Z.tolist(), strict=True)]
    return header + "".join(rows) + ods_row([], repeated=1048000)
