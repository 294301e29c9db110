"""Inputs of a design that a record of `tomography measure` gives: tortuosity, volume fraction and conductivity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.records import Measured

_REMEDY = "give the run directory of `tomography measure`"


def inputs_of_tomography(directory: Path) -> dict[str, dict[str, Any]]:
    """Assumptions by name, with the ends of their 95 % intervals: of the ionic flow through the electrode.

    With them the composite's L tau/(3 eps sigma) is L/(3 sigma_eff) of the record. Several conductors count as one with
    their mean conductivity; without conductivities that of the design stays.

    Raises
    ------
    DataError
        If there is no such record, or ions do not percolate in it.
    """
    path = directory / "result.json" if directory.is_dir() else directory
    document = read_json(path, DataError, remedy=_REMEDY)
    if not isinstance(document, Mapping) or document.get("kind") != "tomography":
        raise DataError("is no record of tomography measure", where=path, remedy=_REMEDY)
    try:
        return _assumptions(document, directory.name, path)
    except (KeyError, TypeError, ValidationError) as error:
        problem = "is no record of tomography measure that can be read"
        raise DataError(problem, where=path, remedy="run it again") from error


def _assumptions(document: Mapping[str, Any], name: str, path: Path) -> dict[str, dict[str, Any]]:
    through = document["through"]
    rows = [row for row in document["transport"] if row["carrier"] == "ionic" and row["axis"] == through]
    if not rows:
        raise DataError(
            f"has no flow of ions along {through}", where=path,
            remedy=f"run `tomography measure` with --conducting and the axis {through}",
        )  # fmt: skip
    row = rows[0]
    names = ", ".join(row["conducting_names"])
    if row["tortuosity_factor"] is None:
        raise DataError(f"{names} does not percolate along {through}: no resistance follows", where=path,
                        remedy="give a stack in which it does, or tortuosity_factor")  # fmt: skip
    tau = Measured.model_validate(row["tortuosity_factor"])
    low, high = tau.interval_95 or (tau.value, tau.value)
    said = {"given_by": f"tomography {name}", "note": f"{names} along {through}"}
    found = {
        "tortuosity_factor": {"value": tau.value, "low": low, "high": high, **said},
        "catholyte_volume_fraction": {"value": float(row["volume_fraction"]), **said},
    }
    if row["effective_conductivity_mS_per_cm"] is not None:
        effective = Measured.model_validate(row["effective_conductivity_mS_per_cm"])
        mean = effective.value * tau.value / float(row["volume_fraction"])
        found["catholyte_conductivity_mS_per_cm"] = {"value": mean, **said}
    return found
