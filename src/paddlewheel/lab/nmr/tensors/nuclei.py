"""Which nucleus of an element is meant where only the element is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.isotopes import Isotope, isotope, isotopes


def element_of(symbol: str) -> str:
    """The element of a nucleus: Na of 23Na."""
    return symbol.lstrip("0123456789")


def usual_nucleus(element: str) -> Isotope | None:
    """The nucleus of an element with the strongest signal (gamma^3 I (I + 1) times its abundance); None where the table
    has none: 1H, 7Li, 11B, 23Na, 35Cl."""
    known = [each for symbol, each in isotopes().items() if element_of(symbol) == element]
    return max(known, key=_receptivity, default=None)


def _receptivity(each: Isotope) -> float:
    return abs(each.gyromagnetic_ratio_MHz_per_T) ** 3 * each.spin * (each.spin + 1) * each.natural_abundance_percent


def chosen_nuclei(elements: Iterable[str], named: Mapping[str, Sequence[str]]) -> dict[str, Isotope | None]:
    """The nucleus of each element: the one that is named by a setting, else the usual one.

    Parameters
    ----------
    elements
        Of the structures.
    named
        Nuclei by the setting that names them.

    Raises
    ------
    InputError
        For a nucleus that is not known, and two of one element.
    """
    found: dict[str, Isotope] = {}
    for setting, symbols in named.items():
        for symbol in symbols:
            each = isotope(symbol, where=setting)
            known = found.setdefault(element_of(symbol), each)
            if known is not each:
                raise SettingsError(
                    f"{known.symbol} and {each.symbol} are of one element", where=setting, remedy="take one of them"
                )
    return {element: found.get(element) or usual_nucleus(element) for element in elements}
