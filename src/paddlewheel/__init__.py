"""paddlewheel: from a crystal structure to ionic conductivity, phase stability and cell, with honest uncertainties.

`dir(paddlewheel)` lists the library calls: one for each command, `load` for the record of any run directory,
`read_structure`, `read_trajectory`, `load_potential`, `convert` and `Trajectory`. They are imported at first use, so
that ``import paddlewheel`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from paddlewheel.version import __version__

__all__ = ["__version__"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'paddlewheel' has no attribute '{name}'")
    return getattr(import_module("paddlewheel.api"), name)


def __dir__() -> list[str]:
    return [*__all__, *dir(import_module("paddlewheel.api"))]
