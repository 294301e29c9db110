"""Mean atomic numbers, by which phases are dark or bright in backscattered electrons."""

from __future__ import annotations


def mean_atomic_number(formula: str) -> float:
    """Mean of Z over the mass of a formula such as Na3B12H12BH4.

    Raises
    ------
    ValueError
        For what is no formula.
    """
    from ase.data import atomic_masses, atomic_numbers
    from ase.formula import Formula

    numbers = {atomic_numbers[symbol]: count for symbol, count in Formula(formula).count().items()}
    masses = {number: count * float(atomic_masses[number]) for number, count in numbers.items()}
    return sum(number * mass for number, mass in masses.items()) / sum(masses.values())
