"""Is this run sane? Named checks of a finished run, and the quick look that stops a hopeless one.

The limits are stated in each function; they separate a run that can be analysed (`ok`), one to look at
(`warning`) and one that must not enter a fit (`broken`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.crystals import LARGEST_STRAIN, reduced_basis
from paddlewheel.dynamics.run import MDFrame
from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.records import HealthCheck
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S, BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

BROKEN_STRETCH = 1.5
"""A bond counts as open at 1.5 times its reference length: B-H 1.8 A, B-B 2.7 A, far outside any vibration."""
NEW_BOND_STRETCH = 1.25
"""Atoms of two polyanions that come within this many bond lengths have one: they keep twice that apart otherwise."""
_LOOKS = 4
_APART = BROKEN_STRETCH / NEW_BOND_STRETCH
ACTIVATION_VOLUME_A3 = 5.0
"""Of a jump in a solid electrolyte, about 3 cm3/mol."""
BROKEN_FOR_PS = 0.2
"""... and as broken when it stays open this long, about ten periods of a B-H stretch."""


@dataclass(frozen=True)
class Framework:
    """What should stay in place: bonds of the polyanions, and the points that carry the framework.

    Attributes
    ----------
    bonds
        [n_bonds, 2] atom indices of the bonds inside polyanions.
    reference_lengths_A
        [n_bonds] their lengths at rest.
    groups
        Atom indices of each framework point: a polyanion (its centre of mass is followed), or a single
        framework atom that belongs to none.
    symbols
        Of all atoms; empty where new bonds are not to be looked for.
    """

    bonds: np.ndarray
    reference_lengths_A: np.ndarray
    groups: tuple[tuple[int, ...], ...]
    symbols: tuple[str, ...] = ()


def bond_lengths_A(positions_A: np.ndarray, cell_A: np.ndarray, bonds: np.ndarray) -> np.ndarray:
    """Minimum-image lengths [n_frames, n_bonds] for positions [n_frames, n_atoms, 3] and cells [n_frames, 3, 3].

    The image is taken in the Minkowski-reduced basis of each cell: a flexible cell may shear until rounding the
    coordinates in its own basis takes a far image for the near one (o-NBH in NPT at 800 K does within 100 ps).
    """
    reduced_A = np.empty_like(cell_A)
    basis = np.eye(3)
    for index, cell in enumerate(cell_A):
        if index == 0 or np.abs(_overhang(basis @ cell)).max() > 0.6:
            basis = reduced_basis(cell)
        reduced_A[index] = basis @ cell
    vectors = positions_A[:, bonds[:, 1]] - positions_A[:, bonds[:, 0]]
    fractional = vectors @ np.linalg.inv(reduced_A)
    fractional -= np.round(fractional)
    return np.linalg.norm(fractional @ reduced_A, axis=2)


def _overhang(cell_A: np.ndarray) -> np.ndarray:
    """How far each two lattice vectors lean on one another [3], in lengths of the shorter one; reduced up to 0.5."""
    gram = cell_A @ cell_A.T
    squares = np.diag(gram)
    pairs = ((0, 1), (0, 2), (1, 2))
    return np.array([gram[i, j] / min(squares[i], squares[j]) for i, j in pairs])


def hopeless(frame: MDFrame, framework: Framework, *, temperature_K: float, start_volume_A3: float) -> str | None:
    """Why a run should stop now: not finite, exploded (over five times the temperature plus 1000 K), its cell three
    times as large as at the start or a third of it, or atoms torn off (a polyanion bond beyond three times its length);
    None while it may go on."""
    values = np.array([frame.thermo["potential_energy_eV"], frame.thermo["temperature_K"]])
    if not (np.isfinite(values).all() and np.isfinite(frame.positions_A).all()):
        return f"energy or positions are not finite at step {frame.step}"
    if values[1] > 5 * temperature_K + 1000:
        return f"temperature {values[1]:.0f} K at step {frame.step}, {temperature_K:g} K asked for: the run exploded"
    volume_A3 = abs(float(np.linalg.det(frame.cell_A)))
    if not start_volume_A3 / 3 < volume_A3 < 3 * start_volume_A3:
        told = f"cell of {volume_A3:.3g} A3 at step {frame.step}, {start_volume_A3:.3g} A3 at the start"
        return f"{told}: it {'blew up' if volume_A3 > start_volume_A3 else 'collapsed'}"
    if len(framework.bonds):
        lengths = bond_lengths_A(frame.positions_A[None], frame.cell_A[None], framework.bonds)[0]
        worst = int(np.argmax(lengths / framework.reference_lengths_A))
        if lengths[worst] > 3 * framework.reference_lengths_A[worst]:
            i, j = framework.bonds[worst]
            return f"bond of atoms {i} and {j} at {lengths[worst]:.2f} A at step {frame.step}: a polyanion fell apart"
    return None


def block_mean(values: np.ndarray, *, n_blocks: int = 10) -> tuple[float, float]:
    """Mean of a correlated series and its standard error from the spread of `n_blocks` block means."""
    blocks = [part.mean() for part in np.array_split(values, min(n_blocks, len(values)))]
    error = float(np.std(blocks, ddof=1) / np.sqrt(len(blocks))) if len(blocks) > 1 else float("nan")
    return float(values.mean()), error


def check_temperature(temperatures_K: np.ndarray, *, target_K: float) -> HealthCheck:
    """Mean of the production against the target: within 2 % or three standard errors is ok; broken is beyond 20 % and
    five standard errors (few atoms over a short time are off by chance)."""
    mean, error = block_mean(temperatures_K)
    off = abs(mean - target_K)
    chance = error if np.isfinite(error) else 0.0
    detail = f"mean {mean:.1f} +- {error:.1f} K, target {target_K:g} K"
    if off > max(0.2 * target_K, 5 * chance):
        return HealthCheck(name="temperature", status="broken", detail=detail)
    status = "ok" if off <= max(0.02 * target_K, 3 * chance) else "warning"
    return HealthCheck(name="temperature", status=status, detail=detail)


def check_free_temperature(temperatures_K: np.ndarray, *, target_K: float) -> HealthCheck:
    """Mean of a production without thermostat against what was asked for: within 3 % or three standard errors is ok.
    Beyond it is a warning, for what is measured is measured at the mean."""
    mean, error = block_mean(temperatures_K)
    chance = error if np.isfinite(error) else 0.0
    detail = f"mean {mean:.1f} +- {error:.1f} K, which is taken for the {target_K:g} K asked for (NVE)"
    status = "ok" if abs(mean - target_K) <= max(0.03 * target_K, 3 * chance) else "warning"
    return HealthCheck(name="temperature", status=status, detail=detail)


def check_energy_drift(conserved_eV: np.ndarray, time_ps: np.ndarray, *, n_atoms: int) -> HealthCheck:
    """Slope of the conserved energy: up to 1 meV/atom/ps is ok, beyond 10 (a thermostat then works against heat of
    more than 39 K/ps) broken."""
    name = "energy-drift"
    if not np.isfinite(conserved_eV).all():
        return HealthCheck(name=name, status="ok", detail="no conserved quantity in this ensemble or calculator")
    slope = float(np.polyfit(time_ps, conserved_eV, 1)[0]) * 1000 / n_atoms
    status = "ok" if abs(slope) <= 1 else "warning" if abs(slope) <= 10 else "broken"
    return HealthCheck(name=name, status=status, detail=f"{slope:+.3f} meV/atom/ps")


def has_blown_up(volume_A3: np.ndarray, first_A3: float) -> np.ndarray:
    """Whether each volume is over a third larger or smaller than the first one of its run: no crystal is."""
    return (volume_A3 > 4 / 3 * first_A3) | (volume_A3 < 2 / 3 * first_A3)


def check_pressure(
    pressure_GPa: np.ndarray, volume_A3: np.ndarray, *, ensemble: str, target_GPa: float, temperature_K: float
) -> HealthCheck:
    """NPT: mean pressure within three errors or 0.1 GPa of the target and the volume of both halves within 2 %;
    a volume that grows or shrinks by a third is broken. Fixed cell: up to 0.2 GPa is ok; the detail says what the
    pressure does to D of a jump with an activation volume of `ACTIVATION_VOLUME_A3`, exp(-P V / k T)."""
    if not np.isfinite(pressure_GPa).all():
        return HealthCheck(name="pressure", status="ok", detail="the potential gives no stress")
    mean, error = block_mean(pressure_GPa)
    detail = f"mean {mean:+.3f} +- {error:.3f} GPa"
    if ensemble != "npt":
        work_kT = mean / eV_PER_A3_IN_GPA * ACTIVATION_VOLUME_A3 / (BOLTZMANN_eV_PER_K * temperature_K)
        detail += f", fixed cell; a jump of {ACTIVATION_VOLUME_A3:g} A3 has {np.exp(-work_kT):.2f} of its rate at 0 GPa"
        return HealthCheck(name="pressure", status="ok" if abs(mean) <= 0.2 else "warning", detail=detail)
    half = len(volume_A3) // 2
    change = float(volume_A3[half:].mean() / volume_A3[: max(half, 1)].mean() - 1)
    detail += f", target {target_GPa:g} GPa; volume of the second half {100 * change:+.1f} %"
    if has_blown_up(volume_A3, volume_A3[0]).any():
        return HealthCheck(name="pressure", status="broken", detail=detail + "; the cell blew up or collapsed")
    off = abs(mean - target_GPa) > max(0.1, 3 * error if np.isfinite(error) else 0.0)
    return HealthCheck(name="pressure", status="warning" if off or abs(change) > 0.02 else "ok", detail=detail)


def check_cell(strain: float) -> HealthCheck:
    """Strain of an eighth of the run against its mean cell (`largest_strain`): within 5 % is ok, beyond 10 % broken,
    for there is no mean cell that positions could be given in."""
    detail = f"strained by {100 * strain:.1f} % against the mean cell in an eighth of the run"
    status = "ok" if strain <= LARGEST_STRAIN / 2 else "warning" if strain <= LARGEST_STRAIN else "broken"
    return HealthCheck(name="cell", status=status, detail=detail)


def check_polyanion_bonds(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]], framework: Framework, *, frame_interval_fs: float
) -> HealthCheck:
    """Every bond of every polyanion over the whole run, from blocks of (positions [n, n_atoms, 3], cells [n, 3, 3]).

    A bond open (`BROKEN_STRETCH`) in all frames of `BROKEN_FOR_PS` is broken; open for a moment is a warning. A new one
    between two polyanions, of elements that are bonded inside them, is broken as well: closer than `NEW_BOND_STRETCH`
    times the bond's length at four looks on end, `BROKEN_FOR_PS` or more.
    """
    name = "polyanion-bonds"
    if not len(framework.bonds):
        return HealthCheck(name=name, status="ok", detail="no polyanions in this structure")
    needed = max(1, round(BROKEN_FOR_PS * 1000 / frame_interval_fs))
    streak = np.zeros(len(framework.bonds), dtype=int)
    longest = np.zeros_like(streak)
    worst = 0.0
    newcomers = _Newcomers(framework, every=max(1, needed // 4))
    for positions_A, cell_A in blocks:
        newcomers.look(positions_A, cell_A)
        ratio = bond_lengths_A(positions_A, cell_A, framework.bonds) / framework.reference_lengths_A
        worst = max(worst, float(ratio.max()))
        for opened in ratio > BROKEN_STRETCH:
            streak = np.where(opened, streak + 1, 0)
            np.maximum(longest, streak, out=longest)
    broken = np.flatnonzero(longest >= needed)
    detail = f"{len(framework.bonds)} bonds, longest stretch {worst:.2f} times the length at rest"
    if len(broken):
        i, j = framework.bonds[broken[0]]
        detail += f"; {len(broken)} broken, the first between atoms {i} and {j}"
    if len(newcomers.bonds):
        i, j = newcomers.bonds[0]
        detail += f"; {len(newcomers.bonds)} new between polyanions, the first between atoms {i} and {j}"
    if len(broken) or len(newcomers.bonds):
        return HealthCheck(name=name, status="broken", detail=detail)
    return HealthCheck(name=name, status="warning" if longest.any() else "ok", detail=detail)


class _Newcomers:
    """Bonds that form between two polyanions, from a look every few frames.

    Atoms that stand nearer than an open bond to begin with do not come together: nothing is said of them.
    """

    def __init__(self, framework: Framework, *, every: int) -> None:
        self._every, self._frame = every, 0
        self._pairs, self._reach_A = _bondable(framework)
        self._streak = np.zeros(len(self._pairs), dtype=int)
        self._longest = np.zeros_like(self._streak)

    def look(self, positions_A: np.ndarray, cell_A: np.ndarray) -> None:
        """Look at those of these frames that are due."""
        if self._frame == 0 and len(self._pairs):
            apart = bond_lengths_A(positions_A[:1], cell_A[:1], self._pairs)[0] > self._reach_A * _APART
            self._pairs, self._reach_A = self._pairs[apart], self._reach_A[apart]
            self._streak, self._longest = self._streak[apart], self._longest[apart]
        due = [index for index in range(len(positions_A)) if (self._frame + index) % self._every == 0]
        self._frame += len(positions_A)
        for index in due if len(self._pairs) else ():
            one = slice(index, index + 1)
            near = bond_lengths_A(positions_A[one], cell_A[one], self._pairs)[0] < self._reach_A
            self._streak = np.where(near, self._streak + 1, 0)
            np.maximum(self._longest, self._streak, out=self._longest)

    @property
    def bonds(self) -> np.ndarray:
        """Pairs of atoms `[n, 2]` that were bonded for four looks on end."""
        return self._pairs[self._longest >= _LOOKS]


def _bondable(framework: Framework) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of atoms `[n, 2]` of different polyanions whose elements are bonded inside them, and the distances `[n]`
    under which they are bonded."""
    pairs: list[np.ndarray] = []
    reach_A: list[np.ndarray] = []
    if not framework.symbols:
        return np.empty((0, 2), dtype=int), np.empty(0)
    symbols, group = np.array(framework.symbols), np.full(len(framework.symbols), -1)
    for number, members in enumerate(framework.groups):
        if len(members) > 1:
            group[list(members)] = number
    kinds = np.sort(symbols[framework.bonds], axis=1)
    for first, second in np.unique(kinds, axis=0):
        longest_A = framework.reference_lengths_A[(kinds == [first, second]).all(axis=1)].max()
        ones, others = (np.flatnonzero((symbols == symbol) & (group >= 0)) for symbol in (first, second))
        i, j = (index.ravel() for index in np.meshgrid(ones, others, indexing="ij"))
        apart = (group[i] != group[j]) & ((i < j) if first == second else True)
        pairs.append(np.stack([i[apart], j[apart]], axis=1))
        reach_A.append(np.full(int(apart.sum()), NEW_BOND_STRETCH * longest_A))
    return np.concatenate(pairs), np.concatenate(reach_A)


