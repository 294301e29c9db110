"""Philips: UDF (text) and RD, SD (binary, V3RD and V5RD), of which the layout is that of xylib."""

from __future__ import annotations

import re
import struct

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.xrd.instrument import stated_radiation, tube
from paddlewheel.lab.xrd.readers.scan import Scan

_REMEDY = "export it again, or as text"
_ANODES = ("Cu", "Mo", "Fe", "Cr")


def is_udf(text: str) -> bool:
    """Whether it is UDF."""
    return text.startswith("SampleIdent")


def read_udf(text: str, *, name: str, source: str) -> list[Scan]:
    """The scan of a UDF.

    Raises
    ------
    DataError
        Where start, step or counts are missing.
    """
    begin = re.search(r"^RawScan\s*$", text, re.MULTILINE)
    if begin is None:
        raise DataError("has no RawScan", where=source, remedy=_REMEDY)
    header: dict[str, str] = {}
    for line in text[: begin.start()].splitlines():
        key, _, value = line.partition(",")
        header[key.strip()] = value.strip().removesuffix("/").strip(" ,")
    body = text[begin.end() :].partition("/")[0]
    try:
        intensity = np.array(re.split(r"[\s,]+", body.strip(" ,\r\n\t")), dtype=float)
        start, step = float(header["DataAngleRange"].split(",")[0]), float(header["ScanStepSize"])
    except (ValueError, KeyError):
        raise DataError("a scan without angles, step or counts", where=source, remedy=_REMEDY) from None
    if not step > 0:
        raise DataError(f"a step of {step:g}", where=source, remedy=_REMEDY)
    seconds = _number(header, "ScanStepTime")
    radiation = stated_radiation(
        _number(header, "LabdaAlpha1"), _number(header, "LabdaAlpha2"), _number(header, "RatioAlpha21"), source=source
    )
    position = start + step * np.arange(intensity.size)
    return [
        Scan(
            name=name, position=position, intensity=intensity, radiation=radiation,
            exposure_s=seconds * intensity.size if seconds else None,
            metadata={"sample": header.get("SampleIdent"), "anode": header.get("Anode")},
        )
    ]  # fmt: skip


def _number(header: dict[str, str], key: str) -> float | None:
    try:
        value = float(header.get(key, "").split(",")[0])
    except ValueError:
        return None
    return value if value > 0 else None


def read_rd(content: bytes, *, name: str, source: str) -> list[Scan]:
    """The scan of an RD or SD: counts are kept as ten times their root, in two bytes.

    Raises
    ------
    DataError
        For a file that is cut.
    """
    begin = 250 if content.startswith(b"V3RD") else 810
    if len(content) < begin:
        raise DataError(f"ends after {len(content)} bytes, within its header", where=source, remedy=_REMEDY)
    step, start, end = struct.unpack_from("<ddd", content, 214)
    if not (np.isfinite([step, start, end]).all() and 0 < step < 10 and -20 < start < end <= 180):
        raise DataError(f"from {start:g} to {end:g} by {step:g} degrees", where=source, remedy=_REMEDY)
    count = int((end - start) / step + 1 + 1e-6)
    if begin + 2 * count > len(content):
        raise DataError(f"announces {count} points and has {(len(content) - begin) // 2}", where=source, remedy=_REMEDY)
    packed = np.frombuffer(content, dtype="<u2", count=count, offset=begin).astype(float)
    anode = content[85]
    try:
        radiation = tube(_ANODES[anode]) if anode < len(_ANODES) else None
    except InputError:
        radiation = None
    return [
        Scan(
            name=name, position=start + step * np.arange(count), intensity=np.floor(packed**2 / 100),
            radiation=radiation, metadata={"sample": content[146:166].split(b"\x00")[0].decode("latin-1").strip()},
        )
    ]  # fmt: skip
