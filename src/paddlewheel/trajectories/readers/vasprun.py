"""VASP vasprun.xml of a molecular dynamics run, read step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from xml.etree import ElementTree

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.readers.text import cartesian, open_bytes
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

_HEAVY = {"scstep", "eigenvalues", "dos", "projected", "dynmat", "kpoints"}
"""Large parts of a file that no trajectory needs: dropped as soon as they are read."""


def _is_step(element: Element) -> bool:
    """Whether a child of the root is an ionic step, of first principles or of a machine-learned force field."""
    return element.tag == "calculation" or (element.tag == "structure" and element.get("name") is None)


class _Vasprun:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.symbols: tuple[str, ...] = ()
        self.potim_fs: float | None = None
        self.outblock = 1
        """Every how many machine-learned steps one is written (ML_OUTBLOCK)."""
        self.n_frames = 0
        self.n_learned = 0
        """Steps of a machine-learned force field among them."""

    def read_header(self) -> None:
        """Symbols and time step: what comes before the first ionic step."""
        for tag, element in self._elements():
            if tag == "atominfo":
                rows = element.findall("array[@name='atoms']/set/rc")
                self.symbols = tuple((row.findtext("c") or "").strip() for row in rows)
            elif tag == "parameters":
                settings = {item.get("name"): (item.text or "").strip() for item in element.iter("i")}
                is_dynamics = settings.get("IBRION") in (None, "0")
                if is_dynamics and "POTIM" in settings:
                    self.potim_fs = self._number("POTIM", settings["POTIM"])
                self._read_outblock(settings)
            elif tag == "incar":
                self._read_outblock({item.get("name"): (item.text or "").strip() for item in element.iter("i")})
            elif _is_step(element):
                break
        if not self.symbols:
            raise TrajectoryError("no atominfo before the first step", where=self.path, remedy="is it a vasprun.xml?")

    def _read_outblock(self, settings: dict[str | None, str]) -> None:
        if settings.get("ML_OUTBLOCK"):
            self.outblock = int(self._number("ML_OUTBLOCK", settings["ML_OUTBLOCK"]))

    def count(self) -> None:
        """Count the ionic steps, and refuse a file without its end, without parsing it.

        A step of first principles is a ``<calculation>``; one of a machine-learned force field (VASP 6.3 and later)
        is a bare ``<structure>`` between them. Each holds one structure without a name.
        """
        marks = {b"<structure>": 0, b"<calculation>": 0, b"</calculation>": 0}
        tail, ending = b"", b""
        with open_bytes(self.path) as stream:
            while chunk := stream.read(1 << 22):
                if b"<!ENTITY" in ending + chunk:
                    raise TrajectoryError(
                        "declares XML entities, which VASP does not", where=self.path, remedy="give the file of VASP"
                    )
                text = tail + re.sub(rb"<(structure|calculation)\s+>", rb"<\1>", chunk)
                tail = text[1 - len(b"</calculation>") :]
                for mark in marks:
                    marks[mark] += text.count(mark) - tail.count(mark)
                ending = (ending + chunk)[-100:]
        structures, begun, ended = (marks[mark] + tail.count(mark) for mark in marks)
        steps = structures - (begun - ended)  # a calculation without its end is no step
        self.n_frames, self.n_learned = steps, structures - begun
        if not ending.rstrip().endswith(b"</modeling>"):
            self._fail_truncated(steps)
        if steps == 0:
            raise TrajectoryError("no ionic steps", where=self.path, remedy="give the output of a dynamics run")

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        positions: list[NDArray] = []
        cells: list[NDArray] = []
        index = -1
        for tag, element in self._elements():
            if not _is_step(element):
                continue
            index += 1
            if index < start:
                continue
            if index >= stop:
                return
            within = "structure/" if tag == "calculation" else ""
            cell = self._table(element, f"{within}crystal/varray[@name='basis']/v", index)
            fractional = self._table(element, f"{within}varray[@name='positions']/v", index)
            cells.append(cell)
            try:
                positions.append(cartesian(fractional, cell))
            except ValueError as error:
                raise TrajectoryError(f"step {index + 1}: {error}", where=self.path, remedy="cut it there") from error
            if len(positions) == per_block or index == stop - 1:
                yield np.array(positions), np.array(cells)
                positions, cells = [], []

    def _elements(self) -> Iterator[tuple[str, Element]]:
        """Children of the root as they end, each dropped after its use: memory holds one step at a time."""
        depth, steps = 0, 0
        root: Element | None = None
        with open_bytes(self.path) as stream:
            try:
                for event, element in ElementTree.iterparse(stream, events=("start", "end")):
                    if event == "start":
                        root = element if root is None else root
                        depth += 1
                        continue
                    depth -= 1
                    if element.tag in _HEAVY:
                        element.clear()
                    if depth == 1 and root is not None:
                        steps += _is_step(element)
                        yield element.tag, element
                        root.clear()
            except ElementTree.ParseError as error:
                self._fail_truncated(steps, str(error))

    def _number(self, name: str, text: str) -> float:
        try:
            return float(text)
        except ValueError as error:
            raise TrajectoryError(f"{name} is {text!r}", where=self.path, remedy="is it a vasprun.xml?") from error

    def _table(self, calculation: Element, where: str, index: int) -> NDArray[np.float64]:
        rows = [row.text or "" for row in calculation.findall(where)]
        try:
            table = np.array(" ".join(rows).split(), dtype=np.float64).reshape(len(rows), 3)
        except ValueError as error:
            raise TrajectoryError(f"step {index + 1}: {error}", where=self.path, remedy="cut it there") from error
        n_rows = 3 if "basis" in where else len(self.symbols)
        if len(table) != n_rows:
            raise TrajectoryError(f"step {index + 1}: {len(table)} rows of {n_rows}", where=self.path)
        return table

    def _fail_truncated(self, steps: int, detail: str = "the file has no end") -> NoReturn:
        last = f"step {steps} is the last complete one" if steps else "no step is complete"
        raise TrajectoryError(
            f"truncated or damaged vasprun.xml ({detail}); {last}",
            where=self.path,
            remedy="copy it again, or use the XDATCAR of the run",
        )


def read_vasprun(path: Path, *, symbols: Sequence[str] | None = None) -> Trajectory:
    """Read a vasprun.xml; the frame interval is POTIM if the run is dynamics (IBRION = 0).

    Steps of a machine-learned force field are frames too; ML_OUTBLOCK says every how many one is written.

    Parameters
    ----------
    symbols
        One symbol per atom, instead of the file's.

    Raises
    ------
    TrajectoryError
        If the file is truncated (the last complete step is named), damaged, or has no ionic steps.
    """
    frames = _Vasprun(path)
    frames.count()
    frames.read_header()
    names = tuple(symbols) if symbols is not None else frames.symbols
    check_symbols(names, where=str(path))
    interval_fs = frames.potim_fs
    if frames.n_learned and frames.outblock > 1:
        if frames.n_learned < frames.n_frames:
            raise TrajectoryError(
                f"{frames.n_frames - frames.n_learned} steps of first principles stand among machine-learned ones, of "
                f"which one in {frames.outblock} is written (ML_OUTBLOCK): the frames are not equally far apart",
                where=path,
                remedy="run with ML_OUTBLOCK = 1, or analyze a run of the finished force field",
            )
        interval_fs = None if interval_fs is None else interval_fs * frames.outblock
    return Trajectory(names, element_masses_u(names), frames.n_frames, interval_fs, str(path), frames)
