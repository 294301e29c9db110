"""matgl's M3GNet (matgl 4.1 or newer): new, or from a checkpoint of any matgl; graphs of frames; and its files.

Imported only where a fit runs: matgl, torch-geometric and lightning are the extra `train`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]
from matgl.ext.ase import Atoms2Graph  # pyright: ignore[reportMissingImports]
from matgl.layers._graph_convolution import M3GNetGraphConv  # pyright: ignore[reportMissingImports]
from matgl.models import M3GNet  # pyright: ignore[reportMissingImports]

from paddlewheel.potentials.m3gnet.checkpoint import Architecture, Checkpoint
from paddlewheel.units import eV_PER_A3_IN_GPA
from paddlewheel.version import __version__

if TYPE_CHECKING:
    from ase import Atoms


class DestinationSum(M3GNetGraphConv):
    """A convolution that sums the messages of the bond i -> j at j, as matgl < 3 trained and matgl >= 3 does not."""

    def node_update_(self, edge_index, edge_feat, node_feat, rbf, u_per_edge, num_nodes):  # matgl's own signature
        """Messages as matgl computes them, summed at `edge_index[1]`."""
        source, destination = edge_index[0].long(), edge_index[1].long()
        inputs = torch.hstack([node_feat[source], node_feat[destination], edge_feat])
        messages = self.node_update_func(inputs) * self.node_weight_func(rbf)
        return messages.new_zeros((num_nodes, messages.shape[1])).index_add(0, destination, messages)


def new_network(architecture: Architecture, *, seed: int) -> M3GNet:
    """An untrained network of the given sizes; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return M3GNet(
            element_types=architecture.elements,
            is_intensive=False,
            max_n=architecture.max_n,
            max_l=architecture.max_l,
            nblocks=architecture.n_blocks,
            units=architecture.units,
            dim_node_embedding=architecture.node_width,
            dim_edge_embedding=architecture.edge_width,
            cutoff=architecture.cutoff_A,
            threebody_cutoff=architecture.three_body_cutoff_A,
            use_smooth=architecture.smooth,
        )


def network_of(checkpoint: Checkpoint) -> M3GNet:
    """The network of a checkpoint of any matgl, summing where it was trained to, its triplets on the parent bonds.

    Raises
    ------
    RuntimeError
        If matgl's M3GNet of today has parameters that the checkpoint lacks.
    """
    network = new_network(checkpoint.architecture, seed=0)
    weights = {name: value.to(torch.get_default_dtype()) for name, value in checkpoint.weights.items()}
    missing = network.load_state_dict(weights, strict=False).missing_keys
    parameters = {name for name, _ in network.named_parameters()}
    if absent := sorted(parameters.intersection(missing)):
        raise RuntimeError(f"matgl {version('matgl')} has parameters that the checkpoint lacks: {absent[0]}")
    if checkpoint.conventions.node_sum == "destination":
        for layer in network.graph_layers:
            conv: Any = layer.conv
            layer.conv = DestinationSum(
                conv.include_state,
                conv.edge_update_func,
                conv.edge_weight_func,
                conv.node_update_func,
                conv.node_weight_func,
                conv.state_update_func,
            )
    return network


class GraphFrames(torch.utils.data.Dataset):
    """Frames as matgl's collate function takes them: (graph, lattice, state, labels).

    Labels are energy (eV), forces (eV/A) and stress (`[3, 3]`, GPa, positive under tension: matgl's convention is
    ASE's sign, and ours, times 160.2). Coordinates stay float64; matgl rounds them to the network's type.

    Parameters
    ----------
    frames
        With energy, forces and stress.
    elements
        In the order of the network.
    cutoff_A
        Of the network.
    """

    def __init__(self, frames: Sequence[Atoms], *, elements: Sequence[str], cutoff_A: float) -> None:
        converter = Atoms2Graph(tuple(elements), cutoff=cutoff_A)
        self._items = [self._item(converter, frame) for frame in frames]

    @staticmethod
    def _item(converter: Atoms2Graph, frame: Atoms) -> tuple:
        graph, _, state = converter.get_graph(frame)
        graph.frac_coords = torch.from_numpy(frame.get_scaled_positions(wrap=False))
        lattice = torch.from_numpy(np.array(frame.cell)).unsqueeze(0)
        real = torch.get_default_dtype()
        labels = {
            "energies": torch.tensor(frame.get_potential_energy(), dtype=real),
            "forces": torch.as_tensor(frame.get_forces(apply_constraint=False), dtype=real),
            "stresses": torch.as_tensor(frame.get_stress(voigt=False) * eV_PER_A3_IN_GPA, dtype=real),
        }
        return graph, lattice, torch.as_tensor(state, dtype=real), labels

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> tuple:
        return self._items[index]


def evaluate_frame(potential: Potential, frames: GraphFrames, index: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy (eV), forces (`[n_atoms, 3]`, eV/A) and stress (`[3, 3]`, eV/A^3) as matgl itself evaluates them."""
    graph, lattice, state, _ = frames[index]
    energy, forces, stress, *_ = potential(graph, lattice, state)
    return (
        float(energy.detach()),
        forces.detach().numpy().astype(float),
        stress.detach().numpy().astype(float).reshape(3, 3) / eV_PER_A3_IN_GPA,
    )


def save_potential(potential: Potential, folder: Path, *, facts: dict[str, Any]) -> None:
    """Write `model.json` and `state.pt` as matgl does, with how to read them in the metadata; replace what is there.

    `model.pt`, which matgl itself loads from, is written only for a network that matgl reads as it was trained.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    network: Any = potential.model  # a torch module, whose attributes no type tells
    sums_at_destination = isinstance(network.graph_layers[0].conv, DestinationSum)
    marks = {
        "written_by": f"paddlewheel {__version__}",
        "matgl_version": version("matgl"),
        "node_sum": "destination" if sums_at_destination else "source",
        "triplet_index": "parent",
    }
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    potential.save(part, metadata={"paddlewheel": marks | facts})
    if sums_at_destination:
        (part / "model.pt").unlink()
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)
