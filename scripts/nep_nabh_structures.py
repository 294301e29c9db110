"""The cells that `nep-nabh` is distilled from: phases of Na-B-H, Na orderings of o-NBH, and mixtures near them.

`python scripts/nep_nabh_structures.py OUT` writes one CIF for each; `make_nep_nabh.py` hands them to `distil`.

Where the cells come from: the three relaxed cells of the built-in library; cubic NaBH4 (Fm-3m, a = 6.148 A, Filinchuk
and Hagemann, Eur. J. Inorg. Chem. 2008, 3127, doi 10.1002/ejic.200800053) with ordered hydrogen; high-temperature
Na2B12H12 (Im-3m/Pm-3n, a = 7.95 A, Verdal et al., J. Solid State Chem. 2014, 212, 81, doi 10.1016/j.jssc.2014.01.006)
with 4 Na on the 12 tetrahedral sites of the bcc lattice of anions; o-NBH with its 12 Na on other tetrahedral
interstices of the anions; and o-NBH with one BH4 and one B12H12 exchanged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import make_supercell as repeat_cell
from scipy.spatial import Delaunay
from scipy.spatial.transform import Rotation

from paddlewheel.crystals import find_polyanions, gather, read_structure

BH_LENGTH_A = {"BH4": 1.236, "B12H12": 1.197}


def borohydride(rng: np.random.Generator) -> Atoms:
    """BH4 as a regular tetrahedron in a random orientation, centred at the origin."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    positions = np.vstack([np.zeros(3), BH_LENGTH_A["BH4"] * corners])
    return Atoms("BH4", Rotation.random(random_state=rng).apply(positions))


def dodecaborate(rng: np.random.Generator) -> Atoms:
    """B12H12 as a regular icosahedron (B-B 1.78 A) in a random orientation, centred at the origin."""
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([(0, a, b * golden) for a in (1, -1) for b in (1, -1)])
    corners = np.vstack([np.roll(corners, k, axis=1) for k in range(3)]) / np.sqrt(1 + golden**2)
    radius = 1.78 / 1.0514622  # edge of an icosahedron of unit circumradius
    positions = np.vstack([radius * corners, (radius + BH_LENGTH_A["B12H12"]) * corners])
    return Atoms("B12H12", Rotation.random(random_state=rng).apply(positions))


def interstices(centres_A: np.ndarray, cell_A: np.ndarray, *, closest_A: float) -> np.ndarray:
    """Centroids [n, 3] of the Delaunay tetrahedra of the anion centres in the periodic cell, each once."""
    shifts = np.array(list(np.ndindex(3, 3, 3))) - 1
    images = (centres_A[None] + (shifts @ cell_A)[:, None]).reshape(-1, 3)
    centroids = images[Delaunay(images).simplices].mean(axis=1)
    fractional = centroids @ np.linalg.inv(cell_A)
    fractional = fractional[((fractional >= 0) & (fractional < 1)).all(axis=1)]
    kept: list[np.ndarray] = []
    for site in fractional:
        away = np.array(kept).reshape(-1, 3) - site
        if not len(kept) or np.linalg.norm((away - np.round(away)) @ cell_A, axis=1).min() > 0.7:
            kept.append(site)
    sites = np.array(kept)
    to_anions = sites[:, None] - centres_A @ np.linalg.inv(cell_A)
    near = np.linalg.norm((to_anions - np.round(to_anions)) @ cell_A, axis=2).min(axis=1)
    return sites[near > closest_A] @ cell_A


def place_sodium(
    anions: Atoms, sites_A: np.ndarray, n_sodium: int, rng: np.random.Generator, *, apart_A: float
) -> Atoms:
    """`n_sodium` Na on random sites that stay `apart_A` from each other and 1.5 A from every atom, by rejection."""
    inverse = np.linalg.inv(anions.cell[:])
    distances = lambda points, site: np.linalg.norm(  # noqa: E731
        ((d := (points - site) @ inverse) - np.round(d)) @ anions.cell[:], axis=1
    )
    clear = np.array([distances(anions.positions, site).min() for site in sites_A])
    best: list[np.ndarray] = []
    for _ in range(2000):
        chosen: list[np.ndarray] = []
        for index in rng.permutation(len(sites_A)):
            apart = not chosen or distances(np.array(chosen), sites_A[index]).min() > apart_A
            if clear[index] > 1.5 and apart:
                chosen.append(sites_A[index])
            if len(chosen) == n_sodium:
                return anions + Atoms(f"Na{n_sodium}", positions=chosen)
        best = max(best, chosen, key=len)
    raise SystemExit(f"only {len(best)} of {n_sodium} Na find room {apart_A} A apart")


