"""Files of SIMPSON (`SIMP ... DATA ... END`), text and binary, and dmfit's files of the same form."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_document
from paddlewheel.lab.nmr.readers.axes import nucleus_in, stated_axis
from paddlewheel.lab.nmr.readers.bruker_parameters import as_text
from paddlewheel.lab.nmr.signal import Axis, Signal

BEGINNING = b"SIMP"
_REMEDY = "write it again"
_FEWEST, _MOST = 4, 2**26


def read_simpson(path: Path, *, nucleus: str | None = None, frequency_MHz: float | None = None) -> Signal:
    """The decay or spectrum of a file, one row or the rows of a plane.

    SIMPSON writes spectra from -SW / 2 upwards; dmfit downwards from `X0`, with the frequency `SF` (its documentation).

    Raises
    ------
    InputError
        For another number of points than NP x NI, several data sets, and where nucleus or frequency are not known.
    """
    text = as_text(read_document(path, DataError, remedy=_REMEDY)).replace("\r\n", "\n")
    head, data, body = text.partition("\nDATA\n")
    if not data:
        raise DataError("no line DATA", where=path, remedy=_REMEDY)
    stated = {
        key.strip().upper(): value.strip() for key, equals, value in (line.partition("=") for line in head.splitlines())
        if equals
    }  # fmt: skip
    n_points, n_rows = _count(stated, "NP", path, _FEWEST), _count(stated, "NI", path, 1)
    if _count(stated, "NELEM", path, 1) > 1:
        raise DataError(f"NELEM {stated['NELEM']} data sets", where=path, remedy="write each into its own file")
    content, end, _ = body.rpartition("END")
    if not end:
        raise DataError("no line END: it ends early", where=path, remedy=_REMEDY)
    binary = stated.get("FORMAT", "").upper() == "BINARY"
    values = _binary(content, path) if binary else _text(content, path)
    if len(values) != n_points * n_rows:
        raise DataError(f"{len(values)} points, NP x NI is {n_points * n_rows}", where=path, remedy=_REMEDY)
    values = values.reshape(n_rows, n_points)
    kind = stated.get("TYPE", "FID").upper()
    if kind not in ("FID", "SPE"):
        raise DataError(f"TYPE {kind}", where=path, remedy="FID and SPE are known")
    warnings: list[str] = []
    width = _number(stated, "SW", path)
    if width is None:
        raise DataError("no SW, the spectral width", where=path, remedy=_REMEDY)
    reference = frequency_MHz or _number(stated, "SF", path)
    falls_from = _number(stated, "X0", path)
    if kind == "SPE" and falls_from is not None:
        values = values[:, ::-1]
        middle_Hz = falls_from - (n_points - 1 - n_points // 2) * width / n_points
    else:
        middle_Hz = _number(stated, "REF", path) or 0.0
        if middle_Hz:
            warnings.append(f"REF {middle_Hz:g} is taken as the middle of the spectrum, Hz from 0 ppm")
    nucleus = nucleus or nucleus_in(stated.get("COMMENT", "") + " " + stated.get("NUCLEUS", ""))
    axis = stated_axis(
        path, nucleus=nucleus, reference_MHz=reference, width_Hz=width, carrier_offset_Hz=middle_Hz
    )  # fmt: skip
    indirect = None
    if n_rows > 1:
        width1 = _number(stated, "SW1", path)
        if width1:
            indirect = Axis(
                nucleus=axis.nucleus, carrier_MHz=axis.carrier_MHz, reference_MHz=axis.reference_MHz,
                spectral_width_Hz=width1,
            )  # fmt: skip
        else:
            warnings.append("what its rows differ in is not known: no SW1")
    return Signal(
        values=values, domain="time" if kind == "FID" else "frequency", axis=axis, name=path.stem, indirect=indirect,
        indirect_domain="time" if kind == "FID" else "frequency", metadata={"format": "SIMPSON", "header": stated},
        warnings=tuple(warnings),
    )  # fmt: skip


def _count(stated: dict[str, str], name: str, path: Path, low: int) -> int:
    found = _number(stated, name, path)
    value = low if found is None and low == 1 else found
    if value is None or value != int(value) or not low <= value <= _MOST:
        raise DataError(f"{name} is {stated.get(name)}", where=path, remedy=_REMEDY)
    return int(value)


def _number(stated: dict[str, str], name: str, path: Path) -> float | None:
    if name not in stated:
        return None
    try:
        value = float(stated[name])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise DataError(f"{name} is {stated[name][:30]!r}, no number", where=path, remedy=_REMEDY)
    return value


def _text(content: str, path: Path) -> np.ndarray:
    try:
        numbers = np.array(content.split(), dtype=float)
    except ValueError as error:
        raise DataError("words among its numbers", where=path, remedy=_REMEDY) from error
    if len(numbers) % 2:
        raise DataError(f"{len(numbers)} numbers: a part of a point is missing", where=path, remedy=_REMEDY)
    return numbers[0::2] + 1j * numbers[1::2]


def _binary(content: str, path: Path) -> np.ndarray:
    """Numbers of four bytes, whose bits are in characters from ! on, six each (as nmrglue reads them)."""
    letters = "".join(content.split())
    codes = np.frombuffer(letters.encode("latin-1", "replace"), dtype=np.uint8).astype(int) - 33
    if len(codes) % 4 or (codes < 0).any() or (codes > 63).any():
        raise DataError("letters that are no numbers of SIMPSON", where=path, remedy=_REMEDY)
    a, b, c, d = codes.reshape(-1, 4).T
    # the low six bits of the first, the two above from the second, and so on
    bytes_ = np.stack([a | (b & 48) << 2, (b & 15) | (c & 60) << 2, (c & 3) | d << 2], axis=1).reshape(-1)
    quads = bytes_[: len(bytes_) // 4 * 4].reshape(-1, 4)
    mantissa = ((quads[:, 2] & 127) << 16 | quads[:, 1] << 8 | quads[:, 0]) / 2.0**23
    exponent = ((quads[:, 3] & 127) << 1 | quads[:, 2] >> 7) - 127
    numbers = np.where(quads[:, 3] & 128, -1.0, 1.0) * np.ldexp(mantissa, exponent)
    if len(numbers) % 2:
        raise DataError("half a point at its end", where=path, remedy=_REMEDY)
    return numbers[0::2] + 1j * numbers[1::2]
