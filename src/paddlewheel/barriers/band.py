"""The minimum-energy path of a hop: a band of images with a climbing one, and what its saddle is worth."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from scipy.interpolate import CubicHermiteSpline

CLIMBS_BELOW_eV_PER_A = 0.3
"""The highest image climbs once no force on the band is larger: before that it may be the wrong one."""
CLIMBS_AFTER_STEPS = 60
_SPRING_eV_PER_A2 = 1.0
_IDPP_WITHIN_A = 5.0
"""Atoms further than this from the path of the ion start from a straight line."""
_SOFTEST_eV_PER_A2 = 1.0
"""Stiffness that turns a force which is left into an energy: acoustic modes of solids are about as soft."""
_RISEN_eV = 1e-4
_MODE_STEP_A = 0.02
_MODE_ATOMS = 6
_NOISE_eV_PER_A2 = 0.05

Watch = Callable[[int], bool]
"""Told the number of steps; True stops."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Energies along a band.

    Attributes
    ----------
    distance_A
        `[n_images]`, along the path in the space of all atoms.
    energy_eV
        `[n_images]`, as the potential gives them.
    slope_eV_per_A
        `[n_images]`, dE/ds: the force along the path, with its sign turned.
    extrapolation_grade
        `[n_images]`, of potentials that give one (over 1: outside the domain of the training set), else nan.
    """

    distance_A: np.ndarray
    energy_eV: np.ndarray
    slope_eV_per_A: np.ndarray
    extrapolation_grade: np.ndarray

    def spline(self) -> CubicHermiteSpline:
        """The energy between the images: cubic pieces with the images' energies and slopes."""
        from scipy.interpolate import CubicHermiteSpline

        return CubicHermiteSpline(self.distance_A, self.energy_eV, self.slope_eV_per_A)

    def fine(self, n: int = 201) -> tuple[np.ndarray, np.ndarray]:
        """Distance and energy on a fine grid."""
        distance = np.linspace(0.0, float(self.distance_A[-1]), n)
        return distance, self.spline()(distance)

    @property
    def highest(self) -> int:
        """The highest image."""
        return int(np.argmax(self.energy_eV))

    @property
    def below_ends_eV(self) -> float:
        """How far the path falls below its lower end: the ion rests on the way then, not at the ends."""
        return max(0.0, float(min(self.energy_eV[0], self.energy_eV[-1]) - self.fine()[1].min()))

    @property
    def dip_eV(self) -> float:
        """How far the path falls between two maxima: the depth of an intermediate minimum, 0 without one."""
        _, energy = self.fine()
        below_left = np.maximum.accumulate(energy)
        below_right = np.maximum.accumulate(energy[::-1])[::-1]
        return float((np.minimum(below_left, below_right) - energy).max())


@dataclass(frozen=True, kw_only=True)
class Saddle:
    """The highest image, looked at.

    Attributes
    ----------
    force_eV_per_A
        Largest force on an atom there.
    std_eV
        What is open of its energy over the ends' for want of convergence: forces left over stiffness, and how far the
        spline goes above the image.
    curvatures_eV_per_A2
        Eigenvalues, ascending, of the Hessian of the ion and the atoms nearest to it. By Cauchy's interlacing the whole
        Hessian has at least as many negative ones: two or more here say that it is no saddle of first order.
    """

    force_eV_per_A: float
    std_eV: float
    curvatures_eV_per_A2: tuple[float, ...]

    @property
    def n_negative(self) -> int:
        """Directions in which the energy falls, beyond the noise of differences of forces."""
        return sum(value < -_NOISE_eV_PER_A2 for value in self.curvatures_eV_per_A2)


