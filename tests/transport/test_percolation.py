"""Percolation on grids whose channels are drawn by hand, and against a search by brute force."""

from __future__ import annotations

import bisect
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.transport.percolation import least_resistance_path, percolation

CUBE = 8.0 * np.eye(3)


def _grid(voxels, shape=(8, 8, 8), low: float = 0.01) -> np.ndarray:
    values = np.full(shape, low)
    for index, value in voxels.items():
        values[index] = value
    return values


def test_a_channel_along_one_axis():
    channel = {(i, 3, 5): 1.0 for i in range(8)} | {(6, 3, 5): 0.4}
    values = _grid(channel, low=0.0)
    found = percolation(values, known=values > 0)
    assert found.levels == {"a": 0.4, "1D": 0.4}
    assert found.windings["a"] in ((1, 0, 0), (-1, 0, 0))
    path = least_resistance_path(values, found, "a", cell_A=CUBE)
    assert path is not None
    assert len(path.voxels) == 9
    assert path.distance_A[-1] == pytest.approx(8.0)
    assert abs(path.winding[0]) == 1
    assert least_resistance_path(values, found, "b", cell_A=CUBE) is None


def test_a_broken_channel_does_not_percolate():
    values = _grid({(i, 3, 5): 1.0 for i in range(7)}, low=0.0)
    assert percolation(values, known=values > 0).levels == {}


def test_a_channel_that_connects_only_diagonally_across_the_boundary():
    # from (0, 0) up a staircase to (7, 7), whose next steps leave through both faces: winding (1, 1, 0)
    stairs = {(i, i, 2): 1.0 for i in range(8)} | {((i + 1) % 8, i, 2): 1.0 for i in range(8)}
    values = _grid(stairs, low=0.0)
    found = percolation(values, known=values > 0)
    assert found.levels == {"a": 1.0, "b": 1.0, "1D": 1.0}
    assert tuple(map(abs, found.windings["a"])) == (1, 1, 0)
    path = least_resistance_path(values, found, "b", cell_A=CUBE)
    assert path is not None
    assert tuple(map(abs, path.winding)) == (1, 1, 0)
    # the running mean takes the corners off: the diagonal itself
    assert path.distance_A[-1] == pytest.approx(8 * np.sqrt(2), rel=0.02)


def test_a_helix_that_reaches_its_image_after_two_cells():
    # one step up for every two along a: after one cell it is half a cell up, only the second turn closes
    values = np.zeros((8, 8, 8))
    for i in range(16):
        values[i % 8, i // 2, 0] = values[(i + 1) % 8, i // 2, 0] = 1.0
    values[4, 2, 0] = 0.6
    values[4, 1, 0] = 0.5  # the corner before it
    found = percolation(values, known=values > 0)
    assert found.levels["a"] == 0.5
    assert tuple(map(abs, found.windings["a"])) == (2, 1, 0)
    assert found.levels["b"] == 0.5
    path = least_resistance_path(values, found, "a", cell_A=CUBE)
    assert path is not None
    assert tuple(map(abs, path.winding)) == (2, 1, 0)
    assert values.ravel()[path.voxels].min() == 0.5


def test_dimensions_are_of_one_connected_region():
    # channels along a, b and c that never meet: each direction percolates, but in one dimension only
    values = np.zeros((8, 8, 8))
    values[:, 1, 1] = 0.9
    values[3, :, 3] = 0.8
    values[6, 6, :] = 0.7
    found = percolation(values, known=values > 0)
    assert found.levels == {"a": 0.9, "b": 0.8, "c": 0.7, "1D": 0.9}
    values[:, 3, 3] = 0.5
    values[3, 3, 3] = 0.8
    joined = percolation(values, known=values > 0)
    assert joined.levels["2D"] == 0.5
    assert "3D" not in joined.levels


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equals_a_search_of_every_level(seed):
    rng = np.random.default_rng(seed)
    shape = (4, 3, 3)
    values = rng.permutation(36).reshape(shape).astype(float)
    found = percolation(values)
    for axis, name in enumerate("abc"):
        expected = 35.0 - bisect.bisect_left(range(36), True, key=lambda n: _winds(values >= 35 - n, axis))
        assert found.levels[name] == expected
        path = least_resistance_path(values + 1.0, percolation(values + 1.0), name, cell_A=np.diag(shape).astype(float))
        assert path is not None
        assert values.ravel()[path.voxels].min() == expected
        assert path.winding[axis] != 0
        np.testing.assert_allclose(path.fractional[-1] - path.fractional[0], path.winding, atol=1e-12)
    assert found.levels["1D"] == max(found.levels[name] for name in "abc")
    assert found.levels["1D"] >= found.levels["2D"] >= found.levels["3D"]
    assert found.levels["3D"] <= min(found.levels[name] for name in "abc")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_origin_and_supercell_change_nothing(seed):
    rng = np.random.default_rng(seed)
    values = rng.random((5, 4, 6))
    found = percolation(values).levels
    assert percolation(np.roll(values, rng.integers(0, 6, 3), axis=(0, 1, 2))).levels == found
    assert percolation(np.tile(values, (2, 1, 3))).levels == found
    assert percolation(values[::-1]).levels == found


def _winds(inside: np.ndarray, axis: int) -> bool:
    """Whether `inside` connects to its image along `axis`: flood from every voxel, keeping the cell that each is in."""
    shape = np.array(inside.shape)
    for start in map(tuple, np.argwhere(inside)):
        seen, stack = {start: (0, 0, 0)}, [start]
        cells = {}
        while stack:
            here = stack.pop()
            for step in itertools.product((-1, 0, 1), repeat=3):
                if sum(map(abs, step)) != 1:
                    continue
                there = np.array(here) + step
                wrapped = tuple(int(x) for x in np.mod(there, shape))
                cell = tuple(int(x) for x in np.array(seen[here]) + np.floor_divide(there, shape))
                if not inside[wrapped]:
                    continue
                if wrapped not in seen:
                    seen[wrapped] = cell
                    stack.append(wrapped)
                elif seen[wrapped] != cell:
                    cells[cell] = np.subtract(cell, seen[wrapped])
        if any(winding[axis] for winding in cells.values()):
            return True
    return False
