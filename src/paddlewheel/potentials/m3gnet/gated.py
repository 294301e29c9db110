"""The gated networks of M3GNet with their derivatives written out.

A gated network is the product of two multilayer perceptrons, SiLU all through in one ("layers"), with a sigmoid at its
end in the other ("gates"); the two are kept side by side in one array, so that they share their elementwise passes.
The forward pass leaves behind the derivative at each activation and nothing else: the backward pass, for forces,
needs no gradient of the weights and so none of the activations.

Inside, all layers work on y = z/2 (the weights are halved once, exactly), because tanh is cheaper than a sigmoid: with
t = tanh(y), SiLU(z) = y + y t =: a, its slope da/dy = 1 + L with L = a + t (1 - a), and 2 sigmoid(z) = 1 + t.
"""

from __future__ import annotations

import torch

from paddlewheel.potentials.m3gnet.workspace import Workspace, sum_rows

Weights = dict[str, torch.Tensor]


class Scratch:
    """Working arrays of one chunk of bonds; the halves [0] and [1] are the two branches."""

    def __init__(self, workspace: Workspace, n_bonds: int, *, hidden: int, width: int) -> None:
        def pair(name: str, size: int) -> torch.Tensor:
            return workspace.rows(f"scratch {name} {size}", 2 * n_bonds, size).view(2, n_bonds, size)

        self.first_value = workspace.rows(f"scratch value {hidden}", n_bonds, 2 * hidden)
        self.first_tanh = workspace.rows(f"scratch tanh {hidden}", n_bonds, 2 * hidden)
        self.first_branches = self.first_value[:, :hidden], self.first_value[:, hidden:]
        self.second, self.second_tanh = pair("second", hidden), pair("second tanh", hidden)
        self.second_branches = self.second[0], self.second[1]
        self.last, self.last_tanh = pair("last", width), pair("last tanh", width)
        self.last_branches = self.last[0], self.last[1]
        self.last_tanh_branches = self.last_tanh[0], self.last_tanh[1]
        self.weight = workspace.rows(f"scratch weight {width}", n_bonds, width)


class Kept:
    """What the forward pass of one chunk leaves for the backward one: the slopes at each layer."""

    def __init__(self, first: torch.Tensor, second: torch.Tensor, last: torch.Tensor, gated: torch.Tensor) -> None:
        n_bonds = len(first)
        self.first, self.gated = first, gated
        self.second, self.last = second.view(2, n_bonds, -1), last.view(2, n_bonds, -1)
        self.last_branches = self.last[0], self.last[1]


