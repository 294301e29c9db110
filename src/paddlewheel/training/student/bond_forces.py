"""From the slopes of the energy with each atom's densities to forces and virials: a linear map with constant numbers.

    F_i = sum_j p_ij - p_ji,   W_i = -sum_j r_ij p_ij,
    p_ij = sum_k D_ik f_k' r_ij/|r_ij| + sum_kc D_ikc (f_k' Y_c r_ij/|r_ij| + f_k grad Y_c)

with D the derivatives of the energy by the densities B of `geometry`. Training needs the map and its transpose. Both
are one pass over the bonds, in numba on the CPU (3 times faster there than the same in torch operations) and in torch
operations on other devices.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from paddlewheel.training.student.geometry import Bonds


class BondForces:
    """The map of some bonds, on a device.

    Parameters
    ----------
    bonds
        Radial or angular bonds.
    device
        Torch device.
    """

    def __init__(self, bonds: Bonds, *, device: str) -> None:
        self.bonds = bonds
        self.on_cpu = torch.device(device).type == "cpu"
        if not self.on_cpu:
            self._tensors = {name: torch.as_tensor(value).to(device) for name, value in vars(bonds).items()}

    def __call__(self, adjoint: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forces [n_atoms, 3] and virials [n_atoms, 3, 3] of `adjoint` [n_atoms, n_species, n_basis, 1 or n_lm]."""
        if self.on_cpu:
            force, virial = _Map.apply(adjoint, self.bonds)  # type: ignore[misc]
            return force, virial
        return self.in_torch(adjoint)

    def in_torch(self, adjoint: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The same in torch operations."""
        bonds = getattr(self, "_tensors", None) or {
            name: torch.as_tensor(value) for name, value in vars(self.bonds).items()
        }
        centre, neighbour = bonds["centre"].long(), bonds["neighbour"].long()
        gathered = adjoint[centre, bonds["kind"].long()]  # [n_bonds, n_basis, 1 or n_lm]
        outward = torch.einsum("pkc,pk->pc", gathered, bonds["slope"])
        if bonds["angular"].shape[1]:
            outward = outward * bonds["angular"]
        pull = outward.sum(1, keepdim=True) * bonds["direction"]
        if bonds["angular"].shape[1]:
            sideways = torch.einsum("pkc,pk->pc", gathered, bonds["value"])
            pull = pull + torch.einsum("pc,pxc->px", sideways, bonds["gradient"])
        force = torch.zeros(len(adjoint), 3, device=adjoint.device, dtype=adjoint.dtype)
        force = force.index_add(0, centre, pull).index_add(0, neighbour, -pull)
        arm = bonds["direction"] * bonds["distance_A"][:, None]
        virial = torch.zeros(len(adjoint), 3, 3, device=adjoint.device, dtype=adjoint.dtype)
        return force, virial.index_add(0, centre, -arm[:, :, None] * pull[:, None, :])


class _Map(torch.autograd.Function):
    """The map on the CPU; its derivative is its transpose, whatever the argument."""

    @staticmethod
    def forward(ctx: Any, adjoint: torch.Tensor, bonds: Bonds) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.bonds, ctx.shape = bonds, adjoint.shape
        force = np.zeros((len(adjoint), 3), dtype=np.float32)
        virial = np.zeros((len(adjoint), 3, 3), dtype=np.float32)
        apply, _ = _kernels()
        apply(adjoint.detach().contiguous().numpy(), *_columns(bonds), force, virial)
        return torch.from_numpy(force), torch.from_numpy(virial)

    @staticmethod
    def backward(ctx: Any, to_force: torch.Tensor, to_virial: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
        adjoint = np.zeros(ctx.shape, dtype=np.float32)
        _, transpose = _kernels()
        transpose(to_force.contiguous().numpy(), to_virial.contiguous().numpy(), *_columns(ctx.bonds), adjoint)
        return torch.from_numpy(adjoint), None


def _columns(bonds: Bonds) -> tuple[np.ndarray, ...]:
    return (
        bonds.centre, bonds.neighbour, bonds.kind, bonds.direction, bonds.distance_A, bonds.slope, bonds.value,
        bonds.angular, bonds.gradient,
    )  # fmt: skip


@cache
def _kernels() -> tuple[Any, Any]:
    """The map and its transpose, compiled on first use; radial bonds have no angular columns."""
    from numba import njit

    @njit(fastmath=True, nogil=True)
    def apply(adjoint, centre, neighbour, kind, direction, distance, slope, value, angular, gradient, force, virial):
        n_basis, n_lm = adjoint.shape[2], angular.shape[1]
        outward, sideways = np.empty(n_lm, np.float32), np.empty(n_lm, np.float32)
        pull = np.empty(3, np.float32)
        for p in range(len(centre)):
            i, j, s = centre[p], neighbour[p], kind[p]
            along = np.float32(0.0)
            pull[:] = 0.0
            if n_lm == 0:
                for k in range(n_basis):
                    along += slope[p, k] * adjoint[i, s, k, 0]
            else:
                outward[:] = 0.0
                sideways[:] = 0.0
                for k in range(n_basis):
                    f, g = value[p, k], slope[p, k]
                    for c in range(n_lm):
                        sideways[c] += f * adjoint[i, s, k, c]
                        outward[c] += g * adjoint[i, s, k, c]
                for c in range(n_lm):
                    along += outward[c] * angular[p, c]
                for x in range(3):
                    total = np.float32(0.0)
                    for c in range(n_lm):
                        total += sideways[c] * gradient[p, x, c]
                    pull[x] = total
            for x in range(3):
                pull[x] += along * direction[p, x]
                force[i, x] += pull[x]
                force[j, x] -= pull[x]
            for x in range(3):
                arm = direction[p, x] * distance[p]
                for y in range(3):
                    virial[i, x, y] -= arm * pull[y]

    @njit(fastmath=True, nogil=True)
    def transpose(
        to_force, to_virial, centre, neighbour, kind, direction, distance, slope, value, angular, gradient, adjoint
    ):
        n_basis, n_lm = adjoint.shape[2], angular.shape[1]
        outward, sideways = np.empty(n_lm, np.float32), np.empty(n_lm, np.float32)
        pull = np.empty(3, np.float32)
        for p in range(len(centre)):
            i, j, s = centre[p], neighbour[p], kind[p]
            along = np.float32(0.0)
            for y in range(3):
                total = np.float32(0.0)
                for x in range(3):
                    total += direction[p, x] * to_virial[i, x, y]
                pull[y] = to_force[i, y] - to_force[j, y] - distance[p] * total
                along += pull[y] * direction[p, y]
            if n_lm == 0:
                for k in range(n_basis):
                    adjoint[i, s, k, 0] += slope[p, k] * along
            else:
                for c in range(n_lm):
                    outward[c] = along * angular[p, c]
                    sideways[c] = (
                        pull[0] * gradient[p, 0, c] + pull[1] * gradient[p, 1, c] + pull[2] * gradient[p, 2, c]
                    )
                for k in range(n_basis):
                    f, g = value[p, k], slope[p, k]
                    for c in range(n_lm):
                        adjoint[i, s, k, c] += f * sideways[c] + g * outward[c]

    return apply, transpose
