"""Small trajectory files in every format, written by ASE, pymatgen or by hand, of frames that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SYMBOLS = ("Na", "Na", "Cl", "H", "H")
CELL = np.array([[6.0, 0.0, 0.0], [1.2, 5.5, 0.0], [-0.7, 0.4, 7.0]])
N_FRAMES = 4


def frame_cells(*, fixed: bool = False) -> np.ndarray:
    """Lattice vectors `[n_frames, 3, 3]`; breathing by 1 % unless fixed."""
    scale = np.ones(N_FRAMES) if fixed else 1 + 0.01 * np.sin(np.arange(N_FRAMES))
    return CELL * scale[:, None, None]


def frame_fractions() -> np.ndarray:
    """Fractional coordinates `[n_frames, n_atoms, 3]`, some outside the cell, on a grid of 1e-6."""
    generator = np.random.default_rng(5)
    start = generator.uniform(-0.3, 1.3, (len(SYMBOLS), 3))
    steps = generator.normal(0, 0.01, (N_FRAMES, len(SYMBOLS), 3))
    return np.round(start + np.cumsum(steps, axis=0), 6)


def frame_positions(*, fixed: bool = False) -> np.ndarray:
    """Cartesian positions `[n_frames, n_atoms, 3]`."""
    return np.matmul(frame_fractions(), frame_cells(fixed=fixed))


def atoms_list():
    """The frames as ASE Atoms."""
    from ase import Atoms

    pairs = zip(frame_positions(), frame_cells(), strict=True)
    return [Atoms(SYMBOLS, positions=positions, cell=cell, pbc=True) for positions, cell in pairs]


def write_extxyz(path: Path) -> None:
    """By ASE, with a column of forces after the positions."""
    from ase.io import write

    frames = atoms_list()
    for atoms in frames:
        atoms.set_array("extra", np.arange(15.0).reshape(5, 3))
    write(path, frames, format="extxyz")


def write_traj(path: Path) -> None:
    """By ASE, with energies and forces."""
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io import write

    frames = atoms_list()
    for atoms in frames:
        atoms.calc = SinglePointCalculator(atoms, energy=-1.0, forces=np.zeros((5, 3)))
    write(path, frames, format="traj")


def write_xdatcar(path: Path, *, fixed: bool = False) -> None:
    """As VASP writes it: one header (fixed cell), or one for each frame."""
    text = []
    for frame, (fractions, cell) in enumerate(zip(frame_fractions(), frame_cells(fixed=fixed), strict=True)):
        if frame == 0 or not fixed:
            rows = "\n".join("  " + " ".join(f"{value / 2:15.12f}" for value in row) for row in cell)
            text.append(f"some salt\n  2.0\n{rows}\n  Na  Cl  H\n   2  1  2\n")
        text.append(f"Direct configuration= {frame + 1:5d}\n")
        text.extend(f"  {x:11.8f} {y:11.8f} {z:11.8f}\n" for x, y, z in fractions)
    path.write_text("".join(text))


def write_vasprun(path: Path, *, ibrion: int = 0) -> None:
    """The elements of a vasprun.xml that a reader meets, with some that it must skip."""
    atoms = "".join(f"<rc><c>{symbol} </c><c>  1</c></rc>" for symbol in SYMBOLS)
    varray = '<varray name="{}">{}</varray>'.format
    row = "<v> {:.10f} {:.10f} {:.10f} </v>\n".format

    def structure(name: str, fractions: np.ndarray, cell: np.ndarray) -> str:
        basis = varray("basis", "".join(row(*vector) for vector in cell))
        inverse = varray("rec_basis", "".join(row(*vector) for vector in np.linalg.inv(cell).T))
        positions = varray("positions", "".join(row(*fraction) for fraction in fractions))
        return f"<structure{name}><crystal>{basis}{inverse}</crystal>{positions}</structure>\n"

    fractions, cells = frame_fractions(), frame_cells()
    text = [
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n<generator><i name="program">vasp</i></generator>\n',
        f'<parameters><separator name="ionic"><i type="int" name="IBRION">{ibrion}</i>',
        '<i name="POTIM">  2.00000000</i></separator></parameters>\n',
        f'<atominfo><atoms>5</atoms><array name="atoms"><set>{atoms}</set></array>',
        '<array name="atomtypes"><set><rc><c>2</c><c>Na</c></rc></set></array></atominfo>\n',
        structure(' name="initialpos"', fractions[0], cells[0]),
    ]
    for frame in range(N_FRAMES):
        forces = varray("forces", row(0, 0, 0) * 5)
        scf = '<scstep><energy><i name="e_fr_energy">-1.0</i></energy></scstep>'
        text.append(f"<calculation>{scf}{structure('', fractions[frame], cells[frame])}{forces}</calculation>\n")
    text.append(structure(' name="finalpos"', fractions[-1], cells[-1]) + "</modeling>\n")
    path.write_text("".join(text))


def write_dump(
    path: Path,
    *,
    columns: str = "id type element xu yu zu",
    shuffled: bool = True,
    origin: tuple[float, float, float] = (-3.0, 1.0, 2.0),
    steps: tuple[int, ...] = (0, 10, 20, 30),
    units: str | None = None,
    general: bool = False,
) -> None:
    """A LAMMPS dump of the wanted columns; ids from 11 on, in another order in each frame, the origin moving."""
    generator = np.random.default_rng(2)
    text = []
    for frame, (fractions, cell) in enumerate(zip(frame_fractions(), frame_cells(), strict=True)):
        low = np.array(origin) * (1 + 0.1 * frame)
        images = np.floor(fractions)
        wrapped = fractions - images
        values = {
            "id": range(11, 16),
            "type": [1, 1, 2, 3, 3],
            "element": SYMBOLS,
            **dict(zip(("xu", "yu", "zu"), (fractions @ cell + low).T, strict=True)),
            **dict(zip(("x", "y", "z"), (wrapped @ cell + low).T, strict=True)),
            **dict(zip(("xs", "ys", "zs"), wrapped.T, strict=True)),
            **dict(zip(("xsu", "ysu", "zsu"), fractions.T, strict=True)),
            **dict(zip(("ix", "iy", "iz"), images.astype(int).T, strict=True)),
            "vx": generator.normal(size=5),
        }
        if units:
            text.append(f"ITEM: UNITS\n{units}\nITEM: TIME\n{steps[frame] * 0.002:.10g}\n" if frame == 0 else "")
            text.append(f"ITEM: TIME\n{steps[frame] * 0.002:.10g}\n" if frame else "")
        text.append(f"ITEM: TIMESTEP\n{steps[frame]}\nITEM: NUMBER OF ATOMS\n5\n")
        if general:
            text.append("ITEM: BOX BOUNDS abc origin pp pp pp\n")
            rows = np.column_stack([cell, low])
        else:
            xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
            text.append("ITEM: BOX BOUNDS xy xz yz pp pp pp\n")
            rows = np.array(
                [
                    [low[0] + min(0, xy, xz, xy + xz), low[0] + cell[0, 0] + max(0, xy, xz, xy + xz), xy],
                    [low[1] + min(0, yz), low[1] + cell[1, 1] + max(0, yz), xz],
                    [low[2], low[2] + cell[2, 2], yz],
                ]
            )
        text.extend(" ".join(f"{value:.16e}" for value in row) + "\n" for row in rows)
        text.append(f"ITEM: ATOMS {columns}\n")
        for atom in generator.permutation(5) if shuffled else range(5):
            cells = (values[name][atom] for name in columns.split())
            text.append(" ".join(f"{value:.10g}" if isinstance(value, float) else str(value) for value in cells) + "\n")
    path.write_text("".join(text))


def write_npz(path: Path, **changes) -> None:
    """The keys of the project's own .npz files, with the frame interval; a change of None leaves a key out."""
    given = {
        "positions_A": frame_positions(),
        "cell_A": frame_cells(),
        "symbols": np.array(SYMBOLS),
        "energy_T": np.zeros((N_FRAMES, 2)),
        "frame_interval_fs": 20.0,
    } | changes
    with open(path, "wb") as stream:  # of a path, NumPy would change the name
        np.savez_compressed(stream, **{key: value for key, value in given.items() if value is not None})
