"""`onsager`: transport of several mobile species together, with the correlation between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import (
    Citation,
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.motion.choices import (
    check_temperatures,
)
from paddlewheel.studies.motion.correlation_settings import (
    document,
)
from paddlewheel.studies.motion.runs import (
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.studies.onsager.record import (
    OnsagerRecord,
    PairResult,
    SpeciesResult,
)
from paddlewheel.trajectories import displacements
from paddlewheel.trajectories.unwrap import Drift
from paddlewheel.transport import OnsagerCoefficients, Quantity, onsager_coefficients

_CITATIONS = (
    Citation(
        what="Onsager coefficients from displacements",
        reference="Fong, Self, McCloskey, Persson, Macromolecules 53, 9503 (2020)",
        doi="10.1021/acs.macromol.0c02001",
    ),
    Citation(
        what="generalized least squares on the MSD",
        reference="Bullerjahn, von Buelow, Hummer, J. Chem. Phys. 153, 024116 (2020)",
        doi="10.1063/5.0008312",
    ),
    Citation(
        what="Haven ratio", reference="Murch, Solid State Ionics 7, 177 (1982)", doi="10.1016/0167-2738(82)90050-9"
    ),
)


def onsager(
    trajectories: Trajectories,
    *,
    species: Mapping[str, float],
    temperature_K: float,
    minimum_onset_ps: float = 0.0,
    drift: Drift = "framework",
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> OnsagerRecord:
    """Onsager coefficients of the mobile species, the conductivity they add up to, Haven ratio, transference numbers.

    Parameters
    ----------
    trajectories
        One or several of the same material at the same temperature: replicas.
    species
        Charge (e) of each mobile species, by element.
    temperature_K
        Of the runs.
    minimum_onset_ps
        Earliest lag at which the fit of the MSD may begin.
    drift
        Which drift is removed: ``framework`` (all atoms that are none of the species), ``all`` or ``none``.
    frame_interval_fs, type_map, skip_ps
        As `open_runs`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent species, frames too far apart, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import onsager
    >>> found = onsager("run.zarr", species={"Na": 1, "Li": 1}, temperature_K=800)  # doctest: +SKIP
    """
    check_temperatures([temperature_K], arrhenius=False)
    if not species:
        raise SettingsError("none given", where="species", remedy="give the mobile ones with their charges: Na=1,Li=1")
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    there = runs.cell.get_chemical_symbols()
    for name, charge in species.items():
        if name not in there:
            raise SettingsError(f"no {name} here (there are {', '.join(sorted(set(there)))})", where="species",
                                remedy="name one of them")  # fmt: skip
        if not (np.isfinite(charge) and charge != 0):
            raise SettingsError(f"{name} of charge {charge:g} e carries no current", where="species",
                                remedy="give its oxidation state")  # fmt: skip
    replicas, volumes = [], []
    for run in runs.runs:
        mobile = np.array([i for i, symbol in enumerate(run.symbols) if symbol in species])
        paths = displacements(run, specie=mobile, drift=drift)
        names = np.array([run.symbols[i] for i in paths.indices])
        replicas.append([paths.positions_A[:, names == name] for name in species])
        volumes.append(paths.mean_volume_A3)
    found = onsager_coefficients(
        replicas,
        charges_e=list(species.values()),
        mean_volume_A3=float(np.mean(volumes)),
        temperature_K=temperature_K,
        frame_interval_fs=runs.frame_interval_fs,
        minimum_onset_ps=minimum_onset_ps,
    )
    inputs = runs.inputs()
    settings = document(
        "onsager",
        {
            "species": dict(species),
            "temperature_K": temperature_K,
            "minimum_onset_ps": minimum_onset_ps,
            "drift": drift,
        },
        inputs,
        skip_ps=skip_ps,
    )
    record = OnsagerRecord(
        **runs.common_fields(settings, inputs),
        specie="+".join(species),
        temperature_K=temperature_K,
        files={"MSD of single ions": "msd.csv"},
        citations=list(_CITATIONS),
        mean_volume_A3=float(np.mean(volumes)),
        species=_species(found, species, [one.shape[1] for one in replicas[0]]),
        warnings=[f"{name}: {note}" for name, one in zip(species, found.tracers, strict=True) for note in one.notes],
        **_results(found, list(species)),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_tables(found, list(species), directory)
            write_record(record, directory / "result.json")
    return record


def _species(found: OnsagerCoefficients, species: Mapping[str, float], counts: list[int]) -> list[SpeciesResult]:
    rows = []
    for k, (name, charge) in enumerate(species.items()):
        tracer = found.tracers[k]
        known = found.status == "ok"
        rows.append(
            SpeciesResult(
                specie=name,
                charge_e=charge,
                n_ions=counts[k],
                diffusivity_cm2_per_s=Measured.or_none(tracer.value_cm2_per_s, tracer.std_cm2_per_s),
                diffusivity_95_cm2_per_s=tracer.interval_95_cm2_per_s,
                self_per_J_m_s=_measured(found.self_per_J_m_s[k]) if known else None,
                transference=_measured(found.transference[k]) if known else None,
                transference_95=found.transference[k].interval_95 if known else None,
            )
        )
    return rows


def _results(found: OnsagerCoefficients, names: list[str]) -> dict[str, Any]:
    sigma, single, haven = found.conductivity_mS_per_cm, found.nernst_einstein_mS_per_cm, found.haven_ratio
    return {
        "status": found.status,
        "reason": found.reason,
        "pairs": [
            PairResult(
                first=names[pair.first],
                second=names[pair.second],
                coefficient_per_J_m_s=_measured(pair.coefficient_per_J_m_s),
                coefficient_95_per_J_m_s=pair.coefficient_per_J_m_s.interval_95,
                distinct_per_J_m_s=_measured(pair.distinct_per_J_m_s),
                distinct_95_per_J_m_s=pair.distinct_per_J_m_s.interval_95,
                conductivity_mS_per_cm=_measured(pair.conductivity_mS_per_cm),
                conductivity_95_mS_per_cm=pair.conductivity_mS_per_cm.interval_95,
            )
            for pair in found.pairs
        ],
        "conductivity_mS_per_cm": None if sigma is None else _measured(sigma),
        "conductivity_95_mS_per_cm": None if sigma is None else sigma.interval_95,
        "nernst_einstein_mS_per_cm": None if single is None else _measured(single),
        "nernst_einstein_95_mS_per_cm": None if single is None else single.interval_95,
        "haven_ratio": None if haven is None else _measured(haven),
        "haven_ratio_68": None if haven is None else haven.interval_68,
        "haven_ratio_95": None if haven is None else haven.interval_95,
        "fit_onset_ps": found.fit_onset_ps,
        "fit_last_lag_ps": found.fit_last_lag_ps,
    }


def _measured(quantity: Quantity) -> Measured:
    return Measured(value=quantity.value, std=quantity.std)


def _write_tables(found: OnsagerCoefficients, names: list[str], directory: Path) -> None:
    columns: dict[str, np.ndarray] = {"lag_ps": found.tracers[0].curve.lag_ps}
    for name, tracer in zip(names, found.tracers, strict=True):
        columns |= {f"msd_{name}_A2": tracer.curve.msd_A2, f"std_{name}_A2": tracer.curve.std_A2}
    write_table(directory / "msd.csv", columns)
