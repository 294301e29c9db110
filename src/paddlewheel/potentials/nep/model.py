"""A neuroevolution potential (NEP4) as a value: sizes, cutoffs, network, descriptor coefficients, repulsion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.errors import PotentialError

MAX_L = 8
"""Highest degree of the angular functions (the limit of the format's own reader, GPUMD)."""


@dataclass(frozen=True)
class Repulsion:
    """The Ziegler-Biersack-Littmark repulsion that a NEP adds at short distances.

    Attributes
    ----------
    inner_A, outer_A
        Where the switch begins and ends. Both 0: the flexible form, with a table of its own.
    typewise_factor
        Set: the outer cutoff of a pair is the smaller of `outer_A` and this times the sum of the covalent radii,
        and the inner one is 0.
    table
        Flexible form only: `[n_pairs, 10]`, for the pairs 1-1, 1-2, ..., 1-n, 2-2, ...: inner, outer, and four times
        coefficient and exponent of the screening function.
    """

    inner_A: float
    outer_A: float
    typewise_factor: float | None = None
    table: np.ndarray | None = None

    def restricted(self, places: Sequence[int], *, n_elements: int) -> Repulsion:
        """That of the elements at `places` among `n_elements`, in that order."""
        if self.table is None:
            return self
        rows = np.zeros((n_elements, n_elements), dtype=int)
        upper = np.triu_indices(n_elements)
        rows[upper] = np.arange(len(self.table))
        rows = np.maximum(rows, rows.T)[np.ix_(places, places)]
        return replace(self, table=self.table[rows[np.triu_indices(len(places))]])


@dataclass(frozen=True)
class NEPModel:
    """All that a `nep.txt` holds, its arrays sorted; double precision.

    Equations: Fan et al., J. Chem. Phys. 157, 114801 (2022), doi 10.1063/5.0106617 (descriptor); Song et al., Nat.
    Commun. 15, 10208 (2024), doi 10.1038/s41467-024-54554-x (NEP4: a network and coefficients per species).

    Attributes
    ----------
    elements
        Symbols, in the order of the file.
    radial_cutoffs_A, angular_cutoffs_A
        `[n_elements]`; the cutoff of a pair is the mean of its two.
    max_neighbours
        The most neighbours within each cutoff that training saw (GPUMD sizes its memory by it).
    n_max, basis_size
        `(radial, angular)`: highest index of the radial functions, and of the Chebyshev polynomials under them.
    l_max
        `(three-body degree, 4-body: 0 or 2, 5-body: 0 or 1)`.
    w0, b0, w1, bias
        Network of each element: `[n_elements, n_neurons, n_descriptors]`, `[n_elements, n_neurons]` twice, and one
        number: E_i = w1 . tanh(w0 q_i - b0) - bias.
    radial_coefficients, angular_coefficients
        `[n_elements, n_elements, n_max + 1, basis_size + 1]`: centre, neighbour, n, k.
    q_scaler
        `[n_descriptors]`, multiplies the descriptors.
    repulsion
        None where there is none.
    """

    elements: tuple[str, ...]
    radial_cutoffs_A: np.ndarray
    angular_cutoffs_A: np.ndarray
    max_neighbours: tuple[int, int]
    n_max: tuple[int, int]
    basis_size: tuple[int, int]
    l_max: tuple[int, int, int]
    w0: np.ndarray
    b0: np.ndarray
    w1: np.ndarray
    bias: float
    radial_coefficients: np.ndarray
    angular_coefficients: np.ndarray
    q_scaler: np.ndarray
    repulsion: Repulsion | None = None

    def __post_init__(self) -> None:
        n, neurons, size = len(self.elements), self.w0.shape[1], self.n_descriptors
        shapes = {
            "radial_cutoffs_A": (n,),
            "angular_cutoffs_A": (n,),
            "w0": (n, neurons, size),
            "b0": (n, neurons),
            "w1": (n, neurons),
            "radial_coefficients": (n, n, self.n_max[0] + 1, self.basis_size[0] + 1),
            "angular_coefficients": (n, n, self.n_max[1] + 1, self.basis_size[1] + 1),
            "q_scaler": (size,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise PotentialError(f"NEP: {name} has the shape {getattr(self, name).shape}, {shape} is due")

    @property
    def n_angular_terms(self) -> int:
        """Blocks of angular descriptors: one for each degree, and the 4-body and the 5-body ones."""
        return self.l_max[0] + (self.l_max[1] > 0) + (self.l_max[2] > 0)

    @property
    def n_descriptors(self) -> int:
        """Length of the descriptor: radial ones first, then the angular ones, term by term and by n within a term."""
        return self.n_max[0] + 1 + (self.n_max[1] + 1) * self.n_angular_terms

    @property
    def cutoff_A(self) -> float:
        """The longest distance at which two atoms see each other."""
        return float(self.radial_cutoffs_A.max())

    def restricted(self, elements: Sequence[str]) -> NEPModel:
        """The same potential for these elements alone, in this order: equal to the whole one wherever no other occurs.

        The network of an element and the coefficients of a pair know nothing of other elements.

        Raises
        ------
        PotentialError
            If an element is not there, or comes twice.
        """
        lacking = [symbol for symbol in elements if symbol not in self.elements]
        if lacking or not elements or len(set(elements)) != len(elements):
            problem = f"the NEP does not know {', '.join(lacking)}" if lacking else "no different elements are named"
            raise PotentialError(problem, remedy="name elements of the potential, each once")
        places = [self.elements.index(symbol) for symbol in elements]
        pairs = np.ix_(places, places)
        zbl = self.repulsion
        return replace(
            self,
            elements=tuple(elements),
            radial_cutoffs_A=self.radial_cutoffs_A[places],
            angular_cutoffs_A=self.angular_cutoffs_A[places],
            w0=self.w0[places],
            b0=self.b0[places],
            w1=self.w1[places],
            radial_coefficients=self.radial_coefficients[pairs],
            angular_coefficients=self.angular_coefficients[pairs],
            repulsion=None if zbl is None else zbl.restricted(places, n_elements=len(self.elements)),
        )
