"""H5MD: molecular dynamics in HDF5 (de Buyl, Colberg and Höfling, Comput. Phys. Commun. 185, 1546 (2014),
doi:10.1016/j.cpc.2014.01.018; the specification 1.1 is at https://www.nongnu.org/h5md/h5md.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.clock import EvenFrames, Unit, check_even, even_frames
from paddlewheel.trajectories.readers.hdf5 import open_hdf5, probe_hdf5
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

_BOHR_A = 0.529177210544
_LENGTHS_A = {
    **dict.fromkeys(("A", "Å", "Ang", "Angstrom", "angstrom"), 1.0),
    **dict.fromkeys(("Bohr", "bohr"), _BOHR_A),
    "pm": 0.01,
    "nm": 10.0,
    "um": 1e4,
    "m": 1e10,
}
_TIMES_FS = {"fs": 1.0, "ps": 1e3, "ns": 1e6, "us": 1e9, "s": 1e15}
_UNIT_REMEDY = "set its attribute unit (with h5py: dataset.attrs['unit'] = 'Angstrom')"


@dataclass(frozen=True)
class _H5mdFrames:
    path: Path
    group: str
    n_frames: int
    length_A: float
    box_length_A: float
    box_rows: NDArray[np.int64] | None
    """Row of the box for each frame; None for a fixed box."""

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        with _opened(self.path) as file:
            particles = file[self.group]
            values, edges = particles["position/value"], particles["box/edges"]
            image = particles.get("image")
            for first in range(start, stop, per_block):
                last = min(first + per_block, stop)
                positions = np.asarray(values[first:last], dtype=np.float64) * self.length_A
                if self.box_rows is None:
                    cells = np.broadcast_to(_matrices(np.asarray(edges[()])[None]), (last - first, 3, 3))
                else:
                    rows = self.box_rows[first:last]
                    cells = _matrices(np.asarray(edges["value"][rows[0] : rows[-1] + 1])[rows - rows[0]])
                cells = cells * self.box_length_A
                if image is not None:
                    positions += np.matmul(_images(image, first, last), cells)
                yield positions, cells


def read_h5md(
    path: Path, *, symbols: Sequence[str] | None = None, type_map: Mapping[int, str] | None = None
) -> Trajectory:
    """Read the only group of particles of an H5MD file.

    Positions and box need the attribute `unit` (a length, such as Angstrom or nm); the box may be fixed or follow the
    steps of the positions. Where `image` is there, positions are unwrapped with it. `species` may be an enumeration
    or text that names elements, or integers that `type_map` gives a meaning; `mass` is taken where it is in u. The
    frame interval is known where `time` has a unit.

    Parameters
    ----------
    symbols
        One symbol per atom, where the file has no species.
    type_map
        Element of each integer species.

    Raises
    ------
    TrajectoryError
        If the file is damaged, no H5MD, of more than one group, not periodic, or lacks a unit or the elements.
    """
    probe_hdf5(path, TrajectoryError)
    with _opened(path) as file:
        if "h5md" not in file and "particles" not in file:
            raise TrajectoryError("HDF5, but no H5MD (no group particles)", where=path, remedy="give an H5MD file")
        groups = [name for name, group in file["particles"].items() if "position" in group]
        if len(groups) != 1:
            raise TrajectoryError(
                f"{len(groups)} groups of particles with positions, not 1",
                where=path,
                remedy="write one group with all atoms",
            )
        particles = file["particles"][groups[0]]
        values = particles["position/value"]
        if values.ndim != 3 or values.shape[2] != 3 or values.dtype.kind != "f":
            raise TrajectoryError(f"positions have shape {values.shape}, not [n_frames, n_atoms, 3]", where=path)
        n_frames, n_atoms = values.shape[:2]
        if n_frames == 0 or n_atoms == 0:
            raise TrajectoryError("no frames", where=path, remedy="give a trajectory with at least one frame")
        names = _symbols(particles, n_atoms, path, symbols, type_map)
        check_symbols(names, where=str(path))
        even = _even(particles["position"], n_frames, path)
        frames = _H5mdFrames(
            path,
            particles.name,
            n_frames,
            _length_unit(values, particles["position"], "the position", path),
            *_box(particles, n_frames, path),
        )
        is_unwrapped = "image" in particles
        if is_unwrapped and _images(particles["image"], 0, 1).shape[1:] != (n_atoms, 3):
            raise TrajectoryError("image has another shape than the positions", where=path, remedy="write it again")
        masses = _masses(particles, n_atoms)
    trajectory = Trajectory(
        names,
        element_masses_u(names) if masses is None else masses,
        n_frames,
        None,
        str(path),
        frames,
        is_unwrapped=is_unwrapped,
    )
    return trajectory.only(even)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with open_hdf5(path, TrajectoryError) as file:
            yield file
    except TrajectoryError:
        raise
    except Exception as error:  # HDF5 gives whatever its C library meets: OSError, KeyError, RuntimeError, ValueError
        raise TrajectoryError(
            f"damaged or truncated H5MD file ({' '.join(str(error).split())[:120] or type(error).__name__})",
            where=path,
            remedy="copy the file again",
        ) from error


def _unit(*objects: h5py.HLObject) -> str | None:
    for element in objects:
        unit = element.attrs.get("unit", element.attrs.get("units"))
        if unit is not None:
            return unit.decode("utf-8", "replace") if isinstance(unit, bytes) else str(unit)
    return None


def _length_unit(dataset: Any, group: Any, what: str, path: Path) -> float:
    unit = _unit(dataset, group)
    if unit not in _LENGTHS_A:
        found = "has no unit" if unit is None else f"is in {unit!r}"
        raise TrajectoryError(f"{what} {found}", where=path, remedy=_UNIT_REMEDY)
    return _LENGTHS_A[unit]


def _matrices(edges: NDArray) -> NDArray[np.float64]:
    """Lattice vectors as rows, `[n, 3, 3]`, of edges `[n, 3]` (their lengths) or `[n, 3, 3]`."""
    edges = np.asarray(edges, dtype=np.float64)
    return edges[:, :, None] * np.eye(3) if edges.shape[1:] == (3,) else edges


def _images(image: Any, first: int, last: int) -> NDArray[np.float64]:
    values = image["value"][first:last] if "value" in image else image[()][None]
    return np.asarray(values, dtype=np.float64)


def _box(particles: Any, n_frames: int, path: Path) -> tuple[float, NDArray[np.int64] | None]:
    """Unit of the box, and its row for each frame."""
    if "box" not in particles or "edges" not in particles["box"]:
        raise TrajectoryError("no box", where=path, remedy="give a trajectory with its periodic cell")
    box = particles["box"]
    kinds = [kind.decode() if isinstance(kind, bytes) else str(kind) for kind in np.ravel(box.attrs["boundary"])]
    if kinds != ["periodic"] * 3:
        raise TrajectoryError(f"its boundary is {', '.join(kinds)}", where=path, remedy="give a periodic system")
    edges = box["edges"]
    changes = "value" in edges if hasattr(edges, "keys") else False
    values = edges["value"] if changes else edges
    if values.shape[-1:] != (3,) or values.ndim not in ((2, 3) if changes else (1, 2)):
        raise TrajectoryError(f"edges of the box have shape {values.shape}", where=path, remedy="write them again")
    unit = _length_unit(values, edges, "the box", path)
    if not changes:
        return unit, None
    steps, box_steps = _steps(particles["position"], n_frames), _steps(edges, len(values))
    if np.array_equal(steps, box_steps):  # of a restarted run they do not rise
        return unit, np.arange(n_frames)
    rows = np.searchsorted(box_steps, steps).clip(max=len(box_steps) - 1)
    if not np.array_equal(box_steps[rows], steps):
        raise TrajectoryError(
            "the box was not written at every step of the positions", where=path, remedy="write both together"
        )
    return unit, rows


def _steps(element: Any, n_frames: int) -> NDArray:
    """Steps of an H5MD element; explicit, or a stride with an offset."""
    step = element["step"]
    if step.shape == ():
        return int(step[()]) * np.arange(n_frames) + int(step.attrs.get("offset", 0))
    return np.asarray(step[:n_frames])


def _even(position: Any, n_frames: int, path: Path) -> EvenFrames:
    """The frames that are equally far apart, by their times where these have a unit, else by their steps."""
    unit = _unit(position["time"]) if "time" in position else None
    times = _numbers(position, "time", n_frames, path)
    steps = _numbers(position, "step", n_frames, path)
    if times is None or (unit not in _TIMES_FS and steps is not None):
        even = EvenFrames(None) if steps is None else even_frames(steps, "steps", path=path)
        other, beside, name = times, "their steps", "time"
    else:
        known: Unit = "fs" if unit in _TIMES_FS else "time"
        unit_fs = _TIMES_FS.get(unit, 1.0) if unit else 1.0
        times = times * times.dtype.type(unit_fs)  # single precision stays so
        even = even_frames(times, known, path=path)
        other, beside, name = steps, "their times", "steps"
    if other is not None:
        check_even(other if even.kept is None else other[even.kept], name, path=path, beside=beside)
    return even


def _numbers(position: Any, name: Literal["step", "time"], n_frames: int, path: Path) -> NDArray | None:
    """Steps or times of the frames; None where there are none."""
    if name not in position:
        return None
    dataset = position[name]
    if dataset.shape == ():
        return dataset[()] * np.arange(n_frames) + dataset.attrs.get("offset", 0)
    if len(dataset) != n_frames:
        raise TrajectoryError(f"{len(dataset)} {name}s for {n_frames} frames", where=path, remedy="copy the file again")
    return np.asarray(dataset[:])


def _symbols(
    particles: Any,
    n_atoms: int,
    path: Path,
    symbols: Sequence[str] | None,
    type_map: Mapping[int, str] | None,
) -> tuple[str, ...]:
    import h5py

    if "species" not in particles:
        if symbols is None:
            raise TrajectoryError("has no species", where=path, remedy="give symbols, one per atom")
        if len(symbols) != n_atoms:
            raise TrajectoryError(f"{len(symbols)} symbols for {n_atoms} atoms", where=path)
        return tuple(symbols)
    dataset = particles["species"]
    if hasattr(dataset, "keys"):
        dataset = dataset["value"]
    table = np.asarray(dataset[()])
    table = table.reshape(-1, table.shape[-1])
    if table.shape[1] != n_atoms or (table != table[0]).any():
        raise TrajectoryError("the species change, or are not one per atom", where=path, remedy="write them once")
    species = table[0]
    names = h5py.check_enum_dtype(dataset.dtype)
    if names is not None:
        elements = {number: name for name, number in names.items()}
        return tuple(str(elements.get(int(kind), "?")) for kind in species)
    if species.dtype.kind in "OSU":
        return tuple(kind.decode("utf-8", "replace") if isinstance(kind, bytes) else str(kind) for kind in species)
    if symbols is not None and type_map is None and len(symbols) == n_atoms:
        return tuple(symbols)
    unknown = sorted({int(kind) for kind in species} - set(type_map or {}))
    if type_map is None or unknown:
        wanted = ",".join(f"{number}=?" for number in sorted({int(kind) for kind in species}))
        raise TrajectoryError(
            f"the element of species {', '.join(map(str, unknown))} is not known",
            where=path,
            remedy=f"give --type-map {wanted} with an element for each",
        )
    return tuple(type_map[int(kind)] for kind in species)


def _masses(particles: Any, n_atoms: int) -> NDArray[np.float64] | None:
    """Masses that do not change and are in u; else those of the elements are taken."""
    if "mass" not in particles or hasattr(particles["mass"], "keys"):
        return None
    masses = particles["mass"]
    if _unit(masses) not in ("u", "amu", "Da", "g/mol") or masses.shape != (n_atoms,):
        return None
    return np.asarray(masses[()], dtype=np.float64)