def relax_end(
    atoms: Atoms, calculator: Calculator, *, fmax_eV_per_A: float, most_steps: int, watch: Watch
) -> bool | None:
    """Relax an end in place in its cell; True once no force is larger, False where it does not come to that, None when
    stopped. L-BFGS may climb to where the energy is highest; what it raised is relaxed by FIRE, which falls only."""
    from ase.optimize import FIRE, LBFGS

    atoms.calc = calculator
    first, energy_eV = atoms.get_positions(), float(atoms.get_potential_energy())
    for method in (LBFGS, FIRE):
        optimizer = method(atoms, logfile=None)  # type: ignore[arg-type]
        for _ in optimizer.irun(fmax=fmax_eV_per_A, steps=most_steps):
            if watch(optimizer.nsteps):
                return None
        if float(atoms.get_potential_energy()) <= energy_eV + _RISEN_eV:
            break
        atoms.set_positions(first, apply_constraint=False)
    return bool(_largest(atoms.get_forces()) <= fmax_eV_per_A)


def first_band(start: Atoms, end: Atoms, moving: int, *, n_images: int) -> list[Atoms]:
    """Images between two ends, both among them: straight, but around the ion as the image-dependent pair potential
    has it (Smidstrup et al., doi 10.1063/1.4878664), so that no atoms meet."""
    from ase.mep import NEB

    shares = np.linspace(0.0, 1.0, n_images + 2)
    images = []
    for share in shares:
        image = start.copy()
        image.set_positions((1 - share) * start.positions + share * end.positions, apply_constraint=False)
        images.append(image)
    near, shifts = _around(start, end, moving)
    clusters = [image[near] for image in images]
    for cluster in clusters:
        cluster.set_constraint()
        cluster.pbc = False
        cluster.positions += shifts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        NEB(clusters, method="improvedtangent").interpolate(method="idpp", mic=False)
    for image, cluster in zip(images[1:-1], clusters[1:-1], strict=True):
        positions = image.get_positions()
        positions[near] = cluster.positions - shifts
        image.set_positions(positions)  # constraints hold what is held
    return images


def band_through(start: Atoms, end: Atoms, guesses_A: np.ndarray, *, n_images: int) -> list[Atoms]:
    """Images between two ends, both among them, on the straight pieces that join them by way of guesses.

    Parameters
    ----------
    guesses_A
        Positions of all atoms, `[n, n_atoms, 3]`, in the order of the path.
    """
    corners = np.concatenate([start.positions[None], guesses_A, end.positions[None]])
    steps = np.linalg.norm(np.diff(corners, axis=0).reshape(len(corners) - 1, -1), axis=1)
    corners = corners[np.concatenate([[True], steps > 0])]  # a guess may be an end over again
    along = np.concatenate([[0.0], np.cumsum(steps[steps > 0])])
    images = []
    for at in np.linspace(0.0, along[-1], n_images + 2):
        piece = int(np.clip(np.searchsorted(along, at) - 1, 0, len(along) - 2))
        share = (at - along[piece]) / (along[piece + 1] - along[piece])
        image = start.copy()
        image.set_positions((1 - share) * corners[piece] + share * corners[piece + 1], apply_constraint=False)
        images.append(image)
    return images


def converge_band(
    images: Sequence[Atoms],
    calculator: Calculator,
    *,
    fmax_eV_per_A: float,
    most_steps: int,
    steps_before: int = 0,
    watch: Watch,
) -> bool | None:
    """Relax a band in place: first without, then with its highest image climbing to the saddle.

    Improved tangents (Henkelman, Jonsson, doi 10.1063/1.1323224), climbing image (Henkelman, Uberuaga, Jonsson,
    doi 10.1063/1.1329672), both of ASE, relaxed by FIRE.

    Parameters
    ----------
    images
        Both ends relaxed; their positions stay.
    steps_before
        That an interrupted call did.
    watch
        Told the steps done, those before included.

    Returns
    -------
    True once no force on the climbing band is larger than `fmax_eV_per_A`, False where it does not come to that, None
    when stopped.
    """
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.mep import NEB
    from ase.optimize import FIRE

    for image in (images[0], images[-1]):
        image.calc = calculator
        energy_eV, forces = image.get_potential_energy(), image.get_forces()
        image.calc = SinglePointCalculator(image, energy=energy_eV, forces=forces)
    for image in images[1:-1]:
        image.calc = calculator
    done = steps_before
    for climbs, fmax, most in (
        (False, max(CLIMBS_BELOW_eV_PER_A, fmax_eV_per_A), CLIMBS_AFTER_STEPS),
        (True, fmax_eV_per_A, most_steps),
    ):
        band = NEB(
            list(images), k=_SPRING_eV_PER_A2, climb=climbs, method="improvedtangent", allow_shared_calculator=True
        )
        optimizer = FIRE(band, logfile=None)  # type: ignore[arg-type]
        before = done
        for converged in optimizer.irun(fmax=fmax, steps=max(0, most - before)):
            done = before + optimizer.nsteps
            if watch(done):
                return None
            if converged and climbs:
                return True
    return False


