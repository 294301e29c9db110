"""Synthetic trajectories whose diffusivity is known: `[n_frames, n_ions, 3]` in A, and D in A^2 per frame."""

from __future__ import annotations

import numpy as np


def random_walk(rng: np.random.Generator, *, n_ions: int, n_frames: int, step_A: float = 0.3):
    """Gaussian steps in every frame: MSD = 3 step^2 t."""
    return rng.normal(scale=step_A, size=(n_frames, n_ions, 3)).cumsum(axis=0), step_A**2 / 2


def lattice_walk(rng: np.random.Generator, *, n_ions: int, n_frames: int, step_A: float = 1.0):
    """One step along x, y or z in every frame."""
    return _along_axes(rng, np.ones((n_frames, n_ions)), step_A).cumsum(axis=0), step_A**2 / 6


def hops(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, hop_A: float = 3.0):
    """Poisson hops between sites of a cubic lattice, `per_ion` of them in the run."""
    counts = rng.poisson(per_ion / n_frames, (n_frames, n_ions))
    moves = np.zeros((n_frames, n_ions, 3))
    while counts.any():
        moves += _along_axes(rng, (counts > 0).astype(float), hop_A)
        counts = np.maximum(counts - 1, 0)
    return moves.cumsum(axis=0), per_ion * hop_A**2 / 6 / n_frames


def cage(rng: np.random.Generator, *, n_ions: int, n_frames: int, amplitude_A: float = 0.3, memory: float = 5.0):
    """Ornstein-Uhlenbeck vibration about a site: MSD = 6 amplitude^2 (1 - exp(-t / memory))."""
    from scipy.signal import lfilter

    decay = np.exp(-1.0 / memory)
    kicks = rng.normal(size=(n_frames, n_ions, 3)) * amplitude_A * np.sqrt(1 - decay**2)
    kicks[0] = rng.normal(size=(n_ions, 3)) * amplitude_A
    return lfilter([1.0], [1.0, -decay], kicks, axis=0)


def oscillation(rng: np.random.Generator, *, n_ions: int, n_frames: int, amplitude_A: float = 0.3):
    """Damped harmonic vibration about a site: a period of 6 frames that decays within 8."""
    from scipy.signal import lfilter

    pole, settle = np.exp(-1 / 8.0 + 2j * np.pi / 6.0), 200
    kicks = rng.normal(size=(2, n_frames + settle, n_ions, 3)) * amplitude_A * np.sqrt(1 - abs(pole) ** 2)
    return lfilter([1.0], [1.0, -pole], kicks[0] + 1j * kicks[1], axis=0).real[settle:]


def vibration_and_hops(
    rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, vibration=cage, **vibrating
):
    """Vibration about sites, and Poisson hops between them."""
    moved, diffusivity = hops(rng, n_ions=n_ions, n_frames=n_frames, per_ion=per_ion)
    return moved + vibration(rng, n_ions=n_ions, n_frames=n_frames, **vibrating), diffusivity


