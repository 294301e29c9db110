"""Painted profiles against their definitions: areas, derivatives, the convolution with axial divergence."""

import numpy as np
import pytest

from paddlewheel.lab.xrd.profiles import axial_divergence, nodes_needed, paint, paint_with_slopes, thompson_cox_hastings

X = np.arange(5.0, 25.0, 0.002)


def _painted(position=15.0, fwhm=0.1, eta=0.4, height=0.0):
    at, n_nodes = np.array([position]), nodes_needed(np.array([position]), height, np.array([fwhm]))
    nodes = axial_divergence(at, height, n_nodes)
    y = np.zeros(X.size)
    paint(X, at, np.array([fwhm]), np.array([eta]), np.ones(1), nodes.offset_deg, nodes.weight, nodes.n_nodes, y)
    return y


def test_a_profile_has_its_area_and_its_width():
    """The tails beyond 6 + 34 eta widths hold 1 / (pi (6 + 34 eta)) of the Lorentzian."""
    y = _painted()
    assert np.trapezoid(y, X) == pytest.approx(1 - 0.4 / (np.pi * (6 + 34 * 0.4)), abs=1e-3)
    above = X[y > y.max() / 2]
    assert above[-1] - above[0] == pytest.approx(0.1, abs=0.004)


def test_thompson_cox_hastings_has_both_limits():
    fwhm, eta = thompson_cox_hastings(np.array([0.1, 1e-9]), np.array([1e-9, 0.2]))
    assert fwhm == pytest.approx([0.1, 0.2])
    assert eta == pytest.approx([0.0, 1.0], abs=1e-6)


def test_axial_divergence_moves_low_lines_to_lower_angles_by_its_mean():
    """For small angles phi - 2theta = -h^2 / (2 tan 2theta), and h has the weight 2 (1 - h / h_max) / h_max: its mean
    square is h_max^2 / 6. The next order of h is 1 % of this."""
    height = 0.04
    nodes = axial_divergence(np.array([15.0]), height, np.array([12]))
    mean = float((nodes.weight * nodes.offset_deg).sum())
    assert mean == pytest.approx(-np.degrees(height**2 / 6 / 2 / np.tan(np.radians(15.0))), rel=0.02)
    assert (axial_divergence(np.array([120.0]), height, np.array([12])).offset_deg >= 0).all()


def test_few_nodes_give_the_profile_of_many():
    at = np.array([6.0])
    few, many = (
        axial_divergence(at, 0.03, np.array([n])) for n in (int(nodes_needed(at, 0.03, np.array([0.05]))[0]), 16)
    )
    painted = []
    for nodes in (few, many):
        y = np.zeros(X.size)
        paint(X, at, np.full(1, 0.05), np.full(1, 0.3), np.ones(1), nodes.offset_deg, nodes.weight, nodes.n_nodes, y)
        painted.append(y)
    assert np.abs(painted[0] - painted[1]).max() < 5e-3 * painted[1].max()


@pytest.mark.parametrize("place", range(4))
def test_slopes_are_the_derivatives_of_the_profile(place):
    """By central differences; the ends of the painted range move with the width, where the profile is 1e-4."""
    values = np.array([8.0, 0.1, 0.4, 1.0])
    n_nodes = np.array([8])
    nodes = axial_divergence(values[:1], 0.02, n_nodes)

    def painted(at):
        y = np.zeros(X.size)
        paint(X, at[:1], at[1:2], at[2:3], at[3:4], nodes.offset_deg, nodes.weight, nodes.n_nodes, y)
        return y

    slopes = np.zeros((1, 4, 1))
    slopes[0, place, 0] = 1.0
    y, dy = np.zeros(X.size), np.zeros((1, X.size))
    none = np.zeros_like(nodes.offset_deg)
    paint_with_slopes(
        X, values[:1], values[1:2], values[2:3], values[3:4], nodes.offset_deg, nodes.weight, nodes.n_nodes, slopes,
        none, none, -1, y, dy,
    )  # fmt: skip
    step = np.zeros(4)
    step[place] = 1e-6
    wanted = (painted(values + step) - painted(values - step)) / 2e-6
    near = np.abs(X - 8.0) < 1.0
    assert np.abs(dy[0] - wanted)[near].max() < 1e-4 * np.abs(wanted).max()
    assert y == pytest.approx(painted(values))
