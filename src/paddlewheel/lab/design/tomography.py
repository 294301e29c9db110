"""Inputs of a design that a record of `tomography measure` gives: tortuosity, volume fraction and conductivity, and the
MacMullin number, whose error is that of the composite's resistance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.records import Measured

MACMULLIN = "catholyte_macmullin_number"
"""tau/eps of the composite, as one input: the errors of both hang together. Designs without a tomogram have none."""
_REMEDY = "give the run directory of `tomography measure`"


def inputs_of_tomography(directory: Path) -> dict[str, dict[str, Any]]:
    """Assumptions by name, with the ends of their 95 % intervals: of the ionic flow through the electrode.

    With them the composite's L tau/(3 eps sigma) is L/(3 sigma_eff) of the record, and `MACMULLIN` = tau/eps is swept
    between the ends of sigma_eff, so that the resistance is as unsure as that is. Several conductors count as one with
    their mean conductivity; without conductivities that of the design stays. A record without intervals has no ends.

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
    said = {"given_by": f"tomography {name}", "note": f"{names} along {through}"}
    tau, macmullin = (Measured.model_validate(row[key]) for key in ("tortuosity_factor", "macmullin_number"))
    fraction = float(row["volume_fraction"])
    of_phase = [Measured.model_validate(phase["volume_fraction"]) for phase in document["phases"]
                if [phase["label"]] == row["conducting"]]  # fmt: skip
    found = {
        "tortuosity_factor": {"value": tau.value, **_ends(tau), **said},
        "catholyte_volume_fraction": {"value": fraction, **(_ends(of_phase[0]) if of_phase else {}), **said},
        MACMULLIN: {"value": tau.value / fraction, **_ends(macmullin, scale=tau.value / fraction), **said},
    }
    if row["effective_conductivity_mS_per_cm"] is not None:
        effective = Measured.model_validate(row["effective_conductivity_mS_per_cm"])
        found["catholyte_conductivity_mS_per_cm"] = {"value": effective.value * tau.value / fraction, **said}
    return found


def _ends(found: Measured, *, scale: float | None = None) -> dict[str, float]:
    """`std`, `low` and `high`, of the value `scale` where that is given; none of them without an interval."""
    if found.interval_95 is None:
        return {}
    value = found.value if scale is None else scale
    low, high = (value * (end / found.value) for end in found.interval_95)
    return {"std": value * (found.std / found.value), "low": min(low, value), "high": max(high, value)}
