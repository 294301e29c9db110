"""`spectra`: vibrations of each element and turning of the anions, from the motion of the atoms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import Columns
from paddlewheel.studies.motion.anions import anion_motion, find_anions
from paddlewheel.studies.motion.choices import choose_specie
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, first_atoms, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, MotionSettings
from paddlewheel.studies.spectra.record import (
    DIRECTIONS,
    VELOCITIES,
    ElementSpectrum,
    OrientationSpectrum,
    SpectraRecord,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import displacements
from paddlewheel.transport import (
    Spectrum,
    find_band,
    highest_wavenumber,
    orientation_spectrum,
    power_spectrum,
    unit_vectors,
)
from paddlewheel.units import ATOMIC_MASS_KG, BOLTZMANN_J_PER_K, SPEED_OF_LIGHT_CM_PER_FS

LEAST_HIGHEST_PER_CM = 300.0
"""Lattice vibrations of salts reach about this: frames that cannot show them (over 55 fs apart) fold all of it back."""
HYDROGEN_PER_CM = 4000.0
"""Bonds of hydrogen vibrate at up to this (O-H 3700, C-H 3100, B-H 2500 1/cm), all else below 2300 1/cm (C-N)."""
OTHERS_PER_CM = 2300.0
LOW_PER_CM = 50.0
"""Turning: lattice librations of borohydrides begin above."""
_STRETCHES = 4
_U_A2_PER_FS2_IN_J = ATOMIC_MASS_KG * 1e-20 / 1e-30
_CITATIONS = (
    Citation(
        what="power spectra from segments",
        reference="Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967)",
        doi="10.1109/TAU.1967.1161901",
    ),
)


class SpectraSettings(MotionSettings):
    """Settings of `spectra`."""

    segment_fs: float = setting(
        1000.0, "Length of a segment, fs: lines nearer than about 2 over it (67 1/cm for 1 ps) are one", gt=0
    )


@dataclass(frozen=True, kw_only=True)
class SpectraInputs:
    """The runs, whose frames can show a spectrum, and the mobile ion, which is in no anion."""

    runs: MotionRuns
    specie: str

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {"specie": self.specie, **self.runs.document("name", "n_frames", "frame_interval_fs", "sha256")}


def _opens(trajectories: Trajectories, settings: SpectraSettings) -> SpectraInputs:
    runs = open_runs(trajectories, settings)
    specie = choose_specie(runs.cell, runs.specie)
    _check(runs, settings.segment_fs)
    return SpectraInputs(runs=runs, specie=specie)


def _check(runs: MotionRuns, segment_fs: float) -> None:
    interval_fs = runs.frame_interval_fs
    if segment_fs < 8 * interval_fs:
        raise SettingsError(
            f"{segment_fs:g} fs hold fewer than 8 frames",
            where="segment_fs",
            remedy=f"give at least {8 * interval_fs:g} fs",
        )
    highest = highest_wavenumber(interval_fs)
    if highest < LEAST_HIGHEST_PER_CM:
        raise InputError(
            f"a frame every {interval_fs:g} fs shows nothing above {highest:.0f} 1/cm and folds vibrations below it",
            remedy=f"write a frame at least every {0.5 / LEAST_HIGHEST_PER_CM / SPEED_OF_LIGHT_CM_PER_FS:.0f} fs",
        )
    for run in runs.runs:
        length_fs = (run.n_frames - 1) * interval_fs
        if length_fs < segment_fs:
            raise InputError(
                f"a segment of {segment_fs:g} fs is longer than the run ({length_fs:g} fs)",
                where=run.source,
                remedy="give a shorter segment",
            )


def _measures(inputs: SpectraInputs, settings: SpectraSettings, run: Run) -> SpectraRecord:
    runs = inputs.runs
    symbols = runs.cell.get_chemical_symbols()
    velocities = {element: _of_velocities(runs, element, settings.segment_fs) for element in sorted(set(symbols))}
    # each run by its own first frame: another one may be wrapped, or have its atoms in another order
    anions = [find_anions(first_atoms(trajectory), mobile=inputs.specie) for trajectory in runs.runs]
    motions = [
        anion_motion(trajectory, found, specie=inputs.specie)
        for trajectory, found in zip(runs.runs, anions, strict=True)
    ]
    directions, orientations = {}, []
    for kind in dict.fromkeys(kind for motion in motions for kind in motion.bonds_A):
        bonds = [motion.bonds_A[kind] for motion in motions]
        n_anions = sum(anion.kind == kind for anion in anions[0])
        directions[kind], row = _of_directions(kind, bonds, n_anions, runs.frame_interval_fs, settings.segment_fs)
        orientations.append(row)
    files = {"velocities": run.table(VELOCITIES, _columns(velocities))}
    if directions:
        files["directions of bonds"] = run.table(DIRECTIONS, _columns(directions))
    highest = highest_wavenumber(runs.frame_interval_fs)
    return SpectraRecord(
        **runs.common_fields(run),
        specie=inputs.specie,
        files=files,
        warnings=[*runs.warnings, *_warnings(set(symbols), highest)],
        citations=list(_CITATIONS),
        segment_fs=settings.segment_fs,
        resolution_per_cm=next(iter(velocities.values()))[0].resolution_per_cm,
        highest_per_cm=highest,
        elements=[
            ElementSpectrum(
                element=element,
                n_atoms=symbols.count(element),
                peak_per_cm=_over(parts, _peak),
                centre_per_cm=_over(parts, _centre),
                temperature_K=_over(parts, _temperature_K),
            )
            for element, parts in velocities.items()
        ],
        orientations=orientations,
    )


def _of_velocities(runs: MotionRuns, element: str, segment_fs: float) -> list[Spectrum]:
    """The spectrum of each stretch of each run."""
    spectra = []
    for run in runs.runs:
        path = displacements(run, specie=element, drift="none").positions_A
        masses_u = run.masses_u[[index for index, symbol in enumerate(run.symbols) if symbol == element]]
        spectra += [
            power_spectrum(part, masses_u=masses_u, frame_interval_fs=runs.frame_interval_fs, segment_fs=segment_fs)
            for part in _stretches(path, runs.frame_interval_fs, segment_fs)
        ]
    return spectra


def _of_directions(
    kind: str, bonds_A: Sequence[np.ndarray], n_anions: int, frame_interval_fs: float, segment_fs: float
) -> tuple[list[Spectrum], OrientationSpectrum]:
    """The spectrum of each stretch of each run, and the row of the record, for the bonds of one kind of anion."""
    options = {"frame_interval_fs": frame_interval_fs, "segment_fs": segment_fs}
    spectra = [
        orientation_spectrum(part, **options)[0]
        for run in bonds_A
        for part in _stretches(run, frame_interval_fs, segment_fs)
    ]
    whole = [orientation_spectrum(run, **options)[1] for run in bonds_A]
    by_vector = np.concatenate([_mobile_shares(run) for run in bonds_A])
    share_std = by_vector.std(ddof=1) / np.sqrt(by_vector.size) if by_vector.size > 1 else None
    row = OrientationSpectrum(
        anion=kind,
        n_anions=n_anions,
        n_vectors=bonds_A[0].shape[1],
        peak_per_cm=_over(spectra, _libration),
        mobile_share=Measured.or_none(float(np.mean(whole)), share_std),
        low_share=_over(spectra, _low_share),
        low_below_per_cm=LOW_PER_CM,
    )
    return spectra, row


def _warnings(elements: set[str], highest_per_cm: float) -> list[str]:
    fastest = HYDROGEN_PER_CM if "H" in elements else OTHERS_PER_CM
    if highest_per_cm >= fastest:
        return []
    return [
        f"frames show nothing above {highest_per_cm:.0f} 1/cm: vibrations faster than that (up to {fastest:.0f} 1/cm "
        "may be expected of these elements) are folded back below it, where their energy is misread"
    ]


def _stretches(path: np.ndarray, frame_interval_fs: float, segment_fs: float) -> list[np.ndarray]:
    """Up to four equal stretches of a path, each of two segments at least where there is more than one."""
    n = int(np.clip((path.shape[0] - 1) * frame_interval_fs / (2 * segment_fs), 1, _STRETCHES))
    return np.array_split(path, n)


def _over(parts: Sequence[Spectrum], read: Callable[[Spectrum], float | None]) -> Measured | None:
    """Mean and standard error of what is read off the spectrum of each stretch."""
    values = [read(part) for part in parts]
    known = [value for value in values if value is not None]
    if len(known) < 2 or len(known) < len(values):
        return None
    return Measured.or_none(float(np.mean(known)), float(np.std(known, ddof=1) / np.sqrt(len(known))))


def _peak(spectrum: Spectrum) -> float | None:
    band = find_band(spectrum, low_per_cm=spectrum.resolution_per_cm, high_per_cm=spectrum.wavenumber_per_cm[-1])
    return None if band is None else band.peak_per_cm


def _libration(spectrum: Spectrum) -> float | None:
    """Where power times wavenumber squared, the speed of turning, is highest above `LOW_PER_CM`."""
    speeds = replace(spectrum, power=spectrum.power * spectrum.wavenumber_per_cm**2)
    band = find_band(speeds, low_per_cm=LOW_PER_CM, high_per_cm=float(spectrum.wavenumber_per_cm[-1]))
    return None if band is None else band.peak_per_cm


def _centre(spectrum: Spectrum) -> float | None:
    total = float(spectrum.power.sum())
    return float(spectrum.wavenumber_per_cm @ spectrum.power) / total if total > 0 else None


def _temperature_K(spectrum: Spectrum) -> float | None:
    """<m v^2> / 3 k from the integral of the spectrum."""
    step = float(spectrum.wavenumber_per_cm[1] - spectrum.wavenumber_per_cm[0])
    return float(spectrum.power.sum()) * step * _U_A2_PER_FS2_IN_J / (3 * BOLTZMANN_J_PER_K)


def _low_share(spectrum: Spectrum) -> float | None:
    total = float(spectrum.power.sum())
    return float(spectrum.power[spectrum.wavenumber_per_cm < LOW_PER_CM].sum()) / total if total > 0 else None


def _mobile_shares(bonds_A: np.ndarray) -> np.ndarray:
    """`[n_vectors]`, 1 - |<u>|^2."""
    return 1.0 - np.square(unit_vectors(bonds_A).mean(axis=0)).sum(axis=1)


def _columns(spectra: Mapping[str, Sequence[Spectrum]]) -> Columns:
    """Mean over stretches and its standard error; stretches of one length have one grid."""
    columns = {"wavenumber_per_cm": next(iter(spectra.values()))[0].wavenumber_per_cm}
    for name, parts in spectra.items():
        powers = np.array([part.power for part in parts])
        columns[name] = powers.mean(axis=0)
        several = len(parts) > 1
        columns[f"std_{name}"] = (
            powers.std(axis=0, ddof=1) / np.sqrt(len(parts)) if several else np.full(powers.shape[1], np.nan)
        )
    return columns


def _says(record: SpectraRecord) -> list[str]:
    return [
        f"{row.element}: strongest line "
        + ("not known" if row.peak_per_cm is None else f"{row.peak_per_cm.value:.0f} +- {row.peak_per_cm.std:.0f} 1/cm")
        for row in record.elements
    ]


STUDY = Study(
    command="spectra",
    arguments=(TRAJECTORIES,),
    settings=SpectraSettings,
    record=SpectraRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel spectra oNBH_800K.npz --frame-interval-fs 10",
    notes="""
    The spectra of the velocities are weighted by mass: they are the vibrational density of states. Those of the
    directions are of the bonds of each kind of polyanion. Frames over 55 fs apart show no spectrum and are refused.
    """,
)
