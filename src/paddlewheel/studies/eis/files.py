"""What an `eis` run leaves beside its record: a table of every spectrum with its fit, and of its relaxation times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paddlewheel.records import write_atomically
from paddlewheel.studies.eis.spectrum import AnalysedSpectrum

POINT_COLUMNS = (
    "frequency_Hz",
    "Z_real_ohm",
    "Z_imag_ohm",
    "fit_real_ohm",
    "fit_imag_ohm",
    "kramers_kronig_real_percent",
    "kramers_kronig_imag_percent",
)


def write_tables(analysed: Sequence[AnalysedSpectrum], directory: Path) -> None:
    """Write `spectra/*.csv` and `relaxation_times/*.csv`, and name them in the rows.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    for folder in ("spectra", "relaxation_times"):
        (directory / folder).mkdir(exist_ok=True)
    for index, one in enumerate(analysed, start=1):
        stem = f"{index:03d}-{re.sub(r'[^A-Za-z0-9._=-]+', '-', Path(one.row.name).stem)[:60]}"
        parts = [one.spectrum.impedance_ohm, one.fit.impedance_ohm, 100 * one.test.residual]
        columns = [one.spectrum.frequency_Hz, *(part for each in parts for part in (np.real(each), np.imag(each)))]
        one.row.points_file = f"spectra/{stem}.csv"
        write_atomically(directory / one.row.points_file, _csv(POINT_COLUMNS, np.stack(columns, axis=1)))
        table = np.stack([one.distribution.tau_s, one.distribution.gamma_ohm], axis=1)
        one.row.relaxation_file = f"relaxation_times/{stem}.csv"
        write_atomically(directory / one.row.relaxation_file, _csv(("tau_s", "gamma_ohm"), table))


def _csv(header: Sequence[str], values: np.ndarray) -> str:
    rows = [",".join(header), *(",".join(f"{number:.8g}" for number in row) for row in values)]
    return "\n".join(rows) + "\n"
