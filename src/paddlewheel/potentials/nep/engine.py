"""The NEP engine: a model ready to be evaluated on one structure after another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.nep.model import NEPModel
from paddlewheel.potentials.nep.tables import DType, build_tables

if TYPE_CHECKING:
    from paddlewheel.potentials.nep.domain import NEPDomain

_CHUNKS = 16
"""Chunks of atoms, whatever the number of threads: each has its own buffer of forces, and they are added in order."""
_SMALLEST_CHUNK = 8
_COINCIDENT_A = 1e-3
"""Two atoms nearer than this are the same atom twice; no potential has a meaning there."""


@dataclass(frozen=True)
class NEPResult:
    """What one evaluation gives.

    Attributes
    ----------
    energies_eV
        `[n_atoms]`.
    forces_eV_per_A
        `[n_atoms, 3]`.
    virial_eV
        `[3, 3]`, the derivative of the energy by the strain; over the volume it is the stress in ASE's sign.
    grades
        `[n_atoms]` extrapolation grades; None without a domain.
    """

    energies_eV: np.ndarray
    forces_eV_per_A: np.ndarray
    virial_eV: np.ndarray
    grades: np.ndarray | None
    _padded: np.ndarray
    _columns: np.ndarray
    _scale: np.ndarray

    @property
    def descriptors(self) -> np.ndarray:
        """`[n_atoms, n_descriptors]` float64, scaled by q_scaler as the network sees them."""
        return self._padded.reshape(len(self._padded), -1)[:, self._columns] * self._scale


class NEPEngine:
    """Evaluates a model; keeps the neighbour list and the buffers of the last structure.

    The result is a function of positions, cell and species alone, bit for bit: neither what was computed before nor
    the number of threads shows in it.

    Parameters
    ----------
    model
        The potential.
    dtype
        Of the arithmetic; energies and forces are summed in float64.
    threads
        Threads to share the atoms among.
    domain
        Of the training set, for the extrapolation grade.
    skin_A
        Of the neighbour list.
    """

    def __init__(
        self,
        model: NEPModel,
        *,
        dtype: DType = "float32",
        threads: int = 1,
        domain: NEPDomain | None = None,
        skin_A: float = 0.6,
    ) -> None:
        from paddlewheel.potentials.nep.verlet import VerletList

        if threads < 1:
            raise PotentialError(f"{threads} threads", remedy="give 1 or more")
        self.model, self.domain, self.threads = model, domain, threads
        self._tables = build_tables(model, dtype=dtype, domain=domain)
        self._dtype = np.dtype(dtype)
        self._arguments = self._tables.arguments()
        self._list = VerletList(cutoff_A=model.cutoff_A, skin_A=skin_A, n_species=len(model.elements))
        self._pool: ThreadPoolExecutor | None = None

    def evaluate(
        self, *, species: np.ndarray, positions_A: np.ndarray, cell_A: np.ndarray, pbc: tuple[bool, bool, bool]
    ) -> NEPResult:
        """Energy, forces, virial, descriptors and grades of a structure.

        Parameters
        ----------
        species
            `[n_atoms]`, places in `model.elements`.
        positions_A, cell_A, pbc
            `[n_atoms, 3]`; `[3, 3]`, vectors as rows, ignored where `pbc` is false.

        Raises
        ------
        PotentialError
            If there are no atoms, positions or cell are not finite, the cell has no volume, or two atoms coincide.
        """
        from paddlewheel.potentials.nep import kernels

        evaluate: Any = kernels.evaluate  # compiled: its types are those of the arrays
        positions = np.ascontiguousarray(positions_A, dtype=np.float64)
        periodic = (bool(pbc[0]), bool(pbc[1]), bool(pbc[2]))
        cell = np.where(np.array(periodic)[:, None], np.asarray(cell_A, dtype=np.float64), 0.0)
        if not len(positions):
            raise PotentialError("a structure without atoms", remedy="check the structure")
        if not (np.isfinite(positions).all() and np.isfinite(cell).all()):
            raise PotentialError("positions or cell are not finite", remedy="check the structure, or the run before it")
        n, species = len(positions), np.ascontiguousarray(species, dtype=np.int32)
        images = self._list.candidates(positions, cell, periodic, species)
        chunks = max(1, min(_CHUNKS, n // _SMALLEST_CHUNK))
        bounds = np.arange(chunks + 1) * n // chunks
        forces, virial = np.zeros((chunks, n + 1, 3)), np.zeros((chunks, 3, 3))
        energies, grades, closest = np.empty(n), np.empty(n, dtype=self._dtype), np.empty((self.threads, 1))
        descriptors = np.empty((n, self._tables.w0.shape[1], 8), dtype=self._dtype)
        shared: tuple = (positions, images, self._list.starts, self._list.neighbours, self._list.images)
        shared = (*shared, self._list.most_candidates, species, *self._arguments)
        into = (energies, forces, virial, descriptors, grades)

        counter = np.zeros(1, dtype=np.int64)  # threads take chunks from it: one that wakes up late takes fewer

        def run(first: int) -> None:
            evaluate(counter, bounds, *shared, *into, closest[first])

        others = range(1, self.threads)
        if others:
            self._pool = self._pool or ThreadPoolExecutor(self.threads - 1)
        waiting = [self._pool.submit(run, first) for first in others] if self._pool else []
        run(0)
        for other in waiting:
            other.result()
        if closest.min() < _COINCIDENT_A:
            raise PotentialError(self._nearest(positions, images), remedy="remove one of them")
        total = virial.sum(axis=0)
        return NEPResult(
            energies_eV=energies,
            forces_eV_per_A=forces.sum(axis=0)[:n],
            virial_eV=(total + total.T) / 2,
            grades=None if self.domain is None else grades.astype(np.float64),
            _padded=descriptors,
            _columns=self._tables.columns,
            _scale=self.model.q_scaler,
        )

    def _nearest(self, positions: np.ndarray, images: np.ndarray) -> str:
        starts, neighbours = self._list.starts, self._list.neighbours
        centres = np.repeat(np.arange(len(positions)), starts[:, -1] - starts[:, 0])
        vectors = positions[neighbours] + images[self._list.images] - positions[centres]
        distances = np.linalg.norm(vectors, axis=1)
        first = int(distances.argmin())
        return f"atoms {centres[first]} and {neighbours[first]} are {distances[first]:.4f} A apart"
