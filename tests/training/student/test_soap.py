"""SOAP: Adam for vectors, each species on its own, quicker than Adam where the gradient's covariance is skew."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'paddlewheel[distil]'")

from paddlewheel.training.student.soap import SOAP  # noqa: E402


def skew_problem(seed: int, *, n: int = 2, columns: int = 9):
    """Stacks L [n, 12, 12], R [n, c, c] of condition 30 each, and the minimum T [n, 12, c] of |L (W - T) R|^2."""
    generator = torch.Generator().manual_seed(seed)

    def skew(size: int) -> torch.Tensor:
        bases = torch.linalg.qr(torch.randn(n, size, size, generator=generator, dtype=torch.float64))[0]
        return bases * torch.logspace(0, 1.5, size, dtype=torch.float64) @ bases.mT

    return skew(12), skew(columns), torch.randn(n, 12, columns, generator=generator, dtype=torch.float64)


def descend(make, left, right, target, *, steps: int) -> torch.Tensor:
    """Where an optimizer stands after some steps from zero."""
    weights = torch.nn.Parameter(torch.zeros_like(target))
    optimizer = make([weights])
    for _ in range(steps):
        optimizer.zero_grad()
        ((left @ (weights - target) @ right) ** 2).sum().backward()
        optimizer.step()
    return weights.detach()


def test_vectors_are_stepped_by_adam():
    generator = torch.Generator().manual_seed(1)
    gradients = torch.randn(20, 5, generator=generator, dtype=torch.float64)
    ours, theirs = (torch.nn.Parameter(torch.ones(5, dtype=torch.float64)) for _ in range(2))
    soap = SOAP([ours], lr=0.01, betas=(0.9, 0.99))
    adam = torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.99), eps=1e-12)
    ours.grad = torch.zeros_like(ours)
    soap.step()  # the first step only begins the covariances
    for gradient in gradients:
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        soap.step()
        adam.step()
    assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_skew_problem_is_solved_nearer_than_by_adam():
    left, right, target = skew_problem(2)

    def distance(weights: torch.Tensor) -> float:
        return float((left @ (weights - target) @ right).norm() / (left @ target @ right).norm())

    soap = distance(descend(lambda p: SOAP(p, lr=0.02), left, right, target, steps=400))
    adam = distance(descend(lambda p: torch.optim.Adam(p, lr=0.02), left, right, target, steps=400))
    # the condition of the Hessian is 10^6 in Adam's axes, and 1 within the eigenbases but for the scale of a step
    assert soap < 0.3 * adam


def test_each_species_is_stepped_as_if_alone():
    # square: no covariance has a null space, whose basis would be left to rounding
    left, right, target = skew_problem(3, columns=12)
    together = descend(lambda p: SOAP(p, lr=0.02), left, right, target, steps=60)
    for species in range(2):
        part = slice(species, species + 1)
        alone = descend(lambda p: SOAP(p, lr=0.02), left[part], right[part], target[part], steps=60)
        # batched and single LAPACK and BLAS calls round differently, and 60 steps carry it on
        assert torch.allclose(together[part], alone, rtol=1e-6, atol=1e-8)


def test_second_moments_follow_their_eigenvectors():
    left, right, target = skew_problem(4, n=1)
    weights = torch.nn.Parameter(torch.zeros_like(target))
    optimizer = SOAP([weights], lr=0.01, every=1)
    for _ in range(30):
        optimizer.zero_grad()
        ((left @ (weights - target) @ right) ** 2).sum().backward()
        optimizer.step()
        state = optimizer.state[weights]
        for side in ("left", "right"):
            basis = state[f"{side}_basis"]
            unit = torch.eye(basis.shape[1], dtype=torch.float64)
            assert torch.allclose(basis[0].T @ basis[0], unit, atol=1e-10)
    rows = state["square"][0].sum(dim=1)
    assert rows[0] > rows[-1]  # the eigenvector of the largest eigenvalue, first, has the largest second moment
