"""The three-body part of M3GNet without triplets.

The message onto bond ij, fc(r_ij) sum_(k != j) f_nl(r_ik) u_k,nl fc(r_ik) Y_l0(theta_jik), factorizes by the addition
theorem Y_l0(theta) = sqrt((2l+1)/4pi) sum_m C_lm(r_ij) C_lm(r_ik): build A_i,nlm = sum_k f_nl u_k,nl fc C_lm(r_ik) once
per atom, contract it with C_lm(r_ij), and take off the k = j term, in which sum_m C_lm^2 = 1. The work and the memory
are linear in the bonds. (M3GNet: Chen and Ong, Nat. Comput. Sci. 2, 718 (2022), doi 10.1038/s43588-022-00349-3; the
factorization: e.g. Drautz, Phys. Rev. B 99, 014104 (2019), doi 10.1103/PhysRevB.99.014104.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import torch

from paddlewheel.potentials.m3gnet.bonds import BondGraph
from paddlewheel.potentials.m3gnet.harmonics import racah_harmonics
from paddlewheel.potentials.m3gnet.radial import polynomial_cutoff
from paddlewheel.potentials.m3gnet.workspace import sum_rows


@dataclass
class _Saved:
    """What a block leaves for its backward pass."""

    atom: torch.Tensor  # sigmoid(W v + b), [n_atoms, n_channels]
    slot_atom: torch.Tensor  # the same at the slots
    h: torch.Tensor  # [n_atoms, n_slots, n_channels]
    moments: torch.Tensor  # kappa A, [n_atoms, n_channels, n_lm], zero where l differs
    y: torch.Tensor  # message before the weight of the receiving bond


class ThreeBodySum:
    """Messages of all blocks on one geometry, and the derivative of the energy with respect to that geometry.

    Parameters
    ----------
    graph
        Bonds and slots.
    unit, radial, radial_slope
        `[n_bonds, 3]`, `[n_bonds, n_channels]` (twice), float64: direction, functions f_nl and their slopes.
    max_n, max_l, cutoff_A
        Of the three-body part.
    dtype
        Of the messages.
    """

    def __init__(
        self,
        graph: BondGraph,
        *,
        unit: torch.Tensor,
        distance_A: torch.Tensor,
        radial: torch.Tensor,
        radial_slope: torch.Tensor,
        max_n: int,
        max_l: int,
        cutoff_A: float,
        n_atoms: int,
        dtype: torch.dtype,
    ) -> None:
        device = unit.device

        def index(array) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        self.n_atoms, self.n_slots, self.n_channels = n_atoms, graph.n_slots, max_n * max_l
        n_all = n_atoms * graph.n_slots
        active = index((graph.slot_geometry >= 0).nonzero()[0])
        self._active, self._geometry = active, index(graph.slot_geometry)[active]
        self._weight = index(graph.slot_weight)[active]
        self._slot_atom = index(graph.slot_atom)
        idle = index(graph.row_slot < 0)
        self._row_slot = index(graph.row_slot).masked_fill(idle, n_all)
        self._slot_row = torch.full((n_all,), len(self._row_slot), dtype=torch.int64, device=device)
        self._slot_row[self._row_slot[~idle]] = torch.arange(len(self._row_slot), device=device)[~idle]
        by_atom = torch.argsort(self._slot_atom[active], stable=True)
        counts = torch.bincount(self._slot_atom[active], minlength=n_atoms)
        self._by_atom, self._by_atom_starts = active[by_atom], torch.cumsum(counts, 0) - counts

        self._unit, self._distance = unit[self._geometry], distance_A[self._geometry]
        harmonics, self._harmonics_gradient = racah_harmonics(self._unit, max_l)
        envelope, self._envelope_slope = polynomial_cutoff(distance_A[self._weight], cutoff_A)
        self._radial_slope = radial_slope[self._geometry].to(dtype)
        self._active_radial, self._active_envelope = radial[self._geometry].to(dtype), envelope.to(dtype)[:, None]

        def spread(values: torch.Tensor) -> torch.Tensor:
            full = torch.zeros((n_all, values.shape[1]), dtype=dtype, device=device)
            return full.index_copy_(0, active, values.to(dtype))

        self._harmonics = spread(harmonics).view(n_atoms, graph.n_slots, max_l**2)
        self._envelope = spread(envelope[:, None])
        self._radial_envelope = spread(radial[self._geometry] * envelope[:, None])
        degree_of_channel = torch.arange(max_l, device=device).repeat_interleave(max_n)
        degree_of_component = torch.cat([torch.full((2 * n + 1,), n, device=device) for n in range(max_l)])
        kappa = torch.tensor([sqrt((2 * n + 1) / (4 * pi)) for n in range(max_l)], dtype=dtype, device=device)
        self._kappa = kappa[degree_of_channel]
        self._mask = (degree_of_channel[:, None] == degree_of_component) * self._kappa[:, None]
        self._saved: list[_Saved] = []
        self._harmonics_sum = torch.zeros_like(self._harmonics)
        self._radial_envelope_sum = torch.zeros_like(self._radial_envelope)
        self._envelope_sum = torch.zeros_like(self._envelope)

    def forward(self, atom: torch.Tensor) -> torch.Tensor:
        """Messages `[n_rows, n_channels]` onto the first n_rows bonds; `atom` is sigmoid(W v + b), one row per atom."""
        shape = (self.n_atoms, self.n_slots, self.n_channels)
        slot_atom = atom.index_select(0, self._slot_atom)
        h = (self._radial_envelope * slot_atom).view(shape)
        moments = torch.bmm(h.transpose(1, 2), self._harmonics).mul_(self._mask)
        y = torch.bmm(self._harmonics, moments.transpose(1, 2)).view(-1, self.n_channels)
        y = torch.addcmul(y, h.view(-1, self.n_channels), self._kappa, value=-1.0)
        self._saved.append(_Saved(atom, slot_atom, h, moments, y))
        message = y.new_zeros((len(y) + 1, self.n_channels))  # the last row stands for no slot
        torch.mul(y, self._envelope, out=message[:-1])
        return message.index_select(0, self._row_slot)

    def backward(self, gradient: torch.Tensor) -> torch.Tensor:
        """Derivative with respect to `atom` before its sigmoid, `[n_atoms, n_channels]`; blocks come in reverse.

        `gradient` is `[n_rows + 1, n_channels]` with a last row of zeros.
        """
        saved = self._saved.pop()
        shape = (self.n_atoms, self.n_slots, self.n_channels)
        at_slot = gradient.index_select(0, self._slot_row)
        self._envelope_sum += (at_slot * saved.y).sum(dim=1, keepdim=True)
        at_slot *= self._envelope
        weighed = at_slot.view(shape)
        moments = torch.bmm(weighed.transpose(1, 2), self._harmonics).mul_(self._mask)
        self._harmonics_sum.baddbmm_(weighed, saved.moments).baddbmm_(saved.h, moments)
        h = torch.bmm(self._harmonics, moments.transpose(1, 2)).view(-1, self.n_channels)
        h.addcmul_(at_slot, self._kappa, value=-1.0)
        self._radial_envelope_sum.addcmul_(h, saved.slot_atom)
        h *= self._radial_envelope
        atom = sum_rows(h, self._by_atom, self._by_atom_starts)
        return atom * saved.atom * (1.0 - saved.atom)

    def add_geometry_gradient(self, *, distance: torch.Tensor, vector: torch.Tensor) -> None:
        """Add dE/dr to `distance` `[n_bonds]`, and what turns the bonds of dE/d(vector) to `vector` `[n_bonds, 3]`."""
        active = self._active
        product = self._radial_envelope_sum[active]
        along = (product * self._radial_slope).sum(dim=1, keepdim=True) * self._active_envelope
        weight = self._envelope_sum[active] + (product * self._active_radial).sum(dim=1, keepdim=True)
        distance.index_add_(0, self._geometry, along[:, 0].double())
        distance.index_add_(0, self._weight, weight[:, 0].double() * self._envelope_slope)
        harmonics = self._harmonics_sum.view(len(self._envelope), -1)[active].double()
        turn = torch.bmm(harmonics[:, None, :], self._harmonics_gradient)[:, 0]
        turn -= (turn * self._unit).sum(dim=1, keepdim=True) * self._unit
        vector.index_add_(0, self._geometry, turn / self._distance[:, None])


class ThreeBodyGate:
    """Gated linear map of the messages onto the bond features, without bias, so that no message adds nothing.

    Works on halved arguments as `gated` does; the product of its parts is twice the update.
    """

    def __init__(self, weights: dict[str, torch.Tensor], prefix: str) -> None:
        branches = [weights[f"{prefix}.update_network_bond.{branch}.0.weight"] for branch in ("layers", "gates")]
        self.forth = 0.5 * torch.cat(branches).T.contiguous()
        self.back = 0.25 * torch.cat(branches)
        self.width = len(branches[0])
        self.atom_back = weights[f"{prefix}.update_network_atom.layers.0.weight"]
        self.atom_forth = self.atom_back.T.contiguous()
        self.atom_bias = weights[f"{prefix}.update_network_atom.layers.0.bias"]

    def atom(self, node: torch.Tensor) -> torch.Tensor:
        """sigmoid(W v + b), `[n_atoms, n_channels]`."""
        return torch.addmm(self.atom_bias, node, self.atom_forth).sigmoid_()

    def forward(
        self,
        message: torch.Tensor,
        edge: torch.Tensor,
        slope: torch.Tensor,
        *,
        scratch: tuple[torch.Tensor, torch.Tensor],
        one: torch.Tensor,
    ) -> None:
        """Add the update of a chunk to `edge` `[n, width]`; `slope` `[n, 2 width]` is filled for `backward`."""
        y, both = scratch
        width = self.width
        torch.mm(message, self.forth, out=y)
        torch.tanh(y, out=both)
        silu, tanh, gate = y[:, :width], both[:, :width], both[:, width:]
        silu.addcmul_(silu, tanh)
        torch.lerp(silu, one, tanh, out=tanh)
        tanh.add_(1.0)
        torch.addcmul(tanh, tanh, gate, out=slope[:, :width])
        silu.addcmul_(silu, gate)
        edge.add_(silu, alpha=0.5)
        torch.addcmul(silu, silu, gate, value=-1.0, out=slope[:, width:])

    def backward(self, gradient: torch.Tensor, slope: torch.Tensor, out: torch.Tensor) -> None:
        """Derivative with respect to the messages of a chunk, into `out` `[n, n_channels]`; `slope` is used up."""
        slope[:, : self.width].mul_(gradient)
        slope[:, self.width :].mul_(gradient)
        torch.mm(slope, self.back, out=out)
