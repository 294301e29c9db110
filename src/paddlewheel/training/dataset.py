"""Data sets: frames with energy, forces and stress in extended XYZ, and a card that says who made the labels.

``NAME.extxyz`` holds the frames as ASE writes them (energy in eV, forces in eV/A, stress in eV/A^3 with ASE's sign:
positive under tension); ``NAME.card.json`` beside it holds the engine, the functional, its settings and the sha256 of
the frames. Labels of different engines or functionals are never mixed silently: the same structure has energies
tens of meV/atom apart in them.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from paddlewheel.crystals.formats import check_extxyz_sizes, plain_info
from paddlewheel.errors import DatasetError, writing
from paddlewheel.foreign import parsing, read_json
from paddlewheel.records import write_atomically
from paddlewheel.training.dataset_checks import check_frames, require_elements

if TYPE_CHECKING:
    from ase import Atoms

_FRAME_NUMBER = re.compile(r"(?:\s+frame\s+\d+|[:#@]\s*\d+)$")


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """Who made the labels of a data set, and how.

    Attributes
    ----------
    engine
        What computed them, with its version: ``vasp 6.4.2``, ``m3gnet-nabh-r2scan (three_body parent, ...)``.
    functional
        The density functional behind them, such as ``r2SCAN``.
    settings
        Whatever else decides the numbers (cutoffs, k-points, pseudopotentials, the potential's hash).
    elements
        Symbols that occur, sorted.
    n_frames, n_atoms
        Frames, and atoms over all frames.
    sha256
        Of the extxyz file; None for frames that are not written yet.
    """

    engine: str
    functional: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    elements: tuple[str, ...] = ()
    n_frames: int = 0
    n_atoms: int = 0
    sha256: str | None = None


@dataclass(frozen=True)
class Dataset:
    """Labelled frames with their card; each frame carries a `SinglePointCalculator`."""

    frames: tuple[Atoms, ...]
    card: DatasetCard

    def __len__(self) -> int:
        return len(self.frames)


def card_path(path: str | Path) -> Path:
    """Where the card of a data set is: ``NAME.card.json`` beside ``NAME.extxyz``."""
    return Path(path).with_suffix(".card.json")


def read_dataset(
    path: str | Path,
    *,
    engine: str | None = None,
    functional: str | None = None,
    elements: Sequence[str] = (),
) -> Dataset:
    """Read a data set, verify its hash, and check that its labels can be what they say.

    Parameters
    ----------
    path
        The extxyz file; its card is looked for beside it.
    engine, functional
        For a file without a card, which is refused unless both are given; else they have to agree with the card.
    elements
        Elements that have to occur.

    Raises
    ------
    DatasetError
        If the file or its card cannot be read, the hash differs, there is no card and no `engine` and `functional`,
        a label is missing, not finite or of an impossible size (see `check_frames`), or an element has no frames.

    Examples
    --------
    >>> from paddlewheel.training import read_dataset
    >>> read_dataset("nabh.extxyz").card.functional  # doctest: +SKIP
    'r2SCAN'
    """
    path = Path(path)
    content = _read_bytes(path)
    card = _card_of(path, hashlib.sha256(content).hexdigest(), engine=engine, functional=functional)
    frames = parse_frames(content, where=path)
    if card.n_frames and card.n_frames != len(frames):
        raise DatasetError(
            f"holds {len(frames)} frames, its card says {card.n_frames}", where=path, remedy="restore both from a copy"
        )
    check_frames(frames, where=path)
    require_elements(frames, elements, where=path)
    return Dataset(tuple(frames), _counted(card, frames))


def write_dataset(
    path: str | Path,
    frames: Sequence[Atoms],
    *,
    engine: str,
    functional: str,
    settings: Mapping[str, Any] | None = None,
) -> Dataset:
    """Check frames and write them with their card, each file atomically; return them as a data set.

    Parameters
    ----------
    path
        ``NAME.extxyz``.
    frames
        Periodic structures whose calculator has energy, forces and stress. Numbers and texts of `Atoms.info` are kept;
        ``structure``, ``temperature_K``, ``strain`` and ``source`` say where a frame comes from.
    engine, functional, settings
        For the card, see `DatasetCard`.

    Raises
    ------
    DatasetError
        As `read_dataset`, before anything is written.
    RunDirectoryError
        If the folder cannot be written.
    """
    path = Path(path)
    if path.suffix != ".extxyz":
        raise DatasetError(f"has the ending '{path.suffix}'", where=path, remedy="name it NAME.extxyz")
    if not (engine.strip() and functional.strip()):
        raise DatasetError("has no engine or no functional", where=path, remedy="name both: they decide the labels")
    check_frames(frames, where=path)
    plain = tuple(labelled_copy(frame) for frame in frames)
    text = format_frames(plain)
    card = _counted(DatasetCard(engine=engine, functional=functional, settings=dict(settings or {})), plain)
    card = replace(card, sha256=hashlib.sha256(text.encode()).hexdigest())
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # a kill between the two leaves a card whose hash does not fit, which reading refuses
        write_atomically(path, text)
        write_atomically(card_path(path), json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n")
    return Dataset(plain, card)


def merge_datasets(datasets: Sequence[Dataset], *, engine: str | None = None, functional: str | None = None) -> Dataset:
    """One data set of several.

    Parameters
    ----------
    datasets
        At least one.
    engine, functional
        What to call the labels of the whole where those of the parts differ: naming it is the caller's word that they
        may be mixed.

    Raises
    ------
    DatasetError
        If engines or functionals differ and the caller does not name them, or a frame is in it twice.
    """
    if not datasets:
        raise DatasetError("no data sets to merge", remedy="give at least one")
    named = {"engine": engine, "functional": functional}
    for what, given in named.items():
        found = sorted({getattr(dataset.card, what) for dataset in datasets})
        if len(found) > 1 and given is None:
            raise DatasetError(
                f"data sets of different {what}s: {', '.join(found)}",
                where="merge",
                remedy=f"label one set anew, or give {what}= to say that they belong together",
            )
        named[what] = given or found[0]
    frames = tuple(frame for dataset in datasets for frame in dataset.frames)
    check_frames(frames, where="merge")
    parts = [asdict(dataset.card) for dataset in datasets]
    settings = parts[0]["settings"] if len(parts) == 1 else {"merged": parts}
    card = DatasetCard(engine=str(named["engine"]), functional=str(named["functional"]), settings=settings)
    return Dataset(frames, _counted(card, frames))


def frame_sources(frames: Sequence[Atoms]) -> list[str]:
    """What each frame comes from: a run or trajectory, whose frames are alike and must not test each other.

    `info["source"]` without its frame number (`NAME frame 12`, `NAME:12`, `NAME#12`) and what was done to the frame
    (`NAME, moved`); else `info["structure"]` with its `temperature_K`; else the atoms of its cell.
    """
    found = []
    for frame in frames:
        told, structure = frame.info.get("source"), frame.info.get("structure")
        if told is not None:
            found.append(_FRAME_NUMBER.sub("", str(told).split(",")[0]).strip() or str(told))
        elif structure is not None:
            at = frame.info.get("temperature_K")
            found.append(str(structure) if at is None else f"{structure} at {at:g} K")
        else:
            found.append(frame.get_chemical_formula("metal"))
    return found


def split_by_source(
    dataset: Dataset, *, fraction: float, seed: int
) -> tuple[Dataset, Dataset, Literal["source", "block"]]:
    """Two data sets of `fraction` of the frames, about, and the rest, such that neighbours are not on both sides.

    Whole sources (`frame_sources`) in an order that `seed` decides, as long as a part is between a half and one and a
    half of what was asked for. Where there is no such choice, as in one trajectory, the last frames of every source:
    ``block``, in which only the frames at the seams have a neighbour on the other side.

    Raises
    ------
    DatasetError
        If either part would be empty.
    """
    members, wanted = _by_source(dataset), (1 - fraction) * len(dataset)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(members))
    names, chosen = list(members), list[int]()
    for name in (names[k] for k in order):
        if len(chosen) < wanted and len(chosen) + len(members[name]) <= 1.5 * wanted:
            chosen += members[name]
    if len(chosen) < wanted / 2:
        return *split_by_block(dataset, fraction=fraction), "block"
    return *_parted(dataset, chosen, fraction), "source"


def split_by_block(dataset: Dataset, *, fraction: float) -> tuple[Dataset, Dataset]:
    """Two data sets of `fraction` of the frames, about, and the rest: the last frames of every source.

    Raises
    ------
    DatasetError
        If either part would be empty.
    """
    return _parted(dataset, _last_of_each(list(_by_source(dataset).values()), fraction), fraction)


def _by_source(dataset: Dataset) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for index, source in enumerate(frame_sources(dataset.frames)):
        members.setdefault(source, []).append(index)
    return members


def _parted(dataset: Dataset, chosen: Sequence[int], fraction: float) -> tuple[Dataset, Dataset]:
    """The frames that are not chosen, and those that are."""
    if not 0 < len(chosen) < len(dataset):
        raise DatasetError(
            f"{len(dataset)} frames split {fraction:g} to {1 - fraction:g} leave a part empty", where="split",
            remedy="give more frames, or a fraction between 0 and 1",
        )  # fmt: skip
    second = set(chosen)
    kept = [index for index in range(len(dataset)) if index not in second]
    return select_frames(dataset, kept), select_frames(dataset, sorted(second))


def _last_of_each(sources: Sequence[Sequence[int]], fraction: float) -> list[int]:
    """The last 1 - `fraction` of the frames of every source; rounding is carried from one to the next."""
    chosen: list[int] = []
    seen = 0
    for indices in sources:
        seen += len(indices)
        take = min(max(round((1 - fraction) * seen) - len(chosen), 0), len(indices))
        chosen += indices[len(indices) - take :]
    return chosen


def split_dataset(dataset: Dataset, *, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Two data sets at random: `fraction` of the frames (0.9 for the paper's 9:1), and the rest.

    Of frames of one trajectory each of the one part then has neighbours in the other: see `split_by_source`. Both
    keep the order of the frames; the same seed gives the same split.

    Raises
    ------
    DatasetError
        If either part would be empty.
    """
    n = len(dataset)
    n_first = round(fraction * n)
    if not 0 < n_first < n:
        raise DatasetError(
            f"{n} frames split {fraction:g} to {1 - fraction:g} leave a part empty",
            where="split",
            remedy="give more frames, or a fraction between 0 and 1",
        )
    order = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    first, second = (select_frames(dataset, np.sort(part).tolist()) for part in (order[:n_first], order[n_first:]))
    return first, second


def select_frames(dataset: Dataset, indices: Sequence[int]) -> Dataset:
    """The frames at `indices`, under the same engine, functional and settings."""
    frames = tuple(dataset.frames[index] for index in indices)
    return Dataset(frames, _counted(replace(dataset.card, sha256=None), frames))


def labelled_copy(frame: Atoms) -> Atoms:
    """The frame with its labels and origin alone: no masses, velocities, constraints, or other results."""
    from ase.calculators.singlepoint import SinglePointCalculator

    copy = unlabelled_copy(frame)
    assert frame.calc is not None  # check_frames has seen it
    results = frame.calc.results
    copy.calc = SinglePointCalculator(
        copy,
        energy=float(results["energy"]),
        forces=np.array(results["forces"], dtype=np.float64),
        stress=np.array(results["stress"], dtype=np.float64),
    )
    return copy


def unlabelled_copy(frame: Atoms) -> Atoms:
    """Symbols, positions, cell and the plain entries of `info`."""
    from ase import Atoms

    copy = Atoms(frame.get_chemical_symbols(), positions=frame.get_positions(), cell=frame.cell, pbc=frame.pbc)
    copy.info = plain_info(frame)
    return copy


def format_frames(frames: Sequence[Atoms]) -> str:
    """Frames as extended XYZ, with the results of their calculators where they have one."""
    from ase.io.extxyz import write_extxyz

    buffer = io.StringIO()
    write_extxyz(buffer, list(frames))
    return buffer.getvalue()


def parse_frames(content: bytes, *, where: str | Path) -> list[Atoms]:
    """Frames of an extended XYZ file.

    Raises
    ------
    DatasetError
        If it is none, is cut off, or holds no frames.
    """
    import ase.io

    check_extxyz_sizes(content, where, DatasetError)
    with parsing(where, DatasetError, problem="is no extended XYZ file, or is cut off", remedy="write it anew"):
        frames = cast("list[Atoms]", ase.io.read(io.StringIO(content.decode("utf-8")), index=":", format="extxyz"))
    if not frames:
        raise DatasetError("holds no frames", where=where, remedy="write it anew")
    return frames


def read_card(path: str | Path) -> DatasetCard | None:
    """The card beside a data set, its hash verified; None where there is none.

    Raises
    ------
    DatasetError
        If the card cannot be read, or is of other frames.
    """
    path = Path(path)
    if not card_path(path).is_file():
        return None
    return _card_of(path, hashlib.sha256(_read_bytes(path)).hexdigest(), engine=None, functional=None)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"cannot be read ({error.strerror})", where=path, remedy="give the path of a .extxyz file"
        ) from error


