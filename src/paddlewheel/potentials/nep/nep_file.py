"""The standard `nep.txt` of GPUMD, LAMMPS and calorine: read and write it (NEP4; NEP3 is read).

A header (version and elements, `zbl` where there is one, `cutoff`, `n_max`, `basis_size`, `l_max`, `ANN`), then one
number a line: for each element w0 (neuron by neuron), b0, w1; the common bias; the coefficients c^{ij}_{nk}, radial
ones first, the pair (i, j) running fastest and k before n; the scale of each descriptor; the table of a flexible zbl.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from paddlewheel.errors import PotentialError, writing
from paddlewheel.foreign import parsing, read_document
from paddlewheel.potentials.nep.model import MAX_L, NEPModel, Repulsion
from paddlewheel.potentials.nep.parsed import kept_numbers

_VERSIONS = ("nep4", "nep4_zbl", "nep3", "nep3_zbl")
_REMEDY = "give a NEP4 potential (header nep4 or nep4_zbl) with one hidden layer"
_ZBL_COLUMNS = 10
_HEADER_LINES = 7
"""At most: version and elements, zbl, cutoff, n_max, basis_size, l_max, ANN."""


class _Header:
    """The header's lines, each taken once and checked."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.path, self._lines, self.position = path, lines, 0

    def fail(self, problem: str, remedy: str = "fetch or export the file again") -> PotentialError:
        return PotentialError(problem, where=self.path, remedy=remedy)

    def take(self, keyword: str) -> list[str]:
        if self.position >= len(self._lines):
            raise self.fail(f"ends before its '{keyword}' line")
        fields = self._lines[self.position].split()
        self.position += 1
        if fields[:1] != [keyword]:
            raise self.fail(f"line {self.position} should begin with '{keyword}', it is {' '.join(fields)[:60]!r}")
        return fields[1:]

    def numbers(self, keyword: str, counts: Sequence[int]) -> list[float]:
        fields = self.take(keyword)
        try:
            values = [float(field) for field in fields]
        except ValueError as error:
            raise self.fail(f"line {self.position} ('{keyword}') has an entry that is no number: {error}") from error
        if len(values) not in counts:
            expected = " or ".join(str(count) for count in sorted(set(counts)))
            raise self.fail(f"line {self.position} ('{keyword}') has {len(values)} values, {expected} are due")
        if not all(math.isfinite(value) for value in values):
            raise self.fail(f"line {self.position} ('{keyword}') has a value that is not finite")
        return values

    def integers(self, keyword: str, counts: Sequence[int], low: int, high: int) -> list[int]:
        values = self.numbers(keyword, counts)
        for value in values:
            if value != int(value) or not low <= value <= high:
                raise self.fail(f"line {self.position} ('{keyword}'): {value:g} is no whole number in {low}..{high}")
        return [int(value) for value in values]


