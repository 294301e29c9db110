"""What both forms of Biologic's files come to: columns that EC-Lab makes of others, sweeps, kinds of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from paddlewheel.lab.readers.biologic_columns import name_and_unit
from paddlewheel.lab.readers.text_table import TextTable
from paddlewheel.lab.techniques import TECHNIQUES

NOT_GIVEN = 0.00101
"""EC-Lab writes 0.001 where its user gave no area or mass."""
_STEP_KINDS = {1: "CC", 2: "CV", 3: "rest"}
"""Of the column `mode`: current controlled, voltage controlled, neither."""
_SWEEPING = ("lsv", "cv", None)
"""Commands of techniques in which a controlled voltage is not a constant one."""


def completed(table: TextTable, *, loop_starts: Sequence[int]) -> TextTable:
    """The table with the columns that EC-Lab adds in its export, the step's kind, and the number of each sweep.

    Parameters
    ----------
    table
        As the file has it.
    loop_starts
        The rows with which loops begin; kept as `settings["loop_starts"]`.
    """
    names, units = list(table.names), list(table.units)
    numbers, texts = dict(table.numbers), dict(table.texts)
    columns = {name: numbers[place] for place, name in enumerate(names) if place in numbers}

    def add(name: str, unit: str, values: np.ndarray) -> None:
        numbers[len(names)] = values
        names.append(name)
        units.append(unit)

    warnings = list(table.warnings)
    if not {"I", "<I>"} & set(columns):
        current = _current_mA(table, warnings)
        if current is not None:
            add("<I>", "mA", current)
    if "half cycle" in columns and "cycle number" not in names:
        add("cycle number", "", columns["half cycle"] // 2)
    for analog_input, label in table.settings.get("inputs", {}).items():
        name, unit = name_and_unit(label)
        if unit == "°C" and analog_input in columns:  # EC-Lab writes the degrees under the input's name, in V
            add(name, unit, columns[analog_input])
    if "mode" in columns and (table.technique is None or TECHNIQUES[table.technique].command not in _SWEEPING):
        mode = columns["mode"]
        known = np.where(np.isin(mode, list(_STEP_KINDS)), mode, 0).astype(int)
        texts[len(names)] = np.array(["", *_STEP_KINDS.values()], dtype=object)[known].tolist()
        names.append("step type")
        units.append("")
    sweep = None if "freq" not in columns else _sweeps(columns, loop_starts)
    settings = table.settings | ({"loop_starts": list(loop_starts)} if len(loop_starts) > 1 else {})
    return replace(
        table, names=names, units=units, numbers=numbers, texts=texts, sweep=sweep, settings=settings, warnings=warnings
    )


def _current_mA(table: TextTable, warnings: list[str]) -> np.ndarray | None:
    """The mean current since the row before, as EC-Lab makes it of the charge when it exports; else what tells it.

    None where the file has nothing that does.
    """
    columns = {(table.names[place], table.units[place]): values for place, values in table.numbers.items()}
    time, voltage = columns.get(("time", "s")), columns.get(("Ewe", "V"))
    if time is not None:
        hours = np.diff(time, prepend=time[:1]) / 3600
        for name, unit, factor in (("dq", "mA.h", 1.0), ("(Q-Qo)", "mA.h", 1.0), ("(Q-Qo)", "C", 1 / 3.6)):
            if (charge := columns.get((name, unit))) is not None:
                if name != "dq":
                    warnings.append(f"the file holds no current: taken as the rise of {name} over the time")
                    charge = np.diff(charge, prepend=charge[:1])
                with np.errstate(divide="ignore", invalid="ignore"):
                    return np.where(hours > 0, factor * charge / hours, 0.0)
    if (power := columns.get(("P", "W"))) is not None and voltage is not None:
        warnings.append("the file holds no current: taken as power over voltage")
        with np.errstate(divide="ignore", invalid="ignore"):
            current = np.where(np.abs(voltage) > 1e-3, 1000 * power / voltage, 0.0)
        return np.where(np.isfinite(current), current, 0.0)
    if (control := columns.get(("control", "mA"))) is not None:
        warnings.append("the file holds no current: taken as the one that was set")
        return control
    return None


def _sweeps(columns: dict[str, np.ndarray], loop_starts: Sequence[int]) -> np.ndarray:
    """The number of the frequency sweep that each row belongs to, from 1; 0 for rows outside of sweeps.

    A sweep is a stretch of rows with a frequency, in one sequence and loop, in which the frequency does not turn back
    by a decade or half of all that the file covers. Counters of cycles do not tell: they rise some rows too early.
    """
    frequency = columns["freq"]
    within = np.isfinite(frequency) & (frequency > 0)
    if not within.any():
        return np.zeros(len(frequency), dtype=np.int64)
    logarithm = np.log10(np.where(within, frequency, 1.0))
    steps = np.diff(logarithm, prepend=logarithm[:1])
    inside = within & np.concatenate([[False], within[:-1]])
    falling = np.median(np.sign(steps[inside])) if inside.any() else -1.0
    span = float(np.ptp(logarithm[within]))
    begins = within & ~inside
    begins |= within & (steps * (-1.0 if falling <= 0 else 1.0) < -min(1.0, max(0.5 * span, 0.05)))
    if "Ns" in columns:
        begins |= within & (np.diff(columns["Ns"], prepend=columns["Ns"][:1]) != 0)
    starts = np.zeros(len(frequency), dtype=bool)
    starts[[start for start in loop_starts if 0 < start < len(frequency)]] = True
    begins |= within & starts
    return np.where(within, np.cumsum(begins), 0)
