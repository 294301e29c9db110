"""Flow through voxels: exact bodies, a direct solution, published tortuosity factors, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from paddlewheel.errors import DataError, MachineError, SettingsError
from paddlewheel.lab.tomography.transport.solver import flow, memory_bytes, split_factors

SHARED = Path(os.environ.get("PADDLEWHEEL_SHARED", "/nowhere")) / "data" / "lab" / "tomography"
with_data = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared label stacks (PADDLEWHEEL_SHARED)")
CUBE = (1.0, 1.0, 1.0)


def _direct(labels, spacing, sigma, mean, *, periodic):
    """The flow along z of the same finite volumes, by a sparse direct solver; every label conducts, or has sigma 0."""
    shape = labels.shape
    value = np.array([sigma.get(label, 0.0) for label in range(int(labels.max()) + 1)])[labels]
    index = np.arange(labels.size).reshape(shape)
    volume = np.prod(spacing)
    rows, columns, entries = [], [], []
    for axis in range(3):
        here, there = index, np.roll(index, -1, axis=axis)
        if axis == 0 or not periodic:
            here, there = (np.delete(part, -1, axis=axis) for part in (here, there))
        a, b = value.reshape(-1)[here.reshape(-1)], value.reshape(-1)[there.reshape(-1)]
        means = {
            "harmonic": 2 * a * b / np.where(a + b > 0, a + b, 1),
            "geometric": np.sqrt(a * b),
            "arithmetic": np.where(a * b > 0, (a + b) / 2, 0),
        }
        c = means[mean] * volume / spacing[axis] ** 2
        rows += [here.reshape(-1), there.reshape(-1), here.reshape(-1), there.reshape(-1)]
        columns += [here.reshape(-1), there.reshape(-1), there.reshape(-1), here.reshape(-1)]
        entries += [c, c, -c, -c]
    ends = 2 * value * volume / spacing[0] ** 2
    electrodes = np.zeros(shape)
    electrodes[0] += ends[0]
    electrodes[-1] += ends[-1]
    lonely = np.where(value > 0, 1e-12, 1.0).reshape(-1)  # what touches no electrode keeps a potential, and no current
    rows, columns = [*rows, index.reshape(-1)], [*columns, index.reshape(-1)]
    entries = [*entries, electrodes.reshape(-1) + lonely]
    places = np.concatenate(rows), np.concatenate(columns)
    matrix = coo_array((np.concatenate(entries), places), shape=(labels.size,) * 2).tocsr()
    into = np.zeros(shape)
    into[0] = ends[0]
    potential = spsolve(matrix, into.reshape(-1)).reshape(shape)
    current = float(np.sum(ends[-1] * potential[-1]))
    return current * shape[0] * spacing[0] / (shape[1] * spacing[1] * shape[2] * spacing[2])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (37.0, 5.0, 5.0), (4.0, 7.3, 11.1)])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_an_empty_box_has_the_conductivity_of_its_filling(spacing, axis):
    """The linear potential is the solution: only rounding is left."""
    found = flow(np.zeros((5, 6, 9), np.uint8), spacing, {0: 3.7}, axis, keep_flux=True, keep_potential=True)
    assert found.tortuosity_factor == pytest.approx(1, abs=1e-12)
    assert found.lower == found.upper == found.effective_conductivity
    assert found.flux is not None
    assert found.flux.shape == (5, 6, 9)
    np.testing.assert_allclose(found.flux, 1, rtol=1e-6)  # 32 bits
    count = len(found.slice_potential)
    assert count == {"z": 5, "y": 6, "x": 9}[axis]
    np.testing.assert_allclose(found.slice_potential, 1 - (np.arange(count) + 0.5) / count, rtol=1e-12)
    assert found.potential is not None
    middle = {"z": (2, 0, 0), "y": (0, 0, 0), "x": (0, 0, 4)}[axis]
    assert found.potential[middle] == pytest.approx(found.slice_potential[max(middle)], rel=1e-6)


@pytest.mark.parametrize("contrast", [77.0, 1e4])
def test_laminates_in_parallel_and_in_series(contrast):
    """Parallel: the mean of conductivities, whatever the face mean. Series: the harmonic mean, with harmonic faces."""
    layers = (np.arange(24) // 4 % 2).astype(np.uint8)
    body = np.broadcast_to(layers[:, None, None], (24, 5, 7)).copy()
    given = {0: 1.0, 1: contrast}
    parallel = flow(body, (2.0, 1.0, 1.0), given, "x")
    for value in (parallel.lower, parallel.effective_conductivity, parallel.upper):
        assert value == pytest.approx((1 + contrast) / 2, rel=1e-4)
    assert parallel.tortuosity_factor == pytest.approx(1, rel=1e-4)
    series = flow(body, (2.0, 1.0, 1.0), given, "z")
    assert series.lower == pytest.approx(2 / (1 + 1 / contrast), rel=1e-4)
    assert series.lower < series.effective_conductivity < series.upper


def test_a_chessboard_lies_in_its_bracket():
    """Fields that are cut through the middles of their neighbours: exactly sqrt(s1 s2) (Keller, doi 10.1063/1.1704005);
    harmonic and arithmetic faces are known to give 0.60 and 1.62 of it with 32 voxels a field, geometric ones 1.035."""
    field = (np.arange(64) + 16) // 32
    board = np.repeat(((field[:, None] + field) % 2).astype(np.uint8)[:, :, None], 2, axis=2)
    found = flow(board, CUBE, {0: 77.0, 1: 1.0}, "z")
    exact = np.sqrt(77.0)
    assert found.lower < exact < found.upper
    assert found.lower / exact == pytest.approx(0.60, abs=0.005)
    assert found.upper / exact == pytest.approx(1.62, abs=0.005)
    assert found.effective_conductivity == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("sigma", [{1: 1.0}, {0: 0.02, 1: 1.0, 2: 40.0}])
def test_a_direct_solution_is_met(periodic, sigma):
    """The same equations solved directly; the flow's error is the square of the potential's, 1e-6 is asked."""
    labels = np.random.default_rng(3).choice(3, size=(12, 11, 12), p=[0.3, 0.5, 0.2]).astype(np.uint8)
    spacing = (1.25, 1.0, 0.95)  # not split
    found = flow(labels, spacing, sigma, "z", tolerance=1e-6, periodic_sides=periodic, threads=1)
    for value, mean in (
        (found.lower, "harmonic"), (found.effective_conductivity, "geometric"), (found.upper, "arithmetic"),
    ):  # fmt: skip
        assert value == pytest.approx(_direct(labels, spacing, sigma, mean, periodic=periodic), rel=1e-6)


def test_axes_are_those_of_the_array():
    """A body turned with its spacing has the same flow along the axis that its old one became."""
    labels = (np.random.default_rng(5).random((14, 12, 10)) < 0.7).astype(np.uint8)
    along_z = flow(labels, (1.0, 1.2, 0.9), {1: 1.0}, "z", tolerance=1e-6)
    along_x = flow(labels.transpose(1, 2, 0), (1.2, 0.9, 1.0), {1: 1.0}, "x", tolerance=1e-6)
    along_y = flow(labels.transpose(2, 0, 1), (0.9, 1.0, 1.2), {1: 1.0}, "y", tolerance=1e-6)
    assert along_x.effective_conductivity == pytest.approx(along_z.effective_conductivity, rel=1e-6)
    assert along_y.effective_conductivity == pytest.approx(along_z.effective_conductivity, rel=1e-6)


@pytest.mark.parametrize("thickness", [2, 4])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_thick_slices_are_split(thickness, axis):
    """Of the same body, cut into cubes by hand: 1 % is asked, the equations are the same."""
    labels = (np.random.default_rng(7).random((8, 16, 16)) < 0.75).astype(np.uint8)
    coarse = flow(labels, (50.0 * thickness, 50.0, 50.0), {1: 1.0}, axis, keep_flux=True)
    cubes = flow(labels.repeat(thickness, axis=0), (50.0, 50.0, 50.0), {1: 1.0}, axis, keep_flux=True)
    assert coarse.tortuosity_factor == pytest.approx(cubes.tortuosity_factor, rel=1e-4)
    assert coarse.flux is not None
    assert cubes.flux is not None
    merged = cubes.flux.reshape(8, thickness, 16, 16).mean(axis=1)
    np.testing.assert_allclose(coarse.flux, merged, atol=1e-4 * merged.max())


def test_voxels_are_split_to_near_cubes():
    """Along each axis, to the ratio nearest to one."""
    assert list(split_factors((200, 50, 50))) == [4, 1, 1]
    assert list(split_factors((50, 100, 120))) == [1, 2, 2]
    assert list(split_factors((1.3, 1, 1))) == [1, 1, 1]
    assert list(split_factors((1.5, 1, 1))) == [2, 1, 1]


def test_the_flux_carries_the_flow():
    """A straight channel has all the flux, and a pocket beside it next to none."""
    labels = np.zeros((20, 9, 9), np.uint8)
    labels[:, 2:5, 2:5] = 1
    labels[9, 5:8, 3] = 1  # a dead end
    labels[2:4, 8, 8] = 1  # an island
    found = flow(labels, CUBE, {1: 2.0}, "z", keep_flux=True, keep_potential=True)
    assert found.flux is not None
    assert found.potential is not None
    assert found.flux.mean() == pytest.approx(1, rel=0.02)  # the mouth of the pocket turns the flux a little
    assert found.flux[0, 3, 3] == pytest.approx(9, rel=0.01)
    assert found.slice_flux_share[0] == pytest.approx(9, rel=0.01)
    assert found.flux[9, 7, 3] < 0.1
    assert found.flux[3, 8, 8] == 0
    assert np.isnan(found.potential[3, 8, 8])
    reaching = 20 * 9 + 3
    assert found.connected_fraction == pytest.approx(reaching / (reaching + 2))
    assert found.mean_conductivity == pytest.approx(2 * (reaching + 2) / labels.size)


def test_what_does_not_reach_across_is_named():
    """Two halves that touch along an edge only: no face, no flow. Joined sides may join them."""
    labels = np.zeros((6, 4, 4), np.uint8)
    labels[:3, :2], labels[3:, 2:] = 1, 1
    blocked = flow(labels, CUBE, {1: 1.0}, "z")
    assert not blocked.percolates
    assert blocked.effective_conductivity == 0
    assert blocked.tortuosity_factor == np.inf
    assert "along z" in blocked.warnings[0]
    labels[2, 3] = 1  # beside the first half, where the sides are joined, and above the second
    assert flow(labels, CUBE, {1: 1.0}, "z", periodic_sides=True).percolates
    assert not flow(np.zeros((3, 3, 3), np.uint8), CUBE, {1: 1.0}, "x").percolates


def test_threads_change_nothing():
    """Sums are taken in other pieces, so that only rounding differs."""
    labels = (np.random.default_rng(9).random((48, 40, 40)) < 0.6).astype(np.uint8)
    one, three = (flow(labels, CUBE, {1: 1.0}, "z", threads=count) for count in (1, 3))
    assert three.iterations == one.iterations
    assert three.effective_conductivity == pytest.approx(one.effective_conductivity, rel=1e-6)
    assert one.imbalance < 1e-4


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_conductivities_that_cannot_be_are_refused(value):
    with pytest.raises(SettingsError, match="label 1"):
        flow(np.ones((3, 3, 3), np.uint8), CUBE, {0: 1.0, 1: value}, "z")


def test_what_is_no_body_is_refused():
    body = np.ones((3, 3, 3), np.uint8)
    for labels, spacing in ((body[0], CUBE), (body * 1.5, CUBE), (body.astype(int) - 2, CUBE), (body, (1, 1, 0))):
        with pytest.raises(DataError):
            flow(labels, spacing, {1: 1.0}, "z")
    for options in ({"axis": "w"}, {"tolerance": 0.0}, {"threads": 0}, {"conductivities": {}}):
        with pytest.raises(SettingsError):
            flow(body, CUBE, **{"conductivities": {1: 1.0}, "axis": "z", **options})


def test_too_little_memory_is_told_before_the_work():
    """500^3 voxels are asked to fit into 8 GB; slices of four edges take four times that."""
    assert memory_bytes((500, 500, 500)) < 7e9
    assert memory_bytes((500, 500, 500), (4, 1, 1)) == pytest.approx(4 * memory_bytes((500, 500, 500)), rel=0.01)
    with pytest.raises(MachineError, match=r"split 4 x 1 x 1, needs .* GB"):
        flow(np.ones((30, 30, 30), np.uint8), (4, 1, 1), {1: 1.0}, "z", most_memory_bytes=1e6)


@with_data
@pytest.mark.parametrize(
    ("phase", "truth"), [(1, (3.16617, 3.09869, 3.15599)), (0, (1.70704, 1.71321, 1.70649))], ids=["1", "0"]
)
def test_openimpala_of_two_phases(phase, truth):
    """Tortuosity factors along z, y and x as OpenImpala and TauFactor give them; 5e-4 is asked."""
    labels = tifffile.imread(SHARED / "openimpala_2phase_100.tif").astype(np.uint8)
    for axis, expected in zip(("z", "y", "x"), truth, strict=True):
        found = flow(labels, CUBE, {phase: 1.0}, axis)
        assert found.tortuosity_factor == pytest.approx(expected, rel=5e-4)
        assert found.imbalance < 1e-4


@with_data
def test_ellipsoids_of_matbox():
    """The pore of 200^3 voxels; its truth along z is known to 0.5 %."""
    labels = tifffile.imread(SHARED / "matbox_ellipsoids.tif")
    found = flow(labels, CUBE, {0: 1.0}, "z")
    assert found.volume_fraction == pytest.approx(0.39742, abs=5e-6)
    assert found.tortuosity_factor == pytest.approx(5.60, rel=5e-3)
