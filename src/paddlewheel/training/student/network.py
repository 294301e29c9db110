"""A NEP4 with trainable parameters on the constants of `geometry`: energies, forces and virials in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from paddlewheel.errors import PotentialError, SettingsError
from paddlewheel.potentials.nep.tables import FIVE_BODY, FOUR_BODY, component_weights
from paddlewheel.training.student.bond_forces import BondForces
from paddlewheel.training.student.settings import StudentSettings

if TYPE_CHECKING:
    from paddlewheel.potentials.nep import NEPModel, Repulsion
    from paddlewheel.training.student.geometry import Geometry

_OFFSET_BIAS = 3.0
"""The first neuron of each element has no inputs: its weight times tanh(3) = 0.995 is the reference energy."""
_L_MAX = (2, 4)


@dataclass(frozen=True, eq=False)
class Constants:
    """A `Geometry` on a device, with the number of its frames."""

    n_frames: int
    frame: torch.Tensor
    n_by_species: tuple[int, ...]
    radial_density: torch.Tensor
    angular_density: torch.Tensor
    radial_forces: BondForces
    angular_forces: BondForces


def to_device(geometry: Geometry, *, n_frames: int, device: str) -> Constants:
    """Move the constants of some frames to a torch device, in single precision."""
    n_atoms = len(geometry.atom)
    return Constants(
        n_frames=n_frames,
        frame=torch.as_tensor(geometry.frame, dtype=torch.int64).to(device),
        n_by_species=geometry.n_by_species,
        radial_density=torch.as_tensor(geometry.radial_density, dtype=torch.float32).reshape(n_atoms, -1).to(device),
        angular_density=torch.as_tensor(geometry.angular_density, dtype=torch.float32).flatten(2).to(device),
        radial_forces=BondForces(geometry.radial, device=device),
        angular_forces=BondForces(geometry.angular, device=device),
    )


@dataclass(frozen=True, eq=False)
class Prediction:
    """Energies [n_frames] (eV), forces [n_atoms, 3] (eV/A, atoms in the order of the constants) and virials
    [n_frames, 3, 3] (eV; minus the stress times the volume)."""

    energy_eV: torch.Tensor
    force_eV_per_A: torch.Tensor
    virial_eV: torch.Tensor


class Student(nn.Module):
    """The trainable NEP4.

    Parameters
    ----------
    settings
        Its form.
    seed
        Seed of the initial parameters.

    Energies are those beyond `base_eV`, the energy of each element in double precision: all-electron energies are so
    large that single precision would lose the rest. Nor do they hold the repulsion of the form, which is not fitted.
    """

    def __init__(self, settings: StudentSettings, *, seed: int) -> None:
        super().__init__()
        self.settings = settings
        self.q_scaler: torch.Tensor
        self.base_eV: torch.Tensor
        self._weights: torch.Tensor
        generator = torch.Generator().manual_seed(seed)
        species, size, neurons = len(settings.elements), settings.n_descriptors, settings.neurons

        def uniform(*shape: int, bound: float) -> nn.Parameter:
            return nn.Parameter((2 * torch.rand(*shape, generator=generator) - 1) * bound)

        radial = (settings.radial_n_max + 1, species * (settings.radial_basis_size + 1))
        angular = (settings.angular_n_max + 1, species * (settings.angular_basis_size + 1))
        self.radial_coefficients = uniform(species, *radial, bound=1.0)
        self.angular_coefficients = uniform(species, *angular, bound=1.0)
        self.w0 = uniform(species, neurons - 1, size, bound=size**-0.5)
        self.b0 = uniform(species, neurons - 1, bound=0.5)
        self.w1 = uniform(species, neurons - 1, bound=neurons**-0.5)
        self.reference_eV = nn.Parameter(torch.zeros(species))
        self.register_buffer("q_scaler", torch.ones(size))
        self.register_buffer("base_eV", torch.zeros(species, dtype=torch.float64))
        n_components = settings.l_max * (settings.l_max + 2)
        components = torch.as_tensor(component_weights(settings.l_max)[:n_components], dtype=torch.float32)
        by_degree = components[:, None].split([2 * degree + 1 for degree in range(1, settings.l_max + 1)])
        weights = torch.block_diag(*by_degree)  # [n_lm, l_max]
        self.register_buffer("_weights", weights, persistent=False)

    def _mixed(self, density: torch.Tensor, coefficients: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
        """Density [n_atoms, ..., species * basis] times the coefficients of each atom's species: [n_atoms, ..., n]."""
        parts = density.split(sizes)
        return torch.cat([part @ matrix.T for part, matrix in zip(parts, coefficients, strict=True)])

    def _unmixed(self, adjoint: torch.Tensor, coefficients: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
        parts = adjoint.split(sizes)
        return torch.cat([part @ matrix for part, matrix in zip(parts, coefficients, strict=True)])

    def _terms(self, sums: torch.Tensor) -> torch.Tensor:
        """Angular descriptors [n_atoms, n_terms, n] from the sums s_c [n_atoms, n_lm, n]."""
        three = torch.einsum("icn,cl->iln", sums * sums, self._weights)
        s = sums.unbind(dim=1)
        across = s[1] * s[1] + s[2] * s[2]
        along = s[0] * s[0]
        five = FIVE_BODY[0] * along * along + FIVE_BODY[1] * along * across + FIVE_BODY[2] * across * across
        squares = [power * power for power in s[3:8]]
        four = (
            s[3] * (FOUR_BODY[0] * squares[0] + FOUR_BODY[1] * (squares[1] + squares[2]))
            + s[3] * FOUR_BODY[2] * (squares[3] + squares[4])
            + FOUR_BODY[3] * s[6] * (squares[2] - squares[1])
            + FOUR_BODY[4] * s[4] * s[5] * s[7]
        )
        return torch.cat([three, four[:, None], five[:, None]], dim=1)

    def _sums(self, constants: Constants) -> tuple[torch.Tensor, torch.Tensor]:
        sizes = constants.n_by_species
        radial = self._mixed(constants.radial_density, self.radial_coefficients, sizes)
        return radial, self._mixed(constants.angular_density, self.angular_coefficients, sizes)

    def _join(self, radial: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
        return torch.cat([radial, self._terms(sums).flatten(1)], dim=1)

    def descriptors(self, constants: Constants) -> torch.Tensor:
        """Descriptors [n_atoms, n_descriptors], not scaled."""
        return self._join(*self._sums(constants))

    def _atomic_energies(self, descriptors: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
        energies = []
        for part, w0, b0, w1, reference in zip(
            (descriptors * self.q_scaler).split(sizes), self.w0, self.b0, self.w1, self.reference_eV, strict=True
        ):
            energies.append(torch.tanh(part @ w0.T - b0) @ w1 + reference)
        return torch.cat(energies)

    def forward(self, constants: Constants) -> Prediction:
        """Energies, forces and virials of some frames; differentiable with respect to the parameters."""
        sizes = constants.n_by_species
        radial, sums = self._sums(constants)
        energies = self._atomic_energies(self._join(radial, sums), sizes)
        to_radial, to_sums = torch.autograd.grad(energies.sum(), (radial, sums), create_graph=True)
        species = len(sizes)
        slopes = self._unmixed(to_radial, self.radial_coefficients, sizes).unflatten(1, (species, -1))
        force, virial = constants.radial_forces(slopes[..., None])
        adjoint = self._unmixed(to_sums, self.angular_coefficients, sizes).unflatten(2, (species, -1))
        angular_force, angular_virial = constants.angular_forces(adjoint.permute(0, 2, 3, 1))
        by_frame = torch.zeros(constants.n_frames, 3, 3, device=energies.device)
        virial = by_frame.index_add(0, constants.frame, virial + angular_virial)
        energy = torch.zeros(constants.n_frames, device=energies.device).index_add(0, constants.frame, energies)
        return Prediction(energy, force + angular_force, virial)

    def export(self, *, max_neighbours: tuple[int, int]) -> NEPModel:
        """The same potential as a `NEPModel`, for `write_nep`."""
        from paddlewheel.potentials.nep import NEPModel

        s = self.settings
        species = len(s.elements)

        def array(tensor: torch.Tensor) -> np.ndarray:
            return tensor.detach().cpu().double().numpy()

        def coefficients(tensor: torch.Tensor) -> np.ndarray:  # [i, n, (j, k)] to [i, j, n, k]
            return np.moveaxis(array(tensor).reshape(species, tensor.shape[1], species, -1), 2, 1).copy()

        bias = np.full((species, 1), -_OFFSET_BIAS)
        offset = (array(self.base_eV) + array(self.reference_eV))[:, None] / np.tanh(_OFFSET_BIAS)
        return NEPModel(
            elements=s.elements,
            radial_cutoffs_A=np.full(species, s.radial_cutoff_A),
            angular_cutoffs_A=np.full(species, s.angular_cutoff_A),
            max_neighbours=max_neighbours,
            n_max=(s.radial_n_max, s.angular_n_max),
            basis_size=(s.radial_basis_size, s.angular_basis_size),
            l_max=(s.l_max, 2, 1),
            w0=np.concatenate([np.zeros((species, 1, s.n_descriptors)), array(self.w0)], axis=1),
            b0=np.concatenate([bias, array(self.b0)], axis=1),
            w1=np.concatenate([offset, array(self.w1)], axis=1),
            bias=0.0,
            radial_coefficients=coefficients(self.radial_coefficients),
            angular_coefficients=coefficients(self.angular_coefficients),
            q_scaler=array(self.q_scaler),
            repulsion=repulsion_of(s),
        )


def repulsion_of(settings: StudentSettings) -> Repulsion | None:
    """The repulsion that a student of this form adds; None where it has none."""
    from paddlewheel.potentials.nep import Repulsion

    return Repulsion(settings.zbl_inner_A, settings.zbl_outer_A) if settings.zbl_outer_A else None


def zero_model(settings: StudentSettings) -> NEPModel:
    """A potential of this form that is its repulsion and nothing else."""
    student = Student(settings, seed=0)
    with torch.no_grad():
        student.w1.zero_()
    return student.export(max_neighbours=(1, 1))


def form_of(model: NEPModel) -> StudentSettings:
    """The form of the student that is equal to a NEP (see `state_of`).

    Raises
    ------
    PotentialError
        If no student has its form: cutoffs that differ between the elements, other angular terms, a repulsion with a
        table or with cutoffs of its own for each pair, or sizes beyond those of a student.
    """
    zbl = model.repulsion
    radial, angular = model.radial_cutoffs_A, model.angular_cutoffs_A
    l_max, others = model.l_max[0], model.l_max[1:]
    problems = [
        ("cutoffs that differ between elements", (radial != radial[0]).any() or (angular != angular[0]).any()),
        (f"l_max {' '.join(map(str, model.l_max))}", others != (2, 1) or not _L_MAX[0] <= l_max <= _L_MAX[1]),
        ("a zbl for each pair of elements", zbl and (zbl.typewise_factor is not None or zbl.table is not None)),
    ]
    found = [text for text, is_there in problems if is_there]
    remedy = "start from a NEP4 with common cutoffs, l_max 4 2 1 (or 3 2 1, 2 2 1) and no zbl or a universal one"
    if found:
        raise PotentialError(f"no student begins from a NEP with {found[0]}", remedy=remedy)
    try:
        return StudentSettings(
            elements=model.elements,
            radial_cutoff_A=float(radial[0]),
            angular_cutoff_A=float(angular[0]),
            radial_n_max=model.n_max[0],
            angular_n_max=model.n_max[1],
            radial_basis_size=model.basis_size[0],
            angular_basis_size=model.basis_size[1],
            l_max=l_max,
            neurons=model.w0.shape[1] + (not _has_offset(model)),
            zbl_inner_A=zbl.inner_A if zbl else 0.0,
            zbl_outer_A=zbl.outer_A if zbl else 0.0,
        )
    except SettingsError as error:
        raise PotentialError(f"no student begins from this NEP: {error}", remedy=remedy) from error


def _has_offset(model: NEPModel) -> bool:
    """Whether the first neuron of every element is the one that `Student.export` keeps the reference energy in."""
    return not model.w0[:, 0].any() and bool((model.b0[:, 0] == -_OFFSET_BIAS).all())


def state_of(model: NEPModel) -> dict[str, torch.Tensor]:
    """The parameters of the student that is equal to a NEP, for `Student.load_state_dict`.

    Raises
    ------
    PotentialError
        As `form_of`.
    """
    form_of(model)

    def tensor(values: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype)

    def coefficients(values: np.ndarray) -> torch.Tensor:  # [i, j, n, k] to [i, n, (j, k)]
        return tensor(np.moveaxis(values, 1, 2).reshape(len(values), values.shape[2], -1))

    first = int(_has_offset(model))
    base_eV = np.full(len(model.elements), -model.bias)
    if first:
        base_eV += model.w1[:, 0] * np.tanh(_OFFSET_BIAS)
    return {
        "radial_coefficients": coefficients(model.radial_coefficients),
        "angular_coefficients": coefficients(model.angular_coefficients),
        "w0": tensor(model.w0[:, first:]),
        "b0": tensor(model.b0[:, first:]),
        "w1": tensor(model.w1[:, first:]),
        "reference_eV": torch.zeros(len(model.elements)),
        "q_scaler": tensor(model.q_scaler),
        "base_eV": tensor(base_eV, torch.float64),
    }
