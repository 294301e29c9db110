"""What a cell test was measured as, told from its rows where the file does not say it, and which command takes it."""

from __future__ import annotations

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.techniques import TECHNIQUES, other_command

_CHUNK_ROWS, _LEAST_ROWS = 16, 48
_CONSTANT = 0.01
"""Share of the largest current within which it is constant, and below which there is none."""
_SAME_V = 2e-3
_STRAIGHT = 0.02
"""Departure from a line, over the change, of a voltage that is swept."""
_MOST = 0.6
"""Share of the stretches that are of one kind, from which on the whole test is."""
_OF_SEVERAL = ("MB",)
"""Techniques made of others, which the rows tell."""
_MOST_LEVELS, _AT_LEVELS = 4, 0.8
_RESTS = ("OCV", "SOCV", "WAIT", "TC", "EVT")
"""Techniques without a current."""
_KINDS = {
    "spectra": ("impedance spectra", "eis"),
    "rest": ("a rest without current", None),
    "current": ("constant currents", "cycling"),
    "hold": ("constant voltages", "dc"),
    "sweep": ("a voltage that is swept one way", "lsv"),
    "cycle": ("a voltage that is swept forth and back", "cv"),
}
"""What rows are told to be -> in words, and its command."""


def refuse_other_technique(test: CellTest, *commands: str) -> None:
    """Refuse a test of another technique.

    Parameters
    ----------
    test
        As a reader gave it.
    commands
        The command that asks, and others whose files it takes too.

    Raises
    ------
    DataError
        If the file says that it holds another technique, or, where it says nothing, its rows are clearly of one.
    """
    technique = test.metadata.get("technique")
    known = TECHNIQUES.get(technique) if isinstance(technique, str) else None
    if known is not None and known.name not in _OF_SEVERAL and (known.command is not None or known.name in _RESTS):
        told = other_command(technique, *commands)
    else:
        told = _told_from_rows(test, *commands)
    if told is not None:
        raise DataError(told, where=test.source or "rows", remedy=f"give a file for `paddlewheel {commands[0]}`")


def held_instead(test: CellTest, *commands: str) -> str:
    """What a test holds, to stand before what was not found in it; empty where nothing is known or it is as wanted."""
    told = other_command(test.metadata.get("technique"), *commands) or _told_from_rows(test, *commands)
    return "" if told is None else f"{told}: "


def _told_from_rows(test: CellTest, *commands: str) -> str | None:
    kind = kind_of_rows(test)
    if kind is None or _KINDS[kind][1] in commands or (kind == "rest" and "cycling" in commands):
        return None  # a rest is a part of cycling, which says itself that no current flows
    words, command = _KINDS[kind]
    taken = "no command evaluates it" if command is None else f"which `paddlewheel {command}` takes"
    return f"holds {words}, {taken}"


def kind_of_rows(test: CellTest) -> str | None:
    """A key of what rows may be (``rest``, ``sweep``, ...); None where most are of none of them, or too few.

    A constant current and a swept voltage at once (a capacitance) are not told.
    """
    largest = float(np.abs(test.current_A).max())
    frequencies = [column for name, column in test.other.items() if name.lower().startswith("freq")]
    if any(np.issubdtype(column.dtype, np.number) and np.mean(column > 0) >= _MOST for column in frequencies):
        return "spectra"
    if not largest > 0:
        return "rest"
    if test.step_kind is not None:
        kinds = test.step_kind[np.abs(test.current_A) > _CONSTANT * largest].astype(str)
        if np.mean(np.char.startswith(kinds, "CC")) >= _MOST:
            return "current"
    n_chunks = len(test) // _CHUNK_ROWS
    if len(test) < _LEAST_ROWS:
        return None
    time, voltage, current = (
        np.asarray(column[: n_chunks * _CHUNK_ROWS], dtype=float).reshape(n_chunks, _CHUNK_ROWS)
        for column in (test.time_s, test.voltage_V, test.current_A)
    )
    typical = np.median(np.abs(current), axis=1)
    still = np.ptp(voltage, axis=1) < _SAME_V
    slope, straight = _lines(time, voltage)
    straight &= ~still
    usual = float(np.median(np.abs(slope[straight]))) if straight.any() else 0.0
    swept = straight & (np.abs(np.abs(slope) - usual) < 0.1 * usual)
    levels = _share_at_levels(test.current_A, largest)
    if np.mean(swept) >= _MOST:
        low, high = np.quantile(typical[swept], [0.1, 0.9])
        if high - low <= 10 * _CONSTANT * high:
            return None
        both = min(np.mean(slope[swept] > 0), np.mean(slope[swept] < 0))
        return "cycle" if both > 0.1 else "sweep"
    if levels >= _AT_LEVELS and not (np.mean(still) >= _MOST and _decays(current[still])):
        return "current"
    held = still & (np.ptp(current, axis=1) > 0)
    return "hold" if np.mean(held) >= _MOST else None


def _decays(current: np.ndarray) -> bool:
    """Whether the current at one voltage changes from stretch to stretch by more than its noise."""
    means = current.mean(axis=1)
    noise = float(np.median(np.std(np.diff(current, axis=1), axis=1))) / np.sqrt(2 * current.shape[1])
    return bool(np.ptp(means) > max(10 * noise, _CONSTANT * float(np.abs(means).max())))


def _share_at_levels(current: np.ndarray, largest: float) -> float:
    """Share of the rows with a current at the four commonest of them, each a hundredth of the largest wide."""
    running = current[np.abs(current) > _CONSTANT * largest]
    counts = np.unique(np.round(running / (_CONSTANT * largest)), return_counts=True)[1]
    return float(np.sort(counts)[-_MOST_LEVELS:].sum() / max(len(running), 1))


def _lines(time: np.ndarray, voltage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope of each stretch, V/s, and whether its voltage is on a line: `[n_chunks]` of `[n_chunks, n_rows]`."""
    t, v = time - time.mean(axis=1, keepdims=True), voltage - voltage.mean(axis=1, keepdims=True)
    power = np.sum(t * t, axis=1)
    slope = np.sum(t * v, axis=1) / np.where(power > 0, power, 1.0)
    rest = np.abs(v - slope[:, None] * t).max(axis=1)
    return slope, (power > 0) & (rest < _STRAIGHT * np.ptp(voltage, axis=1) + 1e-12)
