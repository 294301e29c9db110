"""Data sets: what is written is read, hashes and cards are held to, sets are merged and split without mixing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import DatasetError, RunDirectoryError
from paddlewheel.training import (
    card_path,
    merge_datasets,
    read_dataset,
    split_by_source,
    split_dataset,
    write_dataset,
)
from paddlewheel.training.dataset import Dataset, DatasetCard, frame_sources, select_frames


def labelled(n_frames: int, *, seed: int = 0, symbol: str = "Cu"):
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(n_frames):
        atoms = bulk(symbol, cubic=True) * (2, 1, 1)
        atoms.rattle(0.05, rng=rng)
        atoms.calc = EMT()
        atoms.get_stress()
        atoms.info = {
            "structure": f"{symbol} fcc",
            "temperature_K": 300.0,
            "strain": 0.0,
            "source": f"run frame {number}",
        }
        frames.append(atoms)
    return frames


def write(path, frames, **changes):
    card = {"engine": "emt", "functional": "none", "settings": {"cutoff_A": 6.0}} | changes
    return write_dataset(path, frames, **card)


def test_what_is_written_is_read(tmp_path):
    frames = labelled(5)
    path = tmp_path / "set.extxyz"
    write(path, frames)
    dataset = read_dataset(path, elements=["Cu"])
    assert (dataset.card.engine, dataset.card.functional) == ("emt", "none")
    assert dataset.card.settings == {"cutoff_A": 6.0}
    assert (dataset.card.elements, dataset.card.n_frames, dataset.card.n_atoms) == (("Cu",), 5, 40)
    for ours, theirs in zip(dataset.frames, frames, strict=True):
        assert ours.info == theirs.info
        assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=1e-9)
        # extended XYZ holds eight decimals of positions and forces, and stresses in full
        np.testing.assert_allclose(ours.positions, theirs.positions, atol=1e-8)
        np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=1e-8)
        np.testing.assert_allclose(ours.get_stress(), theirs.get_stress(), atol=1e-12)


def test_changed_file_is_refused_by_its_hash(tmp_path):
    path = tmp_path / "set.extxyz"
    write(path, labelled(3))
    path.write_text(path.read_text().replace("Cu ", "Ag ", 1))
    with pytest.raises(DatasetError, match=r"set\.extxyz.*sha256.*card says"):
        read_dataset(path)


def test_file_cut_off_is_refused(tmp_path):
    path = tmp_path / "set.extxyz"
    write(path, labelled(3))
    card_path(path).unlink()
    path.write_text(path.read_text()[:-300])
    with pytest.raises(DatasetError, match="cut off"):
        read_dataset(path, engine="emt", functional="none")


def test_set_without_card_needs_engine_and_functional(tmp_path):
    path = tmp_path / "set.extxyz"
    write(path, labelled(3))
    card_path(path).unlink()
    with pytest.raises(DatasetError, match=r"no card.*give engine and functional"):
        read_dataset(path, engine="emt")
    assert read_dataset(path, engine="emt", functional="none").card.engine == "emt"


def test_engine_given_against_the_card_is_refused(tmp_path):
    path = tmp_path / "set.extxyz"
    write(path, labelled(3))
    with pytest.raises(DatasetError, match="the functional is none, PBE was given"):
        read_dataset(path, functional="PBE")


def test_damaged_card_is_refused(tmp_path):
    path = tmp_path / "set.extxyz"
    write(path, labelled(3))
    card_path(path).write_text(json.dumps(["no card"]))
    with pytest.raises(DatasetError, match=r"set\.card\.json"):
        read_dataset(path)


def test_folder_that_refuses_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunDirectoryError, match="file"):
        write(tmp_path / "file" / "set.extxyz", labelled(2))


def test_sets_of_different_functionals_merge_only_by_name(tmp_path):
    one = write(tmp_path / "a.extxyz", labelled(3, seed=1), functional="r2SCAN")
    other = write(tmp_path / "b.extxyz", labelled(3, seed=2), functional="PBE")
    with pytest.raises(DatasetError, match="different functionals: PBE, r2SCAN"):
        merge_datasets([one, other])
    merged = merge_datasets([one, other], functional="r2SCAN and PBE")
    assert (len(merged), merged.card.functional, merged.card.engine) == (6, "r2SCAN and PBE", "emt")
    assert [part["functional"] for part in merged.card.settings["merged"]] == ["r2SCAN", "PBE"]


def test_sets_of_different_engines_merge_only_by_name(tmp_path):
    one = write(tmp_path / "a.extxyz", labelled(3, seed=1))
    other = write(tmp_path / "b.extxyz", labelled(3, seed=2), engine="vasp 6.4.2")
    with pytest.raises(DatasetError, match="different engines"):
        merge_datasets([one, other])


def test_frame_in_two_sets_is_refused(tmp_path):
    frames = labelled(4)
    one, other = write(tmp_path / "a.extxyz", frames[:3]), write(tmp_path / "b.extxyz", frames[2:])
    with pytest.raises(DatasetError, match=r"frame 3: is the same structure as frame 2"):
        merge_datasets([one, other])


def bare_set(n: int) -> Dataset:
    return Dataset(tuple(bulk("Cu") for _ in range(n)), DatasetCard(engine="emt", functional="none"))


@settings(max_examples=50, deadline=None)
@given(n=st.integers(2, 60), fraction=st.floats(0.3, 0.7), seed=st.integers(0, 2**32))
def test_split_is_a_partition_that_keeps_the_order(n, fraction, seed):
    whole = bare_set(n)
    one, other = split_dataset(whole, fraction=fraction, seed=seed)
    place = {id(frame): index for index, frame in enumerate(whole.frames)}
    parts = [[place[id(frame)] for frame in part.frames] for part in (one, other)]
    assert sorted(parts[0] + parts[1]) == list(range(n))
    assert all(part == sorted(part) for part in parts)
    assert len(one) == round(fraction * n)
    assert [id(f) for f in split_dataset(whole, fraction=fraction, seed=seed)[0].frames] == [id(f) for f in one.frames]


def walked(n_runs: int, n_frames: int) -> Dataset:
    """Runs of a rattled walk, told by their sources as `sample` writes them."""
    frames = []
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        atoms = bulk("Cu", cubic=True)
        for number in range(n_frames):
            atoms.positions += rng.normal(0, 0.02, atoms.positions.shape)
            frame = atoms.copy()
            frame.info["source"] = f"run-{run} frame {number}"
            frames.append(frame)
    whole = bare_set(1)
    return Dataset(tuple(frames), whole.card)


def neighbours_on_the_other_side(first: Dataset, second: Dataset) -> float:
    """Share of the frames of `second` of which the frame before or after is in `first`."""
    there = {frame.info["source"] for frame in first.frames}
    found = 0
    for frame in second.frames:
        run, number = frame.info["source"].split(" frame ")
        found += any(f"{run} frame {int(number) + step}" in there for step in (-1, 1))
    return found / len(second)


def test_whole_runs_are_kept_for_the_test() -> None:
    """Of 20 runs two are the test: no frame has a neighbour that is fitted; at random nearly all have."""
    whole = walked(20, 10)
    first, second, how = split_by_source(whole, fraction=0.9, seed=3)
    assert (how, len(first), len(second)) == ("source", 180, 20)
    assert len(set(frame_sources(second.frames))) == 2
    assert not set(frame_sources(first.frames)) & set(frame_sources(second.frames))
    assert neighbours_on_the_other_side(first, second) == 0
    one, other = split_dataset(whole, fraction=0.9, seed=3)
    assert neighbours_on_the_other_side(one, other) > 0.9
    seen = {tuple(frame_sources(split_by_source(whole, fraction=0.9, seed=seed)[1].frames)) for seed in range(5)}
    assert len(seen) > 1  # the seed decides which


def test_one_trajectory_is_tested_by_its_end() -> None:
    """No choice of runs: the last tenth, of which one frame, at the seam, has a neighbour on the other side."""
    first, second, how = split_by_source(walked(1, 100), fraction=0.9, seed=1)
    assert how == "block"
    assert [frame.info["source"] for frame in second.frames] == [f"run-0 frame {k}" for k in range(90, 100)]
    assert neighbours_on_the_other_side(first, second) == 0.1
    # two long runs: a tenth of each
    _, ends, how = split_by_source(walked(2, 50), fraction=0.9, seed=1)
    assert (how, frame_sources(ends.frames)) == ("block", ["run-0"] * 5 + ["run-1"] * 5)


def test_sources_of_frames() -> None:
    """Without the number of the frame and what was done to it; else structure and temperature, else the cell."""
    frames = [bulk("Cu") for _ in range(7)]
    told = ["a-300K frame 7", "a-300K, moved", "walk.xyz:12", "OUTCAR#3", "run-12"]
    for frame, source in zip(frames, told, strict=False):
        frame.info["source"] = source
    frames[5].info |= {"structure": "nabh4", "temperature_K": 300.0}
    assert frame_sources(frames) == ["a-300K", "a-300K", "walk.xyz", "OUTCAR", "run-12", "nabh4 at 300 K", "Cu"]


def test_split_that_leaves_nothing_is_refused():
    with pytest.raises(DatasetError, match="leave a part empty"):
        split_dataset(bare_set(3), fraction=0.99, seed=1)


def test_selection_counts_its_own_frames():
    part = select_frames(bare_set(5), [0, 3])
    assert (part.card.n_frames, part.card.n_atoms, part.card.sha256) == (2, 2, None)
