"""Test frames of a distillation: no fitted frame is their neighbour, and every structure has some."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.studies.distil.explore import MOVED
from paddlewheel.studies.distil.round import split_runs
from paddlewheel.training import Dataset, DatasetCard


def _frame(structure: str, run: int, number: int, *, moved: bool = False) -> Atoms:
    apart_A = 2.5 + 0.01 * number + 0.1 * run + 0.005 * (structure == "alloy") + 0.002 * moved  # all different
    atoms = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, apart_A]], cell=[9.0] * 3, pbc=True)
    source = f"{structure}_{run}"
    atoms.info = {"structure": structure, "source": f"{source}, {MOVED}" if moved else source, "number": number}
    return atoms


def _dataset(n_runs: int) -> Dataset:
    """Two structures with so many runs of ten frames each, and one frame of every run with an atom moved."""
    frames = [
        _frame(structure, run, number, moved=moved)
        for structure in ("copper", "alloy")
        for run in range(n_runs)
        for number, moved in [*((number, False) for number in range(10)), (4, True)]
    ]
    return Dataset(tuple(frames), DatasetCard(engine="EMT", functional="EMT", settings={}))


@pytest.mark.parametrize("seed", range(4))
def test_few_runs_are_tested_at_their_ends(seed: int) -> None:
    train, test, how = split_runs(_dataset(3), test_fraction=0.1, seed=seed)
    assert how == "block"
    assert sorted(atoms.info["source"] for atoms in test) == [f"{name}_{run}" for name in ("alloy", "copper")
                                                               for run in range(3)]  # fmt: skip
    assert {atoms.info["number"] for atoms in test} == {9}
    assert len(train) == 6 * 9 + 6  # and the moved ones


def test_many_runs_are_kept_whole_where_every_structure_has_one() -> None:
    """40 runs, of which 4 are kept: of one structure alone in one of eight draws, when it falls back to the ends."""
    hows = []
    for seed in range(40):
        train, test, how = split_runs(_dataset(20), test_fraction=0.1, seed=seed)
        hows.append(how)
        assert {atoms.info["structure"] for atoms in test} == {"copper", "alloy"}
        assert len(test) == 40
        if how == "source":
            kept = {atoms.info["source"] for atoms in test}
            assert len(kept) == 4
            assert not kept & {str(atoms.info["source"]).split(",")[0] for atoms in train}  # nor a moved copy
            assert len(train) == 36 * 11
    # 2 C(20,4) / C(40,4) = 0.106: 4 of 40, never none nor more than 12 by chance (1 in 1000)
    assert 0 < hows.count("block") <= 12


def test_no_frame_is_on_both_sides() -> None:
    train, test, _ = split_runs(_dataset(5), test_fraction=0.2, seed=1)
    places = [{np.round(atoms.positions, 6).tobytes() for atoms in part} for part in (train, test)]
    assert not places[0] & places[1]
