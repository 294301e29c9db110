"""`onsager`: transport of several mobile species together, with the correlation between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.motion.choices import doubt_of_charge
from paddlewheel.studies.motion.hop_distance import HopDistance, hop_distance
from paddlewheel.studies.motion.page import charge_sentences
from paddlewheel.studies.motion.record import UNCHECKED_CHARGE
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, ChargeAnyway, TrajectorySettings
from paddlewheel.studies.onsager.record import MSD, OnsagerRecord, PairResult, SpeciesResult
from paddlewheel.study.run import Run
from paddlewheel.study.settings import NamedNumbers, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import displacements
from paddlewheel.transport import DiffusivityEstimate, OnsagerCoefficients, Quantity, onsager_coefficients

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


class OnsagerSettings(TrajectorySettings, ChargeAnyway):
    """Settings of `onsager`."""

    species: NamedNumbers | None = setting(
        None,
        "Mobile species with their charges in e, such as Na=1,Li=1; by default the one of the run directory",
        aliases=("specie", "ion"),
        each=(-8.0, 8.0),
    )
    minimum_onset_ps: float | None = setting(
        None,
        "Earliest lag at which the fit of the MSD may begin, ps; by default 1 where the MSD bends before.",
        ge=0,
        may_change=True,
    )
    hop_distance_A: NamedNumbers | None = setting(
        None,
        "Distances of a hop in A, such as Na=3.1; by default that of an ion to the atoms around it",
        each=(0.01, 20.0),
    )
    drift: Literal["framework", "all", "none"] = setting(
        "framework", "Drift that is removed; the framework is all atoms that are none of the species"
    )


@dataclass(frozen=True, kw_only=True)
class OnsagerInputs:
    """The runs, the charge of each mobile species and why chemistry doubts it, and the temperature."""

    runs: MotionRuns
    species: Mapping[str, float]
    temperature_K: float
    doubts: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {
            "species": dict(self.species),
            **self.runs.document("name", "n_frames", "frame_interval_fs", "sha256"),
        }


def _opens(trajectories: Trajectories, settings: OnsagerSettings) -> OnsagerInputs:
    runs = open_runs(trajectories, settings)
    if runs.temperature_K is None:
        raise SettingsError("is needed", where="temperature_K", remedy="give the temperature of the run in K")
    known = {runs.specie: runs.charge_e} if runs.specie is not None and runs.charge_e is not None else {}
    species = settings.species or known
    if not species:
        raise SettingsError(
            "is needed", where="species", remedy="give the mobile species with their charges: Na=1,Li=1"
        )
    there = runs.cell.get_chemical_symbols()
    for name in species:
        if name not in there:
            told = ", ".join(sorted(set(there)))
            raise SettingsError(f"no {name} here (there are {told})", where="species", remedy="name one of them")
    for name in settings.hop_distance_A or ():
        if name not in species:
            raise SettingsError(
                f"{name} is none of the mobile species ({', '.join(species)})", where="hop_distance_A",
                remedy="give one of them, or leave it out",
            )  # fmt: skip
    # the charge of a run directory was judged when it was made
    doubts = [
        doubt_of_charge(name, charge, where="species", anyway=settings.charge_anyway or settings.species is None)
        for name, charge in species.items()
    ]
    return OnsagerInputs(
        runs=runs,
        species=species,
        temperature_K=runs.temperature_K,
        doubts=tuple(doubt for doubt in doubts if doubt is not None),
    )


def _measures(inputs: OnsagerInputs, settings: OnsagerSettings, run: Run) -> OnsagerRecord:
    runs, species = inputs.runs, inputs.species
    replicas, volumes = [], []
    for trajectory in runs.runs:
        mobile = np.array([index for index, symbol in enumerate(trajectory.symbols) if symbol in species])
        paths = displacements(trajectory, specie=mobile, drift=settings.drift)
        names = np.array([trajectory.symbols[index] for index in paths.indices])
        replicas.append([paths.positions_A[:, names == name] for name in species])
        volumes.append(paths.mean_volume_A3)
    given = settings.hop_distance_A or {}
    hops = [hop_distance(runs.runs[0], specie=name, given_A=given.get(name)) for name in species]
    found = onsager_coefficients(
        replicas,
        charges_e=list(species.values()),
        mean_volume_A3=float(np.mean(volumes)),
        temperature_K=inputs.temperature_K,
        frame_interval_fs=runs.frame_interval_fs,
        hop_distance_A=[hop.value_A for hop in hops],
        minimum_onset_ps=settings.minimum_onset_ps,
    )
    notes = [f"{name}: {note}" for name, tracer in zip(species, found.tracers, strict=True) for note in tracer.notes]
    fields = runs.common_fields(run)
    if inputs.doubts:
        fields["unchecked"].append(UNCHECKED_CHARGE)
    return OnsagerRecord(
        **fields,
        specie="+".join(species),
        files={"MSD of single ions": _keep_table(found, species, run)},
        citations=list(_CITATIONS),
        mean_volume_A3=float(np.mean(volumes)),
        species=_species(found, species, [paths.shape[1] for paths in replicas[0]], hops),
        warnings=[*runs.warnings, *inputs.doubts, *notes],
        **_results(found, list(species)),
    )


def _species(
    found: OnsagerCoefficients, species: Mapping[str, float], counts: list[int], hops: list[HopDistance]
) -> list[SpeciesResult]:
    known = found.status == "ok"
    return [
        SpeciesResult(
            specie=name,
            charge_e=charge,
            n_ions=counts[place],
            hop_distance_A=hops[place].value_A,
            hop_distance_from=hops[place].origin,
            diffusivity_cm2_per_s=_diffusivity(tracer),
            diffusivity_95_cm2_per_s=tracer.interval_95_cm2_per_s,
            self_per_J_m_s=_measured(found.self_per_J_m_s[place]) if known else None,
            transference=_measured(found.transference[place]) if known else None,
            transference_95=found.transference[place].interval_95 if known else None,
        )
        for place, ((name, charge), tracer) in enumerate(zip(species.items(), found.tracers, strict=True))
    ]


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
        "conductivity_mS_per_cm": sigma and _measured(sigma),
        "conductivity_95_mS_per_cm": sigma and sigma.interval_95,
        "nernst_einstein_mS_per_cm": single and _measured(single),
        "nernst_einstein_95_mS_per_cm": single and single.interval_95,
        "haven_ratio": haven and _measured(haven),
        "haven_ratio_68": haven and haven.interval_68,
        "haven_ratio_95": haven and haven.interval_95,
        "fit_onset_ps": found.fit_onset_ps,
        "fit_last_lag_ps": found.fit_last_lag_ps,
    }


def _measured(quantity: Quantity) -> Measured:
    return Measured(
        value=quantity.value,
        std=quantity.std,
        interval_68=quantity.interval_68,
        interval_95=quantity.interval_95,
    )


def _diffusivity(tracer: DiffusivityEstimate) -> Measured | None:
    return Measured.or_none(
        tracer.value_cm2_per_s,
        tracer.std_cm2_per_s,
        interval_68=tracer.interval_68_cm2_per_s,
        interval_95=tracer.interval_95_cm2_per_s,
    )


def _keep_table(found: OnsagerCoefficients, species: Mapping[str, float], run: Run) -> str:
    columns: dict[str, np.ndarray] = {"lag_ps": found.tracers[0].curve.lag_ps}
    for name, tracer in zip(species, found.tracers, strict=True):
        columns |= {f"msd_{name}_A2": tracer.curve.msd_A2, f"std_{name}_A2": tracer.curve.std_A2}
    return run.table(MSD, columns)


def _says(record: OnsagerRecord) -> list[str]:
    if record.conductivity_mS_per_cm is None or record.haven_ratio is None or record.haven_ratio_95 is None:
        return [f"not determined: {record.reason}"]
    charges = charge_sentences(record.unchecked, {row.specie: row.charge_e for row in record.species})
    sigma, haven, ends = record.conductivity_mS_per_cm, record.haven_ratio, record.haven_ratio_95
    lines = [
        f"collective conductivity {sigma.value:.3g} +- {sigma.std:.2g} mS/cm",
        f"Haven ratio {haven.value:.3g} +- {haven.std:.2g} (95 %: {ends[0]:.3g} to {ends[1]:.3g})",
    ]
    lines += [
        f"{row.specie}: transference number {row.transference.value:.3g} +- {row.transference.std:.2g}"
        for row in record.species
        if row.transference is not None and len(record.species) > 1
    ]
    return [*lines, *charges]


STUDY = Study(
    command="onsager",
    arguments=(TRAJECTORIES,),
    settings=OnsagerSettings,
    record=OnsagerRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    failed=lambda record: record.conductivity_mS_per_cm is None,
    example="paddlewheel onsager run.zarr --species Na=1,Li=1 --temperature 600",
    notes="Of trajectory files, temperature and species have to be given. Several runs are replicas of each other.",
)
