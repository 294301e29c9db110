"""Small files of NMR as programs write them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def jeol_file(values: np.ndarray, parameters: Mapping[str, float | str] | None = None) -> bytes:
    """A decay of JEOL Delta in one dimension; real parts, then imaginary parts, which run the other way.

    Offsets are of the header of version 1 as nmrglue and ssNake read it.
    """
    stated: dict[str, float | str] = {
        "X_FREQ": 132.294e6, "X_OFFSET": 15.118, "X_SWEEP": 20000.0, "X_DOMAIN": "Sodium23", "SCANS": 16.0,
        "RELAXATION_DELAY": 2.0, "ORDERS": "2 16 31", "FACTORS": "4 5",
    } | dict(parameters or {})  # fmt: skip
    header = bytearray(1360)
    header[0:8] = b"JEOL.NMR"
    header[8] = 1  # the data are little endian
    header[9] = 1
    header[12], header[13], header[14] = 1, 0b10000000, 0b00000001  # one dimension, of float64
    header[24] = 3  # complex
    header[32:34] = bytes([0, 28])  # seconds
    for offset, number in ((176, len(values)), (240, len(values) - 1)):
        struct.pack_into(">8I", header, offset, number, *([1] * 7 if offset == 176 else [0] * 7))
    struct.pack_into(">d", header, 336, (len(values) - 1) / 20000.0)
    struct.pack_into(">d", header, 1064, 132.294)
    records = struct.pack("<4I", 64, 0, len(stated), 64 * len(stated))
    for name, value in stated.items():
        held = value.encode().ljust(16) if isinstance(value, str) else struct.pack("<d8x", value)
        kind = 0 if isinstance(value, str) else 2
        records += (
            bytes(4) + struct.pack("<h", 0) + bytes(10) + held + struct.pack("<i", kind) + name.encode().ljust(28)
        )
    struct.pack_into(">I", header, 1212, len(header))
    struct.pack_into(">I", header, 1216, len(records))
    struct.pack_into(">I", header, 1284, len(header) + len(records))
    numbers = np.concatenate([values.real, -values.imag]).astype("<f8")
    return bytes(header) + records + numbers.tobytes()


def varian_folder(folder: Path, rows: np.ndarray, **changed: tuple[str, list[str]]) -> Path:
    """A folder of VnmrJ: `procpar` in lines of three, `fid` in blocks with a header of 28 bytes."""
    stated = {
        "sfrq": ("1", ["132.296"]), "reffrq": ("1", ["132.294"]), "sw": ("1", ["20000"]), "tn": ("2", ['"Na23"']),
        "temp": ("1", ["25"]), "nt": ("7", ["16"]), "d1": ("3", ["2"]), "pw": ("6", ["3.5"]),
        "seqfil": ("2", ['"satrec"']), "array": ("2", ['"d2"']), "d2": ("3", ["0.001", "0.01", "0.1"]),
    } | changed  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    text = ""
    for name, (kind, values) in stated.items():
        text += (
            f"{name} {kind} {'2' if kind == '2' else '1'} 1e9 0 0 2 1 0 1 64\n{len(values)} {' '.join(values)} \n0 \n"
        )
    (folder / "procpar").write_text(text)
    n_numbers = 2 * rows.shape[1]
    blocks = b""
    for row in rows:
        numbers = np.empty(n_numbers, dtype=">f4")
        numbers[0::2], numbers[1::2] = row.real, row.imag
        blocks += bytes(28) + numbers.tobytes()
    header = struct.pack(">6i2hi", len(rows), 1, n_numbers, 4, 4 * n_numbers, 4 * n_numbers + 28, 0, 0x49, 1)
    (folder / "fid").write_bytes(header + blocks)
    return folder