def check_framework(centres_A: np.ndarray, *, neighbour_distance_A: float, length_ps: float) -> HealthCheck:
    """Has the framework melted? Centres [n_frames, n_groups, 3], unwrapped, in the mean cell, without drift.

    Their mean positions over the first and the last quarter of the production are compared, which vibration and
    rotation do not move: more than a tenth of the groups displaced by 0.3 neighbour distances is broken, any is a
    warning. So is a diffusivity of the groups (`framework_diffusivity`) over three of its errors that over the run,
    of `length_ps`, carries them by 0.2 neighbour distances, or by 0.07. The Lindemann ratio (rms displacement over
    neighbour distance) is reported beside it.
    """
    quarter = max(1, len(centres_A) // 4)
    moved = np.linalg.norm(centres_A[-quarter:].mean(axis=0) - centres_A[:quarter].mean(axis=0), axis=1)
    share = float((moved > 0.3 * neighbour_distance_A).mean())
    spread = centres_A - centres_A.mean(axis=0)
    lindemann = float(np.sqrt((spread**2).sum(axis=2).mean())) / neighbour_distance_A
    detail = (
        f"{centres_A.shape[1]} framework points, {100 * share:.0f} % displaced by over 0.3 of the neighbour distance "
        f"{neighbour_distance_A:.2f} A, Lindemann ratio {lindemann:.3f}"
    )
    status = "broken" if share > 0.1 else "warning" if share > 0 else "ok"
    flow, error = framework_diffusivity(centres_A, length_ps=length_ps)
    if np.isfinite(error):
        detail += f", own diffusivity {flow * A2_PER_PS_IN_CM2_PER_S:.1e} +- {error * A2_PER_PS_IN_CM2_PER_S:.1e} cm2/s"
        carried = np.sqrt(max(6 * flow * length_ps, 0.0)) / neighbour_distance_A if flow > 3 * error else 0.0
        status = "broken" if carried > 0.2 else "warning" if carried > 0.07 and status == "ok" else status
    return HealthCheck(name="framework", status=status, detail=detail)


def framework_diffusivity(centres_A: np.ndarray, *, length_ps: float) -> tuple[float, float]:
    """Diffusivity of framework points (A2/ps) and its standard error; nan for under 3 points or 16 frames.

    Their mean positions over eighths of the run go by as 6 D (t - T/24) + a constant that vibration leaves: the slope
    over the lags of 1 to 6 eighths, which one relaxation at the start hardly has.
    """
    n_frames, n_points, _ = centres_A.shape
    if n_points < 3 or n_frames < 16:
        return float("nan"), float("nan")
    means = np.stack([part.mean(axis=0) for part in np.array_split(centres_A, 8)])
    lags = np.arange(1, 7)
    squares = np.stack([np.square(means[lag:] - means[:-lag]).sum(axis=2).mean(axis=0) for lag in lags])
    slopes = np.polyfit(lags * length_ps / 8, squares, 1)[0] / 6
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(n_points))


