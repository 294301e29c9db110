"""Folders of Bruker as the spectrometer writes them, made from numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

ACQUS = {
    "TITLE": "Parameter file, TopSpin 3.6.2", "AQ_mod": 3, "BF1": 132.294, "BYTORDA": 0, "DECIM": 1, "DIGMOD": 0,
    "DSPFVS": 20, "DTYPA": 0, "GRPDLY": 0, "NBL": 1, "NS": 16, "NUC1": "<23Na>", "O1": 1323.0, "SFO1": 132.295323,
    "PULPROG": "<satrec>", "SW_h": 20000, "TE": 300, "MASR": 10000,
}  # fmt: skip
"""Parameters of a 23Na measurement at 11.7 T."""


def parameter_text(values: Mapping[str, object]) -> str:
    """A parameter file in Bruker's JCAMP-DX."""
    entries = [f"##${name}= {value}" if name != "TITLE" else f"##TITLE= {value}" for name, value in values.items()]
    return "\n".join([entries[0], "##JCAMPDX= 5.0", *entries[1:], "##END=", ""])


def write_bruker(
    folder: Path,
    values: np.ndarray,
    *,
    padded: bool = True,
    acqus: Mapping[str, object] | None = None,
    acqu2s: Mapping[str, object] | None = None,
    vdlist: str | None = None,
) -> Path:
    """Write an experiment of complex [n_rows, n_points]; one row without `acqu2s` is a fid."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = ACQUS | {"TD": 2 * values.shape[1]} | dict(acqus or {})
    code, order = stated["DTYPA"], stated["BYTORDA"]
    kind = np.dtype((">" if order else "<") + {0: "i4", 1: "f4", 2: "f8"}[code])
    numbers = np.empty((len(values), 2 * values.shape[1]), dtype=kind)
    numbers[:, 0::2], numbers[:, 1::2] = values.real, values.imag
    rows = [row.tobytes() for row in numbers]
    if padded:
        rows = [row + bytes(-len(row) % 1024) for row in rows]
    is_ser = len(values) > 1 or acqu2s is not None
    (folder / ("ser" if is_ser else "fid")).write_bytes(b"".join(rows))
    (folder / "acqus").write_text(parameter_text(stated))
    if is_ser:
        indirect = {"TITLE": "Parameter file, TopSpin 3.6.2", "TD": len(values), "FnMODE": 1, "NUC1": "<23Na>",
                    "BF1": 132.294, "SFO1": 132.295323, "SW": 100.0, "SW_h": 13229.5}  # fmt: skip
        (folder / "acqu2s").write_text(parameter_text(indirect | dict(acqu2s or {})))
    if vdlist is not None:
        (folder / "vdlist").write_text(vdlist)
    return folder


def decays(*, n_rows: int = 1, n_points: int = 200, offset_Hz: float = 2500.0, seed: int = 1) -> np.ndarray:
    """Decays of one line, with whole numbers up to a million and some noise; [n_rows, n_points]."""
    time_s = np.arange(n_points) / 20000.0
    line = 1e6 * np.exp(2j * np.pi * offset_Hz * time_s - time_s / 2e-3)
    noise = np.random.default_rng(seed).normal(size=(2, n_rows, n_points)) * 100
    rows = np.linspace(0.2, 1.0, n_rows)[:, None] * line + noise[0] + 1j * noise[1]
    return np.round(rows.real) + 1j * np.round(rows.imag)
