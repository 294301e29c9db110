"""GROMACS (.xtc, .trr), AMBER (.nc) and DCD through MDAnalysis, which is optional (the extra `md`).

Gowers et al., Proc. 15th Python in Science Conf., 98 (2016), doi:10.25080/Majora-629e541a-00e. MDAnalysis keeps an
index of an .xtc or .trr in a hidden file beside it, where it may write there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import PaddlewheelError, TrajectoryError
from paddlewheel.trajectories.clock import Clock
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = {
    "XTC": "GROMACS .xtc",
    "TRR": "GROMACS .trr",
    "NCDF": "AMBER .nc",
    "DCD": "DCD",
}

_AMINO_ACIDS = re.compile("ALA|ARG|ASN|ASP|CYS|GLN|GLU|GLY|HIS|ILE|LEU|LYS|MET|PHE|PRO|SER|THR|TRP|TYR|VAL")


def binary_format(head: bytes) -> str | None:
    """Which of `FORMATS` a file is, by its first bytes."""
    if head[:4] in (b"\x00\x00\x07\xcb", b"\x00\x00\x07\xe7"):  # 1995, and 2023 for systems beyond 300 million atoms
        return "XTC"
    if head[:4] == b"\x00\x00\x07\xc9":  # 1993
        return "TRR"
    if head[:3] == b"CDF" and head[3:4] in (b"\x01", b"\x02", b"\x05"):
        return "NCDF"
    if head[4:8] in (b"CORD", b"VELD") or head[8:12] == b"CORD":
        return "DCD"
    return None


@dataclass(frozen=True)
class _Frames:
    path: Path
    kind: str
    n_atoms: int
    n_frames: int
    clock: Clock | None

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        with _opened(self.path, self.kind, self.n_atoms) as reader:
            for first in range(start, stop, per_block):
                last = min(first + per_block, stop)
                positions = np.empty((last - first, self.n_atoms, 3))
                cells = np.empty((last - first, 3, 3))
                for index, step in enumerate(reader[first:last]):
                    positions[index], cells[index] = _positions(step, first + index, self.path), _cell(step)
                    self._check_time(step, first + index)
                yield positions, cells

    def _check_time(self, step: Any, frame: int) -> None:
        clock = self.clock
        if clock is None or clock.stride is None:
            return
        expected = clock.first + frame * clock.stride
        # .xtc and .trr hold the time as float32
        if abs(step.time * 1000 - expected) > 0.1 * clock.stride + 2e-7 * abs(expected):
            raise TrajectoryError(
                f"frame {frame} is of {step.time:g} ps where {expected / 1000:g} ps are expected",
                where=self.path,
                remedy="give frames at equal intervals, each once (gmx trjconv -dt, or parts apart)",
            )


def read_mdanalysis(
    path: Path,
    kind: str,
    *,
    symbols: Sequence[str] | None = None,
    topology: str | Path | None = None,
    type_map: Mapping[int, str] | None = None,
) -> Trajectory:
    """Read a GROMACS, AMBER or DCD file; positions and cells are single precision in these formats.

    Parameters
    ----------
    kind
        One of `FORMATS`.
    symbols
        One symbol per atom, in the file's order.
    topology
        A file that names the atoms in the same order: any that MDAnalysis reads (.tpr, .gro, .pdb, .prmtop, ...), or
        a structure that `read_structure` reads (CIF, POSCAR, ...); needed where `symbols` are not given. The data file
        of a LAMMPS run names them by its labels, comments or masses.
    type_map
        Element of each type of that data file, instead of its own.

    Raises
    ------
    TrajectoryError
        If MDAnalysis is not installed, the file is damaged, has no cell or no positions, or the elements are not known.
    """
    if symbols is None and topology is None:
        raise TrajectoryError(
            f"{FORMATS[kind]} does not name its atoms", where=path,
            remedy=f"paddlewheel convert {path.name} --topology FILE (.tpr, .pdb, .gro, CIF) writes a store that does",
        )  # fmt: skip
    names = tuple(symbols) if symbols is not None else _topology_symbols(Path(topology or ""), path, type_map)
    check_symbols(names, where=str(topology or path))
    with _opened(path, kind, len(names)) as reader:
        if reader.n_atoms != len(names):
            raise TrajectoryError(
                f"{reader.n_atoms} atoms, {len(names)} in {topology or 'symbols'}",
                where=path,
                remedy="give the topology of this very trajectory",
            )
        n_frames = len(reader)
        if n_frames == 0:
            raise TrajectoryError("no frames", where=path, remedy="give a trajectory with at least one frame")
        times = []
        for index in {0, min(1, n_frames - 1), n_frames - 1}:  # the last one too: there a truncated file shows
            step = reader[index]
            _positions(step, index, path)
            times.append((index, float(step.time) * 1000))
        times.sort()
    # the header of a DCD holds a time step in the unit of whatever program wrote it
    clock = None if kind == "DCD" else _clock(times, path)
    interval = clock.stride if clock is not None else None
    return Trajectory(
        names,
        element_masses_u(names),
        n_frames,
        interval,
        str(path),
        _Frames(path, kind, len(names), n_frames, clock),
        clock=clock,
    )


def _clock(times: list[tuple[int, float]], path: Path) -> Clock | None:
    if len(times) == 1:
        return Clock(times[0][1], None, "fs")
    if len({time for _, time in times}) == 1:  # a program that does not write times (AMBER's cpptraj): all are 0
        return None
    (first, begin), (last, end) = times[0], times[-1]
    stride = (end - begin) / (last - first)
    if stride <= 0:
        raise TrajectoryError(
            f"the last frame is of {end / 1000:g} ps, the first of {begin / 1000:g} ps",
            where=path,
            remedy="give frames at equal intervals, each once",
        )
    # float32 times: a stride of 0.0099999 ps is one of 10 fs
    return Clock(begin, float(f"{stride:.5g}"), "fs")


def _positions(step: Any, frame: int, path: Path) -> NDArray[np.float64]:
    if not step.has_positions:
        raise TrajectoryError(f"frame {frame} has no positions", where=path, remedy="write positions in every frame")
    return np.asarray(step.positions, dtype=np.float64)


def _cell(step: Any) -> NDArray[np.float64]:
    cell = step.triclinic_dimensions
    return np.zeros((3, 3)) if cell is None else np.asarray(cell, dtype=np.float64)


@contextmanager
def _opened(path: Path, kind: str, n_atoms: int) -> Iterator[Any]:
    reader_of = _import(path, FORMATS[kind]).coordinates.core.get_reader_for
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of absent indices, and of an NCDF's conventions
            reader = _without_noise(reader_of(str(path), format=kind))
            reader.__init__(str(path), n_atoms=n_atoms)
            del reader.close
            with reader:
                yield reader
    except PaddlewheelError:
        raise
    except Exception as error:  # MDAnalysis gives whatever its C libraries and scipy meet on damaged bytes
        raise TrajectoryError(
            f"damaged or truncated {FORMATS[kind]} file ({' '.join(str(error).split())[:120] or type(error).__name__})",
            where=path,
            remedy="copy the file again",
        ) from error


def _without_noise(kind: Any) -> Any:
    """A reader that is not begun yet; should it fail to begin, its finalizer does not print a traceback."""
    reader = kind.__new__(kind)
    reader.close = lambda: None
    return reader


def _import(path: Path, what: str) -> Any:
    try:
        import MDAnalysis  # type: ignore[import-not-found]
    except ImportError as error:
        raise TrajectoryError(
            f"{what} is read by MDAnalysis, which is not installed",
            where=path,
            remedy="pip install 'paddlewheel[md]', or convert it to extended XYZ or H5MD",
        ) from error
    return MDAnalysis


def _topology_symbols(topology: Path, path: Path, type_map: Mapping[int, str] | None) -> tuple[str, ...]:
    if not topology.is_file():
        raise TrajectoryError("no such topology file", where=topology, remedy="check the path")
    from paddlewheel.crystals import data_file_symbols, read_structure

    if (named := data_file_symbols(topology, type_map=type_map)) is not None:
        return named
    package = _import(path, "this trajectory")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            atoms = package.Universe(str(topology), to_guess=()).atoms
    except Exception:  # not one of its formats, or damaged: what is wrong with it, read_structure says
        return tuple(read_structure(topology).symbols)
    elements = [str(element) for element in getattr(atoms, "elements", [])]
    if elements and all(elements):
        return tuple(element.capitalize() for element in elements)
    names, residues = ([str(name) for name in getattr(atoms, what, [])] for what in ("names", "resnames"))
    return _symbols_from_names(names, residues, topology)


def _symbols_from_names(names: list[str], residues: list[str], topology: Path) -> tuple[str, ...]:
    """Elements from the atoms' names (NA, B1, H12); refused for proteins, where CA is a carbon."""
    from ase.data import atomic_numbers

    remedy = "give a topology with elements (a .pdb with its element column, a .tpr, a CIF)"
    if not names:
        raise TrajectoryError("names neither elements nor atoms", where=topology, remedy=remedy)
    if any(map(_AMINO_ACIDS.fullmatch, residues)):
        raise TrajectoryError("names no elements, and a protein's names do not say", where=topology, remedy=remedy)
    symbols = tuple(re.sub(r"[^A-Za-z]", "", name).capitalize() for name in names)
    for name, symbol in zip(names, symbols, strict=True):
        if symbol not in atomic_numbers:
            raise TrajectoryError(f"the element of the atom named {name!r} is not known", where=topology, remedy=remedy)
    return symbols
