"""The gated networks of M3GNet with their derivatives written out.

A gated network is the product of two multilayer perceptrons, SiLU all through in one ("layers"), with a sigmoid at its
end in the other ("gates"); the two are kept side by side in one array, so that they share their elementwise passes.
The forward pass leaves behind the derivative at each activation and nothing else: the backward pass, for forces,
needs no gradient of the weights and so none of the activations.
"""

from __future__ import annotations

import torch

from paddlewheel.potentials.m3gnet.workspace import Workspace

Weights = dict[str, torch.Tensor]


def silu_with_slope(z: torch.Tensor, *, value: torch.Tensor, slope: torch.Tensor, one: torch.Tensor) -> None:
    """value = z s and slope = s + value (1 - s), s = sigmoid(z); z is left holding s."""
    torch.sigmoid(z, out=slope)
    torch.mul(z, slope, out=value)
    z.copy_(slope)
    torch.lerp(value, one, z, out=slope)


class GatedConvolution:
    """Message of a bond: gated network of [v_i, v_j, e_ij], times a linear map of the radial functions.

    The first layer is split (v_i and v_j are multiplied once per atom, not once per bond) into a table of two rows per
    atom, which a bond adds up.
    """

    def __init__(self, weights: Weights, prefix: str, kind: str, *, node_width: int) -> None:
        name = f"{prefix}.{kind}_update_func"

        def both(step: int, what: str) -> torch.Tensor:
            return torch.cat([weights[f"{name}.{branch}.{step}.{what}"] for branch in ("layers", "gates")])

        first = both(0, "weight")
        self.to_centre = first[:, :node_width].contiguous()
        self.to_neighbour = first[:, node_width : 2 * node_width].contiguous()
        self.to_edge = first[:, 2 * node_width :].contiguous()
        self.from_centre, self.from_neighbour, self.from_edge = (
            part.T.contiguous() for part in (self.to_centre, self.to_neighbour, self.to_edge)
        )
        self.bias = both(0, "bias"), both(2, "bias"), both(4, "bias")
        self.back = [[weights[f"{name}.{branch}.{step}.weight"] for branch in ("layers", "gates")] for step in (2, 4)]
        self.forth = [[weight.T.contiguous() for weight in pair] for pair in self.back]
        self.radial_back = weights[f"{prefix}.{kind}_weight_func.weight"]
        self.radial_forth = self.radial_back.T.contiguous()
        self.hidden = len(first) // 2
        self.width = len(self.radial_back)

    def table(self, node: torch.Tensor) -> torch.Tensor:
        """`[2 n_atoms, 2 hidden]`: what each atom adds to the first layer as a centre, then as a neighbour."""
        return torch.cat([torch.addmm(self.bias[0], node, self.from_centre), torch.mm(node, self.from_neighbour)])

    def buffers(self, workspace: Workspace, name: str, n_bonds: int) -> tuple[torch.Tensor, ...]:
        """What the forward pass leaves for the backward one: slopes of layers 1 and 2, and of the output by its parts."""
        hidden, width = 2 * self.hidden, self.width
        return (
            workspace.rows(f"{name}.1", n_bonds, hidden),
            workspace.rows(f"{name}.2", n_bonds, hidden),
            workspace.rows(f"{name}.3", n_bonds, 2 * width),
            workspace.rows(f"{name}.gated", n_bonds, width),
        )

    def scratch(self, workspace: Workspace, n_rows: int) -> tuple[torch.Tensor, ...]:
        """Chunk-sized scratch, shared by all convolutions of these sizes."""
        hidden, width = 2 * self.hidden, self.width
        names = (("a", hidden), ("b", hidden), ("c", hidden), ("d", 2 * width), ("e", 2 * width), ("f", width))
        return tuple(workspace.rows(f"scratch.{name}.{size}", n_rows, size) for name, size in names)

    def forward(
        self,
        table: torch.Tensor,
        pairs: torch.Tensor,
        starts: torch.Tensor,
        edge: torch.Tensor,
        radial: torch.Tensor,
        kept: tuple[torch.Tensor, ...],
        scratch: tuple[torch.Tensor, ...],
        out: torch.Tensor,
        one: torch.Tensor,
    ) -> None:
        """Messages `[n, width]` of a chunk of bonds into `out`; `kept` is filled for `backward`."""
        slope1, slope2, slope3, gated = kept
        _, value, second, last, sigmoid, weight = scratch
        hidden, width = self.hidden, self.width
        first = torch.ops.aten._embedding_bag_forward_only(table, pairs, starts, False, 0, False, None, False, -1)[0]
        first.addmm_(edge, self.from_edge)
        torch.sigmoid(first, out=second)
        torch.mul(first, second, out=value)
        torch.lerp(value, one, second, out=slope1)
        second.copy_(self.bias[1])
        second[:, :hidden].addmm_(value[:, :hidden], self.forth[0][0])
        second[:, hidden:].addmm_(value[:, hidden:], self.forth[0][1])
        torch.sigmoid(second, out=first)
        torch.mul(second, first, out=value)
        torch.lerp(value, one, first, out=slope2)
        last.copy_(self.bias[2])
        last[:, :width].addmm_(value[:, :hidden], self.forth[1][0])
        last[:, width:].addmm_(value[:, hidden:], self.forth[1][1])
        torch.mm(radial, self.radial_forth, out=weight)
        torch.sigmoid(last, out=sigmoid)
        silu, gate = last[:, :width], sigmoid[:, width:]
        silu.mul_(sigmoid[:, :width])
        torch.mul(silu, gate, out=gated)
        torch.mul(gated, weight, out=out)
        weight.mul_(gate)
        torch.lerp(silu, one, sigmoid[:, :width], out=slope3[:, :width])
        slope3[:, :width].mul_(weight)
        torch.addcmul(out, out, gate, value=-1.0, out=slope3[:, width:])

    def backward(
        self,
        gradient: torch.Tensor,
        kept: tuple[torch.Tensor, ...],
        scratch: tuple[torch.Tensor, ...],
        radial_gradient: torch.Tensor,
    ) -> torch.Tensor:
        """Derivative with respect to the first layer, `[n, 2 hidden]`, in place of the slopes of layer 1.

        `radial_gradient` `[n, n_radial]` is added to.
        """
        slope1, slope2, slope3, gated = kept
        _, value, second, _, _, weight = scratch
        hidden, width = self.hidden, self.width
        slope3[:, :width].mul_(gradient)
        slope3[:, width:].mul_(gradient)
        torch.mul(gradient, gated, out=weight)
        radial_gradient.addmm_(weight, self.radial_back)
        torch.mm(slope3[:, :width], self.back[1][0], out=second[:, :hidden])
        torch.mm(slope3[:, width:], self.back[1][1], out=second[:, hidden:])
        second.mul_(slope2)
        torch.mm(second[:, :hidden], self.back[0][0], out=value[:, :hidden])
        torch.mm(second[:, hidden:], self.back[0][1], out=value[:, hidden:])
        return slope1.mul_(value)


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
