"""Numbers of another analysis of the same spectra, point by point beside ours."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from paddlewheel.errors import DataError
from paddlewheel.lab.ranges import check_quantity
from paddlewheel.records import Measured
from paddlewheel.studies.eis.record import ComparedValue, EisRecord

COLUMNS = ("part", "quantity", "temperature_K", "value", "std")
_PARTS = ("bulk", "grain_boundary", "total")
_QUANTITIES = {"conductivity_mS_per_cm": 1.0, "conductivity_S_per_cm": 1e3, "activation_energy_eV": 1.0}
_SAME_K = 0.5


def read_beside(path: str | Path) -> list[ComparedValue]:
    """The rows of a CSV file `part,quantity,temperature_K,value,std`, without ours.

    `part` is bulk, grain_boundary or total; `quantity` conductivity_S_per_cm, conductivity_mS_per_cm (both kept in the
    latter), or activation_energy_eV, which has no temperature.

    Raises
    ------
    DataError
        If it cannot be read, a row is no such row, or a number of it is outside its range of sense.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
            header = tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read ({error})", where=path, remedy="give a CSV file") from error
    if header != COLUMNS or not rows:
        raise DataError(f"columns {', '.join(header) or 'none'}", where=path, remedy=f"give {', '.join(COLUMNS)}")
    return [_row(row, path, line) for line, row in enumerate(rows, start=2)]


def _row(row: dict[str, str], path: Path, line: int) -> ComparedValue:
    part, quantity = (row["part"] or "").strip(), (row["quantity"] or "").strip()
    try:
        value, std = float(row["value"]), float(row["std"] or 0)
        kelvin = None if quantity == "activation_energy_eV" else float(row["temperature_K"])
    except (TypeError, ValueError):
        value, std, kelvin = math.nan, 0.0, None
    if part not in _PARTS or quantity not in _QUANTITIES or not all(map(math.isfinite, (value, std, kelvin or 0.0))):
        raise DataError(
            f"line {line}: {','.join(map(str, row.values()))}",
            where=path,
            remedy=f"give {', '.join(_PARTS)}; {', '.join(_QUANTITIES)}; a temperature in K; a value and its error",
        )
    factor = _QUANTITIES[quantity]
    name = "activation_energy_eV" if quantity == "activation_energy_eV" else "conductivity_mS_per_cm"
    check_quantity(name, factor * value, factor * std, where=f"{path}, line {line}")
    if kelvin is not None:
        check_quantity("temperature_K", kelvin, where=f"{path}, line {line}")
    other = Measured(value=factor * value, std=factor * std)
    return ComparedValue(part=part, quantity=name, temperature_K=kelvin, other=other)


def set_beside(rows: list[ComparedValue], record: EisRecord) -> None:
    """Fill in ours, and the difference in units of the joint error; temperatures are the same within 0.5 K."""
    for row in rows:
        if row.quantity == "activation_energy_eV":
            fit = getattr(record.arrhenius, row.part)
            row.ours = None if fit is None else fit.activation_energy_eV
        else:
            near = [
                spectrum
                for spectrum in record.spectra
                if spectrum.temperature_K is not None
                and abs(spectrum.temperature_K - (row.temperature_K or 0.0)) < _SAME_K
            ]
            row.ours = getattr(near[0].conductivity_mS_per_cm, row.part) if near else None
        if row.ours is not None:
            joint = math.hypot(row.ours.std, row.other.std)
            row.difference_in_joint_errors = (row.ours.value - row.other.value) / joint if joint else None
    record.beside = rows
