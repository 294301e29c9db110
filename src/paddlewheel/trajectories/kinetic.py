"""The kinetic temperature that is in the frames: how fast the atoms go from one frame to the next.

Where frames are so close that the atoms fly straight between them, the mean squared displacement over n frames is
``<v^2> (n dt)^2 (1 - <w^2> (n dt)^2 / 12 + ...)``, with w the frequencies of their motion. Two lags give <v^2> without
the second term, and their ratio tells whether the frames are close enough. Then 3/2 k T = 1/2 m <v^2>.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.crystals import mean_cell
from paddlewheel.trajectories.trajectory import Trajectory
from paddlewheel.units import ATOMIC_MASS_KG, BOLTZMANN_J_PER_K

BALLISTIC = 3.4
"""Least ratio of the squared displacements over two frames and over one: 4 where atoms fly straight, 2 where they walk
at random. At 3.4 the frequencies' fourth power, which is left out, lowers the temperature by about 2 %."""
_MOST_FRAMES = 4000
_MOST_NUMBERS = 20_000_000
"""Coordinates that are looked at: a second's work."""
_FEWEST_FRAMES = 8


@dataclass(frozen=True)
class KineticTemperature:
    """The temperature that the speeds of one element's atoms make.

    Attributes
    ----------
    temperature_K, std_K
        With the standard error over stretches of the run.
    element
        Whose atoms were taken: of those that fly straight the ones that do so best.
    ratio
        Squared displacement over two frames over that over one: 4 for straight flight.
    """

    temperature_K: float
    std_K: float
    element: str
    ratio: float


def kinetic_temperature(trajectory: Trajectory) -> KineticTemperature | None:
    """The temperature of the atoms' speeds; None where the frames are too far apart to tell, or too few.

    Parameters
    ----------
    trajectory
        With its frame interval. Its first frames, 4,000 at most, are read.

    Notes
    -----
    It goes with the square of 1 / interval: a wrong interval shows as a wrong temperature.
    """
    if trajectory.frame_interval_fs is None or trajectory.n_frames < _FEWEST_FRAMES:
        return None
    positions, cells = _first_frames(trajectory)
    once = _steps(positions, cells)
    if not trajectory.is_unwrapped and np.abs(once).max() >= 0.5 - 1e-9:
        return None  # no minimum image can be told
    cell_A = mean_cell(cells)
    drift_free = once - np.average(once, axis=1, weights=trajectory.masses_u)[:, None]
    one, two = drift_free @ cell_A, (drift_free[1:] + drift_free[:-1]) @ cell_A
    squares = np.square(one).sum(axis=2), np.square(two).sum(axis=2)
    found = [_of_element(element, squares, trajectory) for element in dict.fromkeys(trajectory.symbols)]
    straight = [row for row in found if row is not None and row.ratio >= BALLISTIC]
    return max(straight, key=lambda row: row.ratio, default=None)


def _first_frames(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    most = max(_FEWEST_FRAMES, min(_MOST_FRAMES, _MOST_NUMBERS // (3 * trajectory.n_atoms)))
    positions, cells, count = [], [], 0
    for block in trajectory.blocks(max_bytes=4 * 1024 * 1024):
        positions.append(block.positions_A)
        cells.append(block.cell_A)
        count += len(block.positions_A)
        if count >= most:
            break
    return np.concatenate(positions)[:most], np.concatenate(cells)[:most]


def _steps(positions_A: np.ndarray, cells_A: np.ndarray) -> np.ndarray:
    """Steps between frames in fractions of the cell, by minimum image, `[n_frames - 1, n_atoms, 3]`."""
    steps = np.diff(positions_A @ np.linalg.inv(cells_A), axis=0)
    return steps - np.round(steps)


def _of_element(
    element: str, squares: tuple[np.ndarray, np.ndarray], trajectory: Trajectory
) -> KineticTemperature | None:
    atoms = np.array([symbol == element for symbol in trajectory.symbols])
    one, two = (square[:, atoms].mean(axis=1) for square in squares)
    if not one.mean() > 0:
        return None
    ratio = float(two.mean() / one.mean())
    # Richardson: the term in w^2 of both lags cancels
    speeds_A2 = (16 * one[: len(two)] - two) / 12
    interval_s = trajectory.frame_interval_fs * 1e-15 if trajectory.frame_interval_fs else np.nan
    mass_kg = float(trajectory.masses_u[atoms].mean()) * ATOMIC_MASS_KG
    temperatures_K = mass_kg * speeds_A2 * 1e-20 / interval_s**2 / (3 * BOLTZMANN_J_PER_K)
    parts = [part.mean() for part in np.array_split(temperatures_K, min(8, len(temperatures_K)))]
    std_K = float(np.std(parts, ddof=1) / np.sqrt(len(parts)))
    return KineticTemperature(float(temperatures_K.mean()), std_K, element, ratio)