def packed(kinds: list[str], centres_A: np.ndarray, cell_A: np.ndarray, rng: np.random.Generator) -> Atoms:
    """Anions of the given kinds on the centres, turned until no two H of different anions are closer than 1.7 A."""
    make = {"BH4": borohydride, "B12H12": dodecaborate}
    atoms = Atoms(cell=cell_A, pbc=True)
    for kind, centre in zip(kinds, centres_A, strict=True):
        clearances = []
        for _ in range(60):
            anion = make[kind](rng)
            anion.positions += centre
            fractional = (anion.positions[:, None] - atoms.positions[None]) @ np.linalg.inv(cell_A)
            fractional -= np.round(fractional)
            closest = np.linalg.norm(fractional @ cell_A, axis=2).min() if len(atoms) else 9.0
            clearances.append((closest, anion))
            if closest > 1.9:
                break
        atoms += max(clearances, key=lambda pair: pair[0])[1]
    return atoms


def anion_centres(atoms: Atoms) -> tuple[list[str], np.ndarray]:
    """Kinds and centres [n_anions, 3] of the BH4 and B12H12 in a cell."""
    kinds, centres = [], []
    for anion in find_polyanions(atoms):
        kinds.append("BH4" if len(anion.indices) == 5 else "B12H12")
        centres.append(gather(atoms, anion).mean(axis=0))
    return kinds, np.array(centres)


def o_nbh_ordering(seed: int, *, exchange: int = 0, expand: float = 1.0) -> Atoms:
    """o-NBH with other Na sites and other turns of its anions; `exchange` pairs of BH4 and B12H12 swapped."""
    rng = np.random.default_rng(seed)
    atoms = read_structure("o-nbh")
    kinds, centres = anion_centres(atoms)
    cell = atoms.cell[:] * expand
    centres = centres * expand
    for _ in range(exchange):
        small = rng.choice([i for i, kind in enumerate(kinds) if kind == "BH4"])
        large = rng.choice([i for i, kind in enumerate(kinds) if kind == "B12H12"])
        kinds[small], kinds[large] = kinds[large], kinds[small]
    anions = packed(kinds, centres, cell, rng)
    sites = interstices(centres, cell, closest_A=2.3)
    n_sodium = sum(1 if kind == "BH4" else 2 for kind in kinds)
    return place_sodium(anions, sites, n_sodium, rng, apart_A=2.9)


def cubic_na2b12h12(seed: int) -> Atoms:
    """High-temperature Na2B12H12: bcc anions in random turns, 8 Na on 24 tetrahedral sites; 104 atoms."""
    rng = np.random.default_rng(seed)
    a = 7.95
    cell = np.diag([2 * a, a, a])
    centres = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 0], [1.5, 0.5, 0.5]]) * a
    anions = packed(["B12H12"] * 4, centres, cell, rng)
    pairs = [[(0.5, 0.25, 0.0), (0.5, 0.75, 0.0)], [(0.25, 0.5, 0.0), (0.75, 0.5, 0.0)]]
    tetrahedral = np.vstack([np.roll(pair, k, axis=1) for pair in pairs for k in range(3)])
    sites = np.vstack([tetrahedral, tetrahedral + np.array([1, 0, 0])]) * a
    return place_sodium(anions, sites, 8, rng, apart_A=2.7)


def cubic_nabh4(seed: int) -> Atoms:
    """Cubic NaBH4, rock salt of Na and BH4, BH4 in random turns; two cells along a, 48 atoms."""
    rng = np.random.default_rng(seed)
    a = 6.148
    corners = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    cell = np.diag([2 * a, a, a])
    sodium = np.vstack([corners, corners + np.array([1, 0, 0])]) * a
    anions = packed(["BH4"] * 8, sodium + np.array([a / 2, 0, 0]), cell, rng)
    return anions + Atoms("Na8", positions=sodium)


def cells() -> dict[str, Atoms]:
    """All cells by name; names begin with the phase they count for."""
    found = {
        "nabh4": repeat_cell(read_structure("nabh4"), np.diag([2, 2, 2])),
        "na2b12h12": read_structure("na2b12h12"),
        "na2b12h12-doubled": repeat_cell(read_structure("na2b12h12"), np.diag([2, 1, 1])),
        "o-nbh": read_structure("o-nbh"),
    }
    found |= {f"nabh4-cubic-{seed}": cubic_nabh4(seed) for seed in (1, 2)}
    found |= {f"na2b12h12-cubic-{seed}": cubic_na2b12h12(seed) for seed in (1, 2)}
    found |= {f"o-nbh-ordering-{seed}": o_nbh_ordering(seed) for seed in (1, 2, 3, 4)}
    found |= {f"mixture-exchanged-{seed}": o_nbh_ordering(seed, exchange=1, expand=1.04) for seed in (11, 12)}
    return found


def main() -> None:
    """Write every cell as a CIF into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, atoms in cells().items():
        atoms.wrap()
        atoms[atoms.numbers.argsort()[::-1]].write(out / f"{name}.cif")
        print(f"{name}: {atoms.get_chemical_formula('metal')}, {atoms.get_volume() / len(atoms):.2f} A^3 an atom")


if __name__ == "__main__":
    main()
