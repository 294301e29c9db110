"""What one study reads of another through the sample file: phases by diffraction beside those by NMR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.lab.phase_amounts import PhaseAmount, SeenByDiffraction, compare_amounts, weights_of_nuclei
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.records import Measured

_REMEDY = "give the run directory of that study"


def beside_nmr(sample_file: str | Path, phases: Sequence[SeenByDiffraction]) -> list[PhaseAmount]:
    """Phases of a fit beside those that the NMR record of the sample counts; empty where it names none.

    Raises
    ------
    DataError
        For a sample or record that cannot be read, or sites that it does not have.
    """
    sample = load_sample(sample_file)
    path = sample.record_path("nmr", sample=sample_file)
    return [] if path is None else _together(sample, phases, read_json(path, DataError, remedy=_REMEDY), path)


def beside_diffraction(sample_file: str | Path, nmr: Mapping[str, Any]) -> list[PhaseAmount]:
    """The same for a record of `nmr spectrum` (as JSON has it) beside the XRD record of the sample.

    Raises
    ------
    DataError
        As `beside_nmr`.
    """
    sample = load_sample(sample_file)
    path = sample.record_path("xrd", sample=sample_file)
    return [] if path is None else _together(sample, read_diffraction(path), nmr, Path(sample_file))


def check_names(sample_file: str | Path, kind: str) -> None:
    """Refuse a sample that names no record of a kind (`xrd`, `nmr`), or one that is not there, before any work is done.

    Raises
    ------
    DataError
        For it.
    """
    if load_sample(sample_file).record_path(kind, sample=sample_file) is None:
        raise DataError(f"names no {kind} record", where=sample_file, remedy=f"add {kind}: the run directory to it")


def read_diffraction(path: Path) -> list[SeenByDiffraction]:
    """The phases of a record of `xrd fit`.

    Raises
    ------
    DataError
        For another record.
    """
    document = read_json(path, DataError, remedy=_REMEDY)
    rows = [row for row in _rows(document, "xrd-fit", "phases", path) if row.get("pattern", 1) == 1]
    found = []
    for row in rows:
        weight = _measured(row.get("weight_fraction"), path)
        limit = row.get("detection_limit")
        if weight is not None:
            present, formula = row.get("is_present"), row.get("formula")
            found.append(
                SeenByDiffraction(
                    name=str(row.get("name")), weight_fraction=weight,
                    detection_limit=float(limit) if isinstance(limit, int | float) else None,
                    is_present=present if isinstance(present, bool) else None,
                    formula=formula if isinstance(formula, str) else None,
                )
            )  # fmt: skip
    return found


def _rows(document: Any, kind: str, rows: str, path: Path) -> list[dict[str, Any]]:
    found = document.get(rows) if isinstance(document, Mapping) and document.get("kind") == kind else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise DataError(f"is no record of {kind.replace('-', ' ')}", where=path, remedy=_REMEDY)
    return found


def _measured(given: Any, path: Path) -> Measured | None:
    try:
        return None if given is None else Measured.model_validate(given)
    except ValidationError:
        raise DataError("a fraction that is no value with its std", where=path, remedy="run the study again") from None


def _together(
    sample: Sample, phases: Sequence[SeenByDiffraction], nmr: Mapping[str, Any], path: Path
) -> list[PhaseAmount]:
    named = [*phases, *sample.components]
    formulas = {phase.name: _plain(phase.formula) for phase in named if phase.formula}
    return compare_amounts(phases, _weights(sample, nmr, path), formulas=formulas)


def _weights(sample: Sample, nmr: Mapping[str, Any], path: Path) -> dict[str, Measured]:
    """Weight fractions by NMR: by the sites of the sample's components, else by the compounds of the record."""
    sites = [row for row in _rows(nmr, "nmr-spectrum", "sites", path) if row.get("spectrum", 1) == 1]
    if any(phase.nmr_sites for phase in sample.components):
        spectra = nmr.get("spectra")
        first = spectra[0] if isinstance(spectra, list) and spectra and isinstance(spectra[0], dict) else {}
        shares = [_measured(row.get("fraction"), path) for row in sites]
        covariance = np.array(first.get("covariance", []), dtype=float)
        if covariance.shape != (len(sites), len(sites)) or None in shares:
            raise DataError("fractions without their covariance", where=path, remedy="run nmr spectrum again")
        values = np.array([share.value for share in shares if share is not None])
        return weights_of_nuclei([str(row.get("name")) for row in sites], values, covariance, sample.components)
    names = {_plain(phase.formula): phase.name for phase in sample.components if phase.formula}
    compounds = [row for row in nmr.get("compounds") or [] if isinstance(row, dict) and row.get("spectrum", 1) == 1]
    if not compounds:
        raise DataError(
            "NMR beside XRD needs to know which site is which phase", where=path,
            remedy="give nmr_sites to the components of the sample, or --formulas to nmr spectrum",
        )  # fmt: skip
    found = {}
    for row in compounds:
        weight = _measured(row.get("mass_fraction"), path)
        if weight is not None:
            found[names.get(_plain(str(row.get("formula"))), str(row.get("formula")))] = weight
    return found


def _plain(formula: str | None) -> str:
    """A formula by its elements, however it is written."""
    from pymatgen.core import Composition

    try:
        return Composition(formula or "").reduced_formula
    except ValueError:
        return str(formula)
