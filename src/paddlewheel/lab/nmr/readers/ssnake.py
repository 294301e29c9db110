"""JSON of ssNake (doi 10.1016/j.jmr.2019.02.006)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.nmr.readers.axes import stated_axis
from paddlewheel.lab.nmr.signal import Conditions, Signal

_REMEDY = "save it again with ssNake"


def is_ssnake(document: Any) -> bool:
    """Whether a JSON document is a data set of ssNake."""
    return isinstance(document, dict) and {"dataReal", "dataImag", "freq", "sw", "spec"} <= document.keys()


def read_ssnake(
    document: Any, path: Path, *, nucleus: str | None = None, frequency_MHz: float | None = None
) -> Signal:  # fmt: skip
    """The measurement of a document with one or two dimensions.

    Raises
    ------
    InputError
        For more dimensions, sizes that do not fit, and where the nucleus, which such a file does not say, is not given.
    """
    with parsing(path, DataError, problem="is no data set of ssNake", remedy=_REMEDY):
        parts = np.array(document["dataReal"], dtype=float) + 1j * np.array(document["dataImag"], dtype=float)
        is_spectrum, widths = [bool(each) for each in document["spec"]], [float(each) for each in document["sw"]]
        carriers = [float(each) for each in document["freq"]]
        references = [
            carrier if each is None or not np.isfinite(each) else float(each)
            for each, carrier in zip(document.get("ref") or [None] * len(carriers), carriers, strict=True)
        ]
        n_dimensions = len(is_spectrum)
        if "hyper" not in document:
            parts = parts[None]
        if n_dimensions not in (1, 2) or parts.ndim != n_dimensions + 1:
            raise DataError(f"{n_dimensions} dimensions", where=path, remedy="give one or two")
        if any(bool(each) for each in document.get("wholeEcho", [])):
            raise DataError("whole echoes", where=path, remedy="shift them to t = 0 in ssNake")
        warnings: list[str] = []
        values = parts.reshape(len(parts), -1, parts.shape[-1])
        rows: dict[str, Any] = {}
        axes = [
            stated_axis(
                path, nucleus=nucleus, reference_MHz=frequency_MHz or references[place] * 1e-6,
                width_Hz=widths[place], carrier_offset_Hz=carriers[place] - references[place],
            )
            for place in ((-1, 0) if len(parts) == 2 else (-1,))
        ]  # fmt: skip
        if len(parts) == 2:  # cosine and sine part of each row
            if is_spectrum[0]:
                values = values[:1]
                warnings.append("of a plane the part that is real in both dimensions is read")
            values = values.transpose(1, 0, 2).reshape(-1, values.shape[-1])
            rows = {"indirect": axes[1], "indirect_domain": "frequency" if is_spectrum[0] else "time"}
            rows["quadrature"] = None if is_spectrum[0] else "states"
        else:
            values = values.reshape(-1, values.shape[-1])
            if len(values) > 1:
                rows = _rows_of(document, len(values), warnings)
        delay = document.get("dFilter")
        told = document.get("metaData") or {}
        return Signal(
            values=values, domain="frequency" if is_spectrum[-1] else "time", axis=axes[0],
            group_delay_points=float(delay) / (2 * np.pi) if delay and not is_spectrum[-1] else 0.0, name=path.stem,
            conditions=Conditions(
                scans=_number(told.get("# Scans"), int), recycle_delay_s=_number(told.get("Recycle Delay [s]"), float),
                pulse_program=str(told.get("Experiment Name", "")),
                spinning_Hz=_number(told.get("MAS Rate [Hz]"), float),
            ),
            metadata={"format": "ssNake", "metaData": told}, warnings=tuple(warnings), **rows,
        )  # fmt: skip


def _rows_of(document: Any, n_rows: int, warnings: list[str]) -> dict[str, Any]:
    """The delays of rows that are no dimension: the axis that the user gave them."""
    times = np.array((document.get("xaxArray") or [[]])[0], dtype=float)
    steps = np.diff(times)
    if len(times) == n_rows and (times >= 0).all() and len(steps) and not np.allclose(steps, steps[0]):
        return {"delays_s": times}
    warnings.append("what its rows differ in is not known: give the delays, as --delays-s")
    return {}


def _number(text: Any, kind: type) -> Any:
    """A number of the metadata, which are texts; None for - and the like."""
    try:
        return kind(float(text))
    except (TypeError, ValueError):  # not said
        return None
