"""paddlewheel: from a crystal structure to ionic conductivity, with honest uncertainties.

The library calls are `conduct`, `analyze`, `read_structure`, `read_trajectory`, `load_potential` and `Trajectory`;
they are imported at first use, so that ``import paddlewheel`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddlewheel.version import __version__

if TYPE_CHECKING:
    from paddlewheel.api import (
        Trajectory,
        active_ions,
        analyze,
        cell,
        conduct,
        convert,
        coordination,
        cycling,
        dc,
        density,
        distil,
        eis,
        hull,
        label,
        load_potential,
        lsv,
        onsager,
        phonons,
        read_structure,
        read_trajectory,
        rotation,
        rotor,
        sample,
        sites,
        spectra,
        train,
        validate,
        van_hove,
        window,
    )

__all__ = [
    "Trajectory",
    "__version__",
    "active_ions",
    "analyze",
    "cell",
    "conduct",
    "convert",
    "van_hove",
    "window",
    "spectra",
    "onsager",
    "phonons",
    "coordination",
    "cycling",
    "dc",
    "density",
    "distil",
    "eis",
    "hull",
    "label",
    "load_potential",
    "lsv",
    "read_structure",
    "read_trajectory",
    "rotation",
    "rotor",
    "sample",
    "sites",
    "train",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from paddlewheel import api

        return getattr(api, name)
    raise AttributeError(f"module 'paddlewheel' has no attribute '{name}'")
