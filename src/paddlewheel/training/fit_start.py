"""Where a fit begins: a new network, or one of a checkpoint; its scale and its element references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.potentials.m3gnet import M3GNet as Engine
from paddlewheel.potentials.m3gnet.checkpoint import Architecture, Checkpoint
from paddlewheel.training.element_references import ElementReferences, fit_element_references
from paddlewheel.training.fit_network import network_of, new_network
from paddlewheel.training.fit_settings import FitSettings

if TYPE_CHECKING:
    from ase import Atoms
    from matgl.models import M3GNet  # pyright: ignore[reportMissingImports]


@dataclass(frozen=True)
class FitStart:
    """E = data_std * network + data_mean + sum of element references."""

    network: M3GNet
    references: ElementReferences
    data_mean_eV: float
    data_std_eV: float


def start_new(frames: Sequence[Atoms], *, elements: Sequence[str], settings: FitSettings) -> FitStart:
    """A new network of M3GNet's default sizes, scaled by the root mean square of the force components.

    Parameters
    ----------
    frames
        Of the training part, with labels: nothing else may decide the references and the scale.
    elements
        In the order of the network.
    settings
        Cutoffs, smoothness and seed.
    """
    architecture = Architecture(
        elements=tuple(elements),
        max_n=3,
        max_l=3,
        n_blocks=3,
        units=64,
        node_width=64,
        edge_width=64,
        cutoff_A=settings.cutoff_A,
        three_body_cutoff_A=settings.three_body_cutoff_A,
        smooth=settings.use_smooth,
    )
    forces = np.concatenate([frame.get_forces(apply_constraint=False).ravel() for frame in frames])
    scale = float(np.sqrt((forces**2).mean()))
    return FitStart(
        network=new_network(architecture, seed=settings.seed),
        references=fit_element_references(frames, _energies(frames), elements=elements),
        data_mean_eV=0.0,
        data_std_eV=scale if scale > 0 else 1.0,  # crystals at rest alone: nothing to scale by
    )


def start_from_checkpoint(frames: Sequence[Atoms], checkpoint: Checkpoint) -> FitStart:
    """The network of a checkpoint; its element references moved by what it leaves of the energies.

    A checkpoint of another functional is tens of meV to eV per atom away in what the composition alone explains; the
    references take that up at once, and the network keeps what it knows.
    """
    engine = Engine(checkpoint, dtype="float64")
    left = np.array(
        [energy - engine.compute([frame])[0].energy_eV for frame, energy in zip(frames, _energies(frames), strict=True)]
    )
    elements = checkpoint.architecture.elements
    moved = fit_element_references(frames, left, elements=elements)
    return FitStart(
        network=network_of(checkpoint),
        references=ElementReferences(elements, checkpoint.offsets_eV.numpy() + moved.energies_eV, moved.rank),
        data_mean_eV=checkpoint.data_mean_eV,
        data_std_eV=checkpoint.data_std_eV,
    )


def _energies(frames: Sequence[Atoms]) -> np.ndarray:
    return np.array([frame.get_potential_energy() for frame in frames])
