"""Clusters, dead ends and what is reached, against bodies drawn by hand and a general graph library."""

import networkx
import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.connectivity import backbone, connectivity, reached_from
from paddlewheel.lab.tomography.voxels import Labels


def body(labels, voxel_nm=(10.0, 10.0, 10.0)) -> Labels:
    names = {0: "pore", 1: "electrolyte", 2: "active", 3: "carbon"}
    return Labels(labels=np.asarray(labels, dtype=np.uint8), voxel_nm=voxel_nm, names=names, source="drawn")


def test_a_channel_a_blind_one_and_an_inclusion():
    labels = np.zeros((10, 8, 8))
    labels[:, 1, 1] = 1  # across along z
    labels[:4, 4, 4] = 1  # from z- into the body
    labels[6, 6, 6] = 1  # touches nothing
    found = connectivity(body(labels), [1])
    assert found.volume_fraction == 15 / 640
    assert found.clusters == 3
    assert found.largest_share == 10 / 15
    assert (found.percolating["z"], found.dead_end["z"], found.isolated["z"]) == pytest.approx(
        (10 / 15, 4 / 15, 1 / 15)
    )
    assert (found.percolating["x"], found.dead_end["x"], found.isolated["x"]) == (0, 0, 1)
    assert found.enclosed == pytest.approx(1 / 15)
    assert found.backbone == pytest.approx({"x": 0, "y": 0, "z": 10 / 15})


def test_edges_and_corners_do_not_conduct():
    labels = np.zeros((2, 2, 2))
    labels[0, 0, 0] = labels[1, 1, 0] = 1
    found = connectivity(body(labels), [1])
    assert (found.clusters, found.percolating["z"], found.dead_end["z"]) == (2, 0, 1)


def test_two_phases_conduct_where_neither_does_alone():
    labels = np.zeros((6, 3, 3))
    labels[:3, 1, 1], labels[3:, 1, 1] = 2, 3
    assert connectivity(body(labels), [2]).percolating["z"] == 0
    assert connectivity(body(labels), [3]).percolating["z"] == 0
    assert connectivity(body(labels), [2, 3]).percolating["z"] == 1


def test_a_branch_carries_no_current_and_a_loop_does():
    labels = np.zeros((7, 7, 7))
    labels[:, 3, 3] = 1
    labels[2, 3, 4:6] = 1  # branch of two voxels
    labels[4:6, 1:3, 3] = 1  # two bridges side by side: a loop
    found = connectivity(body(labels), [1])
    assert found.percolating["z"] == 1
    assert found.dead_end_branches("z") == pytest.approx(2 / 13)


def carrying_by_networkx(conducting):
    graph = networkx.Graph([("near", "far")])
    for voxel in map(tuple, np.argwhere(conducting)):
        graph.add_node(voxel)
        if voxel[0] == 0:
            graph.add_edge("near", voxel)
        if voxel[0] == conducting.shape[0] - 1:
            graph.add_edge("far", voxel)
        for axis in range(3):
            other = tuple(np.add(voxel, np.eye(3, dtype=int)[axis]))
            if other[axis] < conducting.shape[axis] and conducting[other]:
                graph.add_edge(voxel, other)
    (block,) = (block for block in networkx.biconnected_components(graph) if {"near", "far"} <= block)
    carrying = np.zeros_like(conducting)
    for voxel in block - {"near", "far"}:
        carrying[voxel] = True
    return carrying


def test_backbone_is_the_biconnected_component_of_networkx():
    random = np.random.default_rng(5)
    for _ in range(60):
        conducting = random.random(random.integers(1, 8, size=3)) < random.uniform(0.3, 0.8)
        expected = carrying_by_networkx(conducting)
        assert np.array_equal(backbone(conducting, "z"), expected)
        assert np.array_equal(backbone(np.moveaxis(conducting, 0, 2), "x"), np.moveaxis(expected, 0, 2))


def test_percolation_threshold_of_the_simple_cubic_lattice():
    # site percolation, 6 neighbours: 0.3116 (doi 10.1103/PhysRevE.87.052107); 60^3 is 3 % off it by far less than 0.03
    random = np.random.default_rng(1).random((60, 60, 60))
    assert connectivity(body(random < 0.28), [1]).percolating["z"] == 0
    assert connectivity(body(random < 0.34), [1]).percolating["z"] > 0.5


def test_an_absent_phase_has_no_shares():
    found = connectivity(body(np.zeros((3, 3, 3))), [3])
    assert (found.clusters, found.largest_share, found.enclosed) == (0, 0, 0)
    assert found.percolating == {"x": 0, "y": 0, "z": 0}


def test_a_phase_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match=r"no phase 7; take of 0 pore, 1 electrolyte"):
        connectivity(body(np.zeros((3, 3, 3))), [7])
    with pytest.raises(SettingsError, match="no phase is named"):
        connectivity(body(np.zeros((3, 3, 3))), [])


def test_active_material_is_reached_by_ions_from_one_side_and_electrons_from_the_other():
    labels = np.zeros((9, 5, 9))
    labels[:5, :, 1] = 1  # electrolyte from z-
    labels[2:4, 2, 2:4] = 2  # touches it
    labels[4:, 2, 3] = 3  # carbon from z+ to it
    labels[6:8, 2, 6:8] = 2  # particle that touches neither
    labels[7, :, 5] = 1  # electrolyte that is cut off, beside the lone particle
    labels[6, 2, 5] = 1
    ions = reached_from(body(labels), "z-", through=[1], target=2)
    electrons = reached_from(body(labels), "z+", through=[2, 3], target=2)
    assert ions.conductor_share == pytest.approx(25 / 31)
    assert ions.volume_share == 0.5
    assert ions.contact_share == pytest.approx(2 / 4)
    assert electrons.volume_share == 0.5
    assert electrons.contact_share is None
    assert ions.share_with(electrons) == 0.5
    lone = reached_from(body(labels), "y-", through=[1], target=2)
    assert lone.volume_share == 1


def test_contact_shares_count_the_faces_of_the_voxels_that_touch():
    labels = np.zeros((4, 4, 4))
    labels[1:3, 1:3, 1:3] = 2
    labels[:, 1, 3] = 1  # touches two faces of the particle across x and reaches z-
    labels[2, 0, 1] = 1  # touches one across y and not z-
    found = reached_from(body(labels, voxel_nm=(1.0, 2.0, 3.0)), "z-", through=[1], target=2)
    across_x, across_y = 2 * 3, 1 * 3
    assert found.contact_share == pytest.approx(2 * across_x / (2 * across_x + across_y))
