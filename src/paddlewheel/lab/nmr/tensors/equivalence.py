"""Atoms that the space group carries into each other."""

from __future__ import annotations

import numpy as np

from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors


def equivalent_atoms(tensors: AtomTensors, *, tolerance_A: float) -> tuple[list[list[int]], str | None]:
    """Groups of equivalent atoms, in the order of their first, and the symbol of the space group.

    Isotopes of one element under one label of CASTEP (``H:mu``) are the same for the space group only if their
    labels agree. Without a cell every atom is its own group, and there is no symbol.
    """
    if tensors.cell_A is None or tensors.positions_A is None:
        return [[k] for k in range(len(tensors.symbols))], None
    import spglib

    fractional = np.linalg.solve(tensors.cell_A.T, tensors.positions_A.T).T
    kinds = [f"{symbol} {label.split()[0]}" for symbol, label in zip(tensors.symbols, tensors.labels, strict=True)]
    number = {kind: k + 1 for k, kind in enumerate(dict.fromkeys(kinds))}
    points = (tensors.cell_A, fractional, [number[kind] for kind in kinds])
    found = spglib.get_symmetry_dataset(points, symprec=tolerance_A)  # type: ignore[arg-type]
    if found is None:
        return [[k] for k in range(len(tensors.symbols))], None
    groups: dict[int, list[int]] = {}
    for atom, image in enumerate(found.equivalent_atoms):
        groups.setdefault(int(image), []).append(atom)
    return list(groups.values()), str(found.international)
