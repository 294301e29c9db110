"""`spectra`: vibrations of each element and turning of the anions, from the motion of the atoms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.records import (
    Citation,
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.motion.anions import (
    anion_motion,
    find_anions,
)
from paddlewheel.studies.motion.choices import (
    choose_specie,
)
from paddlewheel.studies.motion.correlation_settings import (
    document,
)
from paddlewheel.studies.motion.runs import (
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.studies.spectra.record import (
    ElementSpectrum,
    OrientationSpectrum,
    SpectraRecord,
)
from paddlewheel.trajectories import displacements
from paddlewheel.transport import (
    Spectrum,
    find_band,
    highest_wavenumber,
    orientation_spectrum,
    power_spectrum,
    unit_vectors,
)
from paddlewheel.units import BOLTZMANN_J_PER_K

if TYPE_CHECKING:
    from paddlewheel.studies.motion.runs import MotionRuns

LEAST_HIGHEST_PER_CM = 300.0
"""Lattice vibrations of salts reach about this: frames that cannot show them (over 55 fs apart) fold all of it back."""
HYDROGEN_PER_CM = 4000.0
"""Bonds of hydrogen vibrate at up to this (O-H 3700, C-H 3100, B-H 2500 1/cm), all else below 2300 1/cm (C-N)."""
OTHERS_PER_CM = 2300.0
LOW_PER_CM = 50.0
"""Turning: lattice librations of borohydrides begin above."""
_STRETCHES = 4
_U_A2_PER_FS2_IN_J = 1.66053907e-27 * 1e-20 / 1e-30
_CITATIONS = (
    Citation(
        what="power spectra from segments",
        reference="Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967)",
        doi="10.1109/TAU.1967.1161901",
    ),
)


def spectra(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    segment_fs: float = 1000.0,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> SpectraRecord:
    """Power spectra of the velocities of each element (weighted by mass: the vibrational density of states), and of the
    directions of the bonds of each kind of polyanion.

    Parameters
    ----------
    trajectories
        One or several of the same material at the same temperature.
    specie
        Mobile ion, which is in no anion; guessed where only one fits.
    temperature_K
        Noted in the record.
    segment_fs
        Length of the segments: two lines nearer than about 2 / segment (67 1/cm for 1 ps) are one.
    frame_interval_fs, type_map, skip_ps
        As `open_runs`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For frames too far apart for a spectrum, a segment longer than a run, bad settings, or a directory that holds
        something else.

    Examples
    --------
    >>> from paddlewheel import spectra
    >>> spectra("oNBH_800K.npz", frame_interval_fs=10).elements[0].peak_per_cm  # doctest: +SKIP
    """
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = choose_specie(runs.cell, specie)
    _check(runs, segment_fs)
    anions = find_anions(runs.cell, mobile=ion)
    elements = sorted(set(runs.cell.get_chemical_symbols()))
    options = {"frame_interval_fs": runs.frame_interval_fs, "segment_fs": segment_fs}
    rows, tables = [], {}
    for element in elements:
        atoms = [i for i, symbol in enumerate(runs.cell.get_chemical_symbols()) if symbol == element]
        paths = [displacements(run, specie=element, drift="none").positions_A for run in runs.runs]
        masses = [run.masses_u[[i for i, s in enumerate(run.symbols) if s == element]] for run in runs.runs]
        parts = [
            power_spectrum(part, masses_u=mass, **options)
            for path, mass in zip(paths, masses, strict=True)
            for part in _stretches(path, runs.frame_interval_fs, segment_fs)
        ]
        tables[element] = parts
        rows.append(
            ElementSpectrum(
                element=element, n_atoms=len(atoms), peak_per_cm=_over(parts, _peak),
                centre_per_cm=_over(parts, _centre), temperature_K=_over(parts, _temperature_K),
            )
        )  # fmt: skip
    motions = [anion_motion(run, anions, specie=ion) for run in runs.runs]
    turning, turned = [], {}
    for kind in dict.fromkeys(kind for motion in motions for kind in motion.bonds_A):
        found = [
            orientation_spectrum(part, **options)
            for motion in motions
            for part in _stretches(motion.bonds_A[kind], runs.frame_interval_fs, segment_fs)
        ]
        turned[kind] = [one for one, _ in found]
        whole = [orientation_spectrum(motion.bonds_A[kind], **options)[1] for motion in motions]
        by_vector = np.concatenate([_mobile_shares(motion.bonds_A[kind]) for motion in motions])
        turning.append(
            OrientationSpectrum(
                anion=kind,
                n_anions=sum(anion.kind == kind for anion in anions),
                n_vectors=motions[0].bonds_A[kind].shape[1],
                peak_per_cm=_over(turned[kind], _libration),
                mobile_share=Measured.or_none(
                    float(np.mean(whole)), float(by_vector.std(ddof=1) / np.sqrt(by_vector.size))
                )
                if by_vector.size > 1
                else None,
                low_share=_over(turned[kind], _low_share),
                low_below_per_cm=LOW_PER_CM,
            )
        )
    inputs = runs.inputs()
    settings = document(
        "spectra", {"specie": ion, "temperature_K": temperature_K, "segment_fs": segment_fs}, inputs, skip_ps=skip_ps
    )
    highest = highest_wavenumber(runs.frame_interval_fs)
    record = SpectraRecord(
        **runs.common_fields(settings, inputs),
        specie=ion,
        temperature_K=temperature_K,
        files={"velocities": "velocities.csv"} | ({"directions of bonds": "directions.csv"} if turned else {}),
        warnings=_warnings(elements, highest),
        citations=list(_CITATIONS),
        segment_fs=segment_fs,
        resolution_per_cm=tables[elements[0]][0].resolution_per_cm,
        highest_per_cm=highest,
        elements=rows,
        orientations=turning,
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write(tables, directory / "velocities.csv")
            if turned:
                _write(turned, directory / "directions.csv")
            write_record(record, directory / "result.json")
    return record


def _check(runs: MotionRuns, segment_fs: float) -> None:
    interval_fs = runs.frame_interval_fs
    if not (np.isfinite(segment_fs) and segment_fs >= 8 * interval_fs):
        raise SettingsError(f"{segment_fs:g} fs hold fewer than 8 frames", where="segment_fs",
                            remedy=f"give at least {8 * interval_fs:g} fs")  # fmt: skip
    highest = highest_wavenumber(interval_fs)
    if highest < LEAST_HIGHEST_PER_CM:
        raise InputError(
            f"a frame every {interval_fs:g} fs shows nothing above {highest:.0f} 1/cm and folds vibrations below it",
            remedy=f"write a frame at least every {0.5 / LEAST_HIGHEST_PER_CM / 2.99792458e-5:.0f} fs",
        )
    for run in runs.runs:
        if (run.n_frames - 1) * interval_fs < segment_fs:
            raise InputError(f"a segment of {segment_fs:g} fs is longer than the run "
                             f"({(run.n_frames - 1) * interval_fs:g} fs)", where=run.source,
                             remedy="give a shorter segment")  # fmt: skip


def _warnings(elements: list[str], highest_per_cm: float) -> list[str]:
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


def _over(parts: list[Spectrum], read: Callable[[Spectrum], float | None]):
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


def _write(spectra_by_name: Mapping[str, list[Spectrum]], path: Path) -> None:
    """Mean over stretches and its standard error; stretches of one length have one grid."""
    first = next(iter(spectra_by_name.values()))[0]
    columns = {"wavenumber_per_cm": first.wavenumber_per_cm}
    for name, parts in spectra_by_name.items():
        powers = np.array([part.power for part in parts])
        columns[name] = powers.mean(axis=0)
        spread = (
            powers.std(axis=0, ddof=1) / np.sqrt(len(parts)) if len(parts) > 1 else np.full(powers.shape[1], np.nan)
        )
        columns[f"std_{name}"] = spread
    write_table(path, columns)
