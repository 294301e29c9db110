"""SOAP, the optimizer of the students: Adam in the eigenbasis of Shampoo's preconditioner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


class SOAP(torch.optim.Optimizer):
    """Adam whose second moments are kept in a slowly turning eigenbasis of the gradient's covariance.

    Vyas et al., SOAP: improving and stabilizing Shampoo using Adam, ICLR 2025, doi 10.48550/arXiv.2409.11321,
    algorithm 3. The stacks of matrices of a student, [n_species, rows, columns], have a pair of bases for each species;
    vectors and their stacks are stepped by Adam. On a student it reaches in a quarter of Adam's steps what Adam does
    (docs/benchmarks/student_training.md), and its bases cost a third of a step.

    Parameters
    ----------
    parameters
        Tensors of one to three dimensions; those of three are stacks of matrices.
    lr
        Length of a step.
    betas
        Decay of the first and of the second moments.
    basis_decay
        Decay of the covariances.
    every
        Steps between two turns of the bases.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        *,
        lr: float,
        betas: tuple[float, float] = (0.95, 0.98),
        basis_decay: float = 0.97,
        every: int = 10,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "basis_decay": basis_decay, "every": every})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step along the gradients that are there; the first one only begins the covariances."""
        if closure is not None:
            raise NotImplementedError("a step takes the gradients that are there")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    self._begin(parameter.grad, state, group)
                else:
                    parameter.add_(self._direction(parameter.grad, state, group), alpha=-group["lr"])

    def _begin(self, gradient: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["count"] = 0
        state["mean"] = torch.zeros_like(gradient)
        state["square"] = torch.zeros_like(gradient)
        if gradient.dim() == 3:
            for side, covariance in _covariances(gradient).items():
                state[f"{side}_covariance"] = covariance * (1 - group["basis_decay"])
                # largest first, as `_turn` keeps them
                state[f"{side}_basis"] = torch.linalg.eigh(covariance)[1].flip(2)

    def _direction(self, gradient: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> torch.Tensor:
        first, second = group["betas"]
        state["count"] += 1
        n = state["count"]
        state["mean"].lerp_(gradient, 1 - first)
        turned, mean = gradient, state["mean"]
        if gradient.dim() == 3:
            turned, mean = (_into(values, state) for values in (gradient, state["mean"]))
        state["square"].mul_(second).addcmul_(turned, turned, value=1 - second)
        direction = mean / (1 - first**n) / ((state["square"] / (1 - second**n)).sqrt() + 1e-12)
        if gradient.dim() == 3:
            direction = state["left_basis"] @ direction @ state["right_basis"].mT
            for side, covariance in _covariances(gradient).items():
                state[f"{side}_covariance"].lerp_(covariance, 1 - group["basis_decay"])
            if n % group["every"] == 0:
                _turn(state)
        return direction


def _covariances(gradient: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"left": gradient @ gradient.mT, "right": gradient.mT @ gradient}


def _into(values: torch.Tensor, state: dict[str, Any]) -> torch.Tensor:
    return state["left_basis"].mT @ values @ state["right_basis"]


def _turn(state: dict[str, Any]) -> None:
    """One orthogonal iteration for each basis, eigenvectors by falling eigenvalue; the second moments go along."""
    for side, along in (("left", 1), ("right", 2)):
        covariance, basis = state[f"{side}_covariance"], state[f"{side}_basis"]
        values = torch.einsum("sij,sij->sj", basis, covariance @ basis)
        order = values.argsort(dim=1, descending=True)
        basis = torch.take_along_dim(basis, order[:, None, :], dim=2)
        state["square"] = torch.take_along_dim(
            state["square"], order.unsqueeze(3 - along).expand_as(state["square"]), dim=along
        )
        state[f"{side}_basis"] = torch.linalg.qr(covariance @ basis)[0]