class GatedConvolution:
    """Message of a bond: gated network of [v_i, v_j, e_ij], times a linear map of the radial functions.

    The first layer is split (v_i and v_j are multiplied once per atom, not once per bond) into a table of two rows per
    atom, which a bond adds up.
    """

    def __init__(self, weights: Weights, prefix: str, kind: str, *, node_width: int) -> None:
        name = f"{prefix}.{kind}_update_func"

        def both(step: int, what: str) -> list[torch.Tensor]:
            return [0.5 * weights[f"{name}.{branch}.{step}.{what}"] for branch in ("layers", "gates")]

        first = torch.cat(both(0, "weight"))
        self.to_centre = first[:, :node_width].contiguous()
        self.to_neighbour = first[:, node_width : 2 * node_width].contiguous()
        self.to_edge = first[:, 2 * node_width :].contiguous()
        self.from_centre, self.from_neighbour, self.from_edge = (
            part.T.contiguous() for part in (self.to_centre, self.to_neighbour, self.to_edge)
        )
        self.first_bias = torch.cat(both(0, "bias"))
        self.second_bias, self.last_bias = (torch.stack(both(step, "bias"))[:, None, :] for step in (2, 4))
        self.second_back, self.last_back = both(2, "weight"), both(4, "weight")
        self.second_forth, self.last_forth = (
            [weight.T.contiguous() for weight in pair] for pair in (self.second_back, self.last_back)
        )
        self.radial_back = 0.5 * weights[f"{prefix}.{kind}_weight_func.weight"]  # of 2 sigmoid
        self.radial_forth = self.radial_back.T.contiguous()
        self.hidden, self.width = len(first) // 2, len(self.radial_back)

    def table(self, node: torch.Tensor) -> torch.Tensor:
        """`[2 n_atoms, 2 hidden]`: what each atom adds to the first layer as a centre, then as a neighbour."""
        return torch.cat([torch.addmm(self.first_bias, node, self.from_centre), torch.mm(node, self.from_neighbour)])

    def first_slopes(self, workspace: Workspace, name: str, n_bonds: int) -> torch.Tensor:
        """`[n_bonds, 2 hidden]`: the slopes of the first layer."""
        return self._buffers(workspace, name, n_bonds)[0]

    def _buffers(self, workspace: Workspace, name: str, n_bonds: int) -> tuple[torch.Tensor, ...]:
        """Slopes of the layers and the gated output, side by side in one large buffer (for the sake of huge pages)."""
        widths = (2 * self.hidden, 2 * self.hidden, 2 * self.width, self.width)
        flat = workspace.rows(name, n_bonds, sum(widths)).view(-1)
        parts = flat.split([n_bonds * width for width in widths])
        return tuple(part.view(n_bonds, width) for part, width in zip(parts, widths, strict=True))

    def kept(self, workspace: Workspace, name: str, n_bonds: int, chunk: int) -> list[Kept]:
        """The buffers of all chunks."""
        parts = self._buffers(workspace, name, n_bonds)
        return [Kept(*views) for views in zip(*(part.split(chunk) for part in parts), strict=True)]

    def scratch(self, workspace: Workspace, n_bonds: int) -> Scratch:
        """Working arrays for a chunk of n_bonds, shared with every convolution of these sizes."""
        return Scratch(workspace, n_bonds, hidden=self.hidden, width=self.width)

    def forward(
        self,
        table: torch.Tensor,
        pairs: torch.Tensor,
        starts: torch.Tensor,
        edge: torch.Tensor,
        radial: torch.Tensor,
        *,
        kept: Kept,
        scratch: Scratch,
        out: torch.Tensor,
        one: torch.Tensor,
    ) -> None:
        """Messages `[n, width]` of a chunk of bonds into `out`; `kept` is filled for `backward`."""
        value, tanh = scratch.first_value, scratch.first_tanh
        first = sum_rows(table, pairs, starts)
        first.addmm_(edge, self.from_edge)
        torch.tanh(first, out=tanh)
        torch.addcmul(first, first, tanh, out=value)
        torch.lerp(value, one, tanh, out=kept.first)
        second, tanh = scratch.second, scratch.second_tanh
        second.copy_(self.second_bias)
        for branch in (0, 1):
            scratch.second_branches[branch].addmm_(scratch.first_branches[branch], self.second_forth[branch])
        torch.tanh(second, out=tanh)
        second.addcmul_(second, tanh)
        torch.lerp(second, one, tanh, out=kept.second)
        scratch.last.copy_(self.last_bias)
        for branch in (0, 1):
            scratch.last_branches[branch].addmm_(scratch.second_branches[branch], self.last_forth[branch])
        torch.tanh(scratch.last, out=scratch.last_tanh)
        silu, (tanh, gate), weight = scratch.last_branches[0], scratch.last_tanh_branches, scratch.weight
        torch.mm(radial, self.radial_forth, out=weight)
        silu.addcmul_(silu, tanh)
        torch.addcmul(silu, silu, gate, out=kept.gated)
        torch.mul(kept.gated, weight, out=out)
        weight.addcmul_(weight, gate)
        torch.lerp(silu, one, tanh, out=tanh)
        torch.addcmul(weight, weight, tanh, out=kept.last_branches[0])
        torch.addcmul(out, out, gate, value=-1.0, out=kept.last_branches[1])

    def backward(
        self, gradient: torch.Tensor, *, kept: Kept, scratch: Scratch, radial_gradient: torch.Tensor, out: torch.Tensor
    ) -> None:
        """Derivative with respect to the first layer, `[n, 2 hidden]`, into `out`, which may be `kept.first`.

        `radial_gradient` `[n, n_radial]` is added to.
        """
        torch.mul(kept.last, gradient, out=scratch.last)
        torch.mul(gradient, kept.gated, out=scratch.weight)
        radial_gradient.addmm_(scratch.weight, self.radial_back)
        for branch in (0, 1):
            torch.mm(scratch.last_branches[branch], self.last_back[branch], out=scratch.second_branches[branch])
        scratch.second.addcmul_(scratch.second, kept.second)
        for branch in (0, 1):
            torch.mm(scratch.second_branches[branch], self.second_back[branch], out=scratch.first_branches[branch])
        torch.addcmul(scratch.first_value, scratch.first_value, kept.first, out=out)


class GatedReadout:
    """Atom term of the energy: a gated network of v_i whose first branch ends linear."""

    def __init__(self, weights: Weights, prefix: str) -> None:
        self.branches = [
            [
                (weights[f"{prefix}.{branch}.{step}.weight"], weights[f"{prefix}.{branch}.{step}.bias"])
                for step in (0, 2, 4, 6)
            ]
            for branch in ("layers", "gates")
        ]

    def evaluate(self, node: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Terms `[n_atoms]` and their derivatives with respect to v, `[n_atoms, node_width]`."""
        outputs: list[torch.Tensor] = []
        jacobians: list[torch.Tensor] = []
        for branch in self.branches:
            value, slopes = node, []
            for weight, bias in branch[:-1]:
                z = torch.addmm(bias, value, weight.T)
                sigmoid = torch.sigmoid(z)
                value = z * sigmoid
                slopes.append(sigmoid + value * (1.0 - sigmoid))
            weight, bias = branch[-1]
            outputs.append(torch.addmm(bias, value, weight.T))
            back = weight.expand(len(node), -1)
            for slope, (weight, _) in zip(reversed(slopes), reversed(branch[:-1]), strict=True):
                back = (back * slope) @ weight
            jacobians.append(back)
        gate = torch.sigmoid(outputs[1])
        gradient = gate * jacobians[0] + outputs[0] * gate * (1.0 - gate) * jacobians[1]
        return (outputs[0] * gate).squeeze(1), gradient
