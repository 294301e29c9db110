"""Labels of two potentials compared, and what follows for transport: arrays in, parts of the record out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.second_opinion.frames import ChosenFrames
from paddlewheel.studies.conduct.second_opinion.record import (
    ForceDifference,
    ModelSpread,
    OpinionAtTemperature,
    SecondOpinion,
)
from paddlewheel.training.validation import Labels, error_table
from paddlewheel.transport.reweighting import (
    FEWEST_EFFECTIVE,
    effective_sample_size,
    importance_weights,
    reweighted_ratio,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from paddlewheel.records import Interval

_FIGURE_COMPONENTS = 2000
"""Of each element in the parity figure; more would only make the page heavy."""


@dataclass(frozen=True)
class Compared:
    """Frames of one temperature with the labels of both potentials."""

    row: TemperatureResult
    runs: TemperatureRuns
    frames: ChosenFrames
    first: Sequence[Labels]
    other: Sequence[Labels]

    @property
    def symbols(self) -> list[list[str]]:
        """Of each frame."""
        return [atoms.get_chemical_symbols() for atoms in self.frames.atoms]


def force_differences(
    symbols: Sequence[Sequence[str]], first: Sequence[Labels], other: Sequence[Labels]
) -> list[ForceDifference]:
    """Of all atoms, then of each element where there are several."""
    forces = np.concatenate([labels.forces_eV_per_A for labels in first])
    atoms = np.array([symbol for frame in symbols for symbol in frame])
    found = []
    for row in error_table(symbols, first, other, [""] * len(symbols)):
        if row.quantity == "force":
            of = forces if row.element is None else forces[atoms == row.element]
            rms = float(np.sqrt((of**2).mean()))
            found.append(
                ForceDifference(
                    element=row.element, n_components=row.n, rms_force_eV_per_A=rms, rmse_eV_per_A=row.rmse,
                    fraction_of_rms=row.rmse / rms if rms else 0.0,
                )
            )  # fmt: skip
    return found


def stress_rmse_GPa(first: Sequence[Labels], other: Sequence[Labels]) -> float | None:
    """Over the nine components; None where a potential gives none."""
    symbols = [["X"] * len(labels.forces_eV_per_A) for labels in first]
    rows = error_table(symbols, first, other, [""] * len(symbols))
    rmse = next(row.rmse for row in rows if row.quantity == "stress")
    return rmse if math.isfinite(rmse) else None


def compare_temperature(compared: Compared, *, canonical: bool) -> OpinionAtTemperature:
    """Differences of energies, forces and stresses at one temperature, and D reweighted or why it is not.

    Parameters
    ----------
    canonical
        Whether a thermostat held the temperature.
    """
    row, first, other = compared.row, compared.first, compared.other
    n_atoms = len(first[0].forces_eV_per_A)
    difference_eV = np.array([b.energy_eV - a.energy_eV for a, b in zip(first, other, strict=True)])
    spread_eV = float(difference_eV.std(ddof=1)) if len(difference_eV) > 1 else 0.0
    weights = importance_weights(difference_eV, temperature_K=row.at_K)
    ratio, refused = reweighted_diffusivity(compared, weights, canonical=canonical)
    return OpinionAtTemperature(
        temperature_K=row.temperature_K,
        n_frames=len(first),
        spacing_ps=compared.frames.spacing_ps,
        decorrelation_ps=compared.frames.decorrelation_ps,
        energy_shift_meV_per_atom=1e3 * float(difference_eV.mean()) / n_atoms,
        energy_spread_meV_per_atom=1e3 * spread_eV / n_atoms,
        energy_spread_kT=spread_eV / (BOLTZMANN_eV_PER_K * row.at_K),
        forces=force_differences(compared.symbols, first, other),
        stress_rmse_GPa=stress_rmse_GPa(first, other),
        effective_sample_size=effective_sample_size(weights),
        diffusivity_ratio_reweighted=ratio,
        reweighting_refused=refused,
    )


def reweighted_diffusivity(
    compared: Compared, weights: np.ndarray, *, canonical: bool
) -> tuple[Measured | None, str | None]:
    """D of the paths weighted for the other potential over D of the paths as they ran; or why there is none.

    The runs are cut into blocks of at least the lag from which the MSD is straight; a block has the mean weight of its
    frames. What is carried over is how often the other potential finds the configurations from which ions move, not how
    fast it moves them from there.
    """
    row, n = compared.row, len(weights)
    if not canonical:
        return None, "weights are those of runs with a thermostat"
    effective = effective_sample_size(weights)
    if effective < FEWEST_EFFECTIVE:
        return None, f"{effective:.2g} of {n} frames are left by the weights, {FEWEST_EFFECTIVE:g} are needed"
    if row.diffusivity_cm2_per_s is None or row.fit_onset_ps is None:
        return None, "the runs gave no diffusivity"
    interval_ps = 1e-3 * compared.runs.displacements[0].frame_interval_fs
    rates, shares, start = [], [], 0
    for edges, paths in zip(compared.frames.edges, compared.runs.displacements, strict=False):
        n_stretches = len(edges) - 1
        together = math.ceil(row.fit_onset_ps / interval_ps / (edges[1] - edges[0]))
        for block in range(n_stretches // together):
            ends = edges[[block * together, (block + 1) * together]]
            moved = paths.positions_A[ends[1]] - paths.positions_A[ends[0]]
            squared_A2 = float((moved**2).sum(axis=1).mean()) - (row.msd_intercept_A2 or 0.0)
            rates.append(squared_A2 / (6 * interval_ps * float(ends[1] - ends[0])))
            shares.append(float(weights[start + block * together : start + (block + 1) * together].mean()))
        start += n_stretches
    effective = effective_sample_size(np.array(shares)) if shares else 0.0
    if effective < FEWEST_EFFECTIVE:
        least = f"{FEWEST_EFFECTIVE:g} are needed"
        return None, f"{effective:.2g} of {len(shares)} blocks of the runs are left by the weights, {least}"
    if not np.mean(rates) > 0:
        return None, "the blocks of the runs are too short to hold diffusion"
    found = reweighted_ratio(np.array(rates), np.array(shares))
    return Measured.or_none(found.ratio, found.std), None


def force_columns(compared: Sequence[Compared]) -> dict[str, Any]:
    """Force components of both potentials for the figure, at most 2000 of each element, drawn at random."""
    symbols = np.array([name for each in compared for frame in each.symbols for name in frame])
    both = [
        np.concatenate([label.forces_eV_per_A for each in compared for label in labels(each)])
        for labels in (lambda each: each.first, lambda each: each.other)
    ]
    rng = np.random.Generator(np.random.PCG64(0))
    columns: dict[str, list[Any]] = {"element": [], "first_eV_per_A": [], "other_eV_per_A": []}
    for element in sorted(set(symbols.tolist())):
        first, other = (forces[symbols == element].ravel() for forces in both)
        kept = np.sort(rng.permutation(first.size)[:_FIGURE_COMPONENTS])
        columns["element"] += [element] * len(kept)
        columns["first_eV_per_A"] += first[kept].tolist()
        columns["other_eV_per_A"] += other[kept].tolist()
    return columns


def model_spread(record: ConductivityRecord, opinions: Sequence[SecondOpinion]) -> ModelSpread | None:
    """How far the potentials differ: in sigma(300 K) where runs of their own have it; else in D at the temperature
    where the ratio is known best, of runs of their own, else reweighted; None where nothing is known."""
    room = _spread_of([found for each in opinions if (found := _at_room(record, each))])
    if room is not None:
        return room
    found = [ratio for each in opinions for row in record.temperatures for ratio in _at_temperature(row, each)]
    own = [ratio for ratio in found if ratio.how == "runs of its own"]
    if not (own or found):
        return None
    best_K = min(own or found, key=lambda ratio: ratio.known_to).temperature_K
    return _spread_of([ratio for ratio in own or found if ratio.temperature_K == best_K])


@dataclass(frozen=True)
class _Ratio:
    potential: str
    quantity: Any
    how: Any
    temperature_K: float
    ratio: float
    statistical: float
    known_to: float


def _spread_of(ratios: Sequence[_Ratio]) -> ModelSpread | None:
    if not ratios:
        return None
    farthest = max(ratios, key=lambda each: abs(math.log(each.ratio)))
    factor = math.exp(abs(math.log(farthest.ratio)))
    return ModelSpread(
        quantity=farthest.quantity, temperature_K=farthest.temperature_K, how=farthest.how,
        potential=farthest.potential, n_potentials=1 + len({each.potential for each in ratios}), model_factor=factor,
        statistical_factor_95=farthest.statistical, ratio_known_to_factor_95=farthest.known_to,
        resolved=factor > farthest.known_to,
    )  # fmt: skip


def _at_room(record: ConductivityRecord, opinion: SecondOpinion) -> _Ratio | None:
    fits = [record.arrhenius, opinion.runs.arrhenius if opinion.runs else None]
    values = [fit.conductivity_300K_mS_per_cm if fit else None for fit in fits]
    ends = [fit.conductivity_300K_95_mS_per_cm if fit else None for fit in fits]
    first, other = values
    if first is None or other is None or ends[0] is None or ends[1] is None:
        return None
    statistical, own = _factor(ends[0]), _factor(ends[1])
    return _Ratio(
        opinion.potential, "conductivity_300K_mS_per_cm", "runs of its own", 300.0, other.value / first.value,
        statistical, _together(statistical, own),
    )  # fmt: skip


def _at_temperature(row: TemperatureResult, opinion: SecondOpinion) -> list[_Ratio]:
    """Of D at one temperature: by runs of its own, and reweighted."""
    if row.diffusivity_cm2_per_s is None or row.diffusivity_95_cm2_per_s is None:
        return []
    statistical, found = _factor(row.diffusivity_95_cm2_per_s), []
    quantity = "diffusivity_cm2_per_s"
    for there in opinion.runs.temperatures if opinion.runs else ():
        if there.temperature_K == row.temperature_K and there.diffusivity_cm2_per_s and there.diffusivity_95_cm2_per_s:
            ratio = there.diffusivity_cm2_per_s.value / row.diffusivity_cm2_per_s.value
            known_to = _together(statistical, _factor(there.diffusivity_95_cm2_per_s))
            own = "runs of its own"
            found.append(_Ratio(opinion.potential, quantity, own, row.temperature_K, ratio, statistical, known_to))
    for there in opinion.temperatures:
        ratio = there.diffusivity_ratio_reweighted
        if there.temperature_K == row.temperature_K and ratio is not None and ratio.value > 0:
            known_to = math.exp(1.96 * math.asinh(ratio.std / ratio.value))
            found.append(
                _Ratio(opinion.potential, quantity, "reweighted", row.temperature_K, ratio.value, statistical, known_to)
            )
    return found


def _factor(ends: Interval) -> float:
    return math.sqrt(ends[1] / ends[0])


def _together(*factors: float) -> float:
    return math.exp(math.hypot(*map(math.log, factors)))