def profile_of(images: Sequence[Atoms], calculator: Calculator) -> Profile:
    """Energies and slopes along a band."""
    positions = np.array([image.positions for image in images])
    steps = np.linalg.norm(np.diff(positions, axis=0).reshape(len(images) - 1, -1), axis=1)
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    energies, forces, grades = [], [], []
    for image in images:
        image.calc = calculator
        energies.append(float(image.get_potential_energy()))
        forces.append(image.get_forces())
        grades.append(float(calculator.results.get("extrapolation_grade", np.nan)))
    energy = np.array(energies)
    tangents = np.gradient(positions.reshape(len(images), -1), distance, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1)[:, None]
    slope = -(np.array(forces).reshape(len(images), -1) * tangents).sum(axis=1)
    slope[[0, -1]] = 0.0  # ends are minima: what force is left there is of the tolerance
    return Profile(distance_A=distance, energy_eV=energy, slope_eV_per_A=slope, extrapolation_grade=np.array(grades))


def saddle_of(images: Sequence[Atoms], profile: Profile, calculator: Calculator, moving: int) -> Saddle:
    """Look at the highest image: forces that are left, and the curvatures about the ion."""
    at = images[profile.highest].copy()
    at.calc = calculator
    forces = at.get_forces()
    left = float((forces**2).sum()) / (2 * _SOFTEST_eV_PER_A2)
    above = max(0.0, float(profile.fine()[1].max() - profile.energy_eV.max()))
    return Saddle(
        force_eV_per_A=_largest(forces),
        std_eV=float(np.hypot(left, above)),
        curvatures_eV_per_A2=tuple(float(value) for value in _curvatures(at, moving)),
    )


def _curvatures(atoms: Atoms, moving: int) -> np.ndarray:
    """Eigenvalues of the Hessian of the ion and the free atoms nearest to it, by central differences of the forces."""
    distances = atoms.get_distances(moving, np.arange(len(atoms)), mic=True)
    held = {int(index) for constraint in atoms.constraints for index in constraint.get_indices()}
    free = [int(index) for index in np.argsort(distances, kind="stable") if int(index) not in held]
    block = free[: _MODE_ATOMS + 1]
    rows = []
    for index in block:
        for axis in range(3):
            sides = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.calc = atoms.calc
                moved.positions[index, axis] += sign * _MODE_STEP_A
                sides.append(moved.get_forces()[block].ravel())
            rows.append((sides[1] - sides[0]) / (2 * _MODE_STEP_A))
    hessian = np.array(rows)
    return np.linalg.eigvalsh(0.5 * (hessian + hessian.T))


def _around(start: Atoms, end: Atoms, moving: int) -> tuple[np.ndarray, np.ndarray]:
    """The atoms near the path of the ion, and what takes each to its image there."""
    from ase.geometry import find_mic

    middle = 0.5 * (start.positions[moving] + end.positions[moving])
    vectors, distance = find_mic(start.positions - middle, start.cell.array, pbc=True)
    reach = _IDPP_WITHIN_A + 0.5 * float(np.linalg.norm(end.positions[moving] - start.positions[moving]))
    distance[moving] = 0.0
    near = np.flatnonzero(distance < reach)
    shifts = (middle + vectors - start.positions)[near]
    shifts[near == moving] = 0.0
    return near, shifts


def _largest(forces: np.ndarray) -> float:
    return float(np.linalg.norm(forces, axis=1).max())
