"""When frames were written, by the numbers that the file itself gives them: steps or times.

Where all are equally far apart, they say so. Where a run was restarted, frames come twice by their numbers, and the
earlier ones are the branch that was left: they are dropped. Where a file was written at two intervals, the frames of
the longer one are kept. All else (frames that are missing, a file put behind itself) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import TrajectoryError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Unit = Literal["steps", "fs", "time"]
"""What is counted: MD steps, femtoseconds, or time in a unit that the file does not tell."""

_TOLERANCE = 0.01
"""Of the distance between frames: each number is rounded by its writer."""
_PERSISTS = 3
"""A distance that comes so often in a row is how often frames were written, not a hole."""


@dataclass(frozen=True)
class Clock:
    """When the frames of a file were written, by its own count; they are equally spaced.

    Attributes
    ----------
    first
        Step or time of the first frame.
    stride
        Distance between frames; None where there is only one.
    unit
        What is counted.
    begins_anew
        Whether the program counts from the start in each run (VASP), so that a file that begins at or before another's
        begin may still go on with it.
    """

    first: float
    stride: float | None
    unit: Unit
    begins_anew: bool = False


@dataclass(frozen=True)
class EvenFrames:
    """The frames of a file that are equally far apart.

    Attributes
    ----------
    clock
        Theirs; None where the numbers tell nothing.
    kept
        Indices of those frames in the file, ascending; None for all.
    thinned_by
        How many of the file's first intervals lie between two of them.
    notes
        What has to be said, in a sentence each.
    """

    clock: Clock | None
    kept: NDArray[np.int64] | None = None
    thinned_by: int = 1
    notes: tuple[str, ...] = ()


def even_frames(
    numbers: ArrayLike, unit: Unit, *, path: Path, what: str = "frames", begins_anew: bool = False
) -> EvenFrames:
    """Which frames of a file to take, by its own numbers.

    Parameters
    ----------
    numbers
        `[n_frames]`: step or time of each.
    unit
        What they count.
    path
        The file, for messages.
    what
        What the file calls its frames.
    begins_anew
        Whether the program counts from the start in each run: then runs in one file are taken as one, and said.

    Raises
    ------
    TrajectoryError
        If frames are missing or unevenly spaced, or the numbers begin again where the program would not.
    """
    values, slack = np.asarray(numbers, dtype=np.float64), _rounding(numbers)
    if not np.isfinite(values).all():
        raise TrajectoryError(f"a {_name(unit)} of its {what} is no finite number", where=path)
    if len(values) == 1:
        return EvenFrames(Clock(float(values[0]), None, unit, begins_anew))
    if np.all(values == values[0]):  # written by a program that does not count
        return EvenFrames(None)
    if _is_even(values, slack):
        return EvenFrames(_clock(values, unit, begins_anew, slack))
    if begins_anew and (n_runs := _n_equal_runs(values)):
        first = f"{values[0]:g}"
        note = f"{path.name} is of {n_runs} runs, each numbered from {first}: taken as one"
        return EvenFrames(None, notes=(note,))
    kept, notes = _without_branches(values, unit, path, what)
    rest = values[kept]
    thinned_by = 1
    if not _is_even(rest, slack):
        chosen, thinned_by, note = _of_the_longer_interval(rest, unit, path, what)
        kept, notes = kept[chosen], (*notes, note)
        rest = values[kept]
    return EvenFrames(_clock(rest, unit, begins_anew, slack), kept, thinned_by, notes)


def check_even(numbers: ArrayLike, unit: Unit, *, path: Path, beside: str) -> None:
    """Refuse frames that a second count of the file has unevenly spaced, though they are even by `beside`.

    Raises
    ------
    TrajectoryError
        Naming the first two frames where it shows.
    """
    values = np.asarray(numbers, dtype=np.float64)
    if len(values) < 2 or np.all(values == values[0]) or _is_even(values, _rounding(numbers)):
        return
    at = _first_uneven(np.diff(values), float(np.median(np.diff(values))))
    raise TrajectoryError(
        f"{_at(values[at], unit)} is followed by {_at(values[at + 1], unit)}, unlike the others, though frames are "
        f"equally spaced by {beside}",
        where=path,
        remedy="write frames at equal times with a fixed time step",
    )


def _clock(values: NDArray[np.float64], unit: Unit, begins_anew: bool, slack: float) -> Clock:
    if len(values) == 1:
        return Clock(float(values[0]), None, unit, begins_anew)
    # the ends of a long list tell the stride better than its first two
    stride = float((values[-1] - values[0]) / (len(values) - 1))
    # single precision: 19.9999996 fs are 20
    return Clock(float(values[0]), float(f"{stride:.5g}") if slack else stride, unit, begins_anew)


def _rounding(numbers: ArrayLike) -> float:
    """What single precision may have taken off the distance between two of them; 0 for other numbers."""
    values = np.asarray(numbers)
    return 2 * float(np.spacing(np.abs(values).max())) if values.dtype == np.float32 else 0.0


def _is_even(values: NDArray[np.float64], slack: float = 0.0) -> bool:
    """Whether they rise by the same, each within the rounding of its writer and `slack`."""
    if len(values) < 2:
        return True
    stride = (values[-1] - values[0]) / (len(values) - 1)
    return bool(stride > 0 and np.all(np.abs(np.diff(values) - stride) <= _TOLERANCE * stride + slack))


def _n_equal_runs(values: NDArray[np.float64]) -> int | None:
    """Number of runs that all begin at the first number and go on by one stride; None where it is otherwise."""
    starts = np.flatnonzero(np.diff(values) <= 0) + 1
    runs = np.split(values, starts)
    strides = [run[1] - run[0] for run in runs if len(run) > 1]
    alike = all(run[0] == values[0] and _is_even(run) for run in runs)
    return len(runs) if len(runs) > 1 and alike and np.ptp(strides) == 0 else None


def _without_branches(
    values: NDArray[np.float64], unit: Unit, path: Path, what: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Indices of the frames without those that a restarted run wrote again, and what has to be said."""
    typical = float(np.median(np.abs(np.diff(values))[np.diff(values) != 0]))
    kept: list[int] = []
    restarts: list[float] = []
    for index, value in enumerate(values):
        if kept and value < values[kept[-1]] + _TOLERANCE * typical:
            if value < values[kept[0]] + _TOLERANCE * typical and kept[-1] > kept[0]:
                raise TrajectoryError(
                    f"its {what} begin again: {_at(value, unit)} comes after {_at(values[index - 1], unit)} "
                    f"(frames {index - 1} and {index})",
                    where=path,
                    remedy="give each run as a file of its own, once",
                )
            while kept and values[kept[-1]] > value - _TOLERANCE * typical:
                kept.pop()
            restarts.append(float(value))
        kept.append(index)
    dropped = len(values) - len(kept)
    if not dropped:
        return np.arange(len(values)), ()
    at = ", ".join(_at(value, unit) for value in restarts[:4]) + (", ..." if len(restarts) > 4 else "")
    note = (
        f"{path.name}: the run was restarted ({at}); {dropped} {what} that come twice by their numbers count once, "
        "as the restarted run has them"
    )
    return np.array(kept), (note,)