def paired_hops(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float):
    """As `vibration_and_hops`, the ions hopping in pairs: half as many independent ones."""
    moved, diffusivity = hops(rng, n_ions=n_ions // 2, n_frames=n_frames, per_ion=per_ion)
    return np.concatenate([moved, moved], axis=1) + cage(rng, n_ions=n_ions, n_frames=n_frames), diffusivity


def string_hops(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, length: int = 4):
    """Collective hops: `length` ions chosen at random move together."""
    moves = np.zeros((n_frames, n_ions, 3))
    for frame in rng.integers(1, n_frames, rng.poisson(per_ion * n_ions / length)):
        moves[frame, rng.choice(n_ions, length, replace=False)] += _along_axes(rng, np.ones((1, 1)), 3.0)[0, 0]
    return moves.cumsum(axis=0) + cage(rng, n_ions=n_ions, n_frames=n_frames), per_ion * 9.0 / 6 / n_frames


def partly_immobile(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, immobile: float = 0.5):
    """A fixed share of ions never hops; the others hop `per_ion` times."""
    still = int(n_ions * immobile)
    moved, diffusivity = hops(rng, n_ions=n_ions - still, n_frames=n_frames, per_ion=per_ion)
    positions = cage(rng, n_ions=n_ions, n_frames=n_frames)
    positions[:, still:] += moved
    return positions, diffusivity * (n_ions - still) / n_ions


def persistent_walk(rng: np.random.Generator, *, n_ions: int, n_frames: int, memory: float = 10.0):
    """Velocities that forget themselves in `memory` frames: ballistic, then diffusive."""
    speed, decay = 0.1, np.exp(-1.0 / memory)
    velocity = cage(rng, n_ions=n_ions, n_frames=n_frames, amplitude_A=speed, memory=memory)
    return velocity.cumsum(axis=0), speed**2 * (1 + decay) / (1 - decay) / 2


def back_hops(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, back: float = 0.6):
    """Hops of which a share `back` undoes the last one: D falls by (1 - back) / (1 + back), after several hops."""
    moves, last = np.zeros((n_frames, n_ions, 3)), rng.integers(0, 6, n_ions)
    for frame in range(1, n_frames):
        ions = np.flatnonzero(rng.random(n_ions) < per_ion / n_frames)
        new = np.where(rng.random(ions.size) < back, last[ions] ^ 1, rng.integers(0, 6, ions.size))
        moves[frame, ions, new // 2] = np.where(new % 2, 3.0, -3.0)
        last[ions] = new
    diffusivity = per_ion * 9.0 / 6 / n_frames * (1 - back) / (1 + back)
    return moves.cumsum(axis=0) + cage(rng, n_ions=n_ions, n_frames=n_frames), diffusivity


def subdiffusion(rng: np.random.Generator, *, n_ions: int, n_frames: int, exponent: float):
    """Fractional Brownian motion: MSD = 3 t^exponent at all t (circulant embedding)."""
    k = np.arange(n_frames, dtype=float)
    noise = 0.5 * ((k + 1) ** exponent - 2 * k**exponent + np.abs(k - 1) ** exponent)
    power = np.fft.fft(np.concatenate([noise, noise[-2:0:-1]])).real
    amplitude = np.sqrt(np.maximum(power, 0.0) / power.size)[:, None, None]
    drawn = rng.normal(size=(2, power.size, n_ions, 3))
    return np.fft.fft(amplitude * (drawn[0] + 1j * drawn[1]), axis=0).real[:n_frames].cumsum(axis=0)


def reflecting_channel(
    rng: np.random.Generator, *, n_ions: int, n_frames: int, relaxations: float, dimensions: int = 1
):
    """Ions that diffuse between reflecting ends 12 A apart, in one or more dimensions: D = 0.

    `relaxations` is the run over the slowest relaxation time, L^2 / (pi^2 D_free).
    """
    length_A = 12.0
    step_A = np.sqrt(2.0 * relaxations * length_A**2 / np.pi**2 / n_frames)
    steps = rng.normal(scale=step_A, size=(n_frames, n_ions, dimensions))
    steps[0] = 0.0
    unfolded = np.mod(rng.uniform(0, length_A, (1, n_ions, dimensions)) + steps.cumsum(axis=0), 2.0 * length_A)
    paths = rng.normal(scale=0.15, size=(n_frames, n_ions, 3))
    paths[..., :dimensions] += np.where(unfolded > length_A, 2.0 * length_A - unfolded, unfolded)
    return paths, 0.0


def short_channel(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, n_sites: int = 5):
    """Hops along a row of `n_sites` sites with closed ends: D = 0."""
    site, at = rng.integers(0, n_sites, n_ions), np.zeros((n_frames, n_ions, 3))
    for frame in range(n_frames):
        tries = (rng.random(n_ions) < per_ion / n_frames) * np.where(rng.random(n_ions) < 0.5, 1, -1)
        there = site + tries
        site = np.where((there >= 0) & (there < n_sites), there, site)
        at[frame, :, 0] = 3.0 * site
    return at + cage(rng, n_ions=n_ions, n_frames=n_frames), 0.0


def percolation_clusters(rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float):
    """Hops between the open fifth of the sites of a cubic lattice: under the threshold (0.3116), so D = 0."""
    size = 16
    is_open = rng.random((size,) * 3) < 0.2
    open_sites = np.argwhere(is_open)
    site, moved = open_sites[rng.integers(0, len(open_sites), n_ions)], np.zeros((n_ions, 3))
    ways = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    at = np.zeros((n_frames, n_ions, 3))
    for frame in range(1, n_frames):
        ions = np.flatnonzero(rng.random(n_ions) < per_ion / n_frames)
        way = ways[rng.integers(0, 6, ions.size)]
        there = (site[ions] + way) % size
        goes = is_open[tuple(there.T)]
        site[ions[goes]] = there[goes]
        moved[ions[goes]] += 3.0 * way[goes]
        at[frame] = moved
    return at + cage(rng, n_ions=n_ions, n_frames=n_frames), 0.0


def slow_cage(rng: np.random.Generator, *, n_ions: int, n_frames: int, relaxations: float):
    """Ornstein-Uhlenbeck motion of 3 A in a wide cage, `relaxations` of it in the run: D = 0."""
    wide = cage(rng, n_ions=n_ions, n_frames=n_frames, amplitude_A=3.0, memory=n_frames / relaxations)
    return wide + cage(rng, n_ions=n_ions, n_frames=n_frames, amplitude_A=0.2), 0.0


def transient_hops(
    rng: np.random.Generator, *, n_ions: int, n_frames: int, per_ion: float, factor: float = 3.0, share: float = 0.2
):
    """Hops that are `factor` times as frequent in the first `share` of the run; D is that of the rest."""
    rate = np.full((n_frames, 1), per_ion / n_frames)
    rate[: int(share * n_frames)] *= factor
    counts = rng.poisson(np.repeat(rate, n_ions, axis=1))
    moves = np.zeros((n_frames, n_ions, 3))
    while counts.any():
        moves += _along_axes(rng, (counts > 0).astype(float), 3.0)
        counts = np.maximum(counts - 1, 0)
    return moves.cumsum(axis=0) + cage(rng, n_ions=n_ions, n_frames=n_frames), per_ion * 9.0 / 6 / n_frames


def _along_axes(rng: np.random.Generator, moving: np.ndarray, length_A: float) -> np.ndarray:
    axis = rng.integers(0, 3, moving.shape)
    steps = np.zeros((*moving.shape, 3))
    np.put_along_axis(steps, axis[..., None], (rng.choice([-1.0, 1.0], moving.shape) * moving * length_A)[..., None], 2)
    return steps


def coupled_walk(rng: np.random.Generator, *, n_ions: tuple[int, int], n_frames: int):
    """Two species whose ions share a part of their steps: `(paths of each), L [2, 2]` in A^2 per frame.

    Every ion steps by 0.3 A (variance 0.09) a component, of which `common` of its species is a step that all make. L is
    the growth of <dR_a . dR_b> over 6: half of n_a (0.09 - common_a) + n_a^2 common_a, n_a n_b sqrt(common_a common_b).
    """
    common = np.array([0.02, 0.01])
    shared = rng.normal(size=(n_frames, 1, 3))
    paths, n = [], np.array(n_ions, dtype=float)
    for count, part in zip(n_ions, common, strict=True):
        own = rng.normal(scale=np.sqrt(0.09 - part), size=(n_frames, count, 3))
        paths.append((own + np.sqrt(part) * shared).cumsum(axis=0))
    growth = np.outer(n * np.sqrt(common), n * np.sqrt(common)) + np.diag(n * (0.09 - common))
    return tuple(paths), growth / 2
