"""The M3GNet network on a batch of bonds: atom terms of the energy and their derivative with respect to every bond.

The bonds are worked through in chunks small enough for the second-level cache, all layers of a block on one chunk
before the next, with the backward pass written out (see `gated`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from paddlewheel.potentials.m3gnet.bonds import BondGraph, Segments
from paddlewheel.potentials.m3gnet.checkpoint import Checkpoint
from paddlewheel.potentials.m3gnet.gated import GatedConvolution, GatedReadout, Scratch
from paddlewheel.potentials.m3gnet.radial import RadialBasis
from paddlewheel.potentials.m3gnet.three_body import ThreeBodyGate, ThreeBodySum
from paddlewheel.potentials.m3gnet.workspace import Workspace, sum_rows

CHUNK_BONDS = 1024
"""Bonds per chunk and thread: eight arrays of 128 float32 columns and this length fill a cache of 2 MB."""


@dataclass
class _Block:
    """Weights of one block."""

    gate: ThreeBodyGate
    edge: GatedConvolution
    node: GatedConvolution


class Network:
    """The network of a checkpoint on a device, in a dtype.

    Not to be shared between threads: the buffers belong to the evaluation in progress.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: torch.device, dtype: torch.dtype) -> None:
        self._a = a = checkpoint.architecture
        self._sums_at_destination = checkpoint.conventions.node_sum == "destination"
        self.device, self.dtype = device, dtype
        weights = {name: value.to(device=device, dtype=dtype) for name, value in checkpoint.weights.items()}
        self._species = weights["embedding.layer_node_embedding.weight"]
        self._embed_back = weights["embedding.layer_edge_embedding.layers.0.weight"]
        self._embed_forth = self._embed_back.T.contiguous()
        self._embed_bias = weights["embedding.layer_edge_embedding.layers.0.bias"]
        self._blocks = [
            _Block(
                ThreeBodyGate(weights, f"three_body_interactions.{n}"),
                GatedConvolution(weights, f"graph_layers.{n}.conv", "edge", node_width=a.node_width),
                GatedConvolution(weights, f"graph_layers.{n}.conv", "node", node_width=a.node_width),
            )
            for n in range(a.n_blocks)
        ]
        self._readout = GatedReadout(weights, "final_layer.gated")
        self._radial = RadialBasis(max_n=a.max_n, max_l=a.max_l, cutoff_A=a.cutoff_A, smooth=a.smooth).to(device)
        self._one = torch.ones(1, device=device, dtype=dtype)
        self.workspace = Workspace(device=device, dtype=dtype)

    def evaluate(self, species: torch.Tensor, graph: BondGraph) -> tuple[torch.Tensor, torch.Tensor]:
        """Atom terms `[n_atoms]` (before the scale and offsets) and dE/d(vector) `[n_bonds, 3]`, both float64.

        `species` is `[n_atoms]` int64, indices into the elements of the checkpoint.
        """
        node = self._species.index_select(0, species)
        if len(graph.centre) == 0:
            return self._readout.evaluate(node)[0].double(), node.new_zeros((0, 3), dtype=torch.float64)
        return _Evaluation(self, graph, node).run()

    def features(self, species: torch.Tensor, graph: BondGraph) -> torch.Tensor:
        """Node features `[n_atoms, node_width]` after the last block: what the readout sees of each atom."""
        node = self._species.index_select(0, species)
        return node if len(graph.centre) == 0 else _Evaluation(self, graph, node).forward()[0]


