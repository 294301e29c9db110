"""Settings of a fit of M3GNet; the paper's where it gives them, those of M3GNet's first publication elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from paddlewheel.errors import SettingsError

Loss = Literal["huber", "mse"]


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How an M3GNet is fitted.

    The cutoffs are the paper's (doi 10.1016/j.joule.2025.102130, Methods). It says nothing of the rest: loss, its
    weights, learning rate and batch are those of M3GNet (Chen and Ong, Nat. Comput. Sci. 2, 718 (2022),
    doi 10.1038/s43588-022-00349-3).

    Attributes
    ----------
    epochs, batch_size
        Passes over the training frames, and frames of a step.
    learning_rate
        At the start; it falls along a cosine to a hundredth of it in the last epoch (Adam).
    cutoff_A, three_body_cutoff_A, use_smooth
        Of a new network: range of its bonds and of its three-body terms, and whether its radial functions have
        vanishing first and second derivatives at the cutoff. A checkpoint to start from has its own.
    energy_weight, force_weight, stress_weight
        Weights in the loss of energies (eV/atom), forces (eV/A) and stresses (GPa).
    loss
        ``huber``, or ``mse`` (squares), which leaves the first plateau sooner where the frames are few.
    huber_delta
        Where the Huber loss turns from squares to absolute values, in those units.
    seed
        Decides the first weights and the order of the frames.
    """

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    cutoff_A: float = 5.0
    three_body_cutoff_A: float = 4.0
    use_smooth: bool = False
    energy_weight: float = 1.0
    force_weight: float = 1.0
    stress_weight: float = 0.1
    loss: Loss = "huber"
    huber_delta: float = 0.01
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if value < 1:
                raise SettingsError(f"{name} is {value}", remedy="give a whole number of 1 or more")
        if self.loss not in get_args(Loss):
            raise SettingsError(f"loss is {self.loss!r}", remedy=f"give one of {', '.join(get_args(Loss))}")
        for name in ("learning_rate", "cutoff_A", "three_body_cutoff_A", "huber_delta"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise SettingsError(f"{name} is {value:g}", remedy="give a positive number")
        weights = [getattr(self, f"{name}_weight") for name in ("energy", "force", "stress")]
        if not all(0 <= weight < math.inf for weight in weights) or not any(weights[:2]):
            shown = ", ".join(f"{weight:g}" for weight in weights)
            raise SettingsError(
                f"weights of energy, force and stress are {shown}",
                remedy="give numbers of 0 or more, not both of energy and force 0",
            )
        if self.three_body_cutoff_A > self.cutoff_A:
            raise SettingsError(
                f"three_body_cutoff_A {self.three_body_cutoff_A:g} is beyond cutoff_A {self.cutoff_A:g}",
                remedy="give a smaller one",
            )
