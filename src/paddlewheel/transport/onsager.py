"""Onsager coefficients of several mobile species; from them conductivity, Haven ratio and transference numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.collective import CollectiveSlopes, collective_slopes, line_of_charge
from paddlewheel.transport.diffusion import (
    DEFAULT_HOP_DISTANCE_A,
    LARGEST_RELATIVE_ERROR,
    DiffusivityEstimate,
    Status,
    check_hop_distance,
    estimate_settled,
    log_interval,
    settled,
)
from paddlewheel.transport.log_values import ONE_SIGMA, quantile
from paddlewheel.transport.msd import checked_frame_interval, checked_positions
from paddlewheel.transport.stationarity import Stationarity, pace
from paddlewheel.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, S_PER_M_IN_MS_PER_CM

_A2_PER_PS_IN_M2_PER_S = 1e-8


@dataclass(frozen=True)
class Quantity:
    """A number with its standard error (half of the 68 % interval) and its intervals, in the unit of its name."""

    value: float
    std: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]

    def times(self, factor: float) -> Quantity:
        """The same in another unit."""
        ends = [tuple(sorted((factor * low, factor * high))) for low, high in (self.interval_68, self.interval_95)]
        return Quantity(factor * self.value, abs(factor) * self.std, ends[0], ends[1])  # type: ignore[arg-type]


@dataclass(frozen=True)
class OnsagerPair:
    """Coefficient of two species (or one with itself).

    Attributes
    ----------
    first, second
        Indices of the species.
    coefficient_per_J_m_s
        L_ab, 1/(J m s): particles of a through a m^2 in a second per N of thermodynamic force on each particle of b.
    conductivity_mS_per_cm
        z_a z_b e^2 L_ab, its part in the conductivity (of a pair a != b it counts twice).
    distinct_per_J_m_s
        L_ab without what single ions add to it: all of L_ab where a != b.
    """

    first: int
    second: int
    coefficient_per_J_m_s: Quantity
    conductivity_mS_per_cm: Quantity
    distinct_per_J_m_s: Quantity


@dataclass(frozen=True)
class OnsagerCoefficients:
    """Result of `onsager_coefficients`; where one is not known all but `tracers` are None or empty, with a reason.

    Attributes
    ----------
    tracers
        Self-diffusivity of each species.
    pairs
        Each pair of species once.
    self_per_J_m_s
        For each species n D / (V k T), the part of single ions in L_aa.
    conductivity_mS_per_cm
        sum of z_a z_b e^2 L_ab.
    nernst_einstein_mS_per_cm
        Its part of single ions: what it were if ions moved independently.
    haven_ratio
        The second over the first.
    transference
        For each species, z_a sum_b z_b L_ab over the sum of all: its share of the current.
    fit_onset_ps, fit_last_lag_ps
        Lags that were fitted.
    degrees_of_freedom
        Of the errors of all but the tracers.
    upper_bound_95_mS_per_cm
        95 % upper bound of the conductivity, where it was refused for an error between a half of it and all of it.
    """

    status: Status
    reason: str | None
    tracers: tuple[DiffusivityEstimate, ...]
    pairs: tuple[OnsagerPair, ...]
    self_per_J_m_s: tuple[Quantity, ...]
    conductivity_mS_per_cm: Quantity | None
    nernst_einstein_mS_per_cm: Quantity | None
    haven_ratio: Quantity | None
    transference: tuple[Quantity, ...]
    fit_onset_ps: float | None
    fit_last_lag_ps: float | None
    degrees_of_freedom: float | None = None
    upper_bound_95_mS_per_cm: float | None = None


def onsager_coefficients(
    replicas: Sequence[Sequence[np.ndarray]],
    *,
    charges_e: Sequence[float],
    mean_volume_A3: float,
    temperature_K: float,
    frame_interval_fs: float,
    hop_distance_A: float | Sequence[float] = DEFAULT_HOP_DISTANCE_A,
    minimum_onset_ps: float | None = 0.0,
    conditions: Stationarity | None = None,
) -> OnsagerCoefficients:
    """Onsager coefficients from the displacements of whole species.

    `L_ab = 1 / (6 V k T) d/dt < dR_a . dR_b >`, R_a the sum of the positions of species a (Fong, Self, McCloskey,
    Persson, Macromolecules 53, 9503 (2020), doi 10.1021/acs.macromol.0c02001); sigma = e^2 sum z_a z_b L_ab. The slopes
    of all pairs and of the single ions are read with the same weights over lags (generalized least squares,
    `regression.py`), so that they add up exactly, and their joint scatter over stretches of time gives all errors.

    The MSD of the charge as a whole has to be straight itself, from the onset of the single ions or a later one on: a
    drift of all ions shows there n_ions times as much as in their own.

    Parameters
    ----------
    replicas
        Of each the paths of each species, `[n_frames, n_ions, 3]`, A, in the mean cell and without the drift of the
        framework; species in the same order in all.
    charges_e
        Of each species, not zero.
    mean_volume_A3, temperature_K, frame_interval_fs
        Mean volume of the cell, temperature, and time between frames.
    hop_distance_A, minimum_onset_ps
        As `estimate_diffusivity`; the hop distance of all species, or of each.
    conditions
        What of the runs has an even energy and volume (`steady`), in frames of the replicas; all of them by default.

    Raises
    ------
    InputError
        No replica or species, or positions of a wrong shape or not finite.
    SettingsError
        A charge that is zero, or a volume, temperature or frame interval that is not positive.
    """
    if len(replicas) == 0 or len(replicas[0]) == 0:
        raise InputError("no species to analyse")
    if len(charges_e) != len(replicas[0]) or any(len(replica) != len(replicas[0]) for replica in replicas):
        raise InputError(f"{len(charges_e)} charges for {len(replicas[0])} species", remedy="give one for each")
    for name, number in (("temperature", temperature_K), ("mean volume", mean_volume_A3)):
        if not (np.isfinite(number) and number > 0):
            raise SettingsError(f"{name} {number} is not positive")
    if not all(np.isfinite(charge) and charge != 0 for charge in charges_e):
        raise SettingsError("a species without charge carries no current", remedy="give the oxidation state of each")
    step_ps = checked_frame_interval(frame_interval_fs)
    paths = [[checked_positions(species) for species in replica] for replica in replicas]
    hops_A = [hop_distance_A] * len(charges_e) if isinstance(hop_distance_A, float | int) else list(hop_distance_A)
    for hop_A in hops_A:
        check_hop_distance(hop_A)
    by_species = [[replica[a] for replica in paths] for a in range(len(charges_e))]
    given = conditions or Stationarity()
    paces = [
        given.then(pace(settled(replicas_of_one, given), hop_distance_A=hop_A))
        for replicas_of_one, hop_A in zip(by_species, hops_A, strict=True)
    ]
    longest_cut = max(paces, key=lambda found: found.first_frame)  # all species over the same time
    tracers = tuple(
        estimate_settled(
            replicas_of_one,
            replace(
                found,
                first_frame=longest_cut.first_frame,
                cut_by=longest_cut.cut_by,
                cut_p_value=longest_cut.cut_p_value,
            ),
            step_ps=step_ps,
            hop_distance_A=hop_A,
            minimum_onset_ps=minimum_onset_ps,
        )
        for replicas_of_one, found, hop_A in zip(by_species, paces, hops_A, strict=True)
    )
    for number, tracer in enumerate(tracers, 1):
        if tracer.status != "ok":
            return _refused(tracer.status, f"diffusivity of species {number}: {tracer.reason}", tracers)
    onset_ps = max(tracer.onset_ps or 0.0 for tracer in tracers)
    onset = max(1, int(np.ceil(onset_ps / step_ps - 1e-6)))
    rest = [kept for species in paths if (kept := settled(species, longest_cut))]
    charges = np.asarray(charges_e, dtype=np.float64)
    together = line_of_charge(rest, charges, minimum_onset=onset)
    slopes = collective_slopes(rest, minimum_onset=max(onset, together.onset))
    if not (together.linear and slopes.line.linear):
        return _refused("too-short", "no straight part of the collective MSD begins before 1/10 of the run", tracers)
    current, single = _gradients(slopes, charges)
    sigma, error = float(current @ slopes.values), slopes.error(current)
    if not sigma > 0.0 or error > LARGEST_RELATIVE_ERROR * sigma:
        told = f"{100 * error / sigma:.0f} % of it" if sigma > 0 else "more than all of it"
        refused = _refused("too-short", f"the error of the collective conductivity is {told}", tracers)
        if not sigma > error:
            return refused
        q95 = quantile(slopes.line.degrees_of_freedom, 0.9)  # of one side
        bound = sigma * float(np.exp(q95 * error / sigma)) * _mS_per_cm(mean_volume_A3, temperature_K, step_ps)
        return replace(refused, upper_bound_95_mS_per_cm=bound)
    return _coefficients(slopes, charges, current, single, mean_volume_A3, temperature_K, step_ps, tracers)


def _gradients(slopes: CollectiveSlopes, charges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of `slopes.values` in the collective conductivity, and in that of single ions."""
    current = np.zeros(slopes.values.size)
    for k, (a, b) in enumerate(slopes.pairs):
        current[slopes.n_species + k] = charges[a] * charges[b] * (1.0 if a == b else 2.0)
    single = np.zeros(slopes.values.size)
    single[: slopes.n_species] = charges**2
    return current, single


