"""Small files of tensors in the forms of CASTEP, VASP and gipaw.x, written from known tensors."""

from __future__ import annotations

import numpy as np

CELL = np.diag([4.0, 4.0, 6.0])
SYMBOLS = ("B", "H", "Na", "Na")
POSITIONS = np.array([[0.0, 0, 0], [0, 0, 1.2], [2.0, 0, 3.0], [0, 1.0, 3.0]])
SHIELDING = np.array(
    [np.diag([100.0, 110.0, 130.0]), np.diag([29.0, 30.0, 31.0]), np.diag([550.0, 560.0, 585.0]),
     [[560.0, 3.0, 0.0], [-1.0, 550.0, 0.0], [0.0, 0.0, 585.0]]]
)  # fmt: skip
GRADIENT = np.array(
    [np.diag([-0.01, -0.02, 0.03]), np.diag([-0.1, -0.1, 0.2]), np.diag([0.01, 0.03, -0.04]),
     [[0.03, 0.002, 0.0], [0.002, 0.01, 0.0], [0.0, 0.0, -0.04]]]
)  # fmt: skip


NUMBERS = (1, 1, 1, 2)


def _row(values: np.ndarray) -> str:
    return " ".join(f"{value:.16E}" for value in np.ravel(values))


def magres(*, brackets: str = "[]", units: bool = True, number_from: int = 0) -> str:
    """The format of version 1; from number 1000 on label and number stand together, as CASTEP writes them."""
    left, right = brackets

    def named(symbol: str, number: int) -> str:
        number += number_from
        return f"{symbol} {number}" if number < 1000 else f"{symbol}{number}"

    rows = ["#$magres-abinitio-v1.0", "# made by hand", f"{left}calculation{right}", "calc_code CASTEP",
            f"{left}/calculation{right}", f"{left}atoms{right}"]  # fmt: skip
    if units:
        rows += ["units lattice Angstrom", "units atom Angstrom"]
    rows += [f"lattice {_row(CELL)}", "symmetry x,y,z"]
    atoms = list(zip(SYMBOLS, NUMBERS, strict=True))
    rows += [f"atom {s} {named(s, n)} {_row(place)}" for (s, n), place in zip(atoms, POSITIONS, strict=True)]
    rows += [f"{left}/atoms{right}", f"{left}magres{right}"]
    if units:
        rows += ["units ms ppm", "units efg au", "units efg_local au", "units isc 10^19.T^2.J^-1"]
    for (symbol, number), shielding, gradient in zip(atoms, SHIELDING, GRADIENT, strict=True):
        rows.append(f"ms {named(symbol, number)} {_row(shielding)}")
        rows.append(f"efg {named(symbol, number)} {_row(gradient)}  # total")
        rows.append(f"efg_local {named(symbol, number)} {_row(gradient * 0.5)}")
    rows += [f"isc B {1 + number_from} H {1 + number_from} {_row(np.eye(3))}", f"{left}/magres{right}"]
    rows += ["[magres_old]", old_magres(), "[/magres_old]"]
    return "\n".join(rows) + "\n"


def _matrix(tensor: np.ndarray) -> str:
    return "\n".join("      " + "  ".join(f"{value:12.4f}" for value in row) for row in tensor)


def old_magres() -> str:
    """CASTEP's listing of before 2012."""
    rows = []
    for symbol, number, place, shielding, gradient in zip(
        SYMBOLS, NUMBERS, POSITIONS, SHIELDING, GRADIENT, strict=True
    ):
        x, y, z = place
        rows += [
            "============", f"Atom: {symbol:<2} {number:6d}", "============",
            f"{symbol:<2} {number:6d} Coordinates {x:10.3f}{y:9.3f}{z:9.3f}   A", "", "TOTAL Shielding Tensor", "",
            _matrix(shielding), "", f"{symbol:<2} {number} Eigenvalue  sigma_xx {shielding[0, 0]:10.4f} (ppm)", "",
            "TOTAL tensor", "", _matrix(gradient), "",
        ]  # fmt: skip
    return "\n".join(rows) + "\n"


G0 = np.diag([-8.0, -9.0, -10.0])
CORE = {"B": -200.5, "H": 0.0, "Na": -628.7}
CORE_G0 = -0.42


def _span(tensor: np.ndarray) -> float:
    values = np.linalg.eigvalsh((tensor + tensor.T) / 2)
    return values[2] - values[0]