def read_nep(path: str | Path) -> NEPModel:
    """Read a `nep.txt`.

    Parameters
    ----------
    path
        The file; NEP4 with or without zbl, or NEP3 (whose one network is repeated for each element).

    Raises
    ------
    PotentialError
        If it cannot be read, is truncated or too long, has numbers that are not finite or elements that do not
        exist, or is another kind of model (charges, dipole, polarizability, temperature, dispersion, spin, two
        hidden layers, the higher invariants of 2025) or another version.
    """
    path = Path(path)
    problem, remedy = "cannot be read as a nep.txt", "give a nep.txt"
    content = read_document(path, PotentialError, problem=problem, remedy=remedy)
    with parsing(path, PotentialError, problem=problem, remedy=remedy):
        lines = content.decode("ascii").split("\n", _HEADER_LINES)
    header = _Header(path, lines[:_HEADER_LINES])
    version, elements = _elements(header)
    n = len(elements)
    switch = header.numbers("zbl", (2, 3)) if version.endswith("_zbl") else None
    cutoff = header.numbers("cutoff", (4, 2 * n + 2))
    n_max = header.integers("n_max", (2,), 0, 19)
    basis_size = header.integers("basis_size", (2,), 0, 19)
    l_max = _l_max(header)
    neurons = header.integers("ANN", (2,), 0, 1000)
    if neurons[1] != 0:
        raise header.fail(f"has two hidden layers (ANN {neurons[0]} {neurons[1]})", _REMEDY)
    if neurons[0] < 1:
        raise header.fail("has no neurons (ANN 0 0)")
    radial, angular = _cutoffs(header, cutoff, n)
    size = n_max[0] + 1 + (n_max[1] + 1) * (l_max[0] + (l_max[1] > 0) + (l_max[2] > 0))
    networks = n if version.startswith("nep4") else 1
    coefficients = [n * n * (n_max[kind] + 1) * (basis_size[kind] + 1) for kind in (0, 1)]
    flexible = switch is not None and switch[0] == 0 == switch[1]
    counts = [networks * neurons[0] * (size + 2), 1, *coefficients, size, _ZBL_COLUMNS * n * (n + 1) // 2 * flexible]
    rest = "\n".join(lines[header.position :])
    values = kept_numbers(content, lambda: _numbers(header, rest))
    if len(values) != sum(counts):
        problem = "is truncated" if len(values) < sum(counts) else "is too long"
        raise header.fail(f"{problem}: {len(values)} parameters, its header asks for {sum(counts)}")
    ann, bias, c_radial, c_angular, scaler, table = np.split(values, np.cumsum(counts)[:-1])
    ann = np.broadcast_to(ann.reshape(networks, -1), (n, neurons[0] * (size + 2)))
    w0, b0, w1 = np.split(ann, [neurons[0] * size, neurons[0] * (size + 1)], axis=1)
    repulsion = None
    if switch is not None:
        factor = switch[2] if len(switch) == 3 else None
        rows = table.reshape(-1, _ZBL_COLUMNS) if flexible else None
        if not flexible and not 0 <= switch[0] < switch[1]:
            raise header.fail(f"zbl is to switch from {switch[0]:g} to {switch[1]:g} A")
        repulsion = Repulsion(switch[0], switch[1], factor, rows)
    return NEPModel(
        elements=elements,
        radial_cutoffs_A=radial,
        angular_cutoffs_A=angular,
        max_neighbours=(int(cutoff[-2]), int(cutoff[-1])),
        n_max=(n_max[0], n_max[1]),
        basis_size=(basis_size[0], basis_size[1]),
        l_max=l_max,
        w0=w0.reshape(n, neurons[0], size),
        b0=b0,
        w1=w1,
        bias=float(bias[0]),
        radial_coefficients=_from_file(c_radial, n, n_max[0], basis_size[0]),
        angular_coefficients=_from_file(c_angular, n, n_max[1], basis_size[1]),
        q_scaler=scaler,
        repulsion=repulsion,
    )


def write_nep(path: str | Path, model: NEPModel) -> None:
    """Write a `nep.txt` (NEP4) that GPUMD, calorine and `read_nep` read; numbers with 8 digits, as GPUMD writes them.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    zbl = model.repulsion
    lines = [f"nep4{'_zbl' if zbl else ''} {len(model.elements)} {' '.join(model.elements)}"]
    if zbl:
        switch = [zbl.inner_A, zbl.outer_A, *([] if zbl.typewise_factor is None else [zbl.typewise_factor])]
        lines.append("zbl " + _header_numbers(switch))
    pairs = np.stack([model.radial_cutoffs_A, model.angular_cutoffs_A], axis=1)
    cutoffs = pairs[0] if (pairs == pairs[0]).all() else pairs.ravel()
    lines += [
        f"cutoff {_header_numbers(cutoffs)} {model.max_neighbours[0]} {model.max_neighbours[1]}",
        "n_max {} {}".format(*model.n_max),
        "basis_size {} {}".format(*model.basis_size),
        "l_max {} {} {}".format(*model.l_max),
        f"ANN {model.w0.shape[1]} 0",
    ]
    parts = [np.concatenate([model.w0[i].ravel(), model.b0[i], model.w1[i]]) for i in range(len(model.elements))]
    parts += [np.array([model.bias]), _to_file(model.radial_coefficients), _to_file(model.angular_coefficients)]
    parts.append(model.q_scaler)
    if zbl and zbl.table is not None:
        parts.append(zbl.table.ravel())
    lines += [f"{value:15.7e}" for value in np.concatenate(parts)]
    with writing(path):
        Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")


def _elements(header: _Header) -> tuple[str, tuple[str, ...]]:
    fields = header._lines[0].split() if header._lines else []
    version = fields[0] if fields else ""
    header.position = 1
    if version not in _VERSIONS:
        kind = f"is a {version!r}" if version.startswith("nep") else f"is no nep.txt, it begins with {version[:30]!r}"
        raise header.fail(kind, _REMEDY)
    if len(fields) < 3 or not fields[1].isdigit() or int(fields[1]) != len(fields) - 2:
        raise header.fail(f"line 1 does not name as many elements as it says: {' '.join(fields)[:60]!r}")
    elements = tuple(fields[2:])
    wrong = [symbol for symbol in elements if atomic_numbers.get(symbol, 0) < 1]
    if wrong or len(set(elements)) != len(elements):
        raise header.fail(f"line 1 has elements that do not exist or come twice: {' '.join(wrong or elements)}")
    return version, elements


def _l_max(header: _Header) -> tuple[int, int, int]:
    values = header.integers("l_max", range(1, 8), 0, MAX_L)
    if any(values[3:]):
        raise header.fail("has four-body invariants beyond q_222 and q_1111 (l_max with more than 3 values)", _REMEDY)
    three, four, five = ([*values, 0, 0])[:3]
    if three < 1 or (four and three < 2):
        raise header.fail(f"l_max {three} {four} {five} is not meaningful")
    return three, 2 if four else 0, 1 if five else 0


def _cutoffs(header: _Header, values: list[float], n: int) -> tuple[np.ndarray, np.ndarray]:
    # one pair for all elements, or a pair for each; for one element the two are the same
    pairs = np.array(values[:-2]).reshape(-1, 2)
    radial, angular = np.broadcast_to(pairs, (n, 2)).T.copy() if len(pairs) in (1, n) else pairs.T.copy()
    if (angular <= 0).any() or (angular > radial).any() or (radial > 30).any():
        raise header.fail(f"cutoffs of {radial.tolist()} (radial) and {angular.tolist()} A (angular) are not usable")
    return radial, angular


def _numbers(header: _Header, text: str) -> np.ndarray:
    try:
        values = np.array([float(line) for line in text.rstrip().splitlines()])
    except ValueError as error:
        raise header.fail(f"has a line of parameters that is no number: {error}") from error
    if not np.isfinite(values).all():
        line = header.position + 1 + int(np.flatnonzero(~np.isfinite(values))[0])
        raise header.fail(f"line {line} is not finite")
    return values


def _from_file(values: np.ndarray, n: int, n_max: int, basis_size: int) -> np.ndarray:
    return np.ascontiguousarray(values.reshape(n_max + 1, basis_size + 1, n, n).transpose(2, 3, 0, 1))


def _to_file(coefficients: np.ndarray) -> np.ndarray:
    return coefficients.transpose(2, 3, 0, 1).ravel()


def _header_numbers(values: Sequence[float] | np.ndarray) -> str:
    return " ".join(f"{value:g}" if float(f"{value:g}") == value else repr(float(value)) for value in values)