def _coefficients(
    slopes: CollectiveSlopes,
    charges: np.ndarray,
    current: np.ndarray,
    single: np.ndarray,
    mean_volume_A3: float,
    temperature_K: float,
    step_ps: float,
    tracers: tuple[DiffusivityEstimate, ...],
) -> OnsagerCoefficients:
    n, values = slopes.n_species, slopes.values
    per_J_m_s = _per_J_m_s(mean_volume_A3, temperature_K, step_ps)
    mS_per_cm = _mS_per_cm(mean_volume_A3, temperature_K, step_ps)
    unit = np.eye(values.size)
    pairs = []
    for k, (a, b) in enumerate(slopes.pairs):
        found = _positive(slopes, unit[n + k]) if a == b else _signed(slopes, unit[n + k])
        apart = _signed(slopes, unit[n + k] - unit[a] * (a == b))
        pairs.append(
            OnsagerPair(a, b, found.times(per_J_m_s), found.times(charges[a] * charges[b] * mS_per_cm),
                        apart.times(per_J_m_s))
        )  # fmt: skip
    together, apart = float(current @ values), float(single @ values)
    ratio_gradient = single / apart - current / together
    shares = []
    for a in range(n):
        own = np.zeros(values.size)
        for k, pair in enumerate(slopes.pairs):
            if a in pair:
                own[n + k] = charges[pair[0]] * charges[pair[1]]
        share = float(own @ values) / together
        shares.append(_student(slopes, share, slopes.error((own - share * current) / together)))
    return OnsagerCoefficients(
        status="ok",
        reason=None,
        tracers=tracers,
        pairs=tuple(pairs),
        self_per_J_m_s=tuple(_positive(slopes, unit[a]).times(per_J_m_s) for a in range(n)),
        conductivity_mS_per_cm=_positive(slopes, current).times(mS_per_cm),
        nernst_einstein_mS_per_cm=_positive(slopes, single).times(mS_per_cm),
        haven_ratio=_logarithmic(slopes, apart / together, apart / together * slopes.error(ratio_gradient)),
        transference=tuple(shares),
        fit_onset_ps=slopes.line.first * step_ps,
        fit_last_lag_ps=slopes.last_lag * step_ps,
        degrees_of_freedom=slopes.line.degrees_of_freedom,
    )