class _Evaluation:
    """One evaluation in progress."""

    def __init__(self, network: Network, graph: BondGraph, node: torch.Tensor) -> None:
        self.net, self.node = network, node
        a, device = network._a, network.device

        def index(array) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        def segments(groups: Segments) -> tuple[torch.Tensor, torch.Tensor]:
            return index(groups.order), index(groups.starts)

        self.n_atoms, self.n_bonds = len(node), len(graph.centre)
        self.by_centre, self.by_neighbour = segments(graph.by_centre), segments(graph.by_neighbour)
        centre, neighbour = index(graph.centre), index(graph.neighbour)
        self.receiver = neighbour if network._sums_at_destination else centre
        self.by_receiver = self.by_neighbour if network._sums_at_destination else self.by_centre
        self.distance = index(graph.distance_A)
        self.unit = index(graph.vector_A) / self.distance[:, None]
        functions, slopes = network._radial.evaluate(self.distance)
        self.radial = functions[:, : a.n_radial].to(network.dtype).contiguous()
        self.radial_slope = slopes[:, : a.n_radial]
        self.three_body = ThreeBodySum(
            graph,
            unit=self.unit,
            distance_A=self.distance,
            radial=functions,
            radial_slope=slopes,
            max_n=a.max_n,
            max_l=a.max_l,
            cutoff_A=a.three_body_cutoff_A,
            n_atoms=self.n_atoms,
            dtype=network.dtype,
        )
        self.n_rows = len(graph.row_slot)
        n_chunks = -(-self.n_bonds // (CHUNK_BONDS * torch.get_num_threads()))
        self.chunk = -(-self.n_bonds // n_chunks)
        pairs = torch.stack([centre, neighbour + self.n_atoms], dim=1).view(-1)
        self.pairs = pairs.split(2 * self.chunk)
        self.pair_starts = [torch.arange(0, len(part), 2, device=device) for part in self.pairs[:1] + self.pairs[-1:]]

    def forward(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Node features after the last block, edge features, and the slope of the edges' embedding."""
        net, workspace = self.net, self.net.workspace
        edge = workspace.rows("edge", self.n_bonds, net._a.edge_width)
        slope0 = workspace.rows("embedding", self.n_bonds, net._a.edge_width)
        torch.addmm(net._embed_bias, self.radial, net._embed_forth, out=slope0)
        sigmoid = torch.sigmoid(slope0)
        torch.mul(slope0, sigmoid, out=edge)
        torch.lerp(edge, net._one, sigmoid, out=slope0)

        node = self.node
        for number in range(len(net._blocks)):
            node = node + self._forward_block(number, node, edge)
        return node, edge, slope0

    def run(self) -> tuple[torch.Tensor, torch.Tensor]:
        net, workspace = self.net, self.net.workspace
        node, edge, slope0 = self.forward()
        terms, node_gradient = net._readout.evaluate(node)

        radial_gradient = workspace.rows("radial gradient", self.n_bonds, net._a.n_radial).zero_()
        edge_gradient = edge.zero_()  # the features themselves are no longer needed
        for number in reversed(range(len(net._blocks))):
            node_gradient = self._backward_block(number, node_gradient, edge_gradient, radial_gradient)
        radial_gradient.addmm_(edge_gradient.mul_(slope0), net._embed_back)
        along = (radial_gradient.double() * self.radial_slope).sum(dim=1)
        vector = self.unit.new_zeros(self.unit.shape)
        self.three_body.add_geometry_gradient(distance=along, vector=vector)
        vector.addcmul_(along[:, None], self.unit)
        return terms.double(), vector

    def _scratch(self, conv: GatedConvolution) -> tuple[Scratch, Scratch]:
        """Working arrays for the full chunks and for the last, shorter one."""
        workspace = self.net.workspace
        return conv.scratch(workspace, self.chunk), conv.scratch(workspace, len(self.pairs[-1]) // 2)

    def _near(self, start: int, size: int) -> slice:
        """The part of a chunk that receives three-body messages."""
        return slice(start, min(start + size, max(self.n_rows, start)))

    def _forward_block(self, number: int, node: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
        """What the block adds to the atoms; `edge` is updated in place."""
        net, workspace, block = self.net, self.net.workspace, self.net._blocks[number]
        edge_table, node_table = block.edge.table(node), block.node.table(node)
        three_body = self.three_body.forward(block.gate.atom(node))
        slope = workspace.rows(f"three-body {number}", self.n_rows, 2 * net._a.edge_width)
        edge_kept = block.edge.kept(workspace, f"edge {number}", self.n_bonds, self.chunk)
        node_kept = block.node.kept(workspace, f"node {number}", self.n_bonds, self.chunk)
        edge_scratch, node_scratch = self._scratch(block.edge), self._scratch(block.node)
        update = workspace.rows("update", self.chunk, net._a.edge_width)
        gate_scratch = [workspace.rows(f"gate {name}", self.chunk, 2 * net._a.edge_width) for name in "ab"]
        messages = workspace.rows("messages", self.n_bonds, net._a.node_width)
        chunks = zip(*(part.split(self.chunk) for part in (edge, self.radial, messages)), strict=True)
        for n, (features, radial, out) in enumerate(chunks):
            is_last = int(n + 1 == len(self.pairs))
            near = self._near(n * self.chunk, len(features))
            if (n_near := near.stop - near.start) > 0:
                a, b = (part[:n_near] for part in gate_scratch)
                block.gate.forward(three_body[near], features[:n_near], slope[near], scratch=(a, b), one=net._one)
            bonds = self.pairs[n], self.pair_starts[is_last]
            added = update[: len(features)]
            block.edge.forward(
                edge_table,
                *bonds,
                features,
                radial,
                kept=edge_kept[n],
                scratch=edge_scratch[is_last],
                out=added,
                one=net._one,
            )
            features.add_(added)
            block.node.forward(
                node_table,
                *bonds,
                features,
                radial,
                kept=node_kept[n],
                scratch=node_scratch[is_last],
                out=out,
                one=net._one,
            )
        return sum_rows(messages, *self.by_receiver)

    def _backward_block(
        self, number: int, node_gradient: torch.Tensor, edge_gradient: torch.Tensor, radial_gradient: torch.Tensor
    ) -> torch.Tensor:
        """Derivative with respect to the atoms before the block; the other gradients are updated in place."""
        net, workspace, block = self.net, self.net.workspace, self.net._blocks[number]
        slope = workspace.rows(f"three-body {number}", self.n_rows, 2 * net._a.edge_width)
        edge_kept = block.edge.kept(workspace, f"edge {number}", self.n_bonds, self.chunk)
        node_kept = block.node.kept(workspace, f"node {number}", self.n_bonds, self.chunk)
        edge_scratch, node_scratch = self._scratch(block.edge), self._scratch(block.node)
        incoming = workspace.rows("incoming", self.chunk, net._a.node_width)
        three_body = workspace.rows("three-body gradient", self.n_rows + 1, net._a.n_three_body)
        three_body[-1] = 0.0
        chunks = zip(*(part.split(self.chunk) for part in (self.receiver, edge_gradient, radial_gradient)), strict=True)
        for n, (receiver, features, radial) in enumerate(chunks):
            is_last = int(n + 1 == len(self.pairs))
            gradient = incoming[: len(features)]
            torch.index_select(node_gradient, 0, receiver, out=gradient)
            for conv, kept, scratch, upstream in (
                (block.node, node_kept[n], node_scratch[is_last], gradient),
                (block.edge, edge_kept[n], edge_scratch[is_last], features),
            ):
                # kept for the sums over atoms, of which there are none before the first block
                first = kept.first if number else scratch.first_value
                conv.backward(upstream, kept=kept, scratch=scratch, radial_gradient=radial, out=first)
                features.addmm_(first, conv.to_edge)
            near = self._near(n * self.chunk, len(features))
            if near.stop > near.start:
                block.gate.backward(features[: near.stop - near.start], slope[near], three_body[near])
        atom = self.three_body.backward(three_body)
        if number == 0:
            return node_gradient  # the species do not depend on the positions
        node_gradient = torch.addmm(node_gradient, atom, block.gate.atom_back)
        for conv, name in ((block.edge, f"edge {number}"), (block.node, f"node {number}")):
            first = conv.first_slopes(workspace, name, self.n_bonds)
            node_gradient.addmm_(sum_rows(first, *self.by_centre), conv.to_centre)
            node_gradient.addmm_(sum_rows(first, *self.by_neighbour), conv.to_neighbour)
        return node_gradient
