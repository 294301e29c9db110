"""Reference materials of calorimetry: temperatures and enthalpies of melting and of transitions, with their sources.

Fixed points of ITS-90 have no error of temperature. Where certificates and reviews differ, the standard uncertainty
spans them. Sources: Archer and Rudtsch, J. Chem. Eng. Data 48, 1157 (2003) (In: 28.6624(76), k = 2); Archer,
J. Chem. Eng. Data 47, 304 (2002) (Ga) and 49, 1364 (2004), DOI 10.1021/je049913p (Bi: 53.146(82), k = 2); Sarge et al.
(GEFTA), Thermochim. Acta 247, 129 (1994); Sabbah et al. (ICTAC), Thermochim. Acta 331, 93 (1999); Della Gatta et al.
(IUPAC), Pure Appl. Chem. 78, 1455 (2006), DOI 10.1351/pac200678071455. In and Bi were held against their sources, the
other metals against the heats that general tables list (within 4 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A reference material.

    Attributes
    ----------
    temperature_C, temperature_std_C
        Of melting, or of the transition that `what` names.
    enthalpy_J_per_g, enthalpy_std_J_per_g
        Of it, endothermic positive.
    source
        In a word, as the module's docstring has them.
    """

    name: str
    what: str
    temperature_C: float
    enthalpy_J_per_g: float
    enthalpy_std_J_per_g: float
    source: str
    temperature_std_C: float = 0.0


def _melting(
    name: str, temperature_C: float, enthalpy: float, std: float, source: str, temperature_std_C: float = 0.0
) -> Standard:
    return Standard(
        name=name, what="melting", temperature_C=temperature_C, temperature_std_C=temperature_std_C,
        enthalpy_J_per_g=enthalpy, enthalpy_std_J_per_g=std, source=source,
    )  # fmt: skip


STANDARDS: Mapping[str, Standard] = {
    standard.name: standard
    for standard in (
        _melting("Hg", -38.8344, 11.469, 0.004, "ITS-90; NIST SRM 2225"),
        _melting("Ga", 29.7646, 80.097, 0.016, "ITS-90; Archer 2002"),
        _melting("biphenyl", 68.93, 120.4, 0.4, "IUPAC 2006; NIST SRM 2222", 0.03),
        _melting("naphthalene", 80.23, 148.6, 0.6, "ICTAC 1999", 0.03),
        _melting("benzoic acid", 122.35, 147.9, 0.4, "IUPAC 2006", 0.02),
        Standard(
            name="KNO3", what="transition", temperature_C=128.7, temperature_std_C=1.0, enthalpy_J_per_g=50.0,
            enthalpy_std_J_per_g=2.0, source="ICTAC 1999",
        ),
        _melting("In", 156.5985, 28.6624, 0.0038, "ITS-90; Archer and Rudtsch 2003"),
        _melting("Sn", 231.928, 60.40, 0.18, "ITS-90; GEFTA 1994"),
        _melting("Bi", 271.402, 53.146, 0.041, "GEFTA 1994; Archer 2004", 0.002),
        _melting("Pb", 327.462, 23.0, 0.1, "GEFTA 1994", 0.002),
        _melting("Zn", 419.527, 108.1, 0.7, "ITS-90; GEFTA 1994"),
        _melting("Al", 660.323, 397.0, 3.0, "ITS-90; GEFTA 1994"),
        _melting("Ag", 961.78, 104.6, 2.0, "ITS-90; GEFTA 1994"),
        _melting("Au", 1064.18, 63.7, 1.0, "ITS-90; GEFTA 1994"),
    )
}  # fmt: skip
"""By their names, from cold to hot."""
_ALSO: Mapping[str, str] = {
    "mercury": "Hg", "gallium": "Ga", "indium": "In", "tin": "Sn", "bismuth": "Bi", "lead": "Pb", "zinc": "Zn",
    "aluminium": "Al", "aluminum": "Al", "silver": "Ag", "gold": "Au", "benzoic_acid": "benzoic acid", "kno3": "KNO3",
    "potassium nitrate": "KNO3",
}  # fmt: skip


def find_standard(name: str, *, where: str = "standard") -> Standard:
    """The reference material of a name: its symbol, or the word.

    Raises
    ------
    SettingsError
        For another.
    """
    known = {each.lower(): standard for each, standard in STANDARDS.items()}
    found = known.get(_ALSO.get(name.strip().lower(), name).strip().lower())
    if found is None:
        raise SettingsError(f"no standard {name!r}", where=where, remedy=f"there are {', '.join(STANDARDS)}")
    return found
