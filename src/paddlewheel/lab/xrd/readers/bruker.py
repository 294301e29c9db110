"""Binary RAW of Siemens and Bruker: versions 1 and 2 (DIFFRAC AT), RAW1.01 (DIFFRAC plus), RAW4.00 (DIFFRAC suite).

The layouts are those of the manuals "DIFFRAC AT, appendix B" and "DIFFRAC plus XCH 5.0, appendix A" as xylib
(wojdyr/xylib) documents them; RAW4.00 is a chain of segments, of which the offsets agree between xylib, GSAS-II and a
real file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.lab.xrd.readers.header import date_in
from paddlewheel.lab.xrd.readers.scan import Scan, over_two_theta

VERSIONS = (b"RAW1.01", b"RAW4.00", b"RAW2", b"RAW ")
_REMEDY = "copy it again, or export it as text"
_LARGEST_RANGE = 10_000_000
_COUPLED = (0, 1, 2, 128, 129, 130)
"""Scans of RAW1.01 over two theta: locked and unlocked coupled, of the detector; those of a position-sensitive one."""


@dataclass(frozen=True)
class _Bytes:
    content: bytes
    source: str

    def get(self, form: str, at: int) -> Any:
        """One number of a place; beyond the end the file is cut."""
        if not 0 <= at <= len(self.content) - struct.calcsize("<" + form):
            raise DataError(f"ends within byte {at}, at {len(self.content)}", where=self.source, remedy=_REMEDY)
        return struct.unpack_from("<" + form, self.content, at)[0]

    def text(self, at: int, length: int) -> str:
        return self.content[at : at + length].split(b"\x00")[0].decode("latin-1").strip()

    def floats(self, at: int, count: int, stride: int = 4) -> np.ndarray:
        """The first float of each of `count` records."""
        if not (0 < count <= _LARGEST_RANGE and stride >= 4 and at + count * stride <= len(self.content)):
            raise DataError(
                f"announces {count} points of {stride} bytes from byte {at} and has {len(self.content)} bytes",
                where=self.source, remedy=_REMEDY,
            )  # fmt: skip
        block = np.frombuffer(self.content, dtype=np.uint8, count=count * stride, offset=at).reshape(count, stride)
        return np.ascontiguousarray(block[:, :4]).view("<f4")[:, 0].astype(float)


def read_raw(content: bytes, *, name: str, source: str) -> list[Scan]:
    """The ranges of a file.

    Raises
    ------
    DataError
        For a file that is cut, and where no range goes over two theta.
    """
    data = _Bytes(content, source)
    version = next(start for start in VERSIONS if content.startswith(start))
    read = {b"RAW ": _version_1, b"RAW2": _version_2, b"RAW1.01": _version_3, b"RAW4.00": _version_4}[version]
    scans, others = read(data)
    return over_two_theta(scans, others, name=name, source=source)


def _stepped(start: float, step: float, intensity: np.ndarray, source: str, **told: Any) -> Scan:
    if not (np.isfinite(start) and np.isfinite(step) and step != 0 and abs(step) < 10 and abs(start) < 400):
        raise DataError(f"a range from {start:g} by {step:g} degrees", where=source, remedy=_REMEDY)
    kept = {key: value for key, value in told.items() if value is not None}
    return Scan(name="", position=start + step * np.arange(intensity.size), intensity=intensity, **kept)


def _seconds(value: float, count: int) -> float | None:
    return float(value) * count if np.isfinite(value) and 0 < value < 1e6 else None


def _lines(ka1: float, ka2: float, ratio: float, source: str) -> Radiation | None:
    numbers = [float(value) if np.isfinite(value) else 0.0 for value in (ka1, ka2, ratio)]
    return stated_radiation(numbers[0] or None, numbers[1] or None, numbers[2] or None, source=source)


def _version_1(data: _Bytes) -> tuple[list[Scan], list[str]]:
    scans: list[Scan] = []
    at, goes_on = 4, True
    while goes_on:
        if scans and data.content[at : at + 4] == b"RAW ":
            at += 4
        count = data.get("I", at)
        time_s, step, start = data.get("f", at + 4), data.get("f", at + 8), data.get("f", at + 20)
        ka1, ka2 = data.get("f", at + 68), data.get("f", at + 72)
        goes_on = data.get("I", at + 148) > 0
        intensity = data.floats(at + 152, count)
        sample = data.text(at + 36, 32)
        scans.append(
            _stepped(
                start, step, intensity, data.source, radiation=_lines(ka1, ka2, 0.5, data.source),
                exposure_s=_seconds(time_s, count), metadata={"sample": sample},
            )
        )  # fmt: skip
        at += 152 + 4 * count
    return scans, []


def _version_2(data: _Bytes) -> tuple[list[Scan], list[str]]:
    n_ranges = data.get("H", 4)
    radiation = _lines(data.get("f", 190), data.get("f", 194), data.get("f", 198), data.source)
    metadata = {"date": data.text(168, 20), "anode": data.text(188, 2)}
    scans: list[Scan] = []
    at = 256
    for _ in range(n_ranges):
        length, count = data.get("H", at), data.get("H", at + 2)
        if length < 48:
            raise DataError(f"a header of {length} bytes", where=data.source, remedy=_REMEDY)
        kelvin = data.get("H", at + 46)
        scans.append(
            _stepped(
                data.get("f", at + 16), data.get("f", at + 12), data.floats(at + length, count), data.source,
                radiation=radiation, exposure_s=_seconds(data.get("f", at + 8), count), metadata=metadata,
                temperature_K=float(kelvin) if 1 < kelvin < 4000 else None,
            )
        )  # fmt: skip
        at += length + 4 * count
    return scans, []


def _version_3(data: _Bytes) -> tuple[list[Scan], list[str]]:
    n_ranges = data.get("I", 12)
    if n_ranges > 100_000:
        raise DataError(f"announces {n_ranges} ranges", where=data.source, remedy=_REMEDY)
    radiation = _lines(data.get("d", 624), data.get("d", 632), data.get("d", 648), data.source)
    radius_mm = data.get("f", 564)
    metadata = {
        "date": f"{data.text(16, 10)} {data.text(26, 10)}", "sample": data.text(326, 60),
        "comment": data.text(386, 160), "anode": data.text(608, 4),
    }  # fmt: skip
    scans: list[Scan] = []
    others: list[str] = []
    at = 712
    for _ in range(n_ranges):
        length, count = data.get("I", at), data.get("I", at + 4)
        if not 260 <= length <= 100_000:
            raise DataError(f"a range's header of {length} bytes", where=data.source, remedy=_REMEDY)
        stride, more = data.get("I", at + 252), data.get("I", at + 256)
        kind = data.get("I", at + 196)
        stride = stride if 4 <= stride <= 400 else 4
        begin = at + length + more
        intensity = data.floats(begin, count, stride)
        if kind in _COUPLED:
            scans.append(
                _stepped(
                    data.get("d", at + 16), data.get("d", at + 176), intensity, data.source, radiation=radiation,
                    exposure_s=_seconds(data.get("f", at + 192), count), metadata=metadata,
                    goniometer_radius_mm=float(radius_mm) if 20 < radius_mm < 2000 else None,
                )
            )  # fmt: skip
        else:
            others.append(f"kind {kind}")
        at = begin + count * stride
    return scans, others


def _version_4(data: _Bytes) -> tuple[list[Scan], list[str]]:
    metadata: dict[str, Any] = {"date": f"{data.text(12, 12)} {data.text(24, 10)}"}
    radiation: Radiation | None = None
    scans: list[Scan] = []
    others: list[str] = []
    at = 61
    while at + 8 <= len(data.content):
        kind = data.get("I", at)
        if kind in (0, 160):
            scan_type, scan, at = _range_4(data, at, radiation, metadata)
            if scan is None:
                others.append(scan_type or "unnamed")
            else:
                scans.append(scan)
            continue
        length = data.get("I", at + 4)
        if length < 8 or at + length > len(data.content):
            raise DataError(f"a segment of {length} bytes at byte {at}", where=data.source, remedy=_REMEDY)
        if kind == 10:
            metadata[data.text(at + 12, 24).lower()] = data.text(at + 36, max(length - 36, 0))
        elif kind == 30:
            radiation = _lines(data.get("d", at + 80), data.get("d", at + 88), data.get("d", at + 104), data.source)
            metadata["anode"] = data.text(at + 116, 4)
        at += length
    return scans, others


def _range_4(
    data: _Bytes, at: int, radiation: Radiation | None, metadata: dict[str, Any]
) -> tuple[str, Scan | None, int]:
    """Kind of a range, its scan (None where it does not go over two theta), and where the next segment begins."""
    scan_type = data.text(at + 32, 24)
    start, step, count = data.get("d", at + 72), data.get("d", at + 80), data.get("I", at + 88)
    step_ms, used_A = data.get("f", at + 92), data.get("d", at + 112)
    stride, header = data.get("I", at + 136), data.get("I", at + 140)
    begin = at + 160 + header
    intensity = data.floats(begin, count, stride)
    end = begin + count * stride
    # 310.003 for 0.31 s in a file of 37 minutes: milliseconds
    time_s = step_ms / 1000
    if not any(word in scan_type.lower() for word in ("coupled", "detector", "2theta", "twotheta")):
        return scan_type, None, end
    if radiation is None and np.isfinite(used_A) and 0.05 < used_A < 5:
        radiation = stated_radiation(float(used_A), source=data.source)
    scan = _stepped(
        start, step, intensity, data.source, radiation=radiation, exposure_s=_seconds(time_s, count),
        metadata={**metadata, "scan": scan_type}, started=date_in(metadata["date"]),
    )  # fmt: skip
    return scan_type, scan, end