def _per_J_m_s(mean_volume_A3: float, temperature_K: float, step_ps: float) -> float:
    """Onsager coefficient of a slope of 1 A^2 per frame."""
    return _A2_PER_PS_IN_M2_PER_S / step_ps / (mean_volume_A3 * 1e-30 * BOLTZMANN_J_PER_K * temperature_K)


def _mS_per_cm(mean_volume_A3: float, temperature_K: float, step_ps: float) -> float:
    """Conductivity of a slope of 1 e^2 A^2 per frame."""
    return _per_J_m_s(mean_volume_A3, temperature_K, step_ps) * ELEMENTARY_CHARGE_C**2 * S_PER_M_IN_MS_PER_CM


def _positive(slopes: CollectiveSlopes, gradient: np.ndarray) -> Quantity:
    """What cannot be negative: an interval in the logarithm, or a straight one where the error leaves it no meaning."""
    value, error = float(gradient @ slopes.values), slopes.error(gradient)
    if value > 0.0 and error <= LARGEST_RELATIVE_ERROR * value:
        return _logarithmic(slopes, value, error)
    return _student(slopes, value, error)


def _signed(slopes: CollectiveSlopes, gradient: np.ndarray) -> Quantity:
    return _student(slopes, float(gradient @ slopes.values), slopes.error(gradient))


def _logarithmic(slopes: CollectiveSlopes, value: float, error: float) -> Quantity:
    degrees = slopes.line.degrees_of_freedom
    low, high = log_interval(value, error, degrees, ONE_SIGMA)
    return Quantity(value, 0.5 * (high - low), (low, high), log_interval(value, error, degrees, 0.95))


def _student(slopes: CollectiveSlopes, value: float, error: float) -> Quantity:
    q68, q95 = (quantile(slopes.line.degrees_of_freedom, level) * error for level in (ONE_SIGMA, 0.95))
    return Quantity(value, q68, (value - q68, value + q68), (value - q95, value + q95))


def _refused(status: Status, reason: str, tracers: tuple[DiffusivityEstimate, ...]) -> OnsagerCoefficients:
    return OnsagerCoefficients(status, reason, tracers, (), (), None, None, None, (), None, None)
