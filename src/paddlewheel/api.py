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
_GIVE = "give the run directory of a command"
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
        If it holds no record of this version of paddlewheel, or one that is damaged or was changed since.

    Examples
    --------
    >>> import paddlewheel
    >>> record = paddlewheel.load("runs/o-nbh")  # doctest: +SKIP
    >>> record.plot()["arrhenius"]  # doctest: +SKIP
    """
    from paddlewheel.foreign import parsing, read_json
    from paddlewheel.records.seals import check_sealed
    from paddlewheel.study.run_directory import RECORD

    given = Path(directory)
    path = given if given.name == RECORD else given / RECORD
    if not path.is_file():
        raise InputError("holds no record", where=given, remedy=_GIVE)
    check_sealed(path.parent, path.name)
    document = read_json(path, InputError, remedy=_GIVE)
    with parsing(path, InputError, problem="holds no record", remedy=_GIVE):
        command = document["provenance"]["settings"]["command"]
    if command not in TABLE:
        raise InputError(f"is of an unknown command '{command}'", where=path, remedy="read it with a newer paddlewheel")
    record = load_study(command).read(path.parent)
    if record is None:
        raise InputError(f"is no record of {command}, or a damaged one", where=path, remedy=f"run {command} again")
    return record
