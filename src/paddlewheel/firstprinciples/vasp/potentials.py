"""Which potentials VASP is told to take, and their text where the user's library is configured.

The files are licensed: they come from the library that pymatgen is configured for (PMG_VASP_PSP_DIR in ~/.pmgrc.yaml or
the environment), and from nowhere else.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings

FAMILIES = ("PBE_64", "PBE_54", "PBE_52")
"""Releases of VASP's potentials that hold the kinetic energy density of the core, which meta-GGAs need."""

_LIBRARY = "PMG_VASP_PSP_DIR"
_KINETIC = "kinetic energy-density"
_META_GGAS = ("r2SCAN", "rSCAN", "SCAN")


@dataclass(frozen=True, kw_only=True)
class Potcar:
    """A POTCAR, and what a user should know of it."""

    text: str
    remark: str


def potential_names(symbols: Sequence[str], settings: CalculationSettings) -> list[str]:
    """Name of each element's potential, such as ``Na_pv``: pymatgen's for the family unless the settings name it."""
    table = _table(settings.pseudopotential_family)
    return [settings.pseudopotentials.get(symbol) or table.get(symbol, symbol) for symbol in symbols]


def _table(family: str) -> Mapping[str, str]:
    from pymatgen.io.vasp.sets import MatPESStaticSet, MPScanStaticSet

    return (MatPESStaticSet if family == "PBE_64" else MPScanStaticSet).CONFIG["POTCAR"]


def potcar_of_library(names: Sequence[str], settings: CalculationSettings) -> Potcar | None:
    """The POTCAR of potentials in this order; None where no library is configured.

    Raises
    ------
    SettingsError
        If the library lacks one, or has another release's, or one that cannot serve a meta-GGA, in its place.
    """
    from pymatgen.core import SETTINGS

    library = SETTINGS.get(_LIBRARY)
    if library is None:
        return None
    meta = settings.functional in _META_GGAS
    return _potcar(tuple(names), str(library), settings.pseudopotential_family, meta=meta)


@lru_cache(maxsize=64)
def _potcar(names: tuple[str, ...], library: str, family: str, *, meta: bool) -> Potcar:
    texts, titles, unknown = [], [], []
    for name in names:
        text, title, known = _one(name, library, family)
        if meta and _KINETIC not in text:
            raise SettingsError(f"the potential {name} has no kinetic energy density, which meta-GGAs need",
                                where=library, remedy="take a library of PBE_54 or PBE_64")  # fmt: skip
        texts.append(text)
        titles.append(title)
        if not known:
            unknown.append(name)
    remark = f"POTCAR from {family} in {library}: {', '.join(titles)}"
    if unknown:
        remark += f"; pymatgen does not know {', '.join(unknown)} of that release: check the library"
    return Potcar(text="".join(texts), remark=remark)


def _one(name: str, library: str, family: str) -> tuple[str, str, bool]:
    """Text and title of one potential, and whether it is known to be of its family."""
    from pymatgen.io.vasp.inputs import PotcarSingle

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = PotcarSingle.from_symbol_and_functional(name, family)
            families = found.identify_potcar(mode="data")[0]
            title = str(found.keywords["TITEL"])
        except (OSError, KeyError, ValueError, AttributeError, IndexError) as error:
            said = str(error).splitlines() or [""]
            raise SettingsError(f"no potential {name} of {family} ({said[0]})", where=library,
                                remedy=f"complete the library, name another potential or family, or unset {_LIBRARY}",
                                ) from error  # fmt: skip
    if name not in title.split():
        raise SettingsError(f"the file of {name} holds {title}", where=library, remedy="correct the library")
    if families and family not in families:
        raise SettingsError(f"{name} is of {', '.join(families)}, not of {family}", where=library,
                            remedy="correct the library, or name the family that it is")  # fmt: skip
    return found.data.rstrip("\n") + "\n", title, bool(families)
