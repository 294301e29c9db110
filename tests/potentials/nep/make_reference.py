"""Makes data/: small NEP4 files with random weights, and what calorine's CPUNEP gives with them on ten structures.

    PYTHONPATH=src /path/to/venv-with-calorine-4.1/bin/python tests/potentials/nep/make_reference.py

The potentials mean nothing physically; they exercise every part of the format: species with cutoffs of their own, all
three kinds of repulsion, three, four and five bodies, degrees up to 8.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ase import Atoms
from calorine.calculators import CPUNEP  # pyright: ignore[reportMissingImports]

from paddlewheel.potentials.nep import NEPModel, Repulsion, write_nep

DATA = Path(__file__).resolve().parent / "data"
SCREENING = [0.2, 3.1, 0.5, 0.9, 0.25, 0.4, 0.05, 0.2]


def model(seed, *, cutoffs, n_max, basis_size, l_max, neurons, repulsion=None) -> NEPModel:
    random = np.random.default_rng(seed)
    size = n_max[0] + 1 + (n_max[1] + 1) * (l_max[0] + (l_max[1] > 0) + (l_max[2] > 0))
    return NEPModel(
        elements=("Na", "B", "H"),
        radial_cutoffs_A=np.broadcast_to(np.array(cutoffs[0], dtype=float), 3).copy(),
        angular_cutoffs_A=np.broadcast_to(np.array(cutoffs[1], dtype=float), 3).copy(),
        max_neighbours=(200, 100),
        n_max=n_max,
        basis_size=basis_size,
        l_max=l_max,
        w0=random.normal(size=(3, neurons, size)) / np.sqrt(size),
        b0=0.3 * random.normal(size=(3, neurons)),
        w1=random.normal(size=(3, neurons)),
        bias=3.3,
        radial_coefficients=0.4 * random.normal(size=(3, 3, n_max[0] + 1, basis_size[0] + 1)),
        angular_coefficients=0.4 * random.normal(size=(3, 3, n_max[1] + 1, basis_size[1] + 1)),
        q_scaler=random.uniform(0.1, 0.4, size=size),
        repulsion=repulsion,
    )


MODELS = {
    "five-body": model(1, cutoffs=(5.0, 4.0), n_max=(3, 3), basis_size=(4, 5), l_max=(4, 2, 1), neurons=6),
    "typewise": model(
        2, cutoffs=([5.0, 4.5, 4.0], [4.0, 3.5, 3.0]), n_max=(2, 1), basis_size=(3, 2), l_max=(3, 0, 0), neurons=5,
        repulsion=Repulsion(0.7, 1.4),
    ),
    "flexible-zbl": model(
        3, cutoffs=(4.5, 3.5), n_max=(1, 2), basis_size=(2, 3), l_max=(2, 2, 0), neurons=4,
        repulsion=Repulsion(0.0, 0.0, None, np.array([[0.4 + 0.1 * k, 1.5 + 0.1 * k, *SCREENING] for k in range(6)])),
    ),
    "factor-zbl": model(
        4, cutoffs=(4.5, 3.5), n_max=(1, 1), basis_size=(2, 2), l_max=(2, 0, 0), neurons=4,
        repulsion=Repulsion(1.0, 2.0, 0.75),
    ),
    "degree-8": model(5, cutoffs=(4.5, 3.5), n_max=(9, 8), basis_size=(11, 10), l_max=(8, 2, 1), neurons=3),
}  # fmt: skip


def scattered(symbols: str, cell, seed: int, nearest_A: float) -> Atoms:
    """Atoms at random places, none nearer to another than this."""
    random, cell, places = np.random.default_rng(seed), np.array(cell, dtype=float), []
    while len(places) < len(Atoms(symbols)):
        place = random.random(3)
        away = [np.linalg.norm((((place - other) + 0.5) % 1 - 0.5) @ cell) for other in places]
        if all(distance > nearest_A for distance in away):
            places.append(place)
    return Atoms(symbols, scaled_positions=places, cell=cell, pbc=True)


STRUCTURES = {
    "one atom, cubic": scattered("Na", 2.4 * np.eye(3), 1, 0),
    "one atom, flat and oblique": scattered("B", [[2.2, 0, 0], [0.9, 2.3, 0], [0.4, 0.6, 7.0]], 2, 0),
    "two atoms, cubic": scattered("BH", 2.6 * np.eye(3), 3, 1.0),
    "two atoms, triclinic": scattered("NaH", [[2.9, 0, 0], [0.7, 3.1, 0], [0.5, -0.6, 3.3]], 4, 1.2),
    "eight atoms, long": scattered("NaBH6", [[12, 0, 0], [0, 3.5, 0], [0, 0, 3.9]], 5, 0.9),
    "twelve atoms, triclinic": scattered("Na2B2H8", [[6, 0, 0], [2, 5.5, 0], [-1, 2, 5]], 6, 0.9),
    "sixteen atoms": scattered("Na4B4H8", 6.5 * np.eye(3), 7, 1.0),
    "twenty atoms, left-handed": scattered("Na4B4H12", [[0, 7, 0], [7, 0, 0], [0, 1, 6]], 8, 0.9),
    "close pairs": scattered("Na4B4H8", 5.0 * np.eye(3), 9, 0.6),
    "larger than twice the cutoff": scattered("Na8B8H14", [[11, 0, 0], [1, 10.5, 0], [0, -1, 12]], 10, 1.0),
}


def main() -> None:
    DATA.mkdir(exist_ok=True)
    document: dict = {"made_with": f"calorine {version('calorine')}", "structures": {}, "results": {}}
    for name, atoms in STRUCTURES.items():
        atoms.positions += 3.0 * np.random.default_rng(0).normal(size=3)  # not all inside the cell
        document["structures"][name] = {
            "symbols": atoms.get_chemical_symbols(),
            "positions_A": atoms.positions.round(6).tolist(),
            "cell_A": atoms.cell.array.tolist(),
        }
    for name, nep in MODELS.items():
        write_nep(DATA / f"{name}.nep.txt", nep)
        results = document["results"][name] = {}
        for title, entry in document["structures"].items():
            atoms = Atoms(entry["symbols"], positions=entry["positions_A"], cell=entry["cell_A"], pbc=True)
            atoms.calc = CPUNEP(str(DATA / f"{name}.nep.txt"))
            results[title] = {
                "energies_eV": atoms.get_potential_energies().round(10).tolist(),
                "forces_eV_per_A": atoms.get_forces().round(10).tolist(),
                "stress_eV_per_A3": atoms.get_stress().round(12).tolist(),
            }
    (DATA / "calorine.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