def neighbour_distance_A(centres_A: np.ndarray, cell_A: np.ndarray) -> float:
    """Median distance (A) from a framework point to its nearest neighbour, images included.

    `centres_A` [n_groups, 3] and `cell_A` [3, 3] of one configuration.
    """
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    separations = centres_A[None, :, None] + shifts @ cell_A - centres_A[:, None, None]
    distances = np.linalg.norm(separations, axis=3)
    distances[distances < 1e-6] = np.inf
    return float(np.median(distances.min(axis=(1, 2))))


def check_run(
    *,
    thermo: dict[str, np.ndarray],
    time_ps: np.ndarray,
    blocks: Iterable[tuple[np.ndarray, np.ndarray]],
    centres_A: np.ndarray | None,
    cell_A: np.ndarray,
    framework: Framework,
    settings: MDSettings,
    n_atoms: int,
    cell_strain: float = 0.0,
) -> list[HealthCheck]:
    """All checks of one production run, each with its name and status.

    Parameters
    ----------
    thermo, time_ps
        Columns of `MDFrame.thermo` and the times, [n_frames] each, production only.
    blocks
        Positions and cells as `check_polyanion_bonds` takes them.
    centres_A
        As `check_framework` takes them; None where there is no framework.
    cell_A
        Mean cell [3, 3].
    cell_strain
        As `check_cell` takes it; looked at where the cell is flexible.
    """
    temperature = check_temperature if settings.ensemble != "nve" else check_free_temperature
    checks = [
        temperature(thermo["temperature_K"], target_K=settings.temperature_K),
        check_energy_drift(thermo["conserved_energy_eV"], time_ps, n_atoms=n_atoms),
        check_pressure(
            thermo["pressure_GPa"],
            thermo["volume_A3"],
            ensemble=settings.ensemble,
            target_GPa=settings.pressure_GPa,
            temperature_K=settings.temperature_K,
        ),
        check_polyanion_bonds(blocks, framework, frame_interval_fs=settings.frame_interval_fs),
    ]
    if settings.ensemble == "npt":
        checks.append(check_cell(cell_strain))
    if centres_A is None or centres_A.shape[1] == 0:
        checks.append(HealthCheck(name="framework", status="ok", detail="no framework besides the mobile ions"))
    else:
        distance = neighbour_distance_A(centres_A[0], cell_A)
        length_ps = len(centres_A) * settings.frame_interval_fs / 1000
        checks.append(check_framework(centres_A, neighbour_distance_A=distance, length_ps=length_ps))
    return checks


def worst_status(checks: Sequence[HealthCheck]) -> str:
    """``broken`` if any check is, else ``warning`` if any is, else ``ok``."""
    statuses = {check.status for check in checks}
    return next((status for status in ("broken", "warning") if status in statuses), "ok")
