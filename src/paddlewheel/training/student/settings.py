"""What a NEP student looks like."""

from __future__ import annotations

from dataclasses import dataclass

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class StudentSettings:
    """The form of a NEP4: elements, cutoffs, basis, angular momenta and neurons, named as in GPUMD's nep.in.

    Attributes
    ----------
    elements
        Symbols in the order of the file.
    radial_cutoff_A, angular_cutoff_A
        Cutoffs of the radial and the angular descriptors.
    radial_n_max, angular_n_max
        Largest index n of the radial functions g_n (one more than that many).
    radial_basis_size, angular_basis_size
        Largest index k of the basis functions f_k.
    l_max
        Largest angular momentum of the three-body descriptors, 2 to 4; the four-body q_222 and the five-body q_1111
        are always there.
    neurons
        Neurons of the hidden layer.

    Raises
    ------
    SettingsError
        For a value outside what GPUMD, LAMMPS and our engine read.
    """

    elements: tuple[str, ...]
    radial_cutoff_A: float = 6.0
    angular_cutoff_A: float = 4.5
    radial_n_max: int = 7
    angular_n_max: int = 6
    radial_basis_size: int = 9
    angular_basis_size: int = 8
    l_max: int = 4
    neurons: int = 50

    def __post_init__(self) -> None:
        if not self.elements or len(set(self.elements)) != len(self.elements):
            raise SettingsError(f"{self.elements} are no different elements", where="elements", remedy="name each once")
        if not 0 < self.angular_cutoff_A <= self.radial_cutoff_A <= 20:
            raise SettingsError(
                f"{self.radial_cutoff_A:g} and {self.angular_cutoff_A:g} A", where="cutoffs",
                remedy="the angular cutoff is at most the radial one, and that at most 20 A",
            )  # fmt: skip
        limits = {
            "radial_n_max": (0, 12), "angular_n_max": (0, 8), "radial_basis_size": (0, 16),
            "angular_basis_size": (0, 12), "l_max": (2, 4), "neurons": (2, 120),
        }  # fmt: skip
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise SettingsError(f"{getattr(self, name)}", where=name, remedy=f"give {low} to {high}")

    @property
    def n_angular_terms(self) -> int:
        """Angular descriptors of each n: one for each l, q_222 and q_1111."""
        return self.l_max + 2

    @property
    def n_descriptors(self) -> int:
        """Length of the descriptor vector."""
        return self.radial_n_max + 1 + (self.angular_n_max + 1) * self.n_angular_terms