def outcar(*, core: bool = True) -> str:
    """VASP's OUTCAR of before 6.6: minus the shielding, without core and G = 0."""
    rows = [
        " vasp.6.4.1 05Apr23 (build) complex", "   VRHFIN =B: s2p1", "   VRHFIN =H: s1", "   VRHFIN =Na: s1p0",
        "   ions per type =               1   1   2", "  volume of cell :       96.00",
        "      direct lattice vectors                 reciprocal lattice vectors",
        *("  " + " ".join(f"{v:12.9f}" for v in [*vector, *np.linalg.inv(CELL).T[k]]) for k, vector in enumerate(CELL)),
        "", " POSITION                                       TOTAL-FORCE (eV/Angst)", " " + "-" * 83,
        *("  " + " ".join(f"{v:12.5f}" for v in [*place, 0.0, 0.0, 0.0]) for place in POSITIONS), " " + "-" * 83,
        "  Electric field gradients (V/A^2)", " " + "-" * 69,
        "  ion       V_xx      V_yy      V_zz      V_xy      V_xz      V_yz", " " + "-" * 69,
    ]  # fmt: skip
    for k, tensor in enumerate(GRADIENT * 97.173624424, start=1):
        upper = [tensor[0, 0], tensor[1, 1], tensor[2, 2], tensor[0, 1], tensor[0, 2], tensor[1, 2]]
        rows.append(f"{k:5d} " + " ".join(f"{value:10.5f}" for value in upper))
    rows += [" " + "-" * 69, "  UNSYMMETRIZED TENSORS "]
    kinds = [CORE[symbol] + CORE_G0 for symbol in SYMBOLS]
    valence = [-shielding - G0 - np.eye(3) * part for shielding, part in zip(SHIELDING, kinds, strict=True)]
    for k, tensor in enumerate(valence, start=1):
        rows += [f" ion {k:4d}", *("   ".join(f"{value + 1:18.6f}" for value in row) for row in tensor)]
    rows.append("  SYMMETRIZED TENSORS ")
    for k, tensor in enumerate(valence, start=1):
        rows += [f" ion {k:4d}", *("   ".join(f"{value:18.6f}" for value in row) for row in tensor)]
    rows += [
        " " + "-" * 60, "  G=0 CONTRIBUTION TO CHEMICAL SHIFT (field along BDIR)",
        "  using pGv susceptibility, excluding core contribution", " " + "-" * 60, "  BDIR    X    Y    Z",
        " " + "-" * 60, *(f"   {k}  " + " ".join(f"{v:12.6f}" for v in row) for k, row in enumerate(G0, start=1)),
        " " + "-" * 60,
    ]  # fmt: skip
    if core:
        rows += ["  (absolute, valence and core)"]
        for k, shielding in enumerate(SHIELDING, start=1):
            excluded = shielding + G0 + np.eye(3) * CORE_G0
            numbers = [-np.trace(excluded) / 3, _span(excluded), 0.0, -np.trace(shielding) / 3, _span(shielding), 0.0]
            rows.append(f"   {k:5d}" + " ".join(f"{value:12.4f}" for value in numbers))
    return "\n".join(rows) + "\n General timing\n"


def new_outcar() -> str:
    """VASP's OUTCAR of 6.6: the whole shielding, without and with G = 0."""
    rows = [
        outcar(core=False).split("  UNSYMMETRIZED")[0],
        "  BDIR labels direction of applied magnetic field (i.e. B0)",
    ]
    for k, shielding in enumerate(SHIELDING, start=1):
        for axis in range(3):
            head = f"{k:6d} {axis + 1:5d}" if axis == 0 else f"       {axis + 1:5d}"
            both = [*(shielding[axis] + 7.0), *shielding[axis]]
            rows.append(head + " ".join(f"{value:12.4f}" for value in both))
        rows.append(f"          (   {0:9.4f} {0:9.4f} {0:9.4f}) ( {0:9.4f} {0:9.4f} {0:9.4f})\n")
    return "\n".join([*rows, "   IF SPAN.EQ.0, THEN SKEW IS ILL-DEFINED"]) + "\n"


def gipaw(job: str, *, verbose: bool = True) -> str:
    """The output of gipaw.x, job nmr or efg, as its Fortran writes it."""
    rows = ["     Program GIPAW v.7.2 starts on 29Nov2026", "     GIPAW job: " + job, ""]
    if job == "nmr":
        rows += ["     Total NMR chemical shifts in ppm: " + "-" * 39,
                 "     (adopting the Simpson convention for anisotropy and asymmetry)-----------", ""]  # fmt: skip
        for k, (symbol, place, tensor) in enumerate(zip(SYMBOLS, POSITIONS / 4.0, SHIELDING, strict=True), start=1):
            x, y, z = place
            isotropic = np.trace(tensor) / 3
            rows.append(
                f"     Atom{k:3d}  {symbol:<3} pos: ({x:10.6f}{y:10.6f}{z:10.6f})  Total sigma: {isotropic:14.2f}"
            )
            if verbose:
                rows += ["     " + " ".join(f"{value:14.4f}" for value in column) for column in tensor.T]
            values, axes = np.linalg.eigh((tensor + tensor.T) / 2)
            rows.append(f"     {symbol:<2}{k:3d}    anisotropy:     1.00    eta:     0.0000")
            rows += [
                f"     {symbol:<2}{k:3d}    sigma_{j}{j}={values[j - 1]:10.4f}    axis=("
                + "".join(f"{value:10.6f}" for value in axes[:, j - 1]) + ")" for j in (1, 2, 3)
            ]  # fmt: skip
            rows.append("")
        rows.append("     Initialization:")
    else:
        for title, factor in (("total EFG", 2.0), ("total EFG (symmetrized)", 1.0)):
            rows.append(f"     ----- {title} -----")
            for k, (symbol, tensor) in enumerate(zip(SYMBOLS, GRADIENT * factor, strict=True), start=1):
                rows += [f"     {symbol:<2}{k:3d}  " + "  ".join(f"{value:14.6f}" for value in row) for row in tensor]
                rows.append("")
        rows.append("     NQR/NMR SPECTROSCOPIC PARAMETERS:")
    return "\n".join(rows) + "\n"
