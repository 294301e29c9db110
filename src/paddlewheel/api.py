"""The library calls, under the names and with the arguments of the commands; each is imported at first use."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError
from paddlewheel.studies.table import TABLE, load_study, python_names

_OTHERS = {
    "Trajectory": "paddlewheel.trajectories",
    "convert": "paddlewheel.studies.convert.study",
    "load_potential": "paddlewheel.potentials",
    "read_structure": "paddlewheel.crystals",
    "read_trajectory": "paddlewheel.trajectories",
}
__all__ = sorted(["load", *_OTHERS, *python_names()])
_calls: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    if name not in _calls:
        if name in _OTHERS:
            _calls[name] = getattr(importlib.import_module(_OTHERS[name]), name)
        else:
            command = python_names().get(name)
            if command is None:
                raise AttributeError(f"module 'paddlewheel' has no attribute '{name}'")
            from paddlewheel.study.study import call_of

            _calls[name] = call_of(load_study(command), summary=TABLE[command].summary)
    return _calls[name]


def __dir__() -> list[str]:
    return __all__


def load(directory: str | Path) -> Any:
    """The record of any run directory, with its figures (`plot`), its rows (`to_dataframe`) and its files at hand.

    Parameters
    ----------
    directory
        A run directory, or the `result.json` in it.

    Raises
    ------
    InputError
        If it holds no record of this version of paddlewheel, or a damaged one.

    Examples
    --------
    >>> import paddlewheel
    >>> record = paddlewheel.load("runs/o-nbh")  # doctest: +SKIP
    >>> record.plot()["arrhenius"]  # doctest: +SKIP
    """
    import json

    from paddlewheel.study.run_directory import RECORD

    given = Path(directory)
    path = given if given.name == RECORD else given / RECORD
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        command = document["provenance"]["settings"]["command"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"holds no record ({type(error).__name__})", where=path, remedy="give the run directory of a command"
        ) from error
    if command not in TABLE:
        raise InputError(f"is of an unknown command '{command}'", where=path, remedy="read it with a newer paddlewheel")
    record = load_study(command).read(path.parent)
    if record is None:
        raise InputError(f"is no record of {command}, or a damaged one", where=path, remedy=f"run {command} again")
    return record