def _of_the_longer_interval(
    values: NDArray[np.float64], unit: Unit, path: Path, what: str
) -> tuple[NDArray[np.int64], int, str]:
    """Indices of the frames that are as far apart as the longest interval, how many of the first lie between them, and
    what has to be said."""
    apart = np.diff(values)
    change = np.abs(np.diff(apart)) > _TOLERANCE * apart[1:]
    pieces = np.split(apart, np.flatnonzero(change) + 1)
    first, largest = float(np.median(pieces[0])), max(float(np.median(piece)) for piece in pieces)
    if any(len(piece) < _PERSISTS for piece in pieces) or abs(first - largest) <= _TOLERANCE * largest:
        raise TrajectoryError(
            _hole(values, min(first, float(np.median(apart))), unit, what), where=path,
            remedy="give the parts before and after as files of their own",
        )  # fmt: skip
    places = (values - values[int(np.argmax(apart))]) / largest  # from a frame before such an interval
    chosen = np.flatnonzero(np.abs(places - np.round(places)) <= _TOLERANCE)
    factor = largest / first
    left_out = max(values[chosen[0]] - values[0], values[-1] - values[chosen[-1]])
    is_whole = left_out < (1 - _TOLERANCE) * largest and _is_even(values[chosen])
    if not is_whole or abs(factor - round(factor)) > _TOLERANCE * factor:
        strides = ", ".join(f"{value:g}" for value in sorted({float(np.median(piece)) for piece in pieces}))
        raise TrajectoryError(
            f"{what} are {strides} {_name(unit, several=True)} apart", where=path,
            remedy="cut the file where that changes, and give one part",
        )  # fmt: skip
    note = (
        f"{path.name}: {what} are {first:g} and later {largest:g} {_name(unit, several=True)} apart; one in "
        f"{round(factor)} is kept, {len(chosen)} of {len(values)}, and the time between frames is taken for that of "
        "its beginning"
    )
    return chosen, round(factor), note


def _hole(values: NDArray[np.float64], usual: float, unit: Unit, what: str) -> str:
    """Which frames are missing, or which two stand between the others."""
    apart = np.diff(values)
    at = _first_uneven(apart, usual)
    lacking = round(apart[at] / usual) - 1
    if lacking < 1:
        return f"{_at(values[at + 1], unit)} comes after {_at(values[at], unit)}, where {usual:g} is the usual distance"
    ends = values[at] + usual, values[at + 1] - usual
    span = f"{ends[0]:g} to {ends[1]:g}" if lacking > 1 else f"{ends[0]:g}"
    if what != "frames":  # which the file itself numbers
        return f"{what} {span} are missing"
    if unit == "fs":
        return f"frames at {span} fs are missing"
    return f"frames at {_name(unit, several=lacking > 1)} {span} are missing"


def _first_uneven(apart: NDArray[np.float64], usual: float) -> int:
    return int(np.argmax(np.abs(apart - usual) > _TOLERANCE * abs(usual)))


def _at(value: float, unit: Unit) -> str:
    return f"{value:g} fs" if unit == "fs" else f"{_name(unit)} {value:g}"


def _name(unit: Unit, *, several: bool = False) -> str:
    return {"steps": "steps" if several else "step", "fs": "fs", "time": "time"}[unit]
