"""Two-dimensional exchange spectra: magnetization that jumps between sites while it is stored along the field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.nmr.simulated.flaws import Flaws
from paddlewheel.lab.nmr.simulated.spinning import Observation

Acquired = Literal["states", "states-tppi", "echo-antiecho", "qf"]
_PROTONS = Observation(
    nucleus="1H", spectral_width_Hz=50_000.0, n_points=2048, carrier_ppm=1.0, nutation_Hz=184_000.0, pulse_us=1.36
)


@dataclass(frozen=True, kw_only=True)
class ExchangeTruth:
    """Sites and how magnetization goes between them.

    Attributes
    ----------
    names, shifts_ppm
        Of each site.
    populations
        Of each site in equilibrium; any sum.
    rates_per_s
        By (from, to), places of sites; the way back has the rate of detailed balance.
    t1_s
        Of each site, or of all.
    lorentz_Hz, gauss_Hz
        Widths at half height of the lines of each site, in both dimensions.
    """

    names: tuple[str, ...] = ("B12H12", "BH4")
    shifts_ppm: tuple[float, ...] = (1.6, -0.4)
    populations: tuple[float, ...] = (12.0, 4.0)
    rates_per_s: tuple[tuple[int, int, float], ...] = ((0, 1, 120.0),)
    t1_s: tuple[float, ...] = (1.0,)
    lorentz_Hz: tuple[float, ...] = (120.0, 90.0)
    gauss_Hz: tuple[float, ...] = (0.0, 0.0)

    def __post_init__(self) -> None:
        count = len(self.names)
        for name in ("shifts_ppm", "populations", "lorentz_Hz", "gauss_Hz"):
            if len(getattr(self, name)) != count:
                raise SettingsError(f"{len(getattr(self, name))} for {count} sites", where=name, remedy="give each one")
        if len(self.t1_s) not in (1, count) or min(self.t1_s) <= 0:
            raise SettingsError("no T1 above 0 of each site", where="t1_s", remedy="give one, or one for each site")
        if min(self.populations) <= 0:
            raise SettingsError("a population that is not above 0", where="populations", remedy="give positive ones")

    @property
    def generator_per_s(self) -> np.ndarray:
        """L of dV/dt = L V, `[to, from]`, with the leakage to the lattice on the diagonal."""
        generator = np.zeros((len(self.names),) * 2)
        for start, end, rate in self.rates_per_s:
            generator[end, start] += rate
            generator[start, end] += rate * self.populations[start] / self.populations[end]
        leak = np.broadcast_to(1 / np.asarray(self.t1_s), len(self.names))
        return generator - np.diag(generator.sum(axis=0)) - np.diag(leak)

    def volumes(self, mixing_s: float) -> np.ndarray:
        """Volume of each peak, `[direct, indirect]`: magnetization that began at the second and is at the first."""
        root = np.sqrt(np.asarray(self.populations))
        symmetric = self.generator_per_s * root[None, :] / root[:, None]
        values, modes = np.linalg.eigh(0.5 * (symmetric + symmetric.T))
        passed = (modes * np.exp(values * mixing_s)) @ modes.T
        return passed * root[:, None] * root[None, :] / sum(self.populations)


def simulate_exchange(
    mixing_s: Sequence[float],
    truth: ExchangeTruth,
    *,
    n_rows: int = 176,
    row_interval_us: float = 50.0,
    acquired: Acquired = "states-tppi",
    observation: Observation = _PROTONS,
    flaws: Flaws | None = None,
    indirect_phase_deg: float = 0.0,
    odd_last_row: bool = False,
    seed: int = 0,
) -> tuple[list[Signal], dict[str, Any]]:
    """Decays of each mixing time, `[n_rows, n_points]`, and the truth.

    Rows 2k and 2k + 1 are of the k-th time `row_interval_us` k; their phases are those of `acquired`. "qf" has one row
    a time, of the phases of an absolute-value experiment. `odd_last_row` leaves the last row out, as where the
    measurement was stopped. The noise of `flaws` is relative to the largest point of all mixing times.
    """
    flaws = flaws or Flaws()
    interval_s = row_interval_us * 1e-6
    pairs = acquired != "qf"
    times_1 = interval_s * np.arange(n_rows // 2 if pairs else n_rows)
    times_2 = flaws.dead_time_us * 1e-6 + np.arange(observation.n_points) / observation.spectral_width_Hz
    offsets = (np.asarray(truth.shifts_ppm) - observation.carrier_ppm) * observation.reference_MHz
    first, second = (_decays(truth, offsets, times) for times in (times_1, times_2))
    first = first * np.exp(1j * np.deg2rad(indirect_phase_deg))
    rng = np.random.default_rng(seed)
    volumes = [truth.volumes(time) for time in mixing_s]
    clean = [_rows(first, second, volume, acquired) for volume in volumes]
    largest = max(float(np.abs(rows).max()) for rows in clean)
    axis = observation.axis
    indirect = Axis(
        nucleus=axis.nucleus,
        carrier_MHz=axis.carrier_MHz,
        reference_MHz=axis.reference_MHz,
        spectral_width_Hz=1 / interval_s,
    )
    signals = [
        Signal(
            values=flaws.spoil(rows, rng, noise_of=largest)[: rows.shape[0] - odd_last_row],
            domain="time",
            axis=axis,
            name=f"exchange-{1e3 * time:g}ms",
            indirect=indirect,
            quadrature=acquired,
            mixing_s=float(time),
            conditions=observation.conditions,
        )
        for time, rows in zip(mixing_s, clean, strict=True)
    ]
    document = {
        "kind": "exchange",
        "sites": asdict(truth),
        "generator_per_s": truth.generator_per_s.tolist(),
        "mixing_s": list(mixing_s),
        "volumes_direct_indirect": [volume.tolist() for volume in volumes],
        "acquired": acquired,
        "n_rows": n_rows - odd_last_row,
        "row_interval_us": row_interval_us,
        "indirect_phase_deg": indirect_phase_deg,
        "observation": asdict(observation),
        "flaws": asdict(flaws),
        "seed": seed,
    }
    return signals, document


def _decays(truth: ExchangeTruth, offsets_Hz: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """The decay of each site, `[n_sites, n_times]`."""
    lorentz, gauss = np.asarray(truth.lorentz_Hz)[:, None], np.asarray(truth.gauss_Hz)[:, None]
    width = -np.pi * lorentz * times_s - (np.pi * gauss * times_s) ** 2 / (4 * np.log(2))
    return np.exp(2j * np.pi * offsets_Hz[:, None] * times_s + width)


def _rows(first: np.ndarray, second: np.ndarray, volumes: np.ndarray, acquired: Acquired) -> np.ndarray:
    """What is acquired of sum_ij volumes[i, j] second_i(t2) first_j(t1)."""
    if acquired == "qf":
        return np.einsum("ij,jr,it->rt", volumes, first, second)
    sign = np.ones(first.shape[1])
    if acquired == "states-tppi":
        sign[1::2] = -1  # the phase goes by 90 degrees a row, the receiver by 180 every second
    cosine, sine = np.real(first) * sign, np.imag(first) * sign
    parts = (first, first.conj()) if acquired == "echo-antiecho" else (cosine, sine)
    rows = [np.einsum("ij,jr,it->rt", volumes, part, second) for part in parts]
    return np.stack(rows, axis=1).reshape(-1, second.shape[1])
