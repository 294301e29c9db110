"""What a NEP student looks like, and how it is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        Neurons of the hidden layer, the one that carries the element's reference energy among them.
    zbl_inner_A, zbl_outer_A
        Where the repulsion of Ziegler, Biersack and Littmark, which is added and not fitted, is switched off; both 0:
        none.

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
    zbl_inner_A: float = 0.0
    zbl_outer_A: float = 0.0

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
        if self.zbl_outer_A and not 0 < self.zbl_inner_A < self.zbl_outer_A <= self.angular_cutoff_A:
            raise SettingsError(
                f"{self.zbl_inner_A:g} to {self.zbl_outer_A:g} A", where="zbl",
                remedy="give 0 < inner < outer, within the angular cutoff",
            )  # fmt: skip

    @property
    def n_angular_terms(self) -> int:
        """Angular descriptors of each n: one for each l, q_222 and q_1111."""
        return self.l_max + 2

    @property
    def n_descriptors(self) -> int:
        """Length of the descriptor vector."""
        return self.radial_n_max + 1 + (self.angular_n_max + 1) * self.n_angular_terms


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a student is fitted.

    Attributes
    ----------
    steps
        Steps of SOAP, each on one batch; the learning rate falls along a cosine to a hundredth.
    batch_atoms
        A batch is filled with frames up to this many atoms.
    learning_rate
        At the start.
    energy_scale_meV_per_atom, force_scale_eV_per_A, stress_scale_GPa
        Every error counts as its ratio x to its scale.
    pressure_scale_GPa
        Of the pressure, a third of the trace of the stress: its mean over a phase decides the density, which the six
        components, hundreds of times noisier than that mean, leave open.
    force_weights
        What the forces on an element count for, by symbol; 1 where it is not named.
    linear_beyond
        x counts as d^2 (sqrt(1 + (x/d)^2) - 1): squared while small, linearly beyond this d, since the gates are mean
        absolute errors and frames of explosive runs must not rule the fit, nor bonds that break be nothing to it.
    average
        Decay of the running mean of the parameters, which is what is kept.
    seed
        Decides the first parameters and the order of the frames.
    """

    steps: int = 20000
    batch_atoms: int = 400
    learning_rate: float = 1e-2
    energy_scale_meV_per_atom: float = 2.0
    force_scale_eV_per_A: float = 0.08
    stress_scale_GPa: float = 0.1
    pressure_scale_GPa: float = 0.05
    force_weights: Mapping[str, float] = field(default_factory=dict)
    linear_beyond: float = 4.0
    average: float = 0.998
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("steps", "batch_atoms", "learning_rate", "energy_scale_meV_per_atom", "force_scale_eV_per_A",
                     "stress_scale_GPa", "pressure_scale_GPa", "linear_beyond"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise SettingsError(f"{getattr(self, name)} is not positive", where=name, remedy="give a value above 0")
        for symbol, weight in self.force_weights.items():
            if not weight > 0:
                raise SettingsError(f"{symbol}: {weight}", where="force_weights", remedy="give a weight above 0")
        if not 0 <= self.average < 1:
            raise SettingsError(f"{self.average:g}", where="average", remedy="give a decay from 0 to below 1")
