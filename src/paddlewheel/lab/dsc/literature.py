"""Heats of melting that are known, for samples whose name says what they are."""

from __future__ import annotations

from paddlewheel.errors import SettingsError
from paddlewheel.lab.dsc.standards import Standard, find_standard
from paddlewheel.units import ZERO_CELSIUS_K

_OTHERS = {
    name: Standard(
        name=name, what="melting", temperature_C=kelvin - ZERO_CELSIUS_K, temperature_std_C=0.3,
        enthalpy_J_per_g=1e3 * kJ_per_mol / molar_mass, enthalpy_std_J_per_g=0.01e3 * kJ_per_mol / molar_mass,
        source=source,
    )
    for name, kelvin, kJ_per_mol, molar_mass, source in (
        ("octadecane", 301.3, 61.71, 254.494, "Messerly et al., J. Chem. Eng. Data 12, 338 (1967)"),
        ("eicosane", 309.65, 69.922, 282.547, "van Miltenburg, Oonk, Metivaud, J. Chem. Eng. Data 44, 715 (1999)"),
    )
}  # fmt: skip
"""With the heat of a transition just below melting, which a calorimeter does not part from it; 1 % of error."""


def literature_of(name: str) -> Standard | None:
    """What is known of the material of a sample's name: a standard, or ``n-eicosane``; None for others."""
    word = name.strip().lower().removeprefix("n-")
    if word in _OTHERS:
        return _OTHERS[word]
    try:
        return find_standard(word)
    except SettingsError:
        return None