def _card_of(path: Path, sha256: str, *, engine: str | None, functional: str | None) -> DatasetCard:
    beside = card_path(path)
    if not beside.is_file():
        if engine is None or functional is None:
            raise DatasetError(
                f"has no card ({beside.name}): who made its labels is not known",
                where=path,
                remedy="give engine and functional",
            )
        return DatasetCard(engine=engine, functional=functional, sha256=sha256)
    document = read_json(beside, DatasetError, remedy="write the set anew")
    with parsing(beside, DatasetError, problem="is no card of a data set", remedy="write the set anew"):
        known = {field.name for field in fields(DatasetCard)}
        card = DatasetCard(**{key: value for key, value in document.items() if key in known})
        card = replace(card, elements=tuple(card.elements))
    if card.sha256 != sha256:
        raise DatasetError(
            f"has the sha256 {sha256[:12]}..., its card says {str(card.sha256)[:12]}...",
            where=path,
            remedy="restore it from a copy, or remove the card and name engine and functional",
        )
    for what, given in (("engine", engine), ("functional", functional)):
        if given is not None and given != getattr(card, what):
            raise DatasetError(
                f"the {what} is {getattr(card, what)}, {given} was given", where=beside, remedy="leave it to the card"
            )
    return card


def _counted(card: DatasetCard, frames: Sequence[Atoms]) -> DatasetCard:
    counts = Counter(symbol for frame in frames for symbol in frame.get_chemical_symbols())
    return replace(card, elements=tuple(sorted(counts)), n_frames=len(frames), n_atoms=sum(counts.values()))
